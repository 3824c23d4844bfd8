"""What listeners are told: calls are written for what happened, and programs in `hooks/` are found."""
