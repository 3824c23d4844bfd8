"""Filters, which decide about mail by themselves, and bans: the tables, and the only statements for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.statements import Lookup, Statement, Update, as_read
from models.tickets import Ticket

Trigger = Literal["new", "reply", "status", "time"]
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)


class Filter(Row):
    """What is done with mail and tickets that meet a condition."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    runs_on = peewee.TextField(constraints=[one_of("runs_on", TRIGGERS)])
    condition = peewee.TextField()
    actions = JsonField(default=list)
    place = peewee.IntegerField(default=100)
    """Filters run in this order, those with the same by their age."""
    stops = peewee.BooleanField(default=False)
    """No later filter runs where this one held."""
    active = peewee.BooleanField(default=True)
    schedule = peewee.TextField(default="")
    """When one of the clock runs, as entered; empty: whenever the worker sweeps."""
    last_run = UtcField(null=True)
    after_event = peewee.IntegerField(default=0)
    """One of states has been asked of every change up to this event."""


class FilterAct(Row):
    """That a filter acted on a ticket because of a fact, so that it does so only once."""

    by = peewee.ForeignKeyField(Filter, column_name="filter_id", on_delete="CASCADE")
    ticket = peewee.ForeignKeyField(Ticket, on_delete="CASCADE")
    fact = peewee.TextField()

    class Meta:
        primary_key = peewee.CompositeKey("by", "ticket")
        without_rowid = True


FilterAct.add_index(FilterAct.ticket, name="filter_act_ticket")


class Ban(Row):
    """An address, ``@domain`` or pattern whose mail is rejected."""

    pattern = peewee.TextField(unique=True, collation="NOCASE")
    note = peewee.TextField(default="")
    created = UtcField()


class StoredFilter(Record):
    """A filter as it was saved."""

    id: int
    name: str
    runs_on: Trigger
    condition: str
    actions: Sequence[str]
    place: int
    stops: bool
    active: bool
    schedule: str = ""
    last_run: datetime | None = None
    after_event: int = 0


class StoredBan(Record):
    """A ban; ``created`` as stored."""

    pattern: str
    note: str
    created: str


_READ = (
    *(Filter.id, Filter.name, Filter.runs_on, Filter.condition),
    *(Filter.actions, Filter.place, Filter.stops, Filter.active),
    *(Filter.schedule, Filter.last_run, Filter.after_event),
)
_EVERY = Lookup(
    lambda p: Filter.select(*_READ).order_by(Filter.place, Filter.id),
    # Each batch of mail reads all of them: two hundred take 2 ms to make, and change once a month.
    lru_cache(maxsize=1024)(as_read(_READ, StoredFilter)),
)
_NAMED = Lookup(lambda p: Filter.select(*_READ).where(Filter.name == p("name")), as_read(_READ, StoredFilter))
_WRITE = Statement(
    lambda p: Filter.insert(
        {
            Filter.name: p("name"),
            Filter.runs_on: p("runs_on"),
            Filter.condition: p("condition"),
            Filter.actions: p("actions"),
            Filter.place: p("place"),
            Filter.stops: p("stops"),
            Filter.active: p("active"),
            Filter.schedule: p("schedule"),
            Filter.after_event: p("after_event"),
        }
    )
)
_CHANGE = Update(Filter)
_ACTED = Lookup(
    lambda p: FilterAct.select(FilterAct.ticket, FilterAct.fact).where(
        FilterAct.by == p("filter_id"), FilterAct.ticket.in_(p.each("wanted"))
    ),
    lambda ticket_id, fact: (int(ticket_id), str(fact)),
)
_ACT = Statement(
    lambda p: FilterAct.insert(
        {FilterAct.by: p("filter_id"), FilterAct.ticket: p("ticket_id"), FilterAct.fact: p("fact")}
    ).on_conflict(conflict_target=[FilterAct.by, FilterAct.ticket], update={FilterAct.fact: p("fact")})
)
_DELETE = Statement(lambda p: Filter.delete().where(Filter.id == p("filter_id")))
_BANS = Lookup(lambda p: Ban.select(Ban.pattern, Ban.note, Ban.created).order_by(Ban.pattern), StoredBan)
_BAN_OF = Lookup(
    lambda p: Ban.select(Ban.pattern, Ban.note, Ban.created).where(Ban.pattern == p("pattern")), StoredBan
)
_BAN = Statement(
    lambda p: Ban.insert({Ban.pattern: p("pattern"), Ban.note: p("note"), Ban.created: p("created")})
)
_CHANGE_BAN = Statement(lambda p: Ban.update({Ban.note: p("note")}).where(Ban.pattern == p("pattern")))
_UNBAN = Statement(lambda p: Ban.delete().where(Ban.pattern == p("pattern")))


def every() -> list[StoredFilter]:
    """Return all filters, in the order in which they run."""
    return _EVERY.every()


def named(name: str) -> StoredFilter | None:
    """Return the filter of that name, or None."""
    return _NAMED.one(name=name)


def write(
    *,
    name: str,
    runs_on: Trigger,
    condition: str,
    actions: Sequence[str],
    place: int,
    stops: bool,
    active: bool,
    schedule: str = "",
    after_event: int = 0,
) -> None:
    """Write a new filter."""
    _WRITE.run(
        name=name,
        runs_on=runs_on,
        condition=condition,
        actions=as_json(list(actions)),
        place=place,
        stops=stops,
        active=active,
        schedule=schedule,
        after_event=after_event,
    )


def change(filter_id: int, values: Mapping[str, str | int | Sequence[str]]) -> None:
    """Give columns of a filter new values."""
    _CHANGE.run(
        filter_id,
        {
            column: value if isinstance(value, str | int) else as_json(list(value))
            for column, value in values.items()
        },
    )


def acted(filter_id: int, ticket_ids: Iterable[int]) -> dict[int, str]:
    """Return the fact because of which a filter last acted, by ticket."""
    return dict(_ACTED.each_of(ticket_ids, filter_id=filter_id))


def note_act(filter_id: int, ticket_id: int, fact: str) -> None:
    """Record that a filter acted on a ticket because of a fact."""
    _ACT.run(filter_id=filter_id, ticket_id=ticket_id, fact=fact)


def delete(filter_id: int) -> None:
    """Delete a filter."""
    _DELETE.run(filter_id=filter_id)


def bans() -> list[StoredBan]:
    """Return all bans, by pattern."""
    return _BANS.every()


def ban_of(pattern: str) -> StoredBan | None:
    """Return the ban of one pattern, or None."""
    return _BAN_OF.one(pattern=pattern)


def write_ban(pattern: str, note: str, created: str) -> None:
    """Write a ban; ``created`` as stored."""
    _BAN.run(pattern=pattern, note=note, created=created)


def change_ban(pattern: str, note: str) -> bool:
    """Give a ban another note; False when there is none."""
    return _CHANGE_BAN.changed(pattern=pattern, note=note) == 1


def delete_ban(pattern: str) -> bool:
    """Delete a ban; False when there is none."""
    return _UNBAN.changed(pattern=pattern) == 1
