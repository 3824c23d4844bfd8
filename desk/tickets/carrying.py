"""What events tell of rows, by their ids: told anew where a ticket comes to another desk and ids are others.

Undo and unmerging read them. An event of which some row is not here tells what it told, and is not undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.carried import REFERS_TO

NewId = Callable[[str, int], int | None]
"""Returns what the row of a table became, None where it is not here."""

_ONE = {
    "message": "message",
    "delivery": "delivery",
    "version": "note_version",
    "entry": "time_spent",
    "owner": "agent",
    "other": "ticket",
    "new": "ticket",
    "watcher": "agent",
}
_MANY = {"people": "contact", "departments": "department", "watchers": "agent"}
_BEFORE_AND_AFTER = ("changes", "clocks")
_AS_IT_WAS = ("was", "target")


class _Gone(Exception):
    """Something that it names is not here."""


def translated(detail: Mapping[str, Any], new_id: NewId, kinds: Mapping[int, str]) -> dict[str, Any]:
    """Return what an event tells in the ids of this desk; ``kinds`` of the other desk's own fields."""
    try:
        return {key: _value(key, value, new_id, kinds) for key, value in detail.items()}
    except _Gone:
        of_rows = ("apart", "moved", "given", "there", "batch", "tags")
        left = (*_BEFORE_AND_AFTER, *_AS_IT_WAS, *_MANY, *_ONE, *of_rows)
        return {**{key: value for key, value in detail.items() if key not in left}, "undone": True}


def named_in_event(stored: str, kinds: Mapping[int, str]) -> set[tuple[str, int]]:
    """Return the rows that an event tells of, by table and id; ``stored`` is its detail."""
    found: set[tuple[str, int]] = set()

    def noted(table: str, row_id: int) -> int:
        found.add((table, row_id))
        return row_id

    translated(json.loads(stored), noted, kinds)
    return found


def _value(key: str, value: Any, new_id: NewId, kinds: Mapping[int, str]) -> Any:
    if key in _ONE and isinstance(value, int):
        return _new(_ONE[key], value, new_id)
    if key in _MANY:
        return [_new(_MANY[key], each, new_id) for each in value]
    if key == "given":
        return _rows(value, new_id)
    if key == "there":
        return _rows({"message": value}, new_id)["message"]
    if key == "moved":
        return sorted(_new("message", each, new_id) for each in value)
    if key == "apart":
        return {name: _of_apart(name, each, new_id, kinds) for name, each in value.items()}
    if key in _AS_IT_WAS and isinstance(value, dict):
        return {name: _column(name, each, new_id) for name, each in value.items()}
    if key in _BEFORE_AND_AFTER:
        return {name: _pair(name, each, new_id, kinds) for name, each in value.items()}
    return value


def _rows(value: Mapping[str, Sequence[int]], new_id: NewId) -> dict[str, list[int]]:
    """Return rows by their tables; what is not carried, as drafts and notices, is not given back."""
    return {
        table: [new for each in ids if (new := new_id(table, each)) is not None]
        for table, ids in value.items()
    }


def _of_apart(name: str, value: Any, new_id: NewId, kinds: Mapping[int, str]) -> Any:
    """Return what is told of a ticket that was taken out of another one, for merging them again."""
    if name == "from":
        return _new("ticket", value, new_id)
    if name in ("has", "moved"):
        return _rows(value, new_id)
    if name == "target":
        return {column: _pair(column, each, new_id, kinds) for column, each in value.items()}
    if name == "events":
        return {
            str(_new("event", int(event_id), new_id)): {
                key: _value(key, each, new_id, kinds) for key, each in detail.items()
            }
            for event_id, detail in value.items()
        }
    return _value(name, value, new_id, kinds)


def _pair(name: str, pair: Any, new_id: NewId, kinds: Mapping[int, str]) -> Any:
    if name == "collaborators":
        return [sorted(_new("contact", each, new_id) for each in some) for some in pair]
    if name == "fields":
        return {
            str(_new("custom_field", int(field_id), new_id)): [
                _field(kinds.get(int(field_id), ""), each, new_id) for each in both
            ]
            for field_id, both in pair.items()
        }
    if name == "tasks":
        return [[_task(each, new_id) for each in some] for some in pair]
    return [_column(name, each, new_id) for each in pair]


def _column(name: str, value: Any, new_id: NewId) -> Any:
    table = REFERS_TO.get(name)
    return value if table is None or value is None else _new(table, value, new_id)


def _field(kind: str, kept: Sequence[Any] | None, new_id: NewId) -> Any:
    if kept is None or kind not in ("agent", "contact"):
        return kept
    return [str(_new(kind, int(kept[0]), new_id)), *kept[1:]]


def _task(task: Sequence[Any], new_id: NewId) -> list[Any]:
    text, assignee, *rest = task
    return [text, None if assignee is None else _new("agent", assignee, new_id), *rest]


def _new(table: str, old: int, new_id: NewId) -> int:
    new = new_id(table, old)
    if new is None:
        raise _Gone
    return new
