"""The app for screen readers and braille lines: changes are spoken as plain lines, nothing is painted."""
