"""The desk's own settings and counters."""

from __future__ import annotations

import json
from typing import Any

import peewee

from models.database import Row
from models.fields import JsonField, as_json
from models.statements import Lookup, Statement

RESTORED = "desk.restored"
"""Setting that holds when the desk was last restored from a backup: fixed-width UTC text."""


class Setting(Row):
    """One value of the desk, by its key."""

    key = peewee.TextField(primary_key=True)
    value = JsonField()

    class Meta:
        without_rowid = True


class Sequence(Row):
    """A counter: ``next`` is the next number to be given."""

    name = peewee.TextField(primary_key=True)
    next = peewee.IntegerField()

    class Meta:
        without_rowid = True


def stored(key: str) -> Any:
    """Return the stored value of a setting, or None."""
    text = stored_text(key)
    return None if text is None else json.loads(text)


def store(key: str, value: Any) -> None:
    """Keep a setting's value."""
    store_text(key, as_json(value))


def forget(key: str) -> None:
    """Remove a setting, so that its default holds again."""
    _FORGET.run(key=key)


_FORGET = Statement(lambda p: Setting.delete().where(Setting.key == p("key")))
_NEXT = Lookup(lambda p: Sequence.select(Sequence.next).where(Sequence.name == p("name")), int)
_SET_NEXT = Statement(
    lambda p: Sequence.insert({Sequence.name: p("name"), Sequence.next: p("number")}).on_conflict(
        conflict_target=[Sequence.name], update={Sequence.next: p("number")}
    )
)
_OF_TICKETS = "ticket"
_OF_TOPICS = "topics "
"""What the names of sequences begin with that help topics name."""
_SEQUENCES = Lookup(
    lambda _: Sequence.select(Sequence.name, Sequence.next).order_by(Sequence.name),
    lambda name, number: (str(name), int(number)),
)


def next_ticket_number_is(sequence: str = "") -> int:
    """Return the next number of the tickets' sequence, or of one that topics name, without taking it."""
    return _NEXT.one(name=_row_of(sequence)) or 1


def let_next_ticket_number_be(number: int, sequence: str = "") -> None:
    """Make the tickets' sequence, or one of topics, go on with that number, in the caller's transaction."""
    _SET_NEXT.run(name=_row_of(sequence), number=number)


def topic_sequences() -> dict[str, int]:
    """Return the next number of each sequence that help topics name, by its name in lower case."""
    return {
        name.removeprefix(_OF_TOPICS): number
        for name, number in _SEQUENCES.every()
        if name.startswith(_OF_TOPICS)
    }


def _row_of(sequence: str) -> str:
    return _OF_TOPICS + sequence.lower() if sequence else _OF_TICKETS


_STORED_TEXT = Lookup(lambda p: Setting.select(Setting.value).where(Setting.key == p("key")), str)
_EVERY = Lookup(
    lambda p: Setting.select(Setting.key, Setting.value), lambda key, text: (str(key), json.loads(text))
)
_STORE_TEXT = Statement(
    lambda p: Setting.insert({Setting.key: p("key"), Setting.value: p("text")}).on_conflict(
        conflict_target=[Setting.key], update={Setting.value: p("text")}
    )
)


def stored_text(key: str) -> str | None:
    """Return a value as it is stored (JSON), or None."""
    return _STORED_TEXT.one(key=key)


def store_text(key: str, text: str) -> None:
    """Keep a value that is JSON already."""
    _STORE_TEXT.run(key=key, text=text)


def every() -> dict[str, Any]:
    """Return all values that have been set."""
    return dict(_EVERY.every())
