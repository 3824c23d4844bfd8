"""Opens the tickets whose time has come: each once, whoever sweeps, and whatever the clock was set to."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from config.errors import ConfigError
from desk import logs, schedules
from desk.errors import DeskError
from desk.outbox.render import MailToSend, numbered_subject, queue_mail
from desk.permissions import actor_of
from desk.recurring.definitions import filled, zone_of
from desk.rules import DeskRules, read_rules
from desk.slas.lengths import seconds_of
from desk.templates import texts
from desk.tickets import lifecycle
from desk.tickets.contacts import Contacts
from desk.tickets.lifecycle import Change
from desk.tickets.numbers import next_for
from mail.inert import one_line
from models import agents, contacts, tasks, teams, tickets
from models import recurring as rows
from models.errors import DatabaseUnusable
from models.fields import utc_text, utc_time
from models.leases import LeaseLost
from models.messages import NewMessage
from models.recurring import StoredRecurring
from models.tasks import TaskState
from models.tickets import PRIORITIES, Stored, TicketState
from models.transactions import DatabaseFailed, savepoint, transaction

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from models.agents import StoredAgent

Occasion = tuple[int, str, str, datetime]
"""A recurring ticket's row, schedule and zone, and the time that its last one was for."""


def sweep(desk: Desk, moment: datetime) -> list[str]:
    """Open the tickets that are due; returns their numbers.

    Of several times that went by while nothing ran the last one has its ticket, and the log tells of the
    others. One that cannot be opened stops no other one.
    """
    opened = []
    for known in rows.every():
        try:
            if _due(known, desk, moment) is None:
                continue
            with transaction():
                number = _opened(known.name, desk, moment)
        except (DatabaseFailed, DatabaseUnusable, LeaseLost):
            raise
        except Exception as error:  # whichever it is, the others are opened
            logs.write("error", "recurring", one_line(f"'{known.name}' was not opened: {_words(error)}", 500))
            continue
        if number:
            opened.append(number)
    return opened


def coming(desk: Desk) -> list[tuple[Occasion, datetime]]:
    """Return when tickets are opened next, each with what tells its occasion; past ones are due."""
    found = []
    for row in rows.every():
        if row.active:
            occasion = row.id, row.schedule, row.zone, row.after
            with suppress(DeskError, ConfigError):  # the sweep tells of it
                found.append((occasion, _next_of(row.schedule, zone_of(row, desk), row.after)))
    return found


@lru_cache(1000)
def _next_of(schedule: str, zone: ZoneInfo, after: datetime) -> datetime:
    return schedules.parse(schedule).next_after(after, zone)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, (DeskError, ConfigError)) else f"{type(error).__name__}: {error}"


def _due(row: StoredRecurring, desk: Desk, moment: datetime) -> datetime | None:
    if not row.active:
        return None
    return schedules.parse(row.schedule).last_run(row.after, moment, zone_of(row, desk))


def _opened(name: str, desk: Desk, moment: datetime) -> str:
    """Open a ticket in the caller's transaction; '' where another process was here before."""
    row = rows.named(name)
    at = None if row is None else _due(row, desk, moment)
    if row is None or at is None or rows.has_occurred(row.id, utc_text(at)):
        return ""
    zone = zone_of(row, desk)
    ticket = _ticket(row, desk, at, zone, moment)
    rows.note_occurrence(row.id, utc_text(at), ticket.id)
    logs.write("info", "recurring", f"'{row.name}' opened #{ticket.number}", ticket_id=ticket.id)
    first = schedules.parse(row.schedule).next_after(row.after, zone)
    if first < at:
        times = [f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (first, at)]
        told = f"missed its times from {times[0]} on, while nothing ran"
        only = f"#{ticket.number} is for {times[1]}, the others have no ticket"
        logs.write("warning", "recurring", f"'{row.name}' {told}: {only}", ticket_id=ticket.id)
    return ticket.number


def _ticket(row: StoredRecurring, desk: Desk, at: datetime, zone: ZoneInfo, moment: datetime) -> TicketState:
    rules = read_rules(desk)
    topic = rules.topics.get(row.topic_id or 0)
    department_id = row.department_id or (topic.department_id if topic else None) or rules.default_department
    subject = one_line(_text(row, row.subject, at, zone), 500)
    now = utc_text(moment)
    new = tickets.NewTicket(
        number=next_for(topic, rules.number_format, rules.number_kind),
        subject=subject,
        status="new",
        priority=row.priority or (topic.priority if topic else None) or 2,
        department_id=department_id,
        sla_id=row.sla_id or rules.sla_of(department_id, topic),
        contact_id=Contacts(now).get(row.requester_email, row.requester_name),
        mailbox_id=_mailbox(rules, department_id),
        topic_id=topic.id if topic else None,
        created=now,
        updated=now,
        closed=None,
        last_customer=now,
        refers_to_id=None,
    )
    ticket = lifecycle.opened(new, None, moment, {"recurring": row.name})
    text = _text(row, row.body, at, zone) or subject
    message = NewMessage(
        kind="customer",
        sender_name=row.requester_name,
        sender_email=row.requester_email,
        subject=subject,
        text=text,
        created=now,
    )
    lifecycle.customer_wrote(ticket.id, message, None, moment)
    batch = lifecycle.new_batch()
    for change in _changes(row, ticket, at):
        lifecycle.changed(ticket.id, change, None, moment, batch)
    lifecycle.begun_as_topic_says(ticket.id, moment, batch)
    lifecycle.give_out(ticket.id, None, moment, batch)
    if row.acknowledge:
        _acknowledge(row, desk, rules, ticket, text)
    return ticket


def _changes(row: StoredRecurring, ticket: TicketState, at: datetime) -> list[Change]:
    found = []
    if row.checklist:
        kept = [*tasks.of_ticket(ticket.id), *map(TaskState, row.checklist)]
        found.append(Change("tasks", tasks=kept, detail={"what": f"added: {', '.join(row.checklist)}"}))
    if row.tags:
        found.append(Change("tagged", tags=row.tags, detail={"to": ", ".join(row.tags)}))
    if row.due_after:
        due = at + timedelta(seconds=seconds_of(row.due_after, None))
        told = {"from": "by its SLA", "to": f"{due:%Y-%m-%d %H:%M} UTC"}
        found.append(Change("due", {"due_by_hand": utc_text(due)}, detail=told))
    agent = None if row.assignee_id is None else agents.by_id(row.assignee_id)
    team = None if row.team_id is None else teams.by_id(row.team_id)
    if agent is not None and not _can_have(agent, ticket, row.team_id):
        why = f"{agent.login} is switched off, or may not read its tickets"
        logs.write("warning", "recurring", f"'{row.name}': {why}", ticket_id=ticket.id)
        agent = None
    if agent is not None or team is not None:
        values: dict[str, Stored] = {"team_id": row.team_id}
        if agent is not None:
            values |= {"assignee_id": agent.id, "status": "open"}
        names = [f"team {team.name}" if team else "", agent.name if agent else ""]
        told = {"from": "", "to": ", ".join(filter(None, names))}
        found.append(Change("assigned", values, detail=told))
    return found


def _can_have(agent: StoredAgent, ticket: TicketState, team_id: int | None) -> bool:
    return agent.active and actor_of(agent).reaches([ticket.department_id], team_id)


def _mailbox(rules: DeskRules, department_id: int) -> int | None:
    """Return the mailbox that answers are from: the first one of the department, else the first one."""
    there = sorted(rules.addresses.values(), key=lambda each: each.id)
    own = (each.id for each in there if each.department_id == department_id)
    return next(own, there[0].id if there else None)


def _text(row: StoredRecurring, source: str, at: datetime, zone: ZoneInfo) -> str:
    """Return a text with its facts; as it is written where they cannot be filled in: the ticket counts."""
    try:
        return filled(source, at, zone)
    except DeskError as error:
        logs.write("warning", "recurring", f"'{row.name}': {error}")
        return source


def _acknowledge(row: StoredRecurring, desk: Desk, rules: DeskRules, ticket: TicketState, text: str) -> None:
    """Tell the requester the ticket's number, where the desk acknowledges at all and can send."""
    if not rules.acknowledge:
        return
    topic = rules.topics.get(ticket.topic_id or 0)
    facts: dict[str, dict[str, Any]] = {
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": PRIORITIES[ticket.priority],
            "department": rules.departments[ticket.department_id].told,
            "topic": topic.name if topic else "",
            "tags": list(row.tags),
            "created": ticket.created[:10],
        },
        "requester": {"name": row.requester_name or row.requester_email, "email": row.requester_email},
        "message": {
            "text": text,
            "sender": row.requester_name or row.requester_email,
            "email": row.requester_email,
            "subject": ticket.subject,
            "at": f"{utc_time(ticket.created).astimezone(desk.zone):%Y-%m-%d %H:%M %Z}",
        },
        "fields": {},
    }
    places = texts.Places(ticket.mailbox_id or 0, ticket.topic_id or 0, ticket.department_id)
    language = contacts.read(ticket.contact_id).language
    try:
        said = texts.mail_text("acknowledgement", language, places, facts)
        with savepoint():
            queue_mail(
                desk,
                MailToSend(
                    kind="acknowledgement",
                    mailbox_id=rules.sender_of(ticket.department_id, ticket.mailbox_id, automatic=True),
                    answers_to=ticket.mailbox_id,
                    to=[(row.requester_name, row.requester_email)],
                    subject=numbered_subject(said.subject or ticket.subject, ticket.number, reply=False),
                    text=said.text,
                    ticket_id=ticket.id,
                    automatic="auto-generated",
                    null_sender=True,
                ),
            )
    except DeskError as error:
        logs.write(
            "warning",
            "recurring",
            f"#{ticket.number} is not acknowledged: {error}",
            ticket_id=ticket.id,
        )
