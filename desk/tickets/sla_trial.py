"""What an SLA means for a ticket, told as a sum, and what another one would have meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from config.records import Record
from desk.errors import NotFound, Refused
from desk.permissions import THE_DESK, Actor
from desk.slas.plans import Plan, plan_of
from desk.tickets import clocks, promises
from desk.tickets.changes import find
from desk.tickets.promises import Promise, Span
from desk.tickets.reading import may_read
from mail.inert import one_line
from models import events, messages, slas, tickets
from models.fields import utc_text
from models.tickets import TicketState

Outcome = Literal["kept", "broken", "open", "none"]
"""All promises kept, one broken, nothing decided yet, nothing promised."""
_AT_ONCE: Final = 500


class Explained(Record):
    """A promise with its sum."""

    promise: Promise
    spans: Sequence[Span]


class Explanation(Record):
    """What an SLA promised of a ticket until a moment. ``plan`` None: nothing."""

    ticket: TicketState
    plan: Plan | None
    moment: datetime
    promises: Sequence[Explained]


class Compared(Record):
    """A ticket by its own SLA and by another one."""

    number: str
    subject: str
    sla: str | None
    before: Sequence[Promise]
    after: Sequence[Promise]

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """What became of all promises, before and after."""
        return outcome(self.before), outcome(self.after)


def explain(number: str, moment: datetime, reader: Actor = THE_DESK) -> Explanation:
    """Return what a ticket's SLA promises and promised, each with its sum. Raises NotFound."""
    ticket = find(number, reader)
    plan = clocks.plan_of(ticket)
    if plan is None:
        return Explanation(ticket, None, moment, ())
    written, happened = messages.when_written([ticket.id]), events.of_tickets([ticket.id])
    found = promises.of_life(plan, ticket.created, written, happened, ticket.priority, moment, ticket)
    return Explanation(
        ticket, plan, moment, tuple(Explained(each, promises.spans_of(plan, each)) for each in found)
    )


def simulate(name: str, since: datetime, moment: datetime, reader: Actor = THE_DESK) -> Iterator[Compared]:
    """Return each ticket that was made since a time, by its own SLA and by that one; nothing is written.

    Raises NotFound for an unknown SLA, and Refused for one that promises nothing that can be counted.
    """
    row = slas.named(name)
    if row is None:
        raise NotFound(f"there is no SLA {one_line(name, 60)}", "nightdesk sla list")
    if since >= moment:
        raise Refused("that is no time that is over", "give --since 90d")
    plans = {each.id: plan_of(each) for each in slas.every()}
    made = tickets.made_since(utc_text(since))
    for begin in range(0, len(made), _AT_ONCE):
        yield from _compared(made[begin : begin + _AT_ONCE], plans, plans[row.id], moment, reader)


def outcome(found: Iterable[Promise]) -> Outcome:
    """Return what became of promises."""
    states = {each.state for each in found}
    if "broken" in states:
        return "broken"
    if states & {"running", "paused"}:
        return "open"
    return "kept" if states else "none"


def _compared(
    ids: Sequence[int], plans: dict[int, Plan], tried: Plan, moment: datetime, reader: Actor
) -> Iterator[Compared]:
    written = {
        key: list(each) for key, each in groupby(messages.when_written(ids), key=lambda each: each.ticket_id)
    }
    happened = {
        key: list(each) for key, each in groupby(events.of_tickets(ids), key=lambda each: each.ticket_id)
    }
    by_id = {ticket.id: ticket for ticket in tickets.read_each(ids)}
    for ticket_id in ids:
        ticket = by_id.get(ticket_id)
        if ticket is None or not may_read(reader, ticket):
            continue
        told = written.get(ticket_id, []), happened.get(ticket_id, [])
        life = ticket.created, *told, ticket.priority
        own = None if ticket.sla_id is None else plans.get(ticket.sla_id)
        before = [] if own is None else promises.of_life(own, *life, moment)
        after = before if own is tried else promises.of_life(tried, *life, moment)
        yield Compared(ticket.number, ticket.subject, own.name if own else None, before, after)
