"""Listeners (webhooks, push addresses and hooks), which are told of what happens, and the calls to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.statements import Lookup, Statement, Update, literal
from models.tickets import Ticket

ListenerKind = Literal["webhook", "push", "hooks"]
KINDS: tuple[ListenerKind, ...] = get_args(ListenerKind)


class Listener(Row):
    """A webhook, a push address, or the folder of hooks. ``after_...``: how far it has heard."""

    kind = peewee.TextField(constraints=[one_of("kind", KINDS)])
    name = peewee.TextField(collation="NOCASE")
    agent = peewee.ForeignKeyField(Agent, null=True, on_delete="CASCADE")
    """Whose own push address it is: it is called with what that agent is mailed of."""
    place = peewee.TextField(default="")
    """As much of its address as may be shown."""
    address_sealed = peewee.BlobField(null=True)
    secret_sealed = peewee.BlobField(null=True)
    events = JsonField(default=list)
    """What it hears of; [] is everything."""
    condition = peewee.TextField(default="")
    active = peewee.BooleanField(default=True)
    after_event = peewee.IntegerField(default=0)
    after_notice = peewee.IntegerField(default=0)
    failing_since = UtcField(null=True)
    last_success = UtcField(null=True)
    created = UtcField()

    if TYPE_CHECKING:
        agent_id: int | None


Listener.add_index(Listener.kind, Listener.name, unique=True, name="listener_name")


class Call(Row):
    """One thing that a listener is told; ``delivery`` is its random name, the same in every attempt."""

    listener = peewee.ForeignKeyField(Listener, on_delete="CASCADE")
    delivery = peewee.TextField(unique=True)
    event = peewee.TextField()
    event_id = peewee.IntegerField(null=True)
    """The ticket's event, without which there is nothing to tell any more."""
    ticket = peewee.ForeignKeyField(Ticket, null=True, on_delete="CASCADE")
    body = peewee.TextField()
    created = UtcField()
    not_before = UtcField()
    attempts = peewee.IntegerField(default=0)
    done = peewee.BooleanField(default=False)
    status = peewee.IntegerField(null=True)
    """What answered: an HTTP status, or a program's exit status; null: nothing did."""
    words = peewee.TextField(default="")

    if TYPE_CHECKING:
        listener_id: int
        ticket_id: int | None


Call.add_index(Call.not_before, Call.id, name="call_waiting", where=Call.done == literal(0))
Call.add_index(Call.listener, Call.id, name="call_listener")
Call.add_index(Call.ticket, name="call_ticket")


class StoredListener(Record):
    """A listener as it is stored; times as stored."""

    id: int
    kind: ListenerKind
    name: str
    agent_id: int | None
    place: str
    address_sealed: bytes | None
    secret_sealed: bytes | None
    events: Sequence[str]
    condition: str
    active: bool
    after_event: int
    after_notice: int
    failing_since: str | None
    last_success: str | None


class DueCall(Record):
    """A call that is due; times as stored."""

    id: int
    listener_id: int
    delivery: str
    event: str
    event_id: int | None
    ticket_id: int | None
    body: str
    created: str
    attempts: int


class StoredCall(Record):
    """A call and its outcome; times as stored."""

    id: int
    delivery: str
    event: str
    ticket: str | None
    created: str
    not_before: str
    attempts: int
    done: bool
    status: int | None
    words: str


@dataclass
class SealedListener:
    """The encrypted parts of a listener, to be encrypted anew and written back."""

    id: int
    kind: ListenerKind
    name: str
    address_sealed: bytes | None
    secret_sealed: bytes | None

    def keep(self) -> None:
        """Write it back."""
        _CHANGE.run(self.id, {"address_sealed": self.address_sealed, "secret_sealed": self.secret_sealed})


def _called(*columns: Any) -> StoredCall:
    values = list(columns)
    values[7] = bool(values[7])
    return StoredCall._make(values)


_READ = (
    *(Listener.id, Listener.kind, Listener.name, Listener.agent, Listener.place, Listener.address_sealed),
    *(Listener.secret_sealed, Listener.events, Listener.condition, Listener.active, Listener.after_event),
    *(Listener.after_notice, Listener.failing_since, Listener.last_success),
)


def _stored(*columns: Any) -> StoredListener:
    values = list(columns)
    values[7], values[9] = json.loads(values[7]), bool(values[9])
    for place in (5, 6):
        values[place] = None if values[place] is None else bytes(values[place])
    return StoredListener._make(values)


_EVERY = Lookup(lambda p: Listener.select(*_READ).order_by(Listener.kind, Listener.name), _stored)
_NAMED = Lookup(
    lambda p: Listener.select(*_READ).where(Listener.kind == p("kind"), Listener.name == p("name")), _stored
)
_BY_ID = Lookup(lambda p: Listener.select(*_READ).where(Listener.id == p("listener_id")), _stored)
_WRITE = Statement(
    lambda p: Listener.insert(
        {
            Listener.kind: p("kind"),
            Listener.name: p("name"),
            Listener.agent: p("agent_id"),
            Listener.place: p("place"),
            Listener.events: p("events"),
            Listener.condition: p("condition"),
            Listener.after_event: p("after_event"),
            Listener.after_notice: p("after_notice"),
            Listener.created: p("created"),
        }
    ).returning(Listener.id)
)
_CHANGE = Update(Listener)
_DELETE = Statement(lambda p: Listener.delete().where(Listener.id == p("listener_id")))
_WRITE_CALL = Statement(
    lambda p: Call.insert(
        {
            Call.listener: p("listener_id"),
            Call.delivery: p("delivery"),
            Call.event: p("event"),
            Call.event_id: p("event_id"),
            Call.ticket: p("ticket_id"),
            Call.body: p("body"),
            Call.created: p("created"),
            Call.not_before: p("not_before"),
        }
    ).returning(Call.id)
)
_OF_DUE = (
    *(Call.id, Call.listener, Call.delivery, Call.event, Call.event_id, Call.ticket, Call.body),
    *(Call.created, Call.attempts),
)
_DUE = Lookup(
    lambda p: (
        Call.select(*_OF_DUE)
        .where(Call.done == literal(0), Call.not_before <= p("moment"))
        .order_by(Call.not_before, Call.id)
        .limit(p("limit"))
    ),
    DueCall,
)
_LAST_WAITING = Lookup(
    lambda p: Call.select(peewee.fn.MAX(Call.not_before)).where(
        Call.listener == p("listener_id"),
        Call.done == literal(0),
        ((Call.attempts == literal(0)) & (Call.event != literal("replied")))
        | Call.status.is_null(False)
        | (Call.words != literal("")),
    ),
    lambda last: last,
)
_SET_BACK = Statement(
    lambda p: Call.update({Call.created: p("moment"), Call.not_before: p("moment")}).where(
        Call.done == literal(0), Call.created > p("latest")
    )
)
_CALL = Lookup(lambda p: Call.select(*_OF_DUE).where(Call.id == p("call_id")), DueCall)
_CLAIM = Statement(
    lambda p: Call.update({Call.not_before: p("until"), Call.attempts: Call.attempts + 1}).where(
        Call.id == p("call_id"), Call.done == literal(0), Call.not_before <= p("moment")
    )
)
_SETTLE = Statement(
    lambda p: Call.update(
        {
            Call.done: p("done"),
            Call.status: p("status"),
            Call.words: p("words"),
            Call.not_before: p("not_before"),
        }
    ).where(Call.id == p("call_id"))
)
_CALLS = Lookup(
    lambda p: (
        Call.select(
            *(Call.id, Call.delivery, Call.event, Ticket.number, Call.created, Call.not_before),
            *(Call.attempts, Call.done, Call.status, Call.words),
        )
        .join(Ticket, peewee.JOIN.LEFT_OUTER)
        .where(Call.listener == p("listener_id"))
        .order_by(Call.id.desc())
        .limit(p("limit"))
    ),
    _called,
)
_NEXT_DUE = Lookup(
    lambda p: Call.select(peewee.fn.MIN(Call.not_before)).where(Call.done == literal(0)), lambda first: first
)
_OLDER_CALLS = Lookup(
    lambda p: Call.select(peewee.fn.COUNT(Call.id)).where(
        Call.created < p("before"), Call.done == literal(1)
    ),
    int,
)
_PURGE_CALLS = Statement(
    lambda p: Call.delete().where(
        Call.id.in_(
            Call.select(Call.id)
            .where(Call.created < p("before"), Call.done == literal(1))
            .order_by(Call.id)
            .limit(p("limit"))
        )
    )
)


def every(kind: ListenerKind | None = None) -> list[StoredListener]:
    """Return all listeners, or those of a kind, by name."""
    return [each for each in _EVERY.every() if kind in (None, each.kind)]


def named(kind: ListenerKind, name: str) -> StoredListener | None:
    """Return the listener of that kind and name, or None."""
    return _NAMED.one(kind=kind, name=name)


def by_id(listener_id: int) -> StoredListener | None:
    """Return the listener of that id, or None when it is gone."""
    return _BY_ID.one(listener_id=listener_id)


def write(
    kind: ListenerKind,
    name: str,
    *,
    created: str,
    agent_id: int | None = None,
    place: str = "",
    events: Sequence[str] = (),
    condition: str = "",
    after_event: int,
    after_notice: int,
) -> int:
    """Write a new listener, which hears of whatever comes after these two ids; returns its own id."""
    return _WRITE.new_id(
        kind=kind,
        name=name,
        agent_id=agent_id,
        place=place,
        events=as_json(list(events)),
        condition=condition,
        after_event=after_event,
        after_notice=after_notice,
        created=created,
    )


def change(listener_id: int, values: Mapping[str, Any]) -> None:
    """Give columns of a listener new values, as they are stored."""
    _CHANGE.run(listener_id, values)


def delete(listener_id: int) -> None:
    """Delete a listener with the calls to it."""
    _DELETE.run(listener_id=listener_id)


def sealed() -> list[SealedListener]:
    """Return the encrypted parts of every listener."""
    return [
        SealedListener(each.id, each.kind, each.name, each.address_sealed, each.secret_sealed)
        for each in every()
    ]


def address_context(listener_id: int) -> str:
    """Return the context that an encrypted address is bound to."""
    return f"listener {listener_id} address"


def secret_context(listener_id: int) -> str:
    """Return the context that an encrypted secret is bound to."""
    return f"listener {listener_id} secret"


def write_call(
    listener_id: int,
    delivery: str,
    event: str,
    body: str,
    *,
    created: str,
    not_before: str,
    event_id: int | None = None,
    ticket_id: int | None = None,
) -> int:
    """Write a call to be made; times as stored. Returns its id."""
    return _WRITE_CALL.new_id(
        listener_id=listener_id,
        delivery=delivery,
        event=event,
        event_id=event_id,
        ticket_id=ticket_id,
        body=body,
        created=created,
        not_before=not_before,
    )


def last_waiting(listener_id: int) -> str | None:
    """Return when the last waiting call to a listener is to be made, as stored; None where none waits.

    But for answers that can still be taken back, and what is told this moment: nothing waits for those.
    """
    return _LAST_WAITING.one(listener_id=listener_id)


def set_back(moment: str, latest: str) -> int:
    """Let calls that were written after the latest time that there can be be made at a moment; how many."""
    return _SET_BACK.changed(moment=moment, latest=latest)


def due(moment: str, limit: int) -> list[DueCall]:
    """Return the calls that are due, those that wait longest first."""
    return _DUE.every(moment=moment, limit=limit)


def call(call_id: int) -> DueCall | None:
    """Return a call that is yet to be made, or None."""
    return _CALL.one(call_id=call_id)


def claim(call_id: int, moment: str, until: str) -> bool:
    """Claim a due call until a time; False when another process is making it."""
    return _CLAIM.changed(call_id=call_id, moment=moment, until=until) == 1


def settle(call_id: int, *, done: bool, status: int | None, words: str, not_before: str) -> None:
    """Record the outcome of a call."""
    _SETTLE.run(call_id=call_id, done=done, status=status, words=words, not_before=not_before)


def calls(listener_id: int, limit: int) -> list[StoredCall]:
    """Return the newest calls to a listener."""
    return _CALLS.every(listener_id=listener_id, limit=limit)


def next_due() -> str | None:
    """Return when the next call is due, as stored; None if there is none."""
    return _NEXT_DUE.one()


def older_calls(before: str) -> int:
    """Return how many calls were made before a time, as stored."""
    return _OLDER_CALLS.one(before=before) or 0


def purge_calls(before: str, limit: int) -> int:
    """Delete up to so many calls that were made before a time, as stored; returns how many."""
    return _PURGE_CALLS.changed(before=before, limit=limit)
