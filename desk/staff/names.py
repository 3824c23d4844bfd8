"""The name of a thing, as a person gives it."""

from __future__ import annotations

from desk.errors import WrongUse
from mail.inert import one_line


def given_name(text: str) -> str:
    """Return a name as it is kept; raises WrongUse for an empty one."""
    name = one_line(text, 100)
    if not name:
        raise WrongUse("the name is empty", "give a name")
    return name
