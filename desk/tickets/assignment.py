"""Who gets a ticket that nobody has: by round robin, or whoever has fewest, in a team or a department.

Nobody gets one who is away, switched off, or does no more than read in the ticket's department. Round robin
gives it to whoever waited longest for one; of those who have the same number of open tickets it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.records import Record
from desk.permissions import Actor, actors_of
from desk.staff import vacation
from desk.staff.owners import may_have
from models import agents, departments, teams, turns
from models import tickets as ticket_rows
from models.agents import StoredAgent
from models.departments import Assignment
from models.tickets import TicketState
from models.turns import Giver

_RULES: dict[Assignment, str] = {"round-robin": "round robin", "least-load": "fewest open tickets"}


class Given(Record):
    """To whom a ticket goes (None: nobody there can have it), and why."""

    agent: StoredAgent | None
    why: str


def given(ticket: TicketState, moment: datetime) -> Given | None:
    """Return to whom a ticket goes, whose turn it is then; None when no rule gives it out."""
    giver, rule, name = _giver(ticket)
    if rule == "hand":
        return None
    people = {each.id: each for each in agents.every() if each.active}
    actors = {each.agent_id: each for each in actors_of(people.values())}
    mine = _members(ticket, giver, list(actors.values()))
    able = [people[each] for each in mine if works_on(actors[each], ticket.department_id)]
    if ticket.team_id is None:
        department = departments.by_id(ticket.department_id)
        able = [each for each in able if may_have(actors[each.id], department)]
    there = [each for each in able if not vacation.is_away(each.preferences, moment)]
    away = ", ".join(each.login for each in able if each not in there)
    told = f"{_RULES[rule]} in {name}" + (f"; away: {away}" if away else "")
    if not there:
        return Given(None, f"{told}; nobody is there who may work on it")
    last = turns.of(giver)
    load = ticket_rows.open_with(each.id for each in there) if rule == "least-load" else {}
    chosen = min(there, key=lambda each: (load.get(each.id, 0), last.get(each.id, 0), each.id))
    turns.take(giver, chosen.id)
    if rule == "least-load":
        told = f"{_RULES[rule]} in {name}: {load.get(chosen.id, 0)}" + (f"; away: {away}" if away else "")
    return Given(chosen, told)


def can_have(agent_id: int, ticket: TicketState, moment: datetime) -> bool:
    """Whether an agent is there to work on a ticket that is theirs."""
    agent = agents.by_id(agent_id)
    if not agent.active or vacation.is_away(agent.preferences, moment):
        return False
    return any(works_on(each, ticket.department_id) for each in actors_of([agent]))


def works_on(actor: Actor, department_id: int) -> bool:
    """Whether somebody may do more with the tickets of a department than to read them."""
    work = ("ticket.reply", "ticket.note", "ticket.edit", "ticket.close", "ticket.assign")
    return any(actor.may(action, department_id) for action in work)


def _giver(ticket: TicketState) -> tuple[Giver, Assignment, str]:
    if ticket.team_id is not None:
        team = teams.by_id(ticket.team_id)
        rule = team.assignment if team.active else "hand"
        return Giver(team_id=team.id), rule, f"team {team.name}"
    department = departments.by_id(ticket.department_id)
    return Giver(department_id=department.id), department.assignment, department.name


def _members(ticket: TicketState, giver: Giver, everybody: Sequence[Actor]) -> list[int]:
    """Return the agents of the team, or of the department: those bound to it, else those of no department."""
    if giver.team_id is not None:
        there = {each.agent_id for each in everybody}
        return [each.agent_id for each in teams.members_of(giver.team_id) if each.agent_id in there]
    bound = [each for each in everybody if each.department_id is not None]
    of_it = [each for each in bound if each.works_in(ticket.department_id)]
    chosen = of_it or [each for each in everybody if each.department_id is None]
    return [each.agent_id for each in chosen if each.agent_id is not None]
