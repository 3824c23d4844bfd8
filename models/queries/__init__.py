"""Queries: the tree that one is read into, and the conditions on rows that it means."""
