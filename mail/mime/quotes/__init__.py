"""What in a mail is new, and what is quoted: pieces of its text, by its HTML and by its lines."""
