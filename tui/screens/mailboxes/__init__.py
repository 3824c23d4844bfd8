"""The mailboxes: their list, the form for one, and its login."""
