"""A living example: a private desk, a mail server of its own, customers who answer."""
