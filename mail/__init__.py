"""The wire: IMAP, SMTP, MIME in and out. Knows no ticket and no database."""
