"""Taking over an osTicket: staff, customers and tickets with all that was written, each row exactly once."""
