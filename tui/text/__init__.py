"""Words for what the desk knows: inert, fitted into cells, in the reader's time."""
