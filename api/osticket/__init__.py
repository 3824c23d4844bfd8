"""The calls of osTicket's scripts, answered as they read answers."""
