"""The language of lists and searches, of saved queues and filters: its fields, how it is read and written."""
