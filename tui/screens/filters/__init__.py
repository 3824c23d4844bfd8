"""Filters: the list of them, and what one would do."""
