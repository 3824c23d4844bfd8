"""Who works at the old desk, and by which rules: departments, SLAs, help topics, roles, agents, teams."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from config.expressions import expression
from desk import settings
from desk.doors.imports.osticket.brought import Brought
from desk.doors.imports.osticket.reading import Reading, number, plain, text
from desk.errors import DeskError
from desk.permissions import Actor
from desk.staff import agents, departments, roles, slas, teams, topics
from mail.inert import one_line
from models import agents as agent_rows
from models import departments as department_rows
from models import slas as sla_rows
from models import statuses as status_rows
from models import teams as team_rows
from models import topics as topic_rows
from models.osticket.tables import OldRow
from models.settings import let_next_ticket_number_be, next_ticket_number_is, stored
from models.tickets import PRIORITIES

_GRANTS: Mapping[str, str] = {
    "ticket.reply": "ticket.reply",
    "ticket.assign": "ticket.assign",
    "ticket.transfer": "ticket.assign",
    "ticket.edit": "ticket.edit",
    "ticket.close": "ticket.close",
    "emails.banlist": "ban.edit",
}
"""What a permission of osTicket is here."""
_DEPARTMENT = ("id", "pid", "name", "sla_id", "signature", "ispublic", "ticket_auto_response", "flags")
_MEMBERS_ONLY, _NO_CLAIM, _PRIMARY_ONLY, _NO_REOPEN_ASSIGN = 0x1, 0x2, 0x10, 0x20
"""Flags of a department of osTicket."""
_IN_USE, _ARCHIVED = 0x4, 0x8
_TOPIC_IN_USE = 0x2
"""Flags without which nothing new comes to a department, or a topic is not offered."""
_OWN_NUMBERS = 0x1
"""The flag of a topic whose tickets are numbered in a way of their own."""
_USUAL_FORMAT = "######"
_NO_LOGIN = expression(r"[^A-Za-z0-9_.@-]+")


def bring(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Make what is missing; agents keep their logins."""
    for row in reading.every("sla", "id", "name", "grace_period"):
        hours = max(number(row["grace_period"]), 1)
        brought.add(
            "sla", row["id"], text(row["name"]), sla_rows.named, partial(slas.add_sla, actor, hours=hours)
        )
    _departments(actor, reading, brought)
    columns = ("topic_id", "topic", "dept_id", "sla_id", "priority_id", "noautoresp")
    for row in reading.every("help_topic", *columns):
        topic = partial(
            topics.add_topic,
            actor,
            department=department_name(brought, row["dept_id"]),
            sla=_sla_name(brought, row["sla_id"]),
            priority=PRIORITIES[reading.priority(row["priority_id"])] if number(row["priority_id"]) else "",
            autoresponse=not number(row["noautoresp"]),
        )
        brought.add("topic", row["topic_id"], text(row["topic"]), topic_rows.named, topic)
    _nest_topics(actor, reading, brought)
    _agents(actor, reading, brought)
    _managers(actor, reading, brought)
    _teams(actor, reading, brought)
    _owners_of_topics(actor, reading, brought)
    _numbers_of_topics(actor, reading, brought)
    _usual_numbers(actor, reading, brought)


def switch_off(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Let what was made here be in use as it was there, once everything else names it.

    Versions that knew no such flags set none: then everything stays in use.
    """
    made = [
        each
        for each in reading.every("department", "id", "flags")
        if brought.is_made("department", each["id"])
    ]
    knows = any(number(each["flags"]) & _IN_USE for each in reading.every("department", "flags"))
    for row in made if knows else ():
        flags, name = number(row["flags"]), department_name(brought, row["id"])
        days = 0 if flags & _ARCHIVED else None
        if not flags & _IN_USE:
            off = partial(departments.edit_department, actor, name, active=False, reopen_days=days)
            _try(brought, f"the department {name}", off)
    made = [
        each
        for each in reading.every("help_topic", "topic_id", "flags")
        if brought.is_made("topic", each["topic_id"])
    ]
    knows = any(number(each["flags"]) & _TOPIC_IN_USE for each in reading.every("help_topic", "flags"))
    for row in made if knows else ():
        new = brought.new_id("topic", row["topic_id"])
        if new is not None and not number(row["flags"]) & _TOPIC_IN_USE:
            name = topic_rows.by_id(new).name
            _try(brought, f"the help topic {name}", partial(topics.edit_topic, actor, name, active=False))


def _try(brought: Brought, what: str, change: Callable[[], object]) -> None:
    """Change what was brought, or say why it is not as it was there."""
    try:
        change()
    except DeskError as error:
        brought.tally.troubles.append(one_line(f"{what} is not as it was: {error}", 300))


def _owners_of_topics(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Say whose new tickets of topics are, and how they begin, once there are agents and teams."""
    known = logins(reading)
    states = {number(row["id"]): row for row in reading.every("ticket_status", "id", "name", "state")}
    for row in reading.every("help_topic", "topic_id", "staff_id", "team_id", "status_id"):
        new = brought.new_id("topic", row["topic_id"])
        if new is None or not brought.is_made("topic", row["topic_id"]):
            continue
        team_id = brought.new_id("team", row["team_id"])
        team = "" if team_id is None else f"team:{team_rows.by_id(team_id).name}"
        agent = known.get(number(row["staff_id"]), "")
        begins = states.get(number(row["status_id"]))
        name, status = topic_rows.by_id(new).name, "" if begins is None else _beginning(begins)
        change = partial(topics.edit_topic, actor, name)
        _try(brought, f"the help topic {name}", partial(change, assigned_to=agent or team))
        _try(brought, f"the help topic {name}", partial(change, status=status))


def _numbers_of_topics(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Let topics whose tickets had numbers of their own go on with them; 0 is chance."""
    sequences = {
        number(row["id"]): row for row in reading.every("sequence", "id", "name", "next", "increment")
    }
    for row in reading.every("help_topic", "topic_id", "flags", "number_format", "sequence_id"):
        new = brought.new_id("topic", row["topic_id"])
        own = number(row["flags"]) & _OWN_NUMBERS and brought.is_made("topic", row["topic_id"])
        if new is None or not own:
            continue
        name, sequence = topic_rows.by_id(new).name, sequences.get(number(row["sequence_id"]))
        counted = one_line(text(sequence["name"]), 60) if sequence is not None else topic_rows.RANDOM_NUMBERS
        what = f"the help topic {name}"
        change = partial(
            topics.edit_topic,
            actor,
            name,
            number_format=text(row["number_format"]) or _USUAL_FORMAT,
            number_sequence=counted,
        )
        _try(brought, what, change)
        if sequence is not None and topic_rows.by_id(new).number_sequence is not None:
            there, here = number(sequence["next"]), next_ticket_number_is(counted)
            let_next_ticket_number_be(max(there, here), counted)
            if number(sequence["increment"]) > 1:
                step = number(sequence["increment"])
                brought.tally.troubles.append(f"{what} counts by 1 here, by {step} there")


def _usual_numbers(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Let the desk go on with the old one's own numbers, if nobody said yet how its tickets are numbered.

    Only the first run does: what an admin sets back is left alone.
    """
    config = reading.config()
    if "ticket_number_format" not in config or brought.known("usual numbers"):
        return
    with_id = {str(number(row["id"])): row for row in reading.every("sequence", "id", "next", "increment")}
    sequence = with_id.get(config.get("ticket_sequence_id", ""))
    wanted = {
        "tickets.number_format": config["ticket_number_format"] or _USUAL_FORMAT,
        "tickets.number_kind": "random" if sequence is None else "sequence",
    }
    brought.note("usual numbers", 1, 1)
    if any(stored(key) is not None for key in wanted):
        if any(str(settings.get(key)) != value for key, value in wanted.items()):
            there = ", ".join(wanted.values())
            brought.tally.troubles.append(
                one_line(f"tickets are numbered as this desk says, not as there ({there})", 300)
            )
        return
    for key, value in wanted.items():
        _try(brought, key, partial(settings.set, actor, key, value))
    if sequence is not None:
        let_next_ticket_number_be(max(number(sequence["next"]), next_ticket_number_is()))
        if (step := number(sequence["increment"])) > 1:
            brought.tally.troubles.append(f"tickets are counted by 1 here, by {step} there")


def _beginning(row: OldRow) -> str:
    """Return how tickets begin that have an old status: as this desk calls it, '' for one that is usual."""
    name = one_line(text(row["name"]), 60)
    if name.lower() == "open" or text(row["state"]).lower() != "open":
        return ""
    return name if status_rows.named(name) is not None else ""


def logins(reading: Reading) -> dict[int, str]:
    """Return the login that each agent has here, by the old id."""
    return {number(row["staff_id"]): login_of(row) for row in reading.every("staff", "staff_id", "username")}


def login_of(row: OldRow) -> str:
    """Return the username as a login."""
    return _NO_LOGIN.sub("", text(row["username"]))[:64].lstrip(".@-") or f"agent{number(row['staff_id'])}"


def department_name(brought: Brought, old: object) -> str:
    """Return the name that a department has here, '' for none."""
    new = brought.new_id("department", old)
    return department_rows.by_id(new).name if new is not None else ""


def _sla_name(brought: Brought, old: object) -> str:
    new = brought.new_id("sla", old)
    found = sla_rows.by_id(new) if new is not None else None
    return found.name if found is not None else ""


def _departments(actor: Actor, reading: Reading, brought: Brought) -> None:
    rows = {number(row["id"]): row for row in reading.every("department", *_DEPARTMENT)}
    for old, row in rows.items():
        make = partial(
            departments.add_department,
            actor,
            sla=_sla_name(brought, row["sla_id"]) or None,
            signature=plain(text(row["signature"])),
            # Older versions lack the columns.
            private=row["ispublic"] is not None and not number(row["ispublic"]),
            autoresponse=row["ticket_auto_response"] is None or bool(number(row["ticket_auto_response"])),
            **_ways(number(row["flags"])),
        )
        brought.add("department", old, _path(rows, row), department_rows.named, make)


def _ways(flags: int) -> dict[str, Any]:
    """Return what a department's flags say of who has its tickets."""
    primary, members = flags & _PRIMARY_ONLY, flags & _MEMBERS_ONLY
    return {
        "assignable": "primary" if primary else "members" if members else "anyone",
        "claims": not flags & _NO_CLAIM,
        "keeps_owner": not flags & _NO_REOPEN_ASSIGN,
    }


def _nest_topics(actor: Actor, reading: Reading, brought: Brought) -> None:
    for row in reading.every("help_topic", "topic_id", "topic_pid"):
        here, above = (brought.new_id("topic", row[name]) for name in ("topic_id", "topic_pid"))
        if here is None or above is None or topic_rows.by_id(here).parent_id is not None:
            continue
        rows = topic_rows.every()
        if here not in [each.id for each in topic_rows.above(above, rows)]:
            topics.edit_topic(actor, topic_rows.by_id(here).name, parent=topic_rows.by_id(above).name)


def _managers(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Name the managers of the departments that were made, once there are agents."""
    known = logins(reading)
    for row in reading.every("department", "id", "manager_id"):
        login, name = known.get(number(row["manager_id"])), department_name(brought, row["id"])
        found = agent_rows.with_login(login) if login else None
        here = department_rows.named(name) if name else None
        if found is not None and found.active and here is not None and here.manager_id is None:
            change = partial(departments.edit_department, actor, name, manager=found.login)
            _try(brought, f"the department {name}", change)


def _path(rows: Mapping[int, OldRow], row: OldRow) -> str:
    """Return a department's name with those above it in front."""
    names = [text(row["name"])]
    above = rows.get(number(row["pid"]))
    while above is not None and len(names) < 10:
        names.insert(0, text(above["name"]))
        above = rows.get(number(above["pid"]))
    return " / ".join(names)


def _agents(actor: Actor, reading: Reading, brought: Brought) -> None:
    role_names = {
        number(row["id"]): _role(actor, brought, row)
        for row in reading.every("role", "id", "name", "permissions")
    }
    places: dict[int, dict[str, str]] = {}
    for row in reading.every("staff_dept_access", "staff_id", "dept_id", "role_id"):
        place = department_name(brought, row["dept_id"])
        if place:
            role = role_names.get(number(row["role_id"])) or _reader(actor, brought)
            places.setdefault(number(row["staff_id"]), {})[place] = role
    columns = ("staff_id", "username", "firstname", "lastname", "email", "signature", "isactive", "isadmin")
    for row in reading.every("staff", *columns, "dept_id", "role_id"):
        home = department_name(brought, row["dept_id"])
        own = role_names.get(number(row["role_id"]))
        role = "Admin" if number(row["isadmin"]) else own or _reader(actor, brought)
        elsewhere = {
            place: name for place, name in places.get(number(row["staff_id"]), {}).items() if place != home
        }
        make = partial(_add_agent, actor, row, role, home, elsewhere)
        brought.add("agent", row["staff_id"], login_of(row), agent_rows.with_login, make)


def _add_agent(
    actor: Actor, row: OldRow, role: str, home: str, places: Mapping[str, str], login: str
) -> None:
    name = one_line(f"{text(row['firstname'])} {text(row['lastname'])}", 100) or login
    email = text(row["email"]).strip()
    agents.add_agent(actor, login, name=name, email=email, role=role, department=home or None, places=places)
    agents.edit_agent(
        actor, login, active=bool(number(row["isactive"])), signature=plain(text(row["signature"]))
    )


def _role(actor: Actor, brought: Brought, row: OldRow) -> str:
    try:
        granted = json.loads(text(row["permissions"]) or "{}")
    except ValueError:
        granted = {}
    may = {_GRANTS[each] for each, yes in dict(granted).items() if yes and each in _GRANTS}
    return _granting(actor, brought, one_line(text(row["name"]), 60), {"ticket.read", "ticket.note", *may})


def _reader(actor: Actor, brought: Brought) -> str:
    """Return the role of those who have none, or one that is gone."""
    return _granting(actor, brought, "Without a role", {"ticket.read"})


def _granting(actor: Actor, brought: Brought, name: str, actions: set[str]) -> str:
    """Return the role of that name; where it grants more here than there, one of its own beside it."""
    there = {each.name.lower(): each for each in roles.roles()}
    known = there.get(name.lower())
    if known is not None and not actions.issuperset(known.actions):
        name = f"{name} of the old desk"
        known = there.get(name.lower())
    if known is not None:
        return known.name
    brought.tally.made["role"] += 1
    return roles.add_role(actor, name, sorted(actions)).name


def _teams(actor: Actor, reading: Reading, brought: Brought) -> None:
    logins_here = logins(reading)
    members: dict[int, list[str]] = {}
    for row in reading.every("team_member", "team_id", "staff_id"):
        if brought.new_id("agent", row["staff_id"]) is not None:
            members.setdefault(number(row["team_id"]), []).append(logins_here[number(row["staff_id"])])
    for row in reading.every("team", "team_id", "name", "lead_id", "notes"):
        make = partial(
            teams.add_team,
            actor,
            members=members.get(number(row["team_id"]), ()),
            lead=logins_here.get(number(row["lead_id"]), ""),
            notes=plain(text(row["notes"])),
        )
        brought.add("team", row["team_id"], text(row["name"]), team_rows.named, make)
