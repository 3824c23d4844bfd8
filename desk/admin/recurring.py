"""Recurring tickets, as a table of fields."""

from __future__ import annotations

from typing import Any

from desk import schedules
from desk.admin.table import Acts, Field, Noun, Record, Values, words_of
from desk.home import Desk
from desk.permissions import Actor
from desk.recurring import definitions
from desk.staff import agents, departments, slas, teams, topics
from desk.zones import zone_name
from models.tickets import PRIORITIES


def _read(desk: Desk, _actor: Actor) -> list[Record]:
    found = []
    for line in definitions.recurring(desk):
        values: dict[str, str | bool] = {
            each.name: str(getattr(line, each.name) or "") for each in _FIELDS if each.name != "next"
        }
        values |= {
            "tags": ", ".join(line.tags),
            "checklist": "\n".join(line.checklist),
            "body": line.body.rstrip("\n"),
            "acknowledge": line.acknowledge,
            "active": line.active,
            "next": f"{line.next.astimezone(desk.zone):%Y-%m-%d %H:%M}" if line.next else "off",
        }
        found.append(Record(line.name, values))
    return found


def _add(desk: Desk, actor: Actor, values: Values) -> str:
    said = _said(values)
    line = definitions.add(desk, actor, said.pop("name"), **said)
    when = f"{line.next.astimezone(desk.zone):%Y-%m-%d %H:%M}" if line.next else ""
    return f"{line.name}: {line.when}, next {when}"


def _edit(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    said = _said(values)
    definitions.edit(desk, actor, key, new_name=said.pop("name", None), **said)


def _remove(_desk: Desk, actor: Actor, key: str) -> None:
    definitions.remove(actor, key)


def _said(values: Values) -> dict[str, Any]:
    said: dict[str, Any] = {
        each.name: values[each.name] for each in _FIELDS if each.name in values and not each.made
    }
    if "tags" in said:
        said["tags"] = words_of(said["tags"])
    if "checklist" in said:
        said["checklist"] = said["checklist"].splitlines()
    return said


_FIELDS = (
    Field("name", "Name", "As lists and the log call it.", width=18, needed="give a name"),
    Field(
        "schedule",
        "When",
        "A cron line, 0 9 * * mon#1 (the first Monday), or every 2 days.",
        width=18,
        check=schedules.parse,
        needed="write 0 9 * * mon#1, or every 2 days",
    ),
    Field("zone", "Zone", "Whose clock that is: Europe/Berlin; empty: the desk's.", check=zone_name),
    Field("next", "Next", "When its next ticket is opened.", width=16, made=True),
    Field(
        "subject",
        "Subject",
        "Facts as {{ date.month_name }}, .today, .week, .weekday, .year.",
        width=20,
        check=definitions.checked_subject,
        needed="write Patch day {{ date.month_name }}",
    ),
    Field(
        "body",
        "Text",
        "What is to be done; it may have the same facts.",
        "lines",
        check=definitions.checked_body,
    ),
    Field(
        "requester",
        "Requester",
        "Whose ticket it is: Ops <ops@example.org>.",
        needed="write Ops <ops@example.org>",
    ),
    Field("acknowledge", "Acknowledges", "On: the requester gets the number by mail.", "switch"),
    Field(
        *("department", "Department", "Where its tickets go.", "choice", 0),
        choices=lambda: [each.name for each in departments.departments() if each.active],
        none="the topic's",
    ),
    Field(
        *("topic", "Help topic", "What its tickets are about.", "choice", 0),
        choices=lambda: [each.name for each in topics.topics() if each.active],
    ),
    Field(
        *("priority", "Priority", "How urgent its tickets begin.", "choice", 0),
        choices=lambda: [*PRIORITIES.values()],
        none="the topic's",
    ),
    Field(
        *("team", "Team", "The team that gets its tickets.", "choice", 0),
        choices=lambda: [each.name for each in teams.teams() if each.active],
    ),
    Field(
        *("agent", "Agent", "The agent who gets its tickets.", "choice", 0),
        choices=lambda: [each.login for each in agents.agents() if each.active],
        none="nobody",
    ),
    Field("tags", "Tags", "Of its tickets, with commas.", "list"),
    Field("checklist", "Tasks", "Of its tickets, a line each, behind those of the topic.", "lines"),
    Field(
        *("sla", "SLA", "The promise for its tickets.", "choice", 0),
        choices=lambda: [each.name for each in slas.slas() if each.active],
        none="the topic's",
    ),
    Field("due_after", "Due after", "Of its time: 8h, 3d; empty: as its SLA says."),
    Field("active", "In use", "Off: no tickets are opened.", "switch", start=True, only_changed=True),
)

RECURRING = Noun(
    "recurring",
    "Recurring tickets",
    "settings.edit",
    "Tickets that open themselves by a schedule, each time once.",
    _FIELDS,
    Acts(_read, _add, _edit, _remove),
    removal="No more tickets are opened; those that are there stay.",
    called="recurring ticket",
)
