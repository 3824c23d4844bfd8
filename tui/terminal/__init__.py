"""The terminal itself: what is written to it, what it sends, and what happens when it is gone."""
