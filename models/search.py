"""Full-text search over messages: any text a person types is a valid question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from mail.inert import clean
from models import sqlite

MAX_WORDS = 32

SHORTEST_BEGINNING = 3
"""Letters before a ``*``: all words with a shorter beginning are half the dictionary, and cost seconds."""

_WORD = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


def match_expression(text: str) -> str:
    """Return the FTS5 expression for what a person typed; empty when there is nothing to look for.

    All words must be in a message. ``"a phrase"`` stays together, ``-word`` must not be there, ``serv*`` is
    any word that begins so (below three letters the star has no meaning). Nothing else has a meaning, so
    nothing is ever a syntax error.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for found in islice(_WORD.finditer(clean(text)), MAX_WORDS):
        word = found["phrase"] if found["word"] is None else found["word"]
        if not any(letter.isalnum() for letter in word):
            continue
        beginning = found["word"] is not None and word.endswith("*")
        beginning = beginning and len(word.rstrip("*")) >= SHORTEST_BEGINNING
        quoted = '"' + word.rstrip("*").replace('"', '""') + '"' + ("*" if beginning else "")
        (unwanted if found["minus"] else wanted).append(quoted)
    if not wanted:
        return ""
    expression = " AND ".join(wanted)
    return f"({expression}) NOT ({' OR '.join(unwanted)})" if unwanted else expression


MARK_BEGIN = "\ue000"
MARK_END = "\ue001"
"""Around a word that matched, in a snippet: private characters, so that no mail's text is taken for one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that matches; ``created`` as it is stored, the words that matched marked in ``snippet``."""

    message_id: int
    ticket: str
    subject: str
    kind: str
    sender_name: str
    sender_email: str
    created: str
    snippet: str


def find(expression: str, limit: int, before: int | None) -> list[Hit]:
    """Return the newest messages that match, below the message id ``before``.

    In the snippet the words that matched stand between `MARK_BEGIN` and `MARK_END`.
    """
    return [Hit(*row) for row in sqlite.messages_with(expression, limit, before, (MARK_BEGIN, MARK_END))]


def index_newer_than(message_id: int) -> None:
    """Make the text of all mail that came in after a message searchable."""
    sqlite.index_newer_than(message_id)
