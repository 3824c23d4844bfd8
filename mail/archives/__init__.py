"""Files that hold mail: mbox and Maildir."""
