"""Help topics: what a ticket is about, and what that means for it: department, SLA, priority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_TASK, given_line
from desk.named_by import refuse_if_given, refuse_if_named
from desk.permissions import Actor, require
from desk.settings import number_format as checked_format
from desk.staff.names import given_name
from desk.staff.owners import refuse_who_cannot_have
from mail.inert import one_line
from models import agents, departments, slas, statuses, teams
from models import topics as rows
from models.fields import as_json
from models.tickets import PRIORITIES
from models.topics import StoredTopic
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A help topic as lists show it; None: the department's or the desk's own way holds."""

    id: int
    name: str
    department: str | None
    sla: str | None
    priority: str | None
    autoresponse: bool
    active: bool
    checklist: tuple[str, ...] = ()
    parent: str | None = None
    """The topic that it is a part of; it has that one's way unless its own."""
    path: str = ""
    """Its name behind those of the topics that it is a part of: ``Network/VPN``."""
    assigned_to: str | None = None
    """Whose its new tickets are: a login, or ``team:NAME``."""
    status: str | None = None
    """The state or the desk's own status in which they begin."""
    number_format: str | None = None
    """How their numbers look."""
    number_sequence: str | None = None
    """What counts them: ``random``, or a sequence that topics share which name it."""


def topics() -> list[TopicLine]:
    """Return all help topics, by name."""
    known = {each.id: each for each in rows.every()}
    return [_line(row, rows.above(row.id, known)) for row in known.values()]


def show_topic(name: str) -> TopicLine:
    """Return the help topic of that name; raises NotFound."""
    return _line(_stored(name))


def remove_topic(actor: Actor, name: str) -> TopicLine:
    """Offer a help topic no more; tickets that have it keep it. Raises as `edit_topic`."""
    return edit_topic(actor, name, active=False)


def add_topic(
    actor: Actor,
    name: str,
    *,
    department: str = "",
    sla: str = "",
    priority: str = "",
    autoresponse: bool = True,
    checklist: Sequence[str] = (),
    parent: str = "",
    assigned_to: str = "",
    status: str = "",
    number_format: str = "",
    number_sequence: str = "",
) -> TopicLine:
    """Add a help topic, as a part of another one or of none; what is empty is left to those, and the desk."""
    require(actor, "settings.edit")
    with transaction():
        _refuse_taken(name, None)
        kept = given_name(name)
        rows.write(
            name=kept,
            department_id=_department(department),
            sla_id=_sla(sla),
            priority=priority_number(priority),
            autoresponse=autoresponse,
            checklist=_tasks(checklist),
            parent_id=_above(parent),
        )
        made = _stored(kept)
        rows.change(
            made.id, {**_owner(assigned_to), **_beginning(status), **_numbers(number_format, number_sequence)}
        )
        _refuse_who_cannot_have(made.id)
        return _line(_stored(kept))


def edit_topic(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    department: str | None = None,
    sla: str | None = None,
    priority: str | None = None,
    autoresponse: bool | None = None,
    active: bool | None = None,
    checklist: Sequence[str] | None = None,
    parent: str | None = None,
    assigned_to: str | None = None,
    status: str | None = None,
    number_format: str | None = None,
    number_sequence: str | None = None,
) -> TopicLine:
    """Change a help topic; None leaves a value, ``""`` takes it away. Tickets that are there keep theirs."""
    require(actor, "settings.edit")
    with transaction():
        known = _stored(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            _refuse_taken(new_name, known.id)
            values["name"] = given_name(new_name)
            if str(values["name"]).lower() != known.name.lower():
                refuse_if_named("topic", known.name)
        if department is not None:
            values["department_id"] = _department(department)
        if sla is not None:
            values["sla_id"] = _sla(sla)
        if priority is not None:
            values["priority"] = priority_number(priority)
        if autoresponse is not None:
            values["autoresponse"] = autoresponse
        if active is not None:
            values["active"] = active
            if not active:
                refuse_if_given("topic", known.name)
        if checklist is not None:
            values["checklist"] = as_json(_tasks(checklist))
        if parent is not None:
            values["parent_id"] = _parent_id(known, parent)
        if assigned_to is not None:
            values |= _owner(assigned_to)
        if status is not None:
            values |= _beginning(status)
        if number_format is not None or number_sequence is not None:
            kept = known.number_sequence if number_format != "" else None
            values |= _numbers(
                known.number_format or "" if number_format is None else number_format,
                kept or "" if number_sequence is None else number_sequence,
            )
        rows.change(known.id, values)
        if department is not None or assigned_to is not None or parent is not None:
            _refuse_who_cannot_have(known.id)
        return _line(_stored(str(values.get("name", name))))


def topic_id_of(name: str) -> int | None:
    """Return the help topic of that name, None for ``""``; raises WrongUse for one that is not in use."""
    if not name:
        return None
    row = rows.named(name)
    if row is None or not row.active:
        known = ", ".join(each.name for each in rows.every() if each.active)
        hint = f"use {known}" if known else "nightdesk topic add NAME"
        raise WrongUse(f"there is no help topic '{one_line(name, 60)}'", hint)
    return row.id


def priority_number(name: str) -> int | None:
    """Return the number of a priority's name, None for ``""``. Raises WrongUse for an unknown one."""
    if not name:
        return None
    for number, known in PRIORITIES.items():
        if name.lower() == known:
            return number
    raise WrongUse(f"there is no priority '{one_line(name, 30)}'", f"use {', '.join(PRIORITIES.values())}")


def _stored(name: str) -> StoredTopic:
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no help topic {one_line(name, 60)}", "nightdesk topic list")
    return row


def _above(name: str) -> int | None:
    """Return the topic that another one is a part of, in use or not: what it says counts all the same."""
    return _stored(name).id if name else None


def _parent_id(row: StoredTopic, name: str) -> int | None:
    parent = _above(name)
    if parent is not None and row.id in [each.id for each in rows.line_of(parent)]:
        raise Refused(f"{one_line(name, 60)} is a part of {row.name} itself", "name another topic")
    return parent


def _owner(name: str) -> dict[str, str | int | None]:
    """Return the columns of whose tickets are: of a login, or of a team's name, also as ``team:NAME``."""
    prefix, colon, rest = name.strip().partition(":")
    of_team = bool(colon) and prefix.lower() == "team"
    wanted = rest.strip() if of_team else name.strip()
    if not wanted:
        return {"assignee_id": None, "team_id": None}
    agent = None if of_team else agents.with_login(wanted)
    if agent is not None and agent.active:
        return {"assignee_id": agent.id, "team_id": None}
    team = teams.named(wanted)
    if team is not None and team.active:
        return {"assignee_id": None, "team_id": team.id}
    logins = ", ".join([each.login for each in agents.every() if each.active][:12]) or "none yet"
    known = ", ".join([f"team:{each.name}" for each in teams.every() if each.active][:12])
    raise WrongUse(
        f"there is no agent or team '{one_line(name, 40)}'",
        f"agents: {logins}" + (f"; {known}" if known else ""),
    )


def _refuse_who_cannot_have(topic_id: int) -> None:
    """Refuse a topic, or one that is a part of it, that gives tickets to who could not have them."""
    for part in rows.parts_of(topic_id):
        rule = rows.rule_of(part)
        if rule is not None and rule.assignee_id is not None:
            refuse_who_cannot_have(agents.by_id(rule.assignee_id), rule.department_id)


def _beginning(name: str) -> dict[str, str | int | None]:
    """Return the columns of how tickets begin: a state that is not closed, or a status of the desk's own."""
    wanted = name.strip()
    if not wanted:
        return {"status": None, "named_status_id": None}
    if wanted.lower() in rows.BEGINNINGS:
        return {"status": wanted.lower(), "named_status_id": None}
    row = statuses.named(wanted)
    if row is not None and row.active and row.state in rows.BEGINNINGS:
        return {"status": row.state, "named_status_id": row.id}
    usable = [each.name for each in statuses.every() if each.active and each.state in rows.BEGINNINGS]
    raise WrongUse(
        f"no ticket begins as '{one_line(name, 40)}'", f"use {', '.join((*rows.BEGINNINGS, *usable))}"
    )


def _numbers(number_format: str, sequence: str) -> dict[str, str | int | None]:
    """Return the columns of how tickets are numbered; what counts them alone needs a look of its own too."""
    wanted = sequence.strip()
    if not number_format:
        if wanted:
            hint = "say how its numbers look too: --number-format VPN-####"
            raise WrongUse("numbers that are counted apart would meet those of other tickets", hint)
        return {"number_format": None, "number_sequence": None}
    name = given_name(wanted) if wanted else None
    if name is not None and name.lower() == rows.RANDOM_NUMBERS:
        name = rows.RANDOM_NUMBERS
    return {"number_format": checked_format(number_format), "number_sequence": name}


def _line(row: StoredTopic, above: Sequence[StoredTopic] = ()) -> TopicLine:
    line = above or rows.line_of(row.id)
    return TopicLine(
        id=row.id,
        name=row.name,
        department=row.department,
        sla=row.sla,
        priority=PRIORITIES[row.priority] if row.priority else None,
        autoresponse=row.autoresponse,
        active=row.active,
        checklist=tuple(row.checklist),
        parent=line[1].name if len(line) > 1 else None,
        path="/".join(each.name for each in reversed(line)),
        assigned_to=_whose(row),
        status=row.named_status or row.status,
        number_format=row.number_format,
        number_sequence=row.number_sequence,
    )


def _whose(row: StoredTopic) -> str | None:
    if row.assignee_id is not None:
        return agents.by_id(row.assignee_id).login
    return None if row.team_id is None else f"team:{teams.by_id(row.team_id).name}"


def _tasks(texts: Sequence[str]) -> list[str]:
    return [kept for text in texts if (kept := given_line("a task", text, LONGEST_TASK))]


def _refuse_taken(name: str, own_id: int | None) -> None:
    taken = rows.named(name)
    if taken is not None and taken.id != own_id:
        raise Refused(f"there is a help topic {one_line(name, 60)} already", "nightdesk topic edit")


def _department(name: str) -> int | None:
    if not name:
        return None
    row = departments.named(name)
    if row is None or not row.active:
        known = ", ".join(each.name for each in departments.in_use())
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {known}")
    return row.id


def _sla(name: str) -> int | None:
    if not name:
        return None
    row = slas.named(name)
    if row is None or not row.active:
        known = ", ".join(each.name for each in slas.every() if each.active)
        raise WrongUse(f"there is no SLA '{one_line(name, 60)}'", f"use {known}")
    return row.id
