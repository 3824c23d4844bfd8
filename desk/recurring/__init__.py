"""Tickets that open themselves by a schedule: patch days, certificates, keys that are to be changed."""
