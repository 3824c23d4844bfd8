"""IMAP: the session, its connection, the wire's grammar, IDLE."""
