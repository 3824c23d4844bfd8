"""Old mail from an mbox, a Maildir or files, each exactly once."""
