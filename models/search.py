"""Full-text search over messages: any text a person types is a valid question."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from mail.inert import clean
from models.database import db

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


def find(expression: str, limit: int, before: int | None) -> list[Any]:
    """Return rows (message id, ticket number, ticket subject, kind, sender name, sender address, created,
    snippet) of the newest messages that match, below the message id ``before``.

    In the snippet the words that matched stand between U+E000 and U+E001.
    """
    below = "" if before is None else " AND rowid < ?"
    values: tuple[Any, ...] = (expression,) if before is None else (expression, before)
    sql = (
        "SELECT m.id, t.number, t.subject, m.kind, m.sender_name, m.sender_email, m.created, f.snippet FROM ("
        f"SELECT rowid AS id, snippet(message_search, -1, '{MARK_BEGIN}', '{MARK_END}', '…', 12) AS snippet"
        f" FROM message_search WHERE message_search MATCH ?{below} ORDER BY rowid DESC LIMIT ?"
        ") f CROSS JOIN message m ON m.id = f.id JOIN ticket t ON t.id = m.ticket_id ORDER BY m.id DESC"
    )
    return list(db.execute_sql(sql, (*values, limit)))


MARK_BEGIN = "\ue000"
MARK_END = "\ue001"
"""Around a word that matched, in a snippet: private characters, so that no mail's text is taken for one."""


def index_newer_than(message_id: int) -> None:
    """Make the text of all mail that came in after a message searchable."""
    db.execute_sql(
        "INSERT INTO message_search (rowid, subject, text, sender_name, sender_email) "
        "SELECT id, subject, text, sender_name, sender_email FROM message "
        "WHERE id > ? AND receipt_id IS NOT NULL",
        (message_id,),
    )
