"""From what happened to calls: each listener is told what it wants to hear of, once, and in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from desk import logs
from desk.calls import hooks
from desk.documents import tickets as documents
from desk.errors import DeskError
from desk.listeners.heard import EVERYTHING_BUT, OF_NOTICES
from desk.permissions import FILTER, THE_DESK
from desk.tickets import detail, events, lists, query
from models import deliveries, messages, notices, ticket_lists, tickets
from models import events as event_rows
from models import listeners as rows
from models.errors import DatabaseUnusable
from models.fields import utc_text, utc_time
from models.listeners import StoredListener
from models.queries.conditions import Reader
from models.transactions import DatabaseFailed, savepoint, transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.events import TimedEvent
    from models.notices import LaterNotice
    from models.queries.tree import Node

_AT_ONCE: Final = 100
_HOOKS: Final = "hooks"


class _Happening(NamedTuple):
    """Something that listeners may hear of."""

    event: str
    at: str
    ticket_id: int | None
    by: str | None
    message_id: int | None
    detail: Mapping[str, Any]
    event_id: int | None = None
    whom: str = ""


def gather(desk: Desk, moment: datetime) -> int:
    """Write the calls for what happened since each listener heard last; returns how many."""
    _mind_hooks(desk, moment)
    count = 0
    for listener in rows.every():
        if not listener.active or listener.agent_id is not None:
            continue
        while True:
            with transaction():
                current = rows.by_id(listener.id)
                if current is None or not current.active:
                    break
                made, through = _gather_for(desk, current, moment)
            count += made
            if through:
                break
    return count


def test_call(desk: Desk, listener: StoredListener, moment: datetime) -> int:
    """Write a call that tells nothing but that it is a test; returns its id, in the caller's transaction."""
    happening = _Happening("test", utc_text(moment), None, None, None, {"text": "a test"})
    return _write(desk, listener, happening, moment)


def _mind_hooks(desk: Desk, moment: datetime) -> None:
    """Let the folder of hooks hear from now on when it has programs, and no more when it has none."""
    known = rows.named("hooks", _HOOKS)
    there = hooks.are_there(desk)
    if there == (known is not None):
        return
    with transaction():
        known = rows.named("hooks", _HOOKS)
        if there and known is None:
            rows.write(
                "hooks",
                _HOOKS,
                created=utc_text(moment),
                after_event=event_rows.newest(),
                after_notice=notices.newest_id(),
            )
        elif not there and known is not None:
            rows.delete(known.id)


def _gather_for(desk: Desk, listener: StoredListener, moment: datetime) -> tuple[int, bool]:
    happened = event_rows.timed_later_than(listener.after_event, _AT_ONCE)
    told = notices.later_than(listener.after_notice, _AT_ONCE)
    condition = _condition(desk, listener)
    events = [_of_event(each) for each in happened if event_rows.BROUGHT not in each.detail]
    notes = [_of_notice(each) for each in told if each.kind in OF_NOTICES]
    count = 0
    for each in _in_order(events, notes):
        count += _told(desk, listener, condition, each, moment)
    values = {
        "after_event": happened[-1].id if happened else listener.after_event,
        "after_notice": told[-1].id if told else listener.after_notice,
    }
    if values != {"after_event": listener.after_event, "after_notice": listener.after_notice}:
        rows.change(listener.id, values)
    return count, len(happened) < _AT_ONCE and len(told) < _AT_ONCE


def _in_order(*sequences: Sequence[_Happening]) -> Iterator[_Happening]:
    """Yield what several sequences have by its time, each in its own order whatever became of the clock."""
    dated = ([*zip(accumulate((each.at for each in some), max), some, strict=True)] for some in sequences)
    return (happening for _, happening in merge(*dated, key=itemgetter(0)))


def _told(
    desk: Desk, listener: StoredListener, condition: Node | None, happening: _Happening, moment: datetime
) -> bool:
    """Write the call for what happened, if it is wanted; what cannot be told stops only itself."""
    try:
        with savepoint():
            wanted = _wants(desk, listener, happening) and _holds(condition, happening, moment)
            if wanted:
                _write(desk, listener, happening, moment)
            return wanted
    except (DatabaseFailed, DatabaseUnusable, OSError):
        raise
    except Exception as error:
        words = f"{listener.name} is not told of {happening.event}: {type(error).__name__}: {error}"
        logs.write("error", listener.kind, words, ticket_id=happening.ticket_id)
        return False


def _of_event(each: TimedEvent) -> _Happening:
    told = each.detail
    by = told.get("by")
    text = {"text": events.words(each.kind, told)}
    message = told.get("message") if each.kind in ("replied", "noted", "forwarded", "approved") else None
    return _Happening(each.kind, each.at, each.ticket_id, by, message, text, each.id)


def _of_notice(each: LaterNotice) -> _Happening:
    by = each.detail.get("by")
    told = {key: value for key, value in each.detail.items() if key != "by"}
    return _Happening(
        OF_NOTICES[each.kind], each.at, each.ticket_id, by, each.message_id, told, whom=each.whom
    )


def _wants(desk: Desk, listener: StoredListener, happening: _Happening) -> bool:
    if happening.event == "asked":
        named = [word.lower() for word in happening.whom.split(", ")]
        return f"{listener.kind}:{listener.name}".lower() in named
    if listener.kind == "hooks":
        return hooks.program(desk, happening.event) is not None
    if listener.events:
        return happening.event in listener.events
    return happening.event not in EVERYTHING_BUT


def _condition(desk: Desk, listener: StoredListener) -> Node | None:
    if not listener.condition:
        return None
    try:
        return query.parse(listener.condition, FILTER, desk.zone).tree
    except DeskError as error:
        logs.write("warning", listener.kind, f"{listener.name} is told everything: {error}")
        return None


def _holds(condition: Node | None, happening: _Happening, moment: datetime) -> bool:
    if condition is None:
        return True
    if happening.ticket_id is None:
        return False
    return ticket_lists.fulfils(happening.ticket_id, condition, Reader(0, moment))


def _write(desk: Desk, listener: StoredListener, happening: _Happening, moment: datetime) -> int:
    delivery = uuid4().hex
    not_before = max(utc_text(moment), rows.last_waiting(listener.id) or "")
    if happening.event == "replied" and happening.message_id is not None:
        leaves = deliveries.leaves(happening.message_id)
        if leaves is not None and leaves != deliveries.HELD_UNTIL:
            not_before = max(not_before, leaves)
    return rows.write_call(
        listener.id,
        delivery,
        happening.event,
        json.dumps(document(desk, happening, delivery), ensure_ascii=False, default=_as_text),
        created=utc_text(moment),
        not_before=not_before,
        event_id=happening.event_id,
        ticket_id=happening.ticket_id,
    )


def document(desk: Desk, happening: _Happening, delivery: str) -> dict[str, Any]:
    """Return what a listener is told: the event, its ticket as `ticket list` has it, and its message."""
    ticket, message = None, None
    found = None if happening.ticket_id is None else tickets.read(happening.ticket_id)
    line = None if found is None else lists.line(found.number, THE_DESK)
    if found is not None and line is not None:
        [ticket] = documents.listed([line])
        wanted = happening.message_id
        if happening.event == "created":
            wanted = messages.first_of(found.id)
        view = None if wanted is None else detail.one_message(wanted)
        message = None if view is None else documents.message(view)
    return {
        "delivery": delivery,
        "event": happening.event,
        "at": utc_time(happening.at),
        "by": happening.by,
        "detail": dict(happening.detail),
        "ticket": ticket,
        "message": message,
    }


def _as_text(moment: object) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(f"{type(moment).__name__} has no place in JSON")
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
