"""Sending what is due, and copies of it."""
