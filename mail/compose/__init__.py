"""A mail as it leaves, in bytes."""
