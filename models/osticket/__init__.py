"""The tables of an osTicket, read from its server or from a dump; nothing here writes to it."""
