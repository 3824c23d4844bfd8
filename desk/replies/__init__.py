"""What agents write: answers, notes, new tickets, drafts, and taking a mail back."""
