"""Ways in besides a fetch: the spool, old mail from files, tickets handed in as fields."""
