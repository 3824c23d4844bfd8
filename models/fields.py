"""Column types that every table shares."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import peewee


def utc_text(moment: datetime) -> str:
    """Return an aware time as fixed-width UTC text: ``2026-11-20T09:30:00.000000Z``.

    The width makes the text order the time order, in SQL as in Python.
    """
    return _utc_text(moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _utc_text(moment: datetime) -> str:
    """Write a time in UTC: a mail on its way in has two, each of which is written several times."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def utc_time(text: str) -> datetime:
    """Return the aware time that `utc_text` wrote."""
    return datetime.fromisoformat(text)


_EMPTY: dict[type[Any], str] = {list: "[]", tuple: "[]", dict: "{}"}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_json(document: Any) -> str:
    """Return a small document as `JsonField` stores it; most of those that a mail brings are empty."""
    return _encode(document) if document or type(document) not in _EMPTY else _EMPTY[type(document)]


class UtcField(peewee.TextField):
    """An aware time, stored as fixed-width UTC text."""

    def db_value(self, value: datetime | str | None) -> str | None:
        """Return the text that is stored; text that is already in that form stays as it is."""
        if value is None or isinstance(value, str):
            return value
        return utc_text(value)

    def python_value(self, value: str | None) -> datetime | None:
        """Return the aware time that is stored."""
        return None if value is None else utc_time(value)


class JsonField(peewee.TextField):
    """A small JSON document: lists and maps that are only ever read whole."""

    def db_value(self, value: Any) -> str | None:
        """Return the document as it is stored."""
        return None if value is None else as_json(value)

    def python_value(self, value: str | None) -> Any:
        """Return the document that is stored."""
        return None if value is None else json.loads(value)


def one_of(column: str, words: Iterable[str]) -> peewee.Node:
    """Return the check that a column holds one of a few words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return peewee.Check(f"{column} IN ({listed})")
