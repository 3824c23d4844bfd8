"""Reading one ticket."""
