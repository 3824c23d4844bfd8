"""Variables in what a filter does: what its patterns caught, and what every mail has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from config.expressions import expression
from mail.inert import one_line

OF_EVERY_MAIL: Final = ("from", "domain", "name", "subject", "mailbox")
"""Variables that need no pattern."""

LONGEST: Final = 200
"""Characters of what a stranger's mail may put in a variable's place."""
_VARIABLE: Final = expression(r"\{([A-Za-z_]\w*)\}")
_AS_IN_TEXTS: Final = expression(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_CAPTURED: Final = expression(r"\(\?P<([A-Za-z_]\w*)>")


def named_in(value: str) -> set[str]:
    """Return the variables that a value names."""
    return set(_VARIABLE.findall(value))


def named_as_in_texts(value: str) -> set[str]:
    """Return the names that a value has in double braces, as texts have their facts."""
    return set(_AS_IN_TEXTS.findall(value))


def captured_by(condition: str) -> set[str]:
    """Return the variables that the patterns of a condition may catch."""
    return set(_CAPTURED.findall(condition))


def filled(value: str, variables: Mapping[str, str]) -> str:
    """Return a value with its variables filled in, inert and bounded; one that caught nothing is empty."""
    return _VARIABLE.sub(lambda found: one_line(variables.get(found[1], ""), LONGEST), value)
