"""What an admin makes and changes: every noun as a list and a form, by a table of its fields."""
