"""Changes that agents make to tickets: owner, state, priority, tags, department. All leave an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from config.clock import now
from desk import settings, statuses
from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import THE_DESK, Actor, actor_of
from desk.staff.owners import may_have
from desk.tickets import clocks, lifecycle
from desk.tickets.lifecycle import Change
from desk.tickets.reading import departments_of, may_read, require_for
from mail.inert import one_line
from models import agents, custom_fields, departments, slas, teams, tickets, topics
from models.agents import StoredAgent
from models.teams import StoredTeam
from models.tickets import PRIORITIES, StatusAfterReply, Stored, TicketState
from models.transactions import transaction

MAX_TAG = 40


class NoTicket(NotFound):
    """There is no ticket of that number, or none that one may read."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"there is no ticket {one_line(number, 40)}",
            "nightdesk ticket list 'state:new,open,waiting,closed'",
        )
        self.number = number


class Elsewhere(Refused):
    """The ticket was merged into another one, or is in the trash."""

    def __init__(self, number: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.number = number


def find(number: str, reader: Actor = THE_DESK) -> TicketState:
    """Return the ticket of that number; raises NotFound, also for one that the reader may not read."""
    bare = number.strip().removeprefix("#")
    found = tickets.read_numbered(bare) or tickets.read_numbered(number.strip())
    if found is None or not may_read(reader, found):
        raise NoTicket(number)
    return found


def find_whole(number: str, reader: Actor = THE_DESK) -> TicketState:
    """Return the ticket of that number, to work on it; raises NotFound, and Refused where it is elsewhere.

    That is a ticket that was merged into another one, or is in the trash.
    """
    ticket = find(number, reader)
    target = None if ticket.merged_into_id is None else tickets.read(ticket.merged_into_id)
    if target is not None and not may_read(reader, target):
        raise Elsewhere(
            ticket.number,
            f"#{ticket.number} was merged into a ticket of another department",
            "ask the admin to read there",
        )
    if target is not None:
        raise Elsewhere(
            ticket.number,
            f"#{ticket.number} was merged into #{target.number}",
            f"work on #{target.number}, or take it out again: nightdesk ticket unmerge {ticket.number}",
        )
    if ticket.deleted is not None:
        raise Elsewhere(
            ticket.number,
            f"#{ticket.number} is in the trash",
            f"nightdesk ticket delete {ticket.number} --restore",
        )
    return ticket


def assign(actor: Actor, numbers: Sequence[str], whom: str | None) -> list[str]:
    """Give tickets to an agent ("me": the actor), to a team, or to nobody. Returns the numbers that changed.

    ``whom``: a login or the name of a team, which ``team:`` may stand before; of a team that has the name of
    an agent it has to. An agent's ticket stays its team's. A team's is nobody's of it, until one takes it or
    the team's rule gives it to one.
    """
    if whom is None:
        return change(actor, "ticket.assign", numbers, _release)
    agent, team = _named(actor, whom)

    def to_agent(ticket: TicketState) -> Change | None:
        assert agent is not None
        if ticket.assignee_id == agent.id:
            return None
        _refuse_blind(agent, ticket, ticket.team_id)
        values: dict[str, Stored] = {"assignee_id": agent.id}
        if ticket.status == "new":
            values["status"] = "open"
        return Change("assigned", values, detail={"from": _owner(ticket), "to": agent.name})

    if team is not None:
        return assign_team(actor, numbers, team.name)
    return change(actor, "ticket.assign", numbers, to_agent)


def assign_team(actor: Actor, numbers: Sequence[str], name: str, login: str | None = None) -> list[str]:
    """Give tickets to a team, and to an agent with it; without one the team's rule may give it to one."""
    team = _named(actor, f"team:{name}")[1]
    agent = _agent(login) if login is not None else None
    assert team is not None

    def edit(ticket: TicketState) -> Change | None:
        new = None if agent is None else agent.id
        if (ticket.team_id, ticket.assignee_id) == (team.id, new):
            return None
        values: dict[str, Stored] = {"team_id": team.id, "assignee_id": new}
        told = f"team {team.name}"
        if agent is not None:
            _refuse_blind(agent, ticket, team.id)
            told += f", {agent.name}"
            if ticket.status == "new":
                values["status"] = "open"
        return Change("assigned", values, detail={"from": _owner(ticket), "to": told})

    return change(actor, "ticket.assign", numbers, edit)


def _refuse_blind(agent: StoredAgent, ticket: TicketState, team_id: int | None) -> None:
    """Refuse to give a ticket to an agent who may not read it, also not as a member of its team."""
    if not actor_of(agent).reaches(departments_of(ticket), team_id):
        raise Refused(
            f"{agent.login} may not read #{ticket.number}",
            f"nightdesk agent edit {agent.login} --in DEPARTMENT=ROLE",
        )
    department = departments.by_id(ticket.department_id)
    # A team's ticket is anybody's of the team.
    if team_id is None and not may_have(actor_of(agent), department):
        raise Refused(
            f"#{ticket.number} is for agents of {department.name} alone, and {agent.login} is none",
            f"nightdesk department edit '{department.name}' --assignable anyone",
        )


def _release(ticket: TicketState) -> Change | None:
    if ticket.assignee_id is None and ticket.team_id is None:
        return None
    return Change("unassigned", {"assignee_id": None, "team_id": None}, detail={"from": _owner(ticket)})


def _owner(ticket: TicketState) -> str:
    """Return the name of who has a ticket: an agent, else a team, else nobody."""
    if ticket.assignee_id is not None:
        return agents.by_id(ticket.assignee_id).name
    return "" if ticket.team_id is None else f"team {teams.by_id(ticket.team_id).name}"


class OpenTasks(Refused):
    """A ticket is to be closed that has tasks which nobody has done."""

    def __init__(self, number: str, count: int) -> None:
        super().__init__(
            f"{count} {'task is' if count == 1 else 'tasks are'} not done in #{number}",
            f"close it all the same: nightdesk ticket close {number} --leave-tasks",
        )


class NotKnown(Refused):
    """A ticket is to be closed of which something is not known yet that the desk wants to know."""

    def __init__(self, number: str, missing: Sequence[str], hint: str) -> None:
        verb = "is" if len(missing) == 1 else "are"
        super().__init__(f"#{number} is not closed: {' and '.join(missing)} {verb} empty", hint)
        self.number = number


def set_status(actor: Actor, numbers: Sequence[str], status: str, *, leave_tasks: bool = False) -> list[str]:
    """Put tickets into a state, or into a status of the desk's own within one.

    Closing stops their clocks, reopening starts them anew. Raises WrongUse for an unknown status, and
    OpenTasks for one that is to be closed with tasks that nobody did, unless they are to be left so. NotKnown
    for one that an agent would close without what the desk wants to know of it; rules close it all the same.
    """
    state, named = statuses.meant(status)

    def edit(ticket: TicketState) -> Change | None:
        if (ticket.status, ticket.named_status_id) == (state, named):
            return None
        if ticket.status != state and "closed" in (state, ticket.status):
            require_for(actor, "ticket.close", ticket)
        if state == "closed" != ticket.status and not actor.is_filter:
            refuse_unknown(ticket)
            if not leave_tasks:
                _refuse_open_tasks(ticket)
        return lifecycle.to_status(ticket, state, now(), named)

    return change(actor, "ticket.close" if state == "closed" else "ticket.edit", numbers, edit)


def close(actor: Actor, numbers: Sequence[str], *, leave_tasks: bool = False) -> list[str]:
    """Close tickets; those that are closed keep their status. Raises as `set_status` does."""

    def edit(ticket: TicketState) -> Change | None:
        if ticket.status == "closed":
            return None
        if not actor.is_filter:
            refuse_unknown(ticket)
            if not leave_tasks:
                _refuse_open_tasks(ticket)
        return lifecycle.to_status(ticket, "closed", now())

    return change(actor, "ticket.close", numbers, edit)


def refuse_unknown(ticket: TicketState) -> None:
    """Raise NotKnown where something is empty that is wanted of a ticket before an agent closes it."""
    topic_id = ticket.topic_id
    if topic_id is None and settings.get("tickets.topic_to_close"):
        raise NotKnown(
            ticket.number, ["the help topic"], f"nightdesk ticket set {ticket.number} --topic NAME"
        )
    wanted = [each for each in custom_fields.every() if each.required and each.active]
    if not wanted:
        return
    there, offered = tickets.fields(ticket.id), custom_fields.topics()
    line = {each.id for each in topics.above(topic_id or 0, topics.every())}
    missing = [
        each
        for each in wanted
        if each.id not in there and (each.id not in offered or line & {one for one, _ in offered[each.id]})
    ]
    if missing:
        names = " ".join(f"--field {each.name}=VALUE" for each in missing)
        raise NotKnown(
            ticket.number,
            [each.label for each in missing],
            f"nightdesk ticket set {ticket.number} {names}",
        )


def usual_status(ticket: TicketState, wanted: StatusAfterReply) -> StatusAfterReply:
    """Return the state that a desk puts answered tickets into; what may not be closed yet waits."""
    if wanted != "closed" or ticket.status == "closed":
        return wanted
    try:
        refuse_unknown(ticket)
    except NotKnown:
        return "waiting"
    return wanted


def _refuse_open_tasks(ticket: TicketState) -> None:
    from models import tasks  # 2 ms, for tickets that are closed

    count = tasks.open_in(ticket.id)
    if count:
        raise OpenTasks(ticket.number, count)


def reopen(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Open closed tickets again; others stay as they are."""

    def edit(ticket: TicketState) -> Change | None:
        return lifecycle.to_status(ticket, "open", now()) if ticket.status == "closed" else None

    return change(actor, "ticket.close", numbers, edit)


def set_priority(actor: Actor, numbers: Sequence[str], priority: int | str) -> list[str]:
    """Set the priority: 1 to 4, or low, normal, high, urgent."""
    level = _priority(priority)

    def edit(ticket: TicketState) -> Change | None:
        if ticket.priority == level:
            return None
        told = {"from": PRIORITIES[ticket.priority], "to": PRIORITIES[level]}
        return Change("priority", {"priority": level}, detail=told)

    return change(actor, "ticket.edit", numbers, edit)


def add_tags(actor: Actor, numbers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Put tags on tickets. A tag has no blanks and no commas; upper and lower case are the same."""
    wanted = [tag_name(name) for name in names]

    def edit(ticket: TicketState) -> Change | None:
        had = tickets.tags(ticket.id)
        known = {name.lower() for name in had}
        added = [name for name in dict.fromkeys(wanted) if name.lower() not in known]
        return Change("tagged", tags=had + added, detail={"to": ", ".join(added)}) if added else None

    return change(actor, "ticket.edit", numbers, edit)


def remove_tags(actor: Actor, numbers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Take tags off tickets."""
    unwanted = {tag_name(name).lower() for name in names}

    def edit(ticket: TicketState) -> Change | None:
        had = tickets.tags(ticket.id)
        gone = [name for name in had if name.lower() in unwanted]
        left = [name for name in had if name not in gone]
        return Change("untagged", tags=left, detail={"from": ", ".join(gone)}) if gone else None

    return change(actor, "ticket.edit", numbers, edit)


def set_tags(actor: Actor, numbers: Sequence[str], add: Iterable[str], remove: Iterable[str]) -> list[str]:
    """Add tags to tickets, and take some away, or neither, all at once. Returns the numbers that changed."""
    joining, leaving = [*map(tag_name, add)], [*map(tag_name, remove)]
    with transaction(), lifecycle.at_once():
        added = add_tags(actor, numbers, joining) if joining else []
        removed = remove_tags(actor, numbers, leaving) if leaving else []
    return list(dict.fromkeys([*added, *removed]))


def transfer(actor: Actor, numbers: Sequence[str], department: str) -> list[str]:
    """Move tickets to another department."""
    target = departments.named(department)
    if target is None or not target.active:
        names = [each.name for each in departments.in_use()]
        raise WrongUse(f"there is no department '{one_line(department, 60)}'", f"use {', '.join(names)}")

    def edit(ticket: TicketState) -> Change | None:
        if ticket.department_id == target.id:
            return None
        values: dict[str, Stored] = {"department_id": target.id}
        if ticket.sla_id is None:
            values["sla_id"] = target.sla_id
        before = departments.by_id(ticket.department_id).name
        return Change("transferred", values, detail={"from": before, "to": target.name})

    return change(actor, "ticket.assign", numbers, edit)


def set_sla(actor: Actor, numbers: Sequence[str], name: str) -> list[str]:
    """Promise by another SLA, from when the clocks began, or by the same one as it is now.

    Raises WrongUse for an unknown one.
    """
    target = slas.named(name)
    if target is None or not target.active:
        known = ", ".join(each.name for each in slas.every() if each.active)
        raise WrongUse(f"there is no SLA '{one_line(name, 60)}'", f"use {known}")

    def edit(ticket: TicketState) -> Change | None:
        if ticket.sla_id == target.id and not _counts_anew(ticket):
            return None
        before = next((each.name for each in slas.every() if each.id == ticket.sla_id), "none")
        return Change("sla", {"sla_id": target.id}, detail={"from": before, "to": target.name})

    return change(actor, "ticket.edit", numbers, edit)


def _counts_anew(ticket: TicketState) -> bool:
    """Whether a ticket's SLA was changed since its clocks were counted."""
    counted = clocks.recounted(ticket, now())
    return any(counted[name] != getattr(ticket, name) for name in ("response_due", "resolve_due"))


def set_topic(actor: Actor, numbers: Sequence[str], name: str) -> list[str]:
    """Give tickets a help topic; department, SLA and priority stay. Raises WrongUse for an unknown one."""
    target = topics.named(name)
    if target is None or not target.active:
        known = ", ".join(each.name for each in topics.every() if each.active) or "none yet"
        raise WrongUse(f"there is no help topic '{one_line(name, 60)}'", f"use {known}")

    def edit(ticket: TicketState) -> Change | None:
        if ticket.topic_id == target.id:
            return None
        before = next((each.name for each in topics.every() if each.id == ticket.topic_id), "none")
        return Change("topic", {"topic_id": target.id}, detail={"from": before, "to": target.name})

    return change(actor, "ticket.edit", numbers, edit)


def change(
    actor: Actor, action: str, numbers: Sequence[str], edit: Callable[[TicketState], Change | None]
) -> list[str]:
    """Edit tickets, all or none, in one transaction; returns the numbers of those that changed.

    Raises NotFound when one of them does not exist and NotAllowed when one of them may not be edited.
    """
    batch = lifecycle.new_batch()
    changed = []
    with transaction():
        for number in dict.fromkeys(numbers):
            ticket = find_whole(number, actor)
            require_for(actor, action, ticket)
            wanted = edit(ticket)
            if wanted is None:
                continue
            lifecycle.changed(ticket.id, wanted, actor, now(), batch)
            changed.append(ticket.number)
    return changed


def tag_name(text: str) -> str:
    """Return a tag as it is kept; raises WrongUse for an empty or overlong one."""
    name = "-".join(one_line(text.replace(",", " ").strip().removeprefix("#"), MAX_TAG + 1).split())
    if not name or len(name) > MAX_TAG:
        raise WrongUse(f"'{one_line(text, 60)}' is no tag", f"a tag has 1 to {MAX_TAG} characters")
    return name


def _priority(priority: int | str) -> int:
    text = str(priority).lower()
    levels = {name: level for level, name in PRIORITIES.items()}
    if text.isdecimal() and int(text) in PRIORITIES:
        return int(text)
    if text in levels:
        return levels[text]
    raise WrongUse(f"there is no priority '{one_line(text, 40)}'", f"use {', '.join(levels)} or 1 to 4")


def _agent(login: str) -> StoredAgent:
    found = agents.with_login(login)
    if found is None or not found.active:
        known = ", ".join([each.login for each in agents.every() if each.active][:12]) or "none yet"
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", f"agents: {known}")
    return found


def _named(actor: Actor, whom: str) -> tuple[StoredAgent | None, StoredTeam | None]:
    """Return the agent or the team of a name. Raises WrongUse with those there are."""
    wanted = actor.login if whom == "me" else whom.strip()
    prefix, colon, name = wanted.partition(":")
    of_team = bool(colon) and prefix.lower() == "team"
    agent = None if of_team else agents.with_login(wanted)
    if agent is not None and agent.active:
        return agent, None
    team = teams.named(name.strip() if of_team else wanted)
    if team is not None and team.active:
        return None, team
    logins = ", ".join([each.login for each in agents.every() if each.active][:12]) or "none yet"
    known = ", ".join([each.name for each in teams.every() if each.active][:12])
    shown = one_line(wanted, 40)
    if of_team:
        raise WrongUse(f"there is no team '{one_line(name, 40)}'", f"teams: {known or 'none yet'}")
    if known:
        raise WrongUse(f"there is no agent or team '{shown}'", f"agents: {logins}; teams: {known}")
    raise WrongUse(f"there is no agent '{shown}'", f"agents: {logins}; nightdesk agent add {shown}")
