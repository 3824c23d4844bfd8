"""The app for those who listen or read a line: what changes is said as plain lines, nothing is painted."""
