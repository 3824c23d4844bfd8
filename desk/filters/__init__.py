"""Filters: what is done with mail by itself, and bans."""
