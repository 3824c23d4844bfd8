"""Tickets: their life, their history, and the lists in which they are found."""
