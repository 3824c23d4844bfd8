"""Tickets that open themselves."""
