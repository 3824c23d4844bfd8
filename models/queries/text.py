"""What a query asks of the text of messages, as an expression of the full-text index."""

from __future__ import annotations

from models.queries.tree import All, Condition, Either, Node, Not, Word

SHORTEST_BEGINNING = 3
"""Letters that a beginning has at least: all words with a shorter one are half the dictionary."""

COLUMNS = {"subject": "subject"}
"""Fields that the index has as a column."""


def is_text(node: Node) -> bool:
    """Whether a part of a query asks of the text of a message only, and asks that something be there."""
    if isinstance(node, All | Either):
        return bool(node.parts) and all(is_text(part) for part in node.parts)
    return isinstance(node, Word) or (isinstance(node, Condition) and node.field in COLUMNS)


def expression(node: Node) -> str:
    """Return the expression of FTS5 for a part of which `is_text` holds."""
    if isinstance(node, Word):
        return _phrase(node.text, node.whole)
    if isinstance(node, Condition):
        words = " OR ".join(_phrase(str(value), False) for value in node.values)
        return f"{COLUMNS[node.field]} : ({words})"
    assert not isinstance(node, Not)
    between = " AND " if isinstance(node, All) else " OR "
    return "(" + between.join(expression(part) for part in node.parts) + ")"


def _phrase(text: str, whole: bool) -> str:
    beginning = not whole and sum(letter.isalnum() for letter in text) >= SHORTEST_BEGINNING
    return '"' + text.replace('"', '""') + '"' + (" *" if beginning else "")
