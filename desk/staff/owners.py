"""Whose a department's tickets may be, and who may be told of them: asked of each rule that names agents."""

from __future__ import annotations

from collections.abc import Iterable

from desk.errors import Refused
from desk.permissions import Actor, actor_of
from mail.inert import one_line
from models import agents, departments, teams
from models.agents import StoredAgent
from models.departments import StoredDepartment


def may_have(agent: Actor, department: StoredDepartment) -> bool:
    """Whether a department's tickets may be an agent's own."""
    if department.assignable == "primary":
        return agent.department_id == department.id
    return department.assignable == "anyone" or agent.works_in(department.id)


def refuse_who_cannot_have(agent: StoredAgent, department_id: int | None, team_id: int | None = None) -> None:
    """Raise Refused for a rule that gives a department's tickets to who could not have them.

    ``team_id``: the team whose they are then, too; without a department nobody knows yet.
    """
    why = why_not(agent, department_id, team_id)
    if why:
        raise Refused(why, f"name another agent, or nightdesk agent edit {agent.login} --in DEPARTMENT=ROLE")


def why_not(agent: StoredAgent, department_id: int | None, team_id: int | None = None) -> str:
    """Return why an agent cannot have a department's tickets; '' where they can, or nobody knows yet."""
    if department_id is None:
        return ""
    department, actor = departments.by_id(department_id), actor_of(agent)
    if not actor.reaches([department_id], team_id):
        return f"{agent.login} may not read the tickets of {department.name}"
    if team_id is None and not may_have(actor, department):
        return f"the tickets of {department.name} are for its own agents alone, and {agent.login} is none"
    return ""


def why_never_told(
    whom: Iterable[str], department_id: int, team_id: int | None = None, *, with_parts: bool = False
) -> str:
    """Return why one of these is never told of a department's tickets; '' where each is, or nobody knows.

    ``whom``: agents as ``agent:bo``, teams as ``team:Night``; ``team_id``: the team whose the tickets are.
    """
    rows = departments.every()
    place = departments.path_of(department_id, rows)
    parts = departments.below(department_id, rows) if with_parts else [department_id]
    for word in whom:
        kind, _, name = word.partition(":")
        if kind == "agent":
            agent = agents.with_login(name)
            if agent is not None and not actor_of(agent).reaches(parts, team_id):
                return f"{agent.login} may not read the tickets of {place}"
        team = teams.named(name) if kind == "team" else None
        if team is not None and team.id != team_id and not _any_reads(team.id, parts, team_id):
            return f"nobody in the team {team.name} may read the tickets of {place}"
    return ""


def _any_reads(team_id: int, departments_: Iterable[int], of_team: int | None) -> bool:
    members = [agents.by_id(each.agent_id) for each in teams.members_of(team_id)]
    wanted = list(departments_)
    return any(each.active and actor_of(each).reaches(wanted, of_team) for each in members)


def refuse_stand_in(agent: StoredAgent, stand_in: StoredAgent) -> None:
    """Raise Refused for a stand-in who may read nothing of what the agent reads: nobody would be told."""
    unread, nothing = unread_by_stand_in(agent, stand_in)
    if unread and nothing:
        raise Refused(
            f"{stand_in.login} may read no ticket that {agent.login} may read ({one_line(unread, 100)})",
            f"name another agent, or nightdesk agent edit {stand_in.login} --in DEPARTMENT=ROLE",
        )


def unread_by_stand_in(agent: StoredAgent, stand_in: StoredAgent) -> tuple[str, bool]:
    """Return what an agent reads and their stand-in does not, in words, and whether that is everything."""
    theirs, others = actor_of(agent).reach, actor_of(stand_in).reach
    if others is None:
        return "", False
    rows = departments.every()
    read = [each.id for each in rows if each.active] if theirs is None else theirs.departments
    in_teams = () if theirs is None else theirs.teams
    missing = [each for each in read if each not in others.departments]
    apart = [each for each in in_teams if each not in others.teams]
    names = [departments.path_of(each, rows) for each in missing]
    # What a team has is mostly of a department that its members read: by itself it is not worth a word.
    if not read:
        names = [f"the team {teams.by_id(each).name}" for each in apart]
    everything = len(missing) == len(read) and len(apart) == len(in_teams)
    return ", ".join(sorted(names)), everything
