"""What filters decided is done to a ticket: by a mail, a change of state, or the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from desk.custom_fields.values import LONGEST
from desk.errors import DeskError
from desk.filters import senders
from desk.permissions import FILTER
from desk.queries.times import age
from desk.tickets import changes, closing, fields, lifecycle, people, snoozing, spam
from mail.inert import one_line
from models.fields import utc_text
from models.messages import NewMessage
from models.transactions import savepoint

if TYPE_CHECKING:
    from desk.filters.decision import Decision
    from desk.permissions import Actor
    from models.tickets import TicketState


def carry_out(
    decision: Decision, ticket: TicketState, moment: datetime, zone: tzinfo, by: Actor = FILTER
) -> list[str]:
    """Do to a ticket what is decided; returns what could not be done, a line each.

    What names something that is gone stops only itself.
    """
    numbers = [ticket.number]
    steps: list[Callable[[], object]] = []
    if decision.department is not None:
        steps.append(lambda: changes.transfer(by, numbers, str(decision.department)))
    if decision.topic is not None:
        steps.append(lambda: changes.set_topic(by, numbers, str(decision.topic)))
    if decision.sla is not None:
        steps.append(lambda: changes.set_sla(by, numbers, str(decision.sla)))
    if decision.fields:
        steps += [_field(by, numbers, name, value) for name, value in decision.fields.items()]
    if decision.tags:
        steps.append(lambda: changes.add_tags(by, numbers, decision.tags))
    if decision.priority is not None:
        steps.append(lambda: changes.set_priority(by, numbers, str(decision.priority)))
    if decision.team is not None:
        steps.append(lambda: changes.assign_team(by, numbers, str(decision.team), decision.agent))
    elif decision.agent is not None:
        steps.append(lambda: changes.assign(by, numbers, decision.agent))
    if decision.collaborators:
        steps.append(lambda: people.set_collaborators(by, numbers, decision.collaborators))
    steps += [_note(by, ticket, text, moment) for text in decision.notes]
    steps += [_asked(ticket, whom, by, moment) for whom, by in decision.asked]
    if decision.status is not None:
        steps.append(lambda: changes.set_status(by, numbers, str(decision.status)))
    if decision.snooze is not None:
        steps.append(lambda: snoozing.snooze(by, numbers, str(decision.snooze), zone))
    if decision.close_after is not None:
        after, why = decision.close_after
        steps.append(lambda: closing.announce(ticket.number, age(after), moment, zone, why))
    if decision.spam:
        steps.append(lambda: spam.mark(by, numbers))
    if decision.ban:
        steps.append(lambda: senders.ban_senders(by, numbers))
    refused = []
    for step in steps:
        try:
            with savepoint():
                step()
        except DeskError as error:
            refused.append(f"a filter wanted more, but {error}")
    return refused


def _field(by: Actor, numbers: list[str], name: str, value: str) -> Callable[[], object]:
    kept = one_line(value, LONGEST)  # what a mail brought
    return lambda: fields.set_fields(by, numbers, {name: kept})


def _asked(ticket: TicketState, whom: str, by: str, moment: datetime) -> Callable[[], object]:
    return lambda: lifecycle.asked_for(ticket.id, whom, by, moment)


def _note(by: Actor, ticket: TicketState, text: str, moment: datetime) -> Callable[[], object]:
    note = NewMessage("note", "Filter", "", text, utc_text(moment))
    return lambda: lifecycle.noted(ticket.id, note, by, moment)
