"""What a query asks of the text of messages, as an expression of the engine's full-text index."""

from __future__ import annotations

from models.engine import engine
from models.queries.tree import All, Condition, Either, Node, Not, Word
from models.words import person, phrase

COLUMNS = {"subject": "subject", "to": "recipients"}
"""Fields that the index has as a column."""


def is_text(node: Node) -> bool:
    """Whether a part of a query asks only about the text of a message, and requires something to be there."""
    if isinstance(node, All | Either):
        return bool(node.parts) and all(is_text(part) for part in node.parts)
    return isinstance(node, Word) or (isinstance(node, Condition) and node.field in COLUMNS)


def says(node: Node) -> bool:
    """Whether a part of a query can be asked of a single message: what must be there, and what must not."""
    if isinstance(node, All):
        return any(map(says, node.parts)) and all(says(_bare(part)) for part in node.parts)
    if isinstance(node, Either):
        return all(map(says, node.parts))
    return is_text(node)


def expression(node: Node) -> str:
    """Return the full-text expression for a part of a query for which `says` is true."""
    own = engine()
    if isinstance(node, Word):
        return own.one_said([phrase(node.text, whole=node.whole)], None)
    if isinstance(node, Condition):
        find = person if node.field == "to" else _beginning
        return own.one_said([find(str(value)) for value in node.values], COLUMNS[node.field])
    assert not isinstance(node, Not)
    if isinstance(node, Either):
        return "(" + own.OR.join(expression(part) for part in node.parts) + ")"
    wanted = own.AND.join(expression(part) for part in node.parts if not isinstance(part, Not))
    barred = own.OR.join(expression(part.part) for part in node.parts if isinstance(part, Not))
    return f"(({wanted}){own.AND_NOT}({barred}))" if barred else f"({wanted})"


def _bare(node: Node) -> Node:
    return node.part if isinstance(node, Not) else node


def _beginning(text: str) -> str:
    return phrase(text, whole=False)
