"""The runs behind the budget table of the design, each with a ratio to its limit."""
