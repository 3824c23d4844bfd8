"""Whose a department's tickets may be: asked of a ticket, and of each rule that gives tickets away."""

from __future__ import annotations

from desk.errors import Refused
from desk.permissions import Actor, actor_of
from models import departments
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
