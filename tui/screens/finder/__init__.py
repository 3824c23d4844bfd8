"""Finding a command by its key, its name or its words, and running it."""
