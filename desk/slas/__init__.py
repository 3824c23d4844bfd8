"""How promises are counted: lengths, business hours, holidays, pauses. Knows no ticket."""
