"""Mailboxes: what a person says about them, their accounts, logins and health."""
