"""User commands: programs of the agents and of the desk's owner, run on a ticket by a key."""
