"""The latest fetch of each mailbox, for people to see: its table, and the only statements that write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import peewee

from config.records import Record
from models.database import Row
from models.fields import JsonField, UtcField, as_json
from models.mailboxes import Mailbox
from models.statements import Lookup, Statement


class FetchRun(Row):
    """The current or latest fetch of a mailbox, and whether somebody has asked for one."""

    mailbox = peewee.ForeignKeyField(Mailbox, primary_key=True)
    requested = UtcField(null=True)
    phase = peewee.TextField(default="")
    """Empty (never ran), ``connecting``, ``fetching``, ``done`` or ``failed``."""
    started = UtcField(null=True)
    updated = UtcField(null=True)
    found = peewee.IntegerField(default=0)
    """How many mails this run has to fetch."""
    done = peewee.IntegerField(default=0)
    outcome = JsonField(default=dict)

    if TYPE_CHECKING:
        mailbox_id: int


class FetchState(Record):
    """The current or latest fetch of a mailbox; times as stored."""

    mailbox_id: int
    requested: str | None
    phase: str
    started: str | None
    updated: str | None
    found: int
    done: int
    outcome: dict[str, Any]


def _state(
    mailbox_id: int,
    requested: str | None,
    phase: str,
    started: str | None,
    updated: str | None,
    found: int,
    done: int,
    outcome: str,
) -> FetchState:
    return FetchState(mailbox_id, requested, phase, started, updated, found, done, json.loads(outcome))


_REQUEST = Statement(
    lambda p: FetchRun.insert({FetchRun.mailbox: p("mailbox_id"), FetchRun.requested: p("at")}).on_conflict(
        conflict_target=[FetchRun.mailbox], update={FetchRun.requested: p("at")}
    )
)
_REQUESTED = Lookup(
    lambda p: (
        FetchRun.select(FetchRun.mailbox)
        .where(FetchRun.requested.is_null(False))
        .order_by(FetchRun.requested)
    ),
    int,
)
_IS_REQUESTED = Lookup(
    lambda p: FetchRun.select(FetchRun.mailbox).where(
        FetchRun.mailbox == p("mailbox_id"), FetchRun.requested.is_null(False)
    ),
    int,
)
_STATE_COLUMNS = (
    FetchRun.mailbox,
    FetchRun.requested,
    FetchRun.phase,
    FetchRun.started,
    FetchRun.updated,
    FetchRun.found,
    FetchRun.done,
    FetchRun.outcome,
)
_STATE = Lookup(lambda p: FetchRun.select(*_STATE_COLUMNS).where(FetchRun.mailbox == p("mailbox_id")), _state)
_STATES = Lookup(lambda p: FetchRun.select(*_STATE_COLUMNS), _state)
_BEGIN = Statement(
    lambda p: FetchRun.insert(
        {
            FetchRun.mailbox: p("mailbox_id"),
            FetchRun.phase: p("phase"),
            FetchRun.started: p("at"),
            FetchRun.updated: p("at"),
            FetchRun.found: p("found"),
        }
    ).on_conflict(
        conflict_target=[FetchRun.mailbox],
        update={
            FetchRun.requested: None,
            FetchRun.phase: p("phase"),
            FetchRun.started: p("at"),
            FetchRun.updated: p("at"),
            FetchRun.found: p("found"),
            FetchRun.done: 0,
            FetchRun.outcome: peewee.Value("{}", converter=False),
        },
    )
)
_ADVANCE = Statement(
    lambda p: FetchRun.update({FetchRun.done: p("done"), FetchRun.updated: p("at")}).where(
        FetchRun.mailbox == p("mailbox_id")
    )
)
_FINISH = Statement(
    lambda p: FetchRun.update(
        {
            FetchRun.phase: p("phase"),
            FetchRun.updated: p("at"),
            FetchRun.done: p("done"),
            FetchRun.outcome: p("outcome"),
        }
    ).where(FetchRun.mailbox == p("mailbox_id"), FetchRun.phase.in_(["connecting", "fetching"]))
)


def request(mailbox_id: int, at: str) -> None:
    """Ask for a fetch, at a moment as stored."""
    _REQUEST.run(mailbox_id=mailbox_id, at=at)


def requested() -> list[int]:
    """Return the mailboxes that somebody asked for, in the order of asking."""
    return _REQUESTED.every()


def is_requested(mailbox_id: int) -> bool:
    """Whether somebody asked for a fetch of this mailbox."""
    return _IS_REQUESTED.one(mailbox_id=mailbox_id) is not None


def state(mailbox_id: int) -> FetchState | None:
    """Return the current or latest fetch of a mailbox, or None."""
    return _STATE.one(mailbox_id=mailbox_id)


def states() -> list[FetchState]:
    """Return the current or latest fetch of every mailbox that had one."""
    return _STATES.every()


def begin(mailbox_id: int, phase: str, found: int, at: str) -> None:
    """Record that a fetch begins, or that it now knows how many mails there are to bring."""
    _BEGIN.run(mailbox_id=mailbox_id, phase=phase, found=found, at=at)


def advance(mailbox_id: int, done: int, at: str) -> None:
    """Record how many mails of a fetch are stored."""
    _ADVANCE.run(mailbox_id=mailbox_id, done=done, at=at)


def finish(mailbox_id: int, phase: str, done: int, outcome: Mapping[str, Any], at: str) -> None:
    """Record how a running fetch ended."""
    _FINISH.run(mailbox_id=mailbox_id, phase=phase, done=done, outcome=as_json(outcome), at=at)
