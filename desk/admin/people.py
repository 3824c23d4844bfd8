"""Departments, help topics, SLAs, agents and roles, as tables of fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desk import quiet_times, statuses
from desk.admin.table import Acts, Field, Noun, Record, Value, Values, number_of, words_of
from desk.errors import NotFound, WrongUse
from desk.home import Desk
from desk.mailboxes import registry
from desk.permissions import ACTIONS, Actor
from desk.slas.hours import week_of
from desk.staff import agents, departments, groups, roles, slas, teams, topics, vacation
from desk.staff.agents import AgentLine
from desk.templates.language import LANGUAGES
from desk.zones import zone_name
from mail.inert import one_line
from models.departments import ASSIGNABLE, ASSIGNMENTS
from models.notices import KINDS
from models.tickets import PRIORITIES
from models.topics import BEGINNINGS

_ACTIVE = Field(
    "active",
    "In use",
    "Off: not offered any more; what has it keeps it.",
    "switch",
    6,
    start=True,
    only_changed=True,
)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _sla_names() -> Sequence[str]:
    return [each.name for each in slas.slas() if each.active]


def _department_names() -> Sequence[str]:
    return [each.name for each in departments.departments() if each.active]


def _logins() -> Sequence[str]:
    return [each.login for each in agents.agents() if each.active]


def _owner_names() -> Sequence[str]:
    people = [each.login for each in agents.agents() if each.active]
    return [*people, *(f"team:{each.name}" for each in teams.teams() if each.active)]


def _beginnings() -> Sequence[str]:
    own = [each.name for each in statuses.statuses() if each.active and each.state != "closed"]
    return [*BEGINNINGS, *own]


def _topic_names() -> Sequence[str]:
    return [each.name for each in topics.topics() if each.active]


def _addresses() -> Sequence[str]:
    return [each.address for each in registry.entries()]


def _read_departments(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "sla": _text(line.sla),
                "reopen_days": _text(line.reopen_days),
                "outgoing": _text(line.outgoing),
                "autoresponse_from": _text(line.autoresponse_from),
                "parent": _text(line.parent),
                "signature": line.signature,
                "assignment": line.assignment,
                "manager": _text(line.manager),
                "private": line.private,
                "assignable": line.assignable,
                "claims": line.claims,
                "keeps_owner": line.keeps_owner,
                "autoresponse": line.autoresponse,
                "active": line.active,
            },
        )
        for line in departments.departments()
    ]


def _add_department(_desk: Desk, actor: Actor, values: Values) -> str:
    departments.add_department(
        actor,
        str(values["name"]),
        sla=str(values["sla"]),
        signature=str(values["signature"]),
        parent=str(values["parent"]),
        reopen_days=_days(values["reopen_days"]),
        assignment=str(values["assignment"]),
        manager=str(values["manager"]),
        private=bool(values["private"]),
        assignable=str(values["assignable"]),
        claims=bool(values["claims"]),
        keeps_owner=bool(values["keeps_owner"]),
        autoresponse=bool(values["autoresponse"]),
    )
    return ""


def _edit_department(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    days = _days(values["reopen_days"]) if "reopen_days" in values else None
    departments.edit_department(
        actor,
        key,
        new_name=_given(values, "name"),
        sla=_given(values, "sla"),
        signature=_given(values, "signature"),
        parent=_given(values, "parent"),
        reopen_days=days,
        always_reopen="reopen_days" in values and days is None,
        active=_switch(values, "active"),
        outgoing=_given(values, "outgoing"),
        autoresponse_from=_given(values, "autoresponse_from"),
        assignment=_given(values, "assignment"),
        manager=_given(values, "manager"),
        private=_switch(values, "private"),
        assignable=_given(values, "assignable"),
        claims=_switch(values, "claims"),
        keeps_owner=_switch(values, "keeps_owner"),
        autoresponse=_switch(values, "autoresponse"),
    )


def _days(value: Value) -> int | None:
    days = number_of(value)
    return None if days is None else int(days)


def _given(values: Values, name: str) -> str | None:
    return str(values[name]) if name in values else None


def _switch(values: Values, name: str) -> bool | None:
    return bool(values[name]) if name in values else None


def _assignment(whose: str) -> Field:
    return Field(
        "assignment",
        "Gives out",
        f"Which of {whose} gets a ticket: by hand, by turns, or whoever has fewest.",
        "choice",
        12,
        lambda: ASSIGNMENTS,
        start="hand",
    )


DEPARTMENTS = Noun(
    "department",
    "Departments",
    "settings.edit",
    "Groups of agents that tickets go to.",
    (
        Field("name", "Name", "As agents and rules call it.", width=17, needed="give a name"),
        Field(
            "parent",
            "Part of",
            "Another department, whose SLA, mailboxes and signature it has unless its own.",
            "choice",
            14,
            _department_names,
        ),
        Field("sla", "SLA", "The promise for its tickets.", "choice", 16, _sla_names, none="the desk's"),
        Field(
            "reopen_days", "Reopens", "A closed ticket reopens for so many days; empty: always.", "number", 8
        ),
        Field(
            *("outgoing", "Answers from", "The mailbox its answers are from.", "choice", 0, _addresses),
            none="the ticket's own",
            only_changed=True,
        ),
        Field(
            *("autoresponse_from", "Acks from", "The mailbox its acknowledgements are from.", "choice"),
            choices=_addresses,
            none="as its answers",
            only_changed=True,
        ),
        Field("signature", "Signature", "What stands below its answers.", "lines"),
        _assignment("its agents"),
        Field(
            "manager",
            "Manager",
            "Who answers for it, and may be told: notify settings name the manager.",
            "choice",
            choices=_logins,
            none="of what it is a part of",
        ),
        Field(
            *(
                "assignable",
                "For",
                "Who may have its tickets; primary: whose own department it is.",
                "choice",
            ),
            choices=lambda: ASSIGNABLE,
            start="anyone",
        ),
        Field("claims", "Claims", "Who answers a ticket that nobody has, has it.", "switch", start=True),
        Field(
            *("keeps_owner", "Keeps owner", "A ticket that opens again stays with who had it.", "switch"),
            start=True,
        ),
        Field("autoresponse", "Acknowledges", "Whether new tickets are acknowledged.", "switch", start=True),
        Field("private", "Private", "Customers learn neither its name nor its signature.", "switch"),
        _ACTIVE,
    ),
    Acts(_read_departments, _add_department, _edit_department),
    tried=True,
)


def _read_topics(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "department": _text(line.department),
                "sla": _text(line.sla),
                "priority": _text(line.priority),
                "assigned_to": _text(line.assigned_to),
                "status": _text(line.status),
                "number_format": _text(line.number_format),
                "number_sequence": _text(line.number_sequence),
                "autoresponse": line.autoresponse,
                "checklist": "\n".join(line.checklist),
                "parent": _text(line.parent),
                "active": line.active,
            },
        )
        for line in topics.topics()
    ]


def _add_topic(_desk: Desk, actor: Actor, values: Values) -> str:
    topics.add_topic(
        actor,
        str(values["name"]),
        department=str(values["department"]),
        sla=str(values["sla"]),
        priority=str(values["priority"]),
        assigned_to=str(values["assigned_to"]),
        status=str(values["status"]),
        number_format=str(values["number_format"]),
        number_sequence=str(values["number_sequence"]),
        autoresponse=bool(values["autoresponse"]),
        checklist=str(values["checklist"]).splitlines(),
        parent=str(values["parent"]),
    )
    return ""


def _edit_topic(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    topics.edit_topic(
        actor,
        key,
        new_name=_given(values, "name"),
        department=_given(values, "department"),
        sla=_given(values, "sla"),
        priority=_given(values, "priority"),
        assigned_to=_given(values, "assigned_to"),
        status=_given(values, "status"),
        number_format=_given(values, "number_format"),
        number_sequence=_given(values, "number_sequence"),
        autoresponse=_switch(values, "autoresponse"),
        checklist=str(values["checklist"]).splitlines() if "checklist" in values else None,
        parent=_given(values, "parent"),
        active=_switch(values, "active"),
    )


TOPICS = Noun(
    "topic",
    "Help topics",
    "settings.edit",
    "What tickets are about, and what that means for them.",
    (
        Field("name", "Name", "What its tickets are about.", width=24, needed="give a name"),
        Field(
            "department",
            "Department",
            "Where its tickets go.",
            "choice",
            16,
            _department_names,
            none="as mail says",
        ),
        Field(
            "sla", "SLA", "The promise for its tickets.", "choice", 14, _sla_names, none="the department's"
        ),
        Field(
            "priority",
            "Priority",
            "How urgent its tickets begin.",
            "choice",
            9,
            lambda: [*PRIORITIES.values()],
            none="normal",
        ),
        Field("assigned_to", "Given to", "Whose its tickets are.", "choice", 0, _owner_names, none="nobody"),
        Field("status", "Begins as", "How its new tickets begin.", "choice", 0, _beginnings, none="new"),
        Field("autoresponse", "Acknowledges", "Whether new tickets are acknowledged.", "switch", start=True),
        Field("number_format", "Numbers", "How its tickets' numbers look: VPN-####; empty: as the desk's."),
        Field(
            *("number_sequence", "Counted by"),
            "random, or a name: topics of one name count together; empty: as the desk's.",
        ),
        Field("checklist", "Tasks", "Of its new tickets, a line each.", "lines"),
        Field(
            *("parent", "Part of", "Another topic, whose way its tickets go unless its own.", "choice"),
            choices=_topic_names,
        ),
        _ACTIVE,
    ),
    Acts(_read_topics, _add_topic, _edit_topic),
    tried=True,
    called="help topic",
)


def _read_slas(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "hours": f"{line.hours:g}",
                "next": "" if line.next is None else f"{line.next:g}h",
                "resolve": "" if line.resolve is None else f"{line.resolve:g}h",
                "business_hours": line.business_hours,
                "zone": line.zone,
                "holidays": line.holidays,
                "days": "\n".join(line.days),
                "pause": line.pause,
                "reminders": line.reminders,
                "priorities": "\n".join(line.priorities),
                "active": line.active,
            },
        )
        for line in slas.slas()
    ]


def _add_sla(desk: Desk, actor: Actor, values: Values) -> str:
    said = _said_of_sla(desk, values)
    slas.add_sla(actor, str(values["name"]), _hours(values["hours"]), **said)
    return ""


def _edit_sla(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    slas.edit_sla(
        actor,
        key,
        new_name=_given(values, "name"),
        hours=_hours(values["hours"]) if "hours" in values else None,
        active=_switch(values, "active"),
        **_said_of_sla(desk, values),
    )


def _said_of_sla(desk: Desk, values: Values) -> dict[str, Any]:
    names = ("next", "resolve", "business_hours", "zone", "holidays", "pause", "reminders")
    said: dict[str, Any] = {name: str(values[name]) for name in names if name in values}
    if "zone" in said and not said["zone"]:
        said["zone"] = desk.zone.key
    if "days" in values:
        said["days"] = str(values["days"]).splitlines()
    if "priorities" in values:
        said["priorities"] = str(values["priorities"]).splitlines()
    return said


def _remove_sla(_desk: Desk, actor: Actor, key: str) -> None:
    slas.remove_sla(actor, key)


def _hours(value: Value) -> float:
    hours = number_of(value)
    if hours is None:
        raise WrongUse("an SLA has hours", "write 4, or 2.5")
    return hours


SLAS = Noun(
    "sla",
    "SLAs",
    "settings.edit",
    "How soon customers are answered and their matters settled.",
    (
        Field("name", "Name", "As departments and topics call it.", width=20, needed="give a name"),
        Field(
            "hours",
            "Hours",
            "Until the first answer; tickets that have a due time keep it.",
            "number",
            6,
            needed="write 4, or 2.5",
        ),
        Field("next", "Next", "Until each further answer: 8h, 2d; empty: as the first.", width=5),
        Field("resolve", "Resolve", "Until it is closed: 40h, 3d; empty: nothing is promised.", width=7),
        Field(
            *("business_hours", "Open", "mon-fri 09:00-17:00; sat 10:00-14:00; empty: round the clock."),
            width=20,
            check=week_of,
        ),
        Field("zone", "Zone", "Whose clock that is: Europe/Berlin; empty: the desk's.", check=zone_name),
        Field("holidays", "Holidays", "Of countries and their parts: DE-BY, US."),
        Field(
            "days",
            "Days off",
            "A line each: 2026-12-24 13:00-24:00 Christmas Eve; without hours all day.",
            "lines",
        ),
        Field(
            "priorities",
            "Priorities",
            "Other times, a line each: urgent first=1h next=2h resolve=8h.",
            "lines",
        ),
        Field("pause", "Pauses", "What stops the clocks: waiting, snoozed.", "list", start="waiting"),
        Field("reminders", "Reminds", "At so many percent: 50, 75, 100.", "list", start=slas.REMINDERS),
        _ACTIVE,
    ),
    Acts(_read_slas, _add_sla, _edit_sla, _remove_sla),
    removal="It is not offered any more; tickets that have it keep it.",
    tried=True,
    called="SLA",
)


def _read_agents(desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.login,
            {
                "login": line.login,
                "name": line.name,
                "email": line.email,
                "role": line.role,
                "places": ", ".join(f"{name}={role}" for name, role in line.departments),
                "active": line.active,
                "away": line.away or line.away_from is not None,
                "away_from": vacation.shown_begin(line.away_from, agents.zone_of(line, desk.zone)),
                "away_until": vacation.shown_end(line.away_until, agents.zone_of(line, desk.zone)),
                "stand_in": _text(line.stand_in),
                "quiet": line.quiet,
                "digest": line.digest,
                "zone": line.zone,
                "language": line.language,
                "signature": line.signature,
                **{f"{_MAILED}{kind}": kind in line.notify for kind in KINDS},
            },
        )
        for line in agents.agents()
    ]


def _add_agent(_desk: Desk, actor: Actor, values: Values) -> str:
    agents.add_agent(
        actor,
        str(values["login"]),
        name=str(values["name"]),
        email=str(values["email"]),
        role=str(values["role"]),
        places=_places(str(values["places"])),
    )
    return ""


def _edit_agent(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    wanted = _places(str(values["places"])) if "places" in values else None
    department = None
    if wanted is not None:
        known = _line_of(key)
        department = next(iter(wanted), "")
        left = [name for name, _ in known.departments if name not in wanted and name != known.department]
        wanted = {**wanted, **dict.fromkeys(left, "")}
    agents.edit_agent(
        actor,
        key,
        name=_given(values, "name"),
        email=_given(values, "email"),
        role=_given(values, "role"),
        department=department,
        active=_switch(values, "active"),
        away=_switch(values, "away"),
        away_from=_given(values, "away_from"),
        away_until=_given(values, "away_until"),
        stand_in=_given(values, "stand_in"),
        desk_zone=desk.zone,
        quiet=_given(values, "quiet"),
        digest=_given(values, "digest"),
        zone=_given(values, "zone"),
        language=_given(values, "language"),
        signature=_given(values, "signature"),
        places=wanted,
        notify=_mailed_of(_line_of(key), values),
    )


def _line_of(login: str) -> AgentLine:
    return next(line for line in agents.agents() if line.login == login)


def _mailed_of(line: AgentLine, values: Values) -> list[str] | None:
    """Return the kinds of notice that an agent is mailed of; None where that is as it was."""
    if not any(name.startswith(_MAILED) for name in values):
        return None
    return [kind for kind in KINDS if values.get(f"{_MAILED}{kind}", kind in line.notify)]


def _places(text: str) -> dict[str, str]:
    found = {}
    for part in words_of(text):
        name, equals, role = part.partition("=")
        if not equals or not name.strip() or not role.strip():
            raise WrongUse(f"'{one_line(part, 40)}' names no role", "write Support=Worker, Billing=Reader")
        found[name.strip()] = role.strip()
    return found


def _role_names() -> Sequence[str]:
    return [each.name for each in roles.roles()]


_MAILED = "mailed_"
_EVENTS: dict[str, tuple[str, str]] = {
    "new_ticket": ("Mail: new", "a ticket came"),
    "customer_wrote": ("Mail: customer", "the customer wrote again"),
    "answered": ("Mail: answered", "an agent answered the customer"),
    "assigned": ("Mail: assigned", "a ticket was given to somebody"),
    "transferred": ("Mail: moved", "a ticket went to another department"),
    "noted": ("Mail: note", "a colleague wrote a note"),
    "due_soon": ("Mail: due soon", "an answer is due soon"),
    "overdue": ("Mail: overdue", "an answer is overdue"),
    "undelivered": ("Mail: returned", "an answer did not reach somebody"),
}
_OWN_FIELDS = (
    Field("away", "Away", "Mailed and given nothing meanwhile.", "switch", 5, only_changed=True),
    Field("away_from", "Away from", "A day, 2026-12-24; empty: now.", only_changed=True),
    Field("away_until", "Until", "The last day; empty: until it is switched off.", only_changed=True),
    Field("stand_in", "Stand-in", "Who is told instead.", "choice", 0, _logins, only_changed=True),
    Field(
        *("quiet", "Quiet", "When nothing is mailed: 18:00-08:00, sat-sun.", "text"),
        check=quiet_times.parse,
        only_changed=True,
    ),
    Field(
        *("digest", "Digest", "All in one mail: hourly, daily 08:00 or a cron line.", "text"),
        check=agents.digest_schedule,
        only_changed=True,
    ),
    Field(
        *("zone", "Zone", "The time zone of these two: Europe/Berlin; empty: the desk's.", "text"),
        check=zone_name,
        only_changed=True,
    ),
    Field(
        *("language", "Language", "Of the desk's mail to them.", "choice", 0),
        choices=lambda: list(LANGUAGES),
        none="the desk's",
        only_changed=True,
    ),
    Field("signature", "Signature", "What stands below their answers.", "lines", only_changed=True),
)
_EVENT_FIELDS = tuple(
    Field(
        *(
            f"{_MAILED}{kind}",
            _EVENTS[kind][0],
            f"Mailed when {_EVENTS[kind][1]}, who is to hear of it.",
        ),
        kind="switch",
        start=True,
        only_changed=True,
    )
    for kind in KINDS
)
AGENTS = Noun(
    "agent",
    "Agents",
    "agent.edit",
    "Who works the tickets.",
    (
        Field(
            "login",
            "Login",
            "The Unix login, or what NIGHTDESK_AGENT says.",
            width=14,
            fixed=True,
            needed="as whoami says",
        ),
        Field("name", "Name", "What customers see.", width=18),
        Field("email", "Address", "Their own mail address, for alerts."),
        Field(
            "role",
            "Role",
            "What they may do; where they work says it for departments.",
            "choice",
            12,
            _role_names,
            start="Admin",
        ),
        Field(
            "places",
            "Departments",
            "DEPARTMENT=ROLE, ...; empty: their role counts everywhere.",
            "list",
            18,
            check=_places,
        ),
        *_OWN_FIELDS,
        Field("active", "Works", "Off: they cannot log in.", "switch", 6, start=True, only_changed=True),
        *_EVENT_FIELDS,
    ),
    Acts(_read_agents, _add_agent, _edit_agent),
)


def own_form(desk: Desk, actor: Actor) -> tuple[Noun, Record]:
    """Return the form of what an agent says of themselves: being away, signature, of what they are mailed.

    Raises NotFound for who is no agent.
    """

    def read(desk: Desk, actor: Actor) -> list[Record]:
        return [each for each in _read_agents(desk, actor) if each.key == actor.login]

    there = read(desk, actor)
    if not there:
        raise NotFound(f"{actor.login} is no agent", f"nightdesk agent add {actor.login}")
    noun = Noun(
        *("agent", "You", "", "What you say of yourself.", (*_OWN_FIELDS, *_EVENT_FIELDS)),
        Acts(read, _never, _edit_oneself),
        logged=False,
    )
    return noun, there[0]


def _never(_desk: Desk, _actor: Actor, _values: Values) -> str:
    raise NotFound("nobody is made here", "nightdesk agent add")


def _edit_oneself(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    signature = _given(values, "signature")
    if signature is not None:
        agents.set_own_signature(actor, signature)
    agents.set_own_vacation(
        actor,
        desk.zone,
        away=_switch(values, "away"),
        away_from=_given(values, "away_from"),
        away_until=_given(values, "away_until"),
        stand_in=_given(values, "stand_in"),
    )
    agents.set_own_times(
        actor,
        quiet=_given(values, "quiet"),
        digest=_given(values, "digest"),
        zone=_given(values, "zone"),
        language=_given(values, "language"),
        notify=_mailed_of(_line_of(key), values),
    )


def _read_groups(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "places": ", ".join(f"{name}={role}" for name, role in line.departments),
                "role": _text(line.role),
                "teams": ", ".join(line.teams),
            },
        )
        for line in groups.groups()
    ]


def _add_group(_desk: Desk, actor: Actor, values: Values) -> str:
    groups.add_group(
        actor,
        str(values["name"]),
        role=str(values["role"]),
        places=_places(str(values["places"])),
        in_teams=words_of(values["teams"]),
    )
    return ""


def _edit_group(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    groups.edit_group(
        actor,
        key,
        role=_given(values, "role"),
        places=_places(str(values["places"])) if "places" in values else None,
        in_teams=words_of(values["teams"]) if "teams" in values else None,
    )


def _remove_group(_desk: Desk, actor: Actor, key: str) -> None:
    groups.remove_group(actor, key)


GROUPS = Noun(
    "group",
    "Groups of the system",
    "agent.edit",
    "What members of Unix groups (LDAP's too) may do here, from when they begin next.",
    (
        Field(
            "name",
            "Group",
            "As the system calls it (getent group).",
            width=18,
            fixed=True,
            needed="as getent group prints it",
        ),
        Field("places", "Departments", "DEPARTMENT=ROLE, ...", "list", 30, check=_places),
        Field("role", "Role", "A role that counts everywhere.", "choice", 12, _role_names),
        Field("teams", "Teams", "Teams that they belong to, with commas.", "list", 14),
    ),
    Acts(_read_groups, _add_group, _edit_group, _remove_group),
    removal="Its members lose what it gives when they begin next.",
    called="group of the system",
)


def _read_roles(_desk: Desk, _actor: Actor) -> list[Record]:
    return [Record(line.name, {"name": line.name, "may": ", ".join(line.actions)}) for line in roles.roles()]


def _add_role(_desk: Desk, actor: Actor, values: Values) -> str:
    roles.add_role(actor, str(values["name"]), words_of(values["may"]))
    return ""


def _edit_role(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    may = words_of(values["may"]) if "may" in values else None
    roles.edit_role(actor, key, new_name=_given(values, "name"), may=may)


def _remove_role(_desk: Desk, actor: Actor, key: str) -> None:
    roles.remove_role(actor, key)


def _known_actions(text: str) -> None:
    for action in words_of(text):
        if action != "*" and action not in ACTIONS:
            raise WrongUse(f"there is no action '{one_line(action, 40)}'", f"use {', '.join(ACTIONS)}")


def _read_teams(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "members": ", ".join(line.members),
                "lead": _text(line.lead),
                "assignment": line.assignment,
                "notes": line.notes,
                "active": line.active,
            },
        )
        for line in teams.teams()
    ]


def _add_team(_desk: Desk, actor: Actor, values: Values) -> str:
    teams.add_team(
        actor,
        str(values["name"]),
        members=words_of(values["members"]),
        lead=str(values["lead"]),
        notes=str(values["notes"]),
        assignment=str(values["assignment"]),
    )
    return ""


def _edit_team(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    teams.edit_team(
        actor,
        key,
        new_name=_given(values, "name"),
        members=words_of(values["members"]) if "members" in values else None,
        lead=_given(values, "lead"),
        notes=_given(values, "notes"),
        assignment=_given(values, "assignment"),
        active=_switch(values, "active"),
    )


def _remove_team(_desk: Desk, actor: Actor, key: str) -> None:
    teams.remove_team(actor, key)


TEAMS = Noun(
    "team",
    "Teams",
    "agent.edit",
    "Agents of any department whom a ticket is given to together.",
    (
        Field("name", "Name", "As tickets, rules and queries call it.", width=18, needed="give a name"),
        Field("members", "Members", "Their logins, with commas.", "list", 24),
        Field("lead", "Lead", "One of them.", "choice", 10, _logins),
        _assignment("its members"),
        Field("notes", "Notes", "What it is for.", "lines"),
        _ACTIVE,
    ),
    Acts(_read_teams, _add_team, _edit_team, _remove_team),
    removal="Only a team that has no tickets can be removed.",
)

ROLES = Noun(
    "role",
    "Roles",
    "agent.edit",
    "What agents may do.",
    (
        Field("name", "Name", "As agents have it.", width=18, needed="give a name"),
        Field(
            "may",
            "Grants",
            f"With commas: {', '.join(ACTIONS)}; * is all.",
            "list",
            40,
            check=_known_actions,
            needed="write ticket.read",
        ),
    ),
    Acts(_read_roles, _add_role, _edit_role, _remove_role),
    removal="Only a role that nobody has can be removed.",
)
