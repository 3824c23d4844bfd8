"""Filters that no mail starts: on a change of state, and by the clock.

A filter acts on a ticket once for each fact: one change of state, or one state in which somebody left the
ticket. What filters do is no fact, so that none starts another, or itself again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from config.records import Record
from desk import logs, schedules
from desk.acknowledged import AcknowledgedLately, acknowledged_lately
from desk.errors import DeskError
from desk.filters.acting import carry_out
from desk.filters.actions import Action
from desk.filters.decision import Decision
from desk.permissions import FILTER
from desk.rules import DeskRules, read_rules
from desk.tickets import closing, query
from models import events, ticket_lists, tickets
from models import filters as rows
from models.events import RecordedEvent
from models.fields import utc_text
from models.filters import StoredFilter
from models.queries.conditions import Reader
from models.ticket_lists import TicketList
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.queries.tree import Node
    from models.tickets import TicketState

_AT_ONCE = 100


class _Ready(Record):
    stored: StoredFilter
    condition: Node
    decision: Decision


def sweep(desk: Desk, moment: datetime) -> int:
    """Run the filters on states and those of the clock that are due; returns how often they acted.

    What they said is to be closed after a time is closed, if that is over.
    """
    return after_changes(desk, moment) + by_the_clock(desk, moment) + closing.sweep(moment)


def after_changes(desk: Desk, moment: datetime) -> int:
    """Ask the filters on states of every change of state that they were not asked of. Returns as `sweep`."""
    acted = 0
    while True:
        with transaction():
            filters = _ready(desk, "status")
            if not filters:
                return acted
            known = min(each.stored.after_event for each in filters)
            newest = events.newest()
            if newest <= known:
                return acted
            found = events.later_than(known, _AT_ONCE)
            for event in found:
                acted += _asked_of(event, filters, moment, desk)
            last = found[-1].id if len(found) == _AT_ONCE else max(newest, known)
            for each in filters:
                if each.stored.after_event < last:
                    rows.change(each.stored.id, {"after_event": last})


def by_the_clock(desk: Desk, moment: datetime) -> int:
    """Run the filters of the clock that are due. Returns as `sweep`."""
    acted = 0
    stopped: set[int] = set()
    announcing = _Announcing(desk, moment)
    for each in _ready(desk, "time"):
        text, last_run = each.stored.schedule, each.stored.last_run
        was_ahead = last_run is not None and last_run > moment
        if text and not was_ahead and not schedules.parse(text).due(last_run, moment, desk.zone):
            continue
        wanted = TicketList(
            "all" if ticket_lists.names_state(each.condition) else "open", each.condition, "updated", 0
        )
        last = 0
        while ids := ticket_lists.ids_of(wanted, moment, last, _AT_ONCE):
            last = ids[-1]
            with transaction():
                acted += _acted(each, [one for one in ids if one not in stopped], moment, desk, announcing)
            if each.stored.stops:
                stopped.update(ids)
        if text:
            with transaction():
                rows.change(each.stored.id, {"last_run": utc_text(moment)})
    return acted


def pass_by(desk: Desk, ticket_ids: Sequence[int], moment: datetime) -> None:
    """Let filters of the clock leave tickets as they came, until somebody touches them.

    To be called in the transaction in which they come. A filter that holds only later acts then.
    """
    for each in _ready(desk, "time"):
        for ticket in tickets.read_each(ticket_ids):
            if _holds(each.condition, ticket, moment):
                rows.note_act(each.stored.id, ticket.id, ticket.updated)


def holding(stored: StoredFilter, desk: Desk, moment: datetime) -> list[TicketState]:
    """Return the tickets on which a filter of states or of the clock would act now.

    As in a run of the clock, that is none on which it acted already, and none that another one stops at.
    """
    condition = query.parse(stored.condition, FILTER, desk.zone).tree
    wanted = TicketList("all" if ticket_lists.names_state(condition) else "open", condition, "updated", 0)
    stops = _stopping_before(stored, desk)
    found, last = [], 0
    while ids := ticket_lists.ids_of(wanted, moment, last, _AT_ONCE):
        last = ids[-1]
        known = rows.acted(stored.id, ids)
        for ticket in tickets.read_each(ids):
            is_done = ticket.merged_into_id is not None or known.get(ticket.id) == ticket.updated
            if not is_done and not any(_holds(each, ticket, moment) for each in stops):
                found.append(ticket)
    return found


def _stopping_before(stored: StoredFilter, desk: Desk) -> list[Node]:
    """Return the conditions of filters of the clock after which this one is not asked, in every run."""
    found: list[Node] = []
    if stored.runs_on != "time":
        return found
    for each in rows.every():
        if each.name.lower() == stored.name.lower():
            break
        if each.place > stored.place:
            break
        if each.active and each.stops and each.runs_on == "time" and not each.schedule:
            with suppress(DeskError):
                found.append(query.parse(each.condition, FILTER, desk.zone).tree)
    return found


class _Announcing:
    """Knows who may be told now that their ticket is to be closed: a flood waits for later runs."""

    def __init__(self, desk: Desk, moment: datetime) -> None:
        self._desk = desk
        self._moment = moment

    @cached_property
    def _rules(self) -> DeskRules:
        return read_rules(self._desk)

    @cached_property
    def _lately(self) -> AcknowledgedLately:
        return acknowledged_lately(self._moment)

    def waits(self, ticket: TicketState) -> bool:
        """Whether the customer is better told later; else they are counted as told."""
        address = tickets.names(ticket.id).requester_email
        if ticket.closing is not None or "@" not in address:
            return False
        if self._lately.too_many(address, self._rules):
            return True
        self._lately.count(address)
        return False


def _acted(each: _Ready, ids: Sequence[int], moment: datetime, desk: Desk, announcing: _Announcing) -> int:
    """Act on the tickets on which the filter has not acted since somebody touched them."""
    announces = any(action.startswith("close-after:") for action in each.stored.actions)
    known, count = rows.acted(each.stored.id, ids), 0
    for ticket_id in ids:
        ticket = tickets.read(ticket_id)
        if ticket is None or ticket.merged_into_id is not None or known.get(ticket_id) == ticket.updated:
            continue
        if announces and announcing.waits(ticket):
            continue
        _act(each, ticket, moment, desk)
        rows.note_act(each.stored.id, ticket_id, ticket.updated)
        count += 1
    return count


def _asked_of(event: RecordedEvent, filters: Sequence[_Ready], moment: datetime, desk: Desk) -> int:
    told = event.detail
    if not _changes_state(event) or events.BROUGHT in told or told.get("by") == FILTER.login:
        return 0
    count = 0
    for each in filters:
        ticket = tickets.read(event.ticket_id)
        if ticket is None or ticket.merged_into_id is not None:
            break
        if each.stored.after_event >= event.id or not _holds(each.condition, ticket, moment):
            continue
        _act(each, ticket, moment, desk)
        count += 1
        if each.stored.stops:
            break
    return count


def _changes_state(event: RecordedEvent) -> bool:
    told = event.detail
    return (
        event.kind in ("status", "closed", "reopened")
        or "status" in told.get("changes", {})
        or (event.kind == "undone" and "status" in told)
    )


def _holds(condition: Node, ticket: TicketState, moment: datetime) -> bool:
    return ticket_lists.fulfils(ticket.id, condition, Reader(0, moment))


def _act(each: _Ready, ticket: TicketState, moment: datetime, desk: Desk) -> None:
    for line in carry_out(each.decision, ticket, moment, desk.zone):
        logs.write("warning", "filters", f"filter '{each.stored.name}': {line}", ticket_id=ticket.id)


def decision_of(stored: StoredFilter) -> Decision:
    """Return what a filter of states or of the clock decides where it holds."""
    decision = Decision()
    for text in stored.actions:
        decision.take(Action(*text.partition(":")[::2]), stored.name)
    decision.trace.append(f"filter '{stored.name}': {', '.join(stored.actions)}")
    return decision


def _ready(desk: Desk, trigger: str) -> list[_Ready]:
    found = []
    for stored in rows.every():
        if not stored.active or stored.runs_on != trigger:
            continue
        try:
            condition = query.parse(stored.condition, FILTER, desk.zone).tree
        except DeskError as error:
            logs.write("warning", "filters", f"filter '{stored.name}' does not run: {error}")
            continue
        found.append(_Ready(stored, condition, decision_of(stored)))
    return found
