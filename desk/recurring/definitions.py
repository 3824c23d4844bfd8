"""What is opened again and again, and when: made, changed and removed by admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from config import clock
from config.expressions import expression
from desk import schedules
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_TASK, given_line
from desk.permissions import Actor, require
from desk.slas.lengths import seconds_of
from desk.staff.names import given_name
from desk.staff.owners import refuse_who_cannot_have
from desk.staff.topics import priority_number, topic_id_of
from desk.templates.rendering import OWN_FIELDS, check, render
from desk.tickets.changes import tag_name
from desk.tickets.participants import people_in, refuse_own
from desk.zones import zone_name
from mail.inert import clean, one_line
from models import agents, departments, slas, teams, topics
from models import recurring as rows
from models.fields import as_json, utc_text, utc_time
from models.recurring import StoredRecurring
from models.tickets import PRIORITIES
from models.transactions import transaction

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.home import Desk

FACTS: Final = {
    "date": {
        "today": "the day it is opened for, as 2026-12-07",
        "year": "its year, as 2026",
        "month": "the number of its month, as 12",
        "month_name": "the name of its month, as December",
        "week": "the number of its week, as 50",
        "day": "the day of its month, as 7",
        "weekday": "the day of its week, as Monday",
        "time": "the time of day, as 09:00",
    }
}
"""What a subject or a text may name, as ``date.month_name``."""

_PLAIN_NAME: Final = expression(r"[\w '-]*")
_MOST_TASKS = 200
_LONGEST_SUBJECT = 500
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RecurringLine:
    """What is opened again and again, as lists show it; None: as the topic, department or desk has it."""

    name: str
    schedule: str
    when: str
    """The schedule in words."""
    zone: str
    subject: str
    body: str
    requester: str
    department: str | None
    topic: str | None
    sla: str | None
    priority: str | None
    team: str | None
    agent: str | None
    tags: tuple[str, ...]
    checklist: tuple[str, ...]
    due_after: str
    acknowledge: bool
    active: bool
    next: datetime | None
    """None while it is switched off."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A time that had its ticket."""

    at: datetime
    number: str


def recurring(desk: Desk) -> list[RecurringLine]:
    """Return all there are, by name."""
    return [line_of(row, desk) for row in rows.every()]


def show(desk: Desk, name: str) -> RecurringLine:
    """Return the one of that name; raises NotFound."""
    return line_of(stored(name), desk)


def last_opened(name: str) -> list[Opened]:
    """Return the newest tickets that one opened, the newest first; raises NotFound."""
    return [Opened(utc_time(at), number) for at, number in rows.last(stored(name).id, _SHOWN)]


def add(
    desk: Desk, actor: Actor, name: str, *, schedule: str, subject: str, requester: str, **values: Any
) -> RecurringLine:
    """Add a ticket that opens again and again, from its schedule's next time on. ``values`` as `edit` takes.

    Raises WrongUse for what cannot be, Refused for a name that is taken.
    """
    require(actor, "settings.edit")
    with transaction():
        _refuse_taken(name, None)
        kept = given_name(name)
        rows.write(
            name=kept,
            schedule=schedules.parse(schedule).text,
            subject=checked_subject(subject),
            requester_email=_person(requester)[1],
            after=utc_text(clock.now()),
        )
        return edit(desk, actor, kept, requester=requester, **values)


def edit(
    desk: Desk,
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    schedule: str | None = None,
    zone: str | None = None,
    subject: str | None = None,
    body: str | None = None,
    requester: str | None = None,
    department: str | None = None,
    topic: str | None = None,
    sla: str | None = None,
    priority: str | None = None,
    team: str | None = None,
    agent: str | None = None,
    tags: Sequence[str] | None = None,
    checklist: Sequence[str] | None = None,
    due_after: str | None = None,
    acknowledge: bool | None = None,
    active: bool | None = None,
) -> RecurringLine:
    """Change one; None leaves a value, ``""`` leaves it to the topic, the department or the desk.

    With another schedule or zone, or switched on again, its times count from now on: none is made up for.
    Raises NotFound, and as `add` does.
    """
    require(actor, "settings.edit")
    with transaction():
        known = stored(name)
        said: dict[str, str | int | None] = {}
        if new_name is not None:
            _refuse_taken(new_name, known.id)
            said["name"] = given_name(new_name)
        if schedule is not None:
            said["schedule"] = schedules.parse(schedule).text
        if zone is not None:
            said["zone"] = zone_name(zone)
        if subject is not None:
            said["subject"] = checked_subject(subject)
        if body is not None:
            said["body"] = checked_body(body)
        if requester is not None:
            said["requester_name"], said["requester_email"] = _person(requester)
        if department is not None:
            said["department_id"] = _in_use("department", department, departments.named(department))
        if topic is not None:
            said["topic_id"] = topic_id_of(topic)
        if sla is not None:
            said["sla_id"] = _in_use("SLA", sla, slas.named(sla))
        if priority is not None:
            said["priority"] = priority_number(priority)
        if team is not None:
            said["team_id"] = _in_use("team", team, teams.named(team))
        if agent is not None:
            said["assignee_id"] = _in_use("agent", agent, agents.with_login(agent))
        if tags is not None:
            said["tags"] = as_json(list(dict.fromkeys(map(tag_name, tags))))
        if checklist is not None:
            said["checklist"] = as_json(_tasks(checklist))
        if due_after is not None:
            said["due_after"] = _length(due_after)
        if acknowledge is not None:
            said["acknowledge"] = acknowledge
        if active is not None:
            said["active"] = active
        now_on = active and not known.active
        if now_on or any(
            each in said and said[each] != getattr(known, each) for each in ("schedule", "zone")
        ):
            said["after"] = utc_text(clock.now())
        rows.change(known.id, said)
        changed = stored(str(said.get("name", name)))
        gives = {"department_id", "topic_id", "team_id", "assignee_id"}
        if changed.assignee_id is not None and gives & said.keys():
            topic_rule = None if changed.topic_id is None else topics.rule_of(changed.topic_id)
            place = changed.department_id or (topic_rule.department_id if topic_rule is not None else None)
            refuse_who_cannot_have(agents.by_id(changed.assignee_id), place, changed.team_id)
        return show(desk, str(said.get("name", name)))


def remove(actor: Actor, name: str) -> None:
    """Open no more tickets of one; those that are there stay. Raises NotFound."""
    require(actor, "settings.edit")
    with transaction():
        rows.delete(stored(name).id)


def stored(name: str) -> StoredRecurring:
    """Return the one of that name as it is stored; raises NotFound."""
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no recurring ticket {one_line(name, 60)}", "nightdesk recurring list")
    return row


def zone_of(row: StoredRecurring, desk: Desk) -> ZoneInfo:
    """Return the time zone that a schedule counts in."""
    return clock.zone(row.zone) if row.zone else desk.zone


def filled(source: str, at: datetime, zone: ZoneInfo) -> str:
    """Return a subject or text with the facts of a time in it. Raises BrokenTemplate."""
    local = at.astimezone(zone)
    facts = {
        "date": {
            "today": f"{local:%Y-%m-%d}",
            "year": f"{local.year}",
            "month": f"{local.month}",
            "month_name": _MONTHS[local.month - 1],
            "week": f"{local.isocalendar().week}",
            "day": f"{local.day}",
            "weekday": _WEEKDAYS[local.weekday()],
            "time": f"{local:%H:%M}",
        }
    }
    return render(source, facts, "the text", FACTS).text


def requester_of(row: StoredRecurring) -> str:
    """Return whose tickets they are, as it is typed."""
    name = row.requester_name
    if not _PLAIN_NAME.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{row.requester_email}>" if row.requester_name else row.requester_email


def line_of(row: StoredRecurring, desk: Desk) -> RecurringLine:
    """Return one as lists show it."""
    schedule = schedules.parse(row.schedule)
    return RecurringLine(
        name=row.name,
        schedule=row.schedule,
        when=schedule.words(),
        zone=row.zone,
        subject=row.subject,
        body=row.body,
        requester=requester_of(row),
        department=row.department,
        topic=row.topic,
        sla=row.sla,
        priority=PRIORITIES[row.priority] if row.priority else None,
        team=row.team,
        agent=row.assignee,
        tags=tuple(row.tags),
        checklist=tuple(row.checklist),
        due_after=row.due_after,
        acknowledge=row.acknowledge,
        active=row.active,
        next=schedule.next_after(row.after, zone_of(row, desk)) if row.active else None,
    )


# The letters of the locale of a cron run are not those of the desk.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _refuse_taken(name: str, own_id: int | None) -> None:
    taken = rows.named(given_name(name))
    if taken is not None and taken.id != own_id:
        raise Refused(
            f"there is a recurring ticket {one_line(name, 60)} already", "nightdesk recurring edit NAME"
        )


def checked_subject(text: str) -> str:
    """Return a subject as it is kept. Raises WrongUse, and BrokenTemplate for facts that there are not."""
    kept = given_line("the subject", text, _LONGEST_SUBJECT)
    if not kept:
        raise WrongUse("the subject is empty", "write 'Patch day {{ date.month_name }}'")
    check(kept, "the subject", {**FACTS, OWN_FIELDS: {}}, places=False)
    return kept


def checked_body(text: str) -> str:
    """Return a text as it is kept. Raises BrokenTemplate for facts that there are not."""
    kept = clean(text).strip("\n")
    check(kept, "the text", {**FACTS, OWN_FIELDS: {}}, places=False)
    return f"{kept}\n" if kept else ""


def _person(text: str) -> tuple[str, str]:
    people = people_in([text])
    if len(people) != 1:
        raise WrongUse(f"'{one_line(text, 80)}' is not one address", "write 'Ana Prado <ana@example.org>'")
    refuse_own(people)
    return people[0][0], people[0][1].lower()


def _in_use(noun: str, name: str, found: Any) -> int | None:
    if not name:
        return None
    if found is None or not found.active:
        raise WrongUse(f"there is no {noun} '{one_line(name, 60)}'", f"nightdesk {noun.lower()} list")
    return int(found.id)


def _tasks(texts: Sequence[str]) -> list[str]:
    kept = [task for text in texts if (task := given_line("a task", text, LONGEST_TASK))]
    if len(kept) > _MOST_TASKS:
        raise WrongUse(f"{len(kept)} tasks are too many", f"at most {_MOST_TASKS}")
    return kept


def _length(text: str) -> str:
    kept = text.strip().lower()
    if kept:
        seconds_of(kept, None)
    return kept
