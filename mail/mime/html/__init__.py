"""HTML of a stranger as the text that a good mail program would show."""
