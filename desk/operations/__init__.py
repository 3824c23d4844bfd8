"""How the desk is: the doctor, its numbers, its key."""
