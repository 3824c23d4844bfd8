"""Fetching mailboxes: the job, its run over what a server has, and when it ends."""
