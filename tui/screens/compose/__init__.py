"""Writing an answer, a note or a first mail."""
