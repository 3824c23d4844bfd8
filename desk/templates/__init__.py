"""Texts with facts in them: their language, what they may name, and their bounds."""
