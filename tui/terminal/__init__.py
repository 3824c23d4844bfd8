"""The terminal itself: what is written to it, what it sends, what happens when it goes."""
