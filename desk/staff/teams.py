"""Teams: agents of any department whom a ticket is given to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desk import logs
from desk.errors import NotFound, Refused, WrongUse
from desk.given import given_text
from desk.named_by import refuse_if_given, refuse_if_named
from desk.permissions import Actor, require
from desk.staff.names import given_name
from mail.inert import one_line
from models import agents, tickets
from models import teams as rows
from models.departments import ASSIGNMENTS, Assignment
from models.teams import StoredTeam
from models.transactions import transaction

TAKEN_NAMES = ("me", "none")
"""Names that mean somebody else where a ticket is given to somebody."""


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team as lists show it; agents are logins."""

    id: int
    name: str
    members: tuple[str, ...]
    lead: str | None
    notes: str
    assignment: Assignment
    """Which member gets a ticket that is given to the team; see `desk.tickets.assignment`."""
    active: bool


def teams() -> list[TeamLine]:
    """Return all teams, by name."""
    members: dict[int, list[str]] = {}
    for each in rows.members():
        members.setdefault(each.team_id, []).append(each.login)
    return [_line(row, members.get(row.id, ())) for row in rows.every()]


def show_team(name: str) -> TeamLine:
    """Return one team. Raises NotFound."""
    return _line_of(_stored(name))


def add_team(
    actor: Actor,
    name: str,
    *,
    members: Sequence[str] = (),
    lead: str = "",
    notes: str = "",
    assignment: str = "hand",
) -> TeamLine:
    """Add a team; ``members`` and ``lead`` are logins. The lead is a member.

    Raises Refused for a name that is taken, WrongUse for an unknown agent or rule, NotAllowed.
    """
    require(actor, "agent.edit")
    with transaction():
        kept = _name(name)
        _refuse_taken(kept, None)
        ids = {login: _agent_id(login) for login in [*members, *([lead] if lead else [])]}
        team_id = rows.write(
            name=kept,
            lead_id=ids.get(lead),
            notes=given_text("the notes", notes),
            assignment=assignment_named(assignment),
        )
        rows.set_members(team_id, ids.values())
        logs.write("info", "agent", f"{actor.login} added the team {kept}")
        return _line_of(rows.by_id(team_id))


def edit_team(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    members: Sequence[str] | None = None,
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
    lead: str | None = None,
    notes: str | None = None,
    assignment: str | None = None,
    active: bool | None = None,
) -> TeamLine:
    """Change a team; None leaves a value, the lead ``""`` is nobody.

    ``members`` are all there are from now on; ``add`` and ``drop`` change some. A lead who leaves leads no
    more. Raises NotFound, Refused, WrongUse, NotAllowed.
    """
    require(actor, "agent.edit")
    with transaction():
        known = _stored(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            values["name"] = _name(new_name)
            _refuse_taken(str(values["name"]), known.id)
            if str(values["name"]).lower() != known.name.lower():
                refuse_if_named("team", known.name)
        if notes is not None:
            values["notes"] = given_text("the notes", notes)
        if assignment is not None:
            values["assignment"] = assignment_named(assignment)
        if active is not None:
            values["active"] = active
            if not active:
                refuse_if_given("team", known.name)
        wanted = {each.agent_id for each in rows.members_of(known.id)}
        if members is not None:
            wanted = {_agent_id(login) for login in members}
        wanted |= {_agent_id(login) for login in add}
        wanted -= {_agent_id(login) for login in drop}
        leading = known.lead_id
        if lead is not None:
            leading = _agent_id(lead) if lead.strip() else None
            wanted |= set() if leading is None else {leading}
        values["lead_id"] = leading if leading in wanted else None
        rows.change(known.id, values)
        rows.set_members(known.id, wanted)
        logs.write("info", "agent", f"{actor.login} changed the team {known.name}")
        return _line_of(rows.by_id(known.id))


def remove_team(actor: Actor, name: str) -> TeamLine:
    """Remove a team. Raises NotFound, NotAllowed, and Refused when it has tickets, closed ones too."""
    require(actor, "agent.edit")
    with transaction():
        known = _stored(name)
        having = tickets.of_team(known.id)
        if having:
            raise Refused(
                f"{known.name} has {having} ticket{'s' if having > 1 else ''}",
                f"nightdesk team edit {known.name} --inactive",
            )
        refuse_if_given("team", known.name)
        refuse_if_named("team", known.name)
        line = _line_of(known)
        rows.delete(known.id)
        logs.write("info", "agent", f"{actor.login} removed the team {known.name}")
        return line


def assignment_named(text: str) -> Assignment:
    """Return the rule of that name by which tickets are given out. Raises WrongUse with those there are."""
    found = next((each for each in ASSIGNMENTS if each == text.strip().lower().replace(" ", "-")), None)
    if found is None:
        raise WrongUse(f"'{one_line(text, 40)}' gives nothing out", f"use {', '.join(ASSIGNMENTS)}")
    return found


def _line_of(row: StoredTeam) -> TeamLine:
    return _line(row, [each.login for each in rows.members_of(row.id)])


def _line(row: StoredTeam, members: Sequence[str]) -> TeamLine:
    return TeamLine(row.id, row.name, tuple(members), row.lead, row.notes, row.assignment, row.active)


def _stored(name: str) -> StoredTeam:
    row = rows.named(name.strip())
    if row is None:
        raise NotFound(f"there is no team {one_line(name, 60)}", "nightdesk team list")
    return row


def _name(name: str) -> str:
    kept = given_name(name)
    if kept.lower() in TAKEN_NAMES or agents.with_login(kept) is not None:
        raise Refused(f"'{kept}' is somebody already where tickets are given", "choose another name")
    return kept


def _refuse_taken(name: str, own_id: int | None) -> None:
    taken = rows.named(name)
    if taken is not None and taken.id != own_id:
        raise Refused(f"there is a team {one_line(name, 60)} already", "nightdesk team edit")


def _agent_id(login: str) -> int:
    found = agents.with_login(login.strip())
    if found is None:
        known = ", ".join(each.login for each in agents.every() if each.active) or "none yet"
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", f"agents: {known}")
    return found.id
