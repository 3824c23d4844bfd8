"""A text that a person gives: it is kept whole, or refused. What mail brings is cut instead, with a mark."""

from __future__ import annotations

from desk.errors import WrongUse
from mail.inert import clean, one_line

LONGEST_NAME = 100
LONGEST_LINE = 200
"""Of a line of what is kept: a telephone number, a hint, a reason."""
LONGEST_TASK = 300
LONGEST_SUBJECT = 998
"""Of what mail brings too: what is taken from a mail is never refused."""
LONGEST_NOTE = 20_000
"""Of what is noted down about somebody or something, and of what stands below answers."""


def given_line(what: str, text: str, longest: int) -> str:
    """Return a line as it is kept; raises WrongUse where it is longer than that."""
    return _whole(what, one_line(text, max(longest + 1, 2 * len(text))), longest)


def given_text(what: str, text: str, longest: int = LONGEST_NOTE) -> str:
    """Return a text of several lines as it is kept; raises WrongUse where it is longer than that."""
    return _whole(what, clean(text), longest)


def _whole(what: str, kept: str, longest: int) -> str:
    if len(kept) > longest:
        raise WrongUse(f"{what} is too long: {len(kept)} characters", f"at most {longest}")
    return kept
