"""The dashboard: the desk in numbers, each of which opens its tickets."""
