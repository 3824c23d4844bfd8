"""What the desk's work amounts to: the dashboard of now, reports over a time, and mailing those."""
