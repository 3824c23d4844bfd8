"""The life of a mail that leaves: rendered once, queued, sent, copied."""
