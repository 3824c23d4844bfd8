"""A mail as received: its structure, headers, text and addresses, read without ever raising."""
