"""The name of a thing, as a person gives it."""

from __future__ import annotations

from desk.errors import WrongUse
from desk.given import LONGEST_NAME, given_line


def given_name(text: str) -> str:
    """Return a name as it is kept; raises WrongUse for an empty one, or one that is too long."""
    name = given_line("the name", text, LONGEST_NAME)
    if not name:
        raise WrongUse("the name is empty", "give a name")
    return name
