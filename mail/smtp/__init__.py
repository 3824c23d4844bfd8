"""SMTP: the session, its connection, the dialogue as a person reads it."""
