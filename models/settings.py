"""The desk's own settings and counters."""

from __future__ import annotations

from typing import Any

import peewee

from models.database import Row
from models.fields import JsonField
from models.statements import Statement


class Setting(Row):
    """One value of the desk, by its key."""

    key = peewee.TextField(primary_key=True)
    value = JsonField()


class Sequence(Row):
    """A counter: ``next`` is the number that nobody has yet."""

    name = peewee.TextField(primary_key=True)
    next = peewee.IntegerField()


def stored(key: str) -> Any:
    """Return the stored value of a setting, or None."""
    row = Setting.get_or_none(Setting.key == key)
    return None if row is None else row.value


def store(key: str, value: Any) -> None:
    """Keep a setting's value."""
    Setting.insert(key=key, value=value).on_conflict_replace().execute()


def forget(key: str) -> None:
    """Remove a setting, so that its default holds again."""
    Setting.delete().where(Setting.key == key).execute()


_TAKE_NEXT = Statement(
    lambda p: (
        Sequence.update({Sequence.next: Sequence.next + 1})
        .where(Sequence.name == "ticket")
        .returning(Sequence.next - 1)
    )
)


def next_ticket_number() -> int:
    """Take the next number of the sequence of tickets, in the caller's transaction."""
    return _TAKE_NEXT.new_id()
