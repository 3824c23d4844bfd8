"""What a query asks of the text of messages, as an expression of the full-text index."""

from __future__ import annotations

from models import sqlite
from models.queries.tree import All, Condition, Either, Node, Not, Word
from models.words import person, phrase

COLUMNS = {"subject": "subject", "to": "recipients"}
"""Fields that the index has as a column."""

_FEW_WORDS = 24
"""A beginning that so many words have is looked for as those words, which are read no further than needed."""
_AT_HAND = 3
"""Letters of the beginnings that the index has by themselves."""

_ANYWHERE = "- recipients : "
"""Words are looked for in all columns but this one: the desk's own address is in every mail."""


def is_text(node: Node) -> bool:
    """Whether a part of a query asks of the text of a message only, and asks that something be there."""
    if isinstance(node, All | Either):
        return bool(node.parts) and all(is_text(part) for part in node.parts)
    return isinstance(node, Word) or (isinstance(node, Condition) and node.field in COLUMNS)


def says(node: Node) -> bool:
    """Whether a part of a query can be asked of one message: what must be there, and what must not."""
    if isinstance(node, All):
        return any(map(says, node.parts)) and all(says(_bare(part)) for part in node.parts)
    if isinstance(node, Either):
        return all(map(says, node.parts))
    return is_text(node)


def expression(node: Node) -> str:
    """Return the expression of FTS5 for a part that `says` something of a message."""
    if isinstance(node, Word):
        return _ANYWHERE + _spelt_out(phrase(node.text, whole=node.whole))
    if isinstance(node, Condition):
        find = person if node.field == "to" else _beginning
        words = " OR ".join(_spelt_out(find(str(value))) for value in node.values)
        return f"{COLUMNS[node.field]} : ({words})"
    assert not isinstance(node, Not)
    if isinstance(node, Either):
        return "(" + " OR ".join(expression(part) for part in node.parts) + ")"
    wanted = " AND ".join(expression(part) for part in node.parts if not isinstance(part, Not))
    barred = " OR ".join(expression(part.part) for part in node.parts if isinstance(part, Not))
    return f"(({wanted}) NOT ({barred}))" if barred else f"({wanted})"


def _spelt_out(found: str) -> str:
    """Return the same expression with the words of which it has the beginning, if they are few."""
    word = found.removeprefix('"').removesuffix('" *').lower()
    # What the index makes of letters beyond ASCII, and of several words, is its own matter.
    if not found.endswith('" *') or not (word.isascii() and word.isalnum()) or len(word) <= _AT_HAND:
        return found
    words = sqlite.all_words_beginning(word, _FEW_WORDS)
    return found if not words else "(" + " OR ".join(f'"{each}"' for each in words) + ")"


def _bare(node: Node) -> Node:
    return node.part if isinstance(node, Not) else node


def _beginning(text: str) -> str:
    return phrase(text, whole=False)
