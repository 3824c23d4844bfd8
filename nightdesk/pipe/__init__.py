"""`nightdesk pipe`: one mail on standard input, from any MTA, as any user, with any environment.

An MTA starts this for each mail and waits: nothing here imports more than it needs.
"""
