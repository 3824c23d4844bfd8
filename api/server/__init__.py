"""The server: who is let in, what is read and answered, and how it ends."""
