"""Groups of the system: their members are agents, with the roles and teams that the groups give.

Groups are those that the system's name service knows (`os.getgrouplist`), so LDAP's too where sssd brings
them. Rights are taken over when an agent begins, and taken away when they are in the group no more.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from config.clock import now
from desk import logs, settings
from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import EVERYTHING, Actor, full_name, require
from desk.staff.departments import department_id_of
from desk.staff.roles import role_named
from mail.inert import one_line
from models import agents, departments, roles, teams
from models import groups as rows
from models.agents import StoredAgent
from models.fields import utc_text
from models.groups import Grant, StoredGrant
from models.transactions import transaction

NEW_AGENTS = "groups.new_agents"


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of the system and what its members are given; `role` counts everywhere."""

    name: str
    role: str | None
    departments: tuple[tuple[str, str], ...]
    teams: tuple[str, ...]


class _Rights(NamedTuple):
    """What an agent's groups give them; ids. `role` counts everywhere."""

    role: int | None
    places: Mapping[int, int]
    teams: frozenset[int]

    def __bool__(self) -> bool:
        return self.role is not None or bool(self.places) or bool(self.teams)


def groups() -> list[GroupLine]:
    """Return what groups give, by name."""
    found: dict[str, list[StoredGrant]] = {}
    for each in rows.every():
        found.setdefault(each.name, []).append(each)
    return [_line(name, grants) for name, grants in found.items()]


def show_group(name: str) -> GroupLine:
    """Return what one group gives. Raises NotFound."""
    return _line(name.strip(), _stored(name))


def add_group(
    actor: Actor,
    name: str,
    *,
    role: str = "",
    places: Mapping[str, str] | None = None,
    in_teams: Sequence[str] = (),
) -> GroupLine:
    """Give the members of a group roles and teams: a role everywhere, or in departments (``places``).

    Raises Refused for a group that gives something already, WrongUse, NotAllowed.
    """
    require(actor, "agent.edit")
    with transaction():
        kept = _name(name)
        if rows.of(kept):
            raise Refused(f"the group {kept} gives something already", f"nightdesk group edit {kept}")
        return _keep(actor, kept, role, places or {}, in_teams)


def edit_group(
    actor: Actor,
    name: str,
    *,
    role: str | None = None,
    places: Mapping[str, str] | None = None,
    in_teams: Sequence[str] | None = None,
) -> GroupLine:
    """Change what a group gives; None leaves it, what is given is all there is from now on.

    Raises NotFound, WrongUse, NotAllowed.
    """
    require(actor, "agent.edit")
    with transaction():
        known = _line(name.strip(), _stored(name))
        return _keep(
            actor,
            known.name,
            (known.role or "") if role is None else role,
            dict(known.departments) if places is None else places,
            known.teams if in_teams is None else in_teams,
        )


def caveats(line: GroupLine) -> list[str]:
    """Return what of a group's gifts is not as it looks, in words."""
    found = []
    if not _is_known(line.name):
        found.append(f"the system knows no group {line.name}")
    if line.role is not None and line.departments:
        found.append(
            f"who becomes an agent by it has {line.role} everywhere, whatever it gives in departments"
        )
    return found


def _is_known(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def remove_group(actor: Actor, name: str) -> GroupLine:
    """Let a group give nothing any more: its members lose that when they begin next. Raises NotFound."""
    require(actor, "agent.edit")
    with transaction():
        line = _line(name.strip(), _stored(name))
        rows.replace(line.name, ())
        logs.write("info", "agent", f"{actor.login} removed the group {line.name}")
        return line


def take_over(login: str) -> None:
    """Give the agent of a login what their groups give, and take away what groups gave that they left.

    Whom no group gives anything any more, and who was made an agent by groups, is switched off. An unknown
    login becomes an agent where the setting ``groups.new_agents`` says so. Logins that the system does not
    know are left alone: nobody can say in which groups they are.
    """
    known = agents.with_login(login)
    if not rows.there_are() and (known is None or not known.by_group):
        return
    member_of = groups_of(login)
    if member_of is None:
        return
    wanted = _rights(member_of)
    if known is None:
        if wanted and settings.get(NEW_AGENTS):
            with transaction():
                _make(login, wanted)
        return
    if _is_as(known, wanted):
        return
    with transaction():
        _give(known, wanted)
    logs.write("info", "agent", f"{known.login} has what the groups give: {', '.join(sorted(member_of))}")


def sweep() -> None:
    """Take from agents what a group gave that they are not in any more, whether they begin again or not.

    Where this host does not know all of the groups it cannot say who is in them: then nothing is changed.
    """
    if not all(_is_known(name) for name in {each.name for each in rows.every()}):
        return
    given = {each.agent_id for each in agents.places() if each.by_group}
    given |= {each.agent_id for each in teams.members() if each.by_group}
    for agent in agents.every():
        if agent.active and (agent.by_group or agent.id in given):
            take_over(agent.login)


def drift() -> list[str]:
    """Return what of agents is not as their groups say, a line each; it changes when they begin next."""
    found = []
    named = {each.name for each in rows.every()}
    found += [f"the system knows no group {name}" for name in sorted(named) if not _is_known(name)]
    for agent in agents.every():
        member_of = groups_of(agent.login) if agent.active or agent.by_group else None
        if member_of is None and agent.active and agent.by_group:
            found.append(f"the system knows no login {agent.login}, who is an agent by their groups")
        if member_of is not None and not _is_as(agent, _rights(member_of)):
            inside = ", ".join(sorted(member_of & named)) or "none that gives anything"
            found.append(f"{agent.login} does not have what the groups give (in {inside})")
    return found


def groups_of(login: str) -> frozenset[str] | None:
    """Return the groups of the system that a login is in; None for a login that the system does not know."""
    try:
        entry = pwd.getpwnam(login)
        ids = os.getgrouplist(login, entry.pw_gid)
    except (KeyError, OSError):
        return None
    found = set()
    for each in ids:
        try:
            found.add(grp.getgrgid(each).gr_name)
        except KeyError:
            continue
    return frozenset(found)


def _rights(member_of: Iterable[str]) -> _Rights:
    """Return what these groups give together: of several roles in one place the one that grants most."""
    granted = {role.id: role for role in roles.every()}

    def most(ids: Iterable[int]) -> int | None:
        def weight(role_id: int) -> tuple[bool, int, int]:
            actions = granted[role_id].actions
            return (EVERYTHING in actions, len(actions), -role_id)

        return max(ids, key=weight, default=None)

    inside = [each for each in rows.every() if each.name in member_of]
    offered: dict[int, list[int]] = {}
    everywhere = []
    for each in inside:
        if each.role_id is not None and each.department_id is not None:
            offered.setdefault(each.department_id, []).append(each.role_id)
        elif each.role_id is not None:
            everywhere.append(each.role_id)
    places = {place: role for place, ids in offered.items() if (role := most(ids)) is not None}
    joined = frozenset(each.team_id for each in inside if each.team_id is not None)
    return _Rights(most(everywhere), places, joined)


def _is_as(agent: StoredAgent, wanted: _Rights) -> bool:
    """Whether an agent has what groups give, and nothing more that came from groups."""
    places = {each.department_id: each for each in agents.places_of(agent.id)}
    by_group = {place: each.role_id for place, each in places.items() if each.by_group}
    members = {each.team_id: each.by_group for each in teams.of_member(agent.id)}
    lacks_team = wanted.teams - set(members)
    gained = {team for team, by in members.items() if by} - wanted.teams
    if lacks_team or gained:
        return False
    if not agent.by_group:
        return by_group == _added(agent, wanted)
    if not wanted:
        return not agent.active
    own, role, beside = _own(wanted)
    return agent.active and (agent.department_id, agent.role_id) == (own, role) and by_group == beside


def _give(agent: StoredAgent, wanted: _Rights) -> None:
    beside = _added(agent, wanted)
    if agent.by_group:
        own, role, beside = _own(wanted) if wanted else (agent.department_id, agent.role_id, {})
        agents.change(agent.id, {"active": bool(wanted), "department_id": own, "role_id": role})
    for each in agents.places_of(agent.id):
        if each.by_group:
            agents.leave(agent.id, each.department_id)
    for place, role_id in beside.items():
        agents.set_place(agent.id, place, role_id, by_group=True)
    for member in teams.of_member(agent.id):
        if member.by_group and member.team_id not in wanted.teams:
            teams.leave(member.team_id, agent.id)
    for team_id in wanted.teams:
        teams.join(team_id, agent.id, by_group=True)


def _make(login: str, wanted: _Rights) -> None:
    own, role, _ = _own(wanted)
    agents.write(
        login=login,
        name=full_name(login),
        role_id=role,
        department_id=own,
        created=utc_text(now()),
        by_group=True,
    )
    made = agents.with_login(login)
    assert made is not None
    _give(made, wanted)
    logs.write("info", "agent", f"{login} became an agent by their groups")


def _own(wanted: _Rights) -> tuple[int | None, int, dict[int, int]]:
    """Return an agent's own department, their role there, and the places beside it.

    Whom groups give nothing but teams has a role that grants nothing by itself: they read what these have.
    """
    if wanted.role is not None:
        return None, wanted.role, {}
    if wanted.places:
        first = min(wanted.places)
        return (
            first,
            wanted.places[first],
            {each: wanted.places[each] for each in wanted.places if each != first},
        )
    return departments.first().id, _of_teams_alone(), {}


def _of_teams_alone() -> int:
    name = "Team member"
    found = roles.named(name)
    return found.id if found is not None else roles.write(name, [])


def _added(agent: StoredAgent, wanted: _Rights) -> dict[int, int]:
    """Return the places that groups add to an agent who was made by hand: where they have none already."""
    if agent.by_group or agent.department_id is None:
        return {}
    by_hand = {each.department_id for each in agents.places_of(agent.id) if not each.by_group}
    by_hand.add(agent.department_id)
    return {place: role for place, role in wanted.places.items() if place not in by_hand}


def _keep(
    actor: Actor, name: str, role: str, places: Mapping[str, str], in_teams: Sequence[str]
) -> GroupLine:
    grants = [Grant(role_id=_granted(actor, role))] if role.strip() else []
    for place, its_role in places.items():
        department_id = department_id_of(place)
        if department_id is None:
            raise WrongUse("the department has no name", "--in DEPARTMENT=ROLE")
        stored = role_named(its_role)
        if EVERYTHING in stored.actions:
            raise WrongUse(f"{stored.name} is everywhere", f"--role {stored.name}, without a department")
        grants.append(Grant(department_id=department_id, role_id=_granted(actor, its_role)))
    for each in in_teams:
        team = teams.named(each.strip())
        if team is None:
            known = ", ".join(line.name for line in teams.every()) or "none yet"
            raise WrongUse(f"there is no team '{one_line(each, 40)}'", f"teams: {known}")
        grants.append(Grant(team_id=team.id))
    if not grants:
        raise WrongUse("a group gives something", "--in DEPARTMENT=ROLE, --role ROLE or --team TEAM")
    rows.replace(name, grants)
    logs.write("info", "agent", f"{actor.login} changed the group {name}")
    return _line(name, rows.of(name))


def _granted(actor: Actor, role: str) -> int:
    """Return a role's id; nobody grants what they may not do themselves."""
    stored = role_named(role)
    for action in stored.actions:
        if not actor.may(action):
            raise Refused(f"{actor.login} may not do all that {stored.name} grants", "nobody grants that")
    return stored.id


def _line(name: str, grants: Iterable[StoredGrant]) -> GroupLine:
    given = list(grants)
    return GroupLine(
        name=name,
        role=next((each.role for each in given if each.role and each.department is None), None),
        departments=tuple((each.department, each.role) for each in given if each.department and each.role),
        teams=tuple(each.team for each in given if each.team),
    )


def _stored(name: str) -> list[StoredGrant]:
    found = rows.of(name.strip())
    if not found:
        raise NotFound(f"the group {one_line(name, 60)} gives nothing", "nightdesk group list")
    return found


def _name(name: str) -> str:
    kept = one_line(name, 100)
    if not kept or kept != name.strip() or ":" in kept or "," in kept:
        raise WrongUse(f"'{one_line(name, 60)}' is no group", "give its name as getent group prints it")
    return kept
