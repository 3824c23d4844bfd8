"""Rules that give tickets to agents who cannot have them, or tell them of what they may not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from config.clock import now
from desk.alerts import recipients
from desk.errors import DeskError
from desk.filters import actions
from desk.permissions import actor_of
from desk.staff import vacation
from desk.staff.owners import unread_by_stand_in, why_not
from models import agents, departments, filters, notifications, recurring, teams, tickets, topics
from models.agents import StoredAgent


def at_odds() -> Iterator[tuple[str, str]]:
    """Yield what is called so and gives tickets away in vain, and why, as things are now."""
    people = {each.id: each for each in agents.every() if each.active}
    yield from _naming_who_is_gone(people.values())
    for topic in topics.rules():
        owner = people.get(topic.assignee_id or 0)
        if owner is not None and (why := why_not(owner, topic.department_id)):
            yield f"the help topic {topic.name}", why
    for place in departments.every():
        manager = people.get(place.manager_id or 0)
        if place.active and manager is not None and not actor_of(manager).reaches([place.id], None):
            yield f"the department {place.name}", f"{manager.login} manages it, and may not read its tickets"
    of_topics = {each.id: each.department_id for each in topics.rules()}
    for row in recurring.every():
        owner = people.get(row.assignee_id or 0)
        place_id = row.department_id or of_topics.get(row.topic_id or 0)
        if row.active and owner is not None and (why := why_not(owner, place_id, row.team_id)):
            yield f"the recurring ticket {row.name}", why
    for rule in notifications.every():
        if why := recipients.why_in_vain(rule):
            yield f"the notification {recipients.line_of(rule).name}", why
    for agent in people.values():
        other = people.get(vacation.stand_in_of(agent.preferences) or 0)
        if other is not None:
            unread, everything = unread_by_stand_in(agent, other)
            if unread and (everything or vacation.of(agent.preferences, now()) is not None):
                yield f"the stand-in of {agent.login}", f"{other.login} may not read {unread}"
    for each in filters.every():
        if each.active:
            with suppress(DeskError):
                found = actions.why_nobody_has_it(each.actions) or actions.why_nobody_is_told(each.actions)
                if found:
                    yield f"the filter {each.name}", found


def left_behind() -> Iterator[tuple[str, int]]:
    """Yield the logins of agents who are switched off and have open tickets, and how many."""
    gone = {each.id: each.login for each in agents.every() if not each.active}
    for agent_id, count in sorted(tickets.open_with(gone).items()):
        yield gone[agent_id], count


def _naming_who_is_gone(people: Iterable[StoredAgent]) -> Iterator[tuple[str, str]]:
    """Yield what names agents who are switched off: it gives and tells them nothing, and says so nowhere."""
    gone = {each.id: each for each in agents.every() if not each.active}
    if not gone:
        return
    logins = {each.login.lower(): each.login for each in gone.values()}

    def off(login: str) -> str:
        return f"{login} is switched off"

    owned = (
        *((f"the help topic {each.name}", each.assignee_id) for each in topics.rules()),
        *((f"the department {each.name}", each.manager_id) for each in departments.every() if each.active),
        *(
            (f"the recurring ticket {each.name}", each.assignee_id)
            for each in recurring.every()
            if each.active
        ),
        *((f"the team {each.name}", each.lead_id) for each in teams.every() if each.active),
        *((f"the stand-in of {each.login}", vacation.stand_in_of(each.preferences)) for each in people),
    )
    yield from ((name, off(gone[agent_id].login)) for name, agent_id in owned if agent_id in gone)
    named = (
        *((f"the filter {each.name}", _agents_in(each.actions)) for each in filters.every() if each.active),
        *(
            (
                f"the notification {each.name}",
                [word.removeprefix("agent:") for word in recipients.words(each.whom)],
            )
            for each in recipients.lines()
        ),
    )
    for name, mentioned in named:
        yield from ((name, off(logins[each.lower()])) for each in mentioned if each.lower() in logins)


def _agents_in(acting: Iterable[str]) -> list[str]:
    """Return the logins that actions of a filter name."""
    split = [each.partition(":")[::2] for each in acting]
    told = [
        value.removeprefix("agent:").partition("=")[0] for name, value in split if name in ("notify", "mail")
    ]
    return [*(value for name, value in split if name == "agent"), *told]
