"""The LMTP door: listener, session, intake."""
