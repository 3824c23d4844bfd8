"""What admins make and change: one list and one form for every noun (`desk.admin`)."""
