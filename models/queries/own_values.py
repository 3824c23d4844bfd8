"""Words in the values of custom fields: what is asked of messages is asked of those values too."""

from __future__ import annotations

from collections.abc import Sequence

from models import custom_fields
from models.queries.conditions import Reader, with_field
from models.queries.tree import All, Bound, Condition, Either, FieldTest, Node, Not, Word, all_of, leaves
from models.statements import run
from models.words import SHORTEST_BEGINNING

_LAST = "\U0010ffff"
_WORDS = ("text", "choice", "date")
"""Kinds of fields of which a value's beginning is enough; of a number it is all of it."""


def with_values(query: Node, reader: Reader) -> Node:
    """Return a query whose words may also begin field values; unchanged where no value has them."""
    if not any(isinstance(leaf, Word) for leaf in leaves(query)):
        return query
    fields = custom_fields.every()
    return _rewritten(query, fields, reader) if fields else query


def alternatives(query: Node, reader: Reader) -> list[Node]:
    """Return queries that find beside one what has its words in fields instead: one word, or all of them."""
    parts = list(query.parts) if isinstance(query, All) else [query]
    fields = custom_fields.every() if any(isinstance(each, Word) for each in parts) else []
    held = {at: found for at, part in enumerate(parts) if (found := _held(part, fields, reader))}
    ways = [{at: found} for at, found in held.items()]
    if len(held) > 1:
        ways.append(held)
    return [all_of(way.get(at, part) for at, part in enumerate(parts)) for way in ways]


def _rewritten(node: Node, fields: Sequence[custom_fields.StoredField], reader: Reader) -> Node:
    match node:
        case Word():
            found = _held(node, fields, reader)
            return node if found is None else Either((node, found))
        case Not(part):
            return Not(_rewritten(part, fields, reader))
        case All(parts):
            return All(tuple(_rewritten(part, fields, reader) for part in parts))
        case Either(parts):
            return Either(tuple(_rewritten(part, fields, reader) for part in parts))
    return node


def _held(node: Node, fields: Sequence[custom_fields.StoredField], reader: Reader) -> Condition | None:
    """Return what asks whether a word stands in a field; None where it stands in none."""
    if not isinstance(node, Word) or not node.text.strip():
        return None
    text = " ".join(node.text.split())
    begins = not node.whole and len(text) >= SHORTEST_BEGINNING
    tests = []
    for each in fields:
        bounds: tuple[Bound, ...] = (("=", text),)
        if each.kind in _WORDS and begins:
            bounds = ((">=", text), ("<", text + _LAST))
        elif each.kind not in (*_WORDS, "number"):
            continue
        tests.append(FieldTest(each.id, each.belongs_to, False, bounds))
    if not tests:
        return None
    found = Condition("field", tuple(tests))
    return found if run(with_field(found, reader).limit(1)) else None
