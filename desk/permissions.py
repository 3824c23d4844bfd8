"""Who acts: the desk's owner and root as built-in admin, agents by their login."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from config.clock import now
from config.records import Record
from desk.errors import NotAllowed
from desk.home import system_login
from mail.inert import one_line
from models import agents, departments, roles, teams
from models.fields import utc_text
from models.queries.reach import Reach
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.agents import Place, StoredAgent

EVERYTHING = "*"
READ = "ticket.read"
BELOW = "department.below"
"""What a role grants in a department it grants in the parts of that, too."""

ACTIONS: dict[str, str] = {
    "ticket.read": "read tickets",
    "ticket.reply": "answer customers",
    "ticket.note": "write internal notes",
    "ticket.assign": "assign and transfer tickets",
    "ticket.edit": "change priority, state and tags",
    "ticket.close": "close and reopen tickets",
    "ticket.delete": "delete and restore tickets",
    "department.below": "do the same in the parts of a department",
    "ban.edit": "ban senders",
    "contact.erase": "erase contacts",
    "mailbox.edit": "add, change and test mailboxes",
    "settings.edit": "change the desk's settings, departments and SLAs",
    "agent.edit": "add and change agents",
    "receipt.retry": "retry quarantined mail",
    "outbox.edit": "retry and cancel deliveries",
    "desk.backup": "back up the desk, which is to read all of it, and restore it",
}
"""What a role can grant, in the words of a refusal: "your role does not let you ..."."""


class Actor(Record):
    """Somebody who acts. `agent_id` is None for the built-in admin without an agent of that login."""

    agent_id: int | None
    login: str
    name: str
    email: str
    department_id: int | None
    actions: frozenset[str]
    places: tuple[tuple[int, frozenset[str]], ...] = ()
    """The departments that they work in beside their own, and what their role grants there."""
    teams: tuple[int, ...] = ()
    """The teams that they belong to, whose tickets they read, of whichever department."""
    lets_filters_act: bool = False
    """Whether what is done is what filters decided, though this agent had it done."""

    @property
    def reads(self) -> tuple[int, ...] | None:
        """The departments whose tickets they may read, None: all.

        Whoever may do something with the tickets of a department reads them. The desk itself, and a key that
        acts for no agent, read everything.
        """
        if EVERYTHING in self.actions or self.agent_id is None:
            return None
        if self.department_id is None:
            return None if _reads(self.actions) else ()
        granted = {self.department_id: self.actions, **dict(self.places)}
        return tuple(sorted(department for department, actions in granted.items() if _reads(actions)))

    @property
    def reach(self) -> Reach | None:
        """The tickets that they may read: of departments, and those that their teams have; None: all."""
        return None if self.reads is None else Reach(self.reads, self.teams)

    def reaches(self, departments: Iterable[int], team_id: int | None) -> bool:
        """Whether they may read a ticket of these departments that a team has, or none."""
        reach = self.reach
        return reach is None or team_id in reach.teams or not set(reach.departments).isdisjoint(departments)

    def works_in(self, department_id: int) -> bool:
        """Whether the department is one of theirs: their own, or one where they do more than to read."""
        if self.department_id in (None, department_id):
            return True
        return any(place == department_id and actions - {READ} for place, actions in self.places)

    @property
    def is_filter(self) -> bool:
        """Whether it is what a filter does by itself, which is nobody's activity."""
        return self.lets_filters_act or (self.agent_id is None and self.login == "filter")

    def may(self, action: str, department_id: int | None = None) -> bool:
        """Whether the role grants `action` in that department (None: no department in question)."""
        if EVERYTHING in self.actions:
            return True
        if any(
            action in actions
            and (place == department_id or (department_id is None and _is_of_tickets(action)))
            for place, actions in self.places
        ):
            return True
        if action not in self.actions:
            return False
        return self.department_id is None or department_id in (None, self.department_id)


def _is_of_tickets(action: str) -> bool:
    return action.startswith("ticket.")


def only_reading(actor: Actor) -> Actor:
    """Return an actor who may read what this one reads, and do nothing else."""
    reading = frozenset([READ])
    places = () if actor.reads is None else tuple((place, reading) for place in actor.reads)
    # Who has a department of their own and reads everything has none here: READ alone would end at it.
    own = None if actor.reads is None else actor.department_id
    granted = reading if actor.reads is None else frozenset[str]()
    return actor._replace(actions=granted, department_id=own, places=places)


def _reads(actions: frozenset[str]) -> bool:
    return any(map(_is_of_tickets, actions))


THE_DESK = Actor(None, "", "", "", None, frozenset())
"""Nobody in particular: what the desk itself reads, which is everything."""
FILTER = Actor(None, "filter", "Filter", "", None, frozenset([EVERYTHING]))
"""What filters do."""


def letting_filters_act(actor: Actor) -> Actor:
    """Return an actor who may do what filters do, in the name of who has them do it, who can undo it."""
    named = FILTER._replace(agent_id=actor.agent_id, login=actor.login, email=actor.email)
    return named._replace(lets_filters_act=True)


def require(actor: Actor, action: str, *departments: int | None) -> None:
    """Raise NotAllowed unless the actor may do `action` in one of the departments (none: anywhere)."""
    if not any(actor.may(action, department) for department in departments or (None,)):
        elsewhere = " of another department" if actor.may(action) else ""
        raise NotAllowed(
            f"{actor.login} may not {ACTIONS.get(action, action)}{elsewhere}",
            f"ask the admin: nightdesk agent edit {actor.login}",
        )


def current_actor(desk: Desk, environ: Mapping[str, str] = os.environ, uid: int | None = None) -> Actor:
    """Return who runs this process.

    The owner of the desk's files and root are the built-in admin, unless ``NIGHTDESK_AGENT`` names an
    agent (then it is that one). Everybody else is the agent of their Unix login; NotAllowed if there is none.
    """
    uid = os.getuid() if uid is None else uid
    if uid not in (0, desk.paths.data.stat().st_uid):
        return _agent(system_login(uid))
    named = environ.get("NIGHTDESK_AGENT", "")
    if named:
        return _agent(named)
    login = system_login(uid)
    agent = agents.with_login(login)
    if agent is None or not agent.active:
        return Actor(None, login, login, "", None, frozenset([EVERYTHING]))
    return Actor(agent.id, login, agent.name, agent.email, agent.department_id, frozenset([EVERYTHING]))


def app_actor(desk: Desk, environ: Mapping[str, str] = os.environ, uid: int | None = None) -> Actor:
    """Return who runs the app; the built-in admin gets an agent of their own, for drafts and "mine"."""
    actor = current_actor(desk, environ, uid)
    if actor.agent_id is not None:
        return actor
    with transaction():
        agent = agents.with_login(actor.login)
        if agent is None:
            admin = roles.named("Admin")
            agents.write(
                login=actor.login,
                name=full_name(actor.login),
                role_id=roles.write("Admin", [EVERYTHING]) if admin is None else admin.id,
                created=utc_text(now()),
            )
        elif not agent.active:
            agents.change(agent.id, {"active": True})
        agent = agents.with_login(actor.login)
        assert agent is not None
    return Actor(agent.id, agent.login, agent.name, agent.email, agent.department_id, actor.actions)


def renewed(desk: Desk, actor: Actor) -> Actor:
    """Return who runs the app with the rights that they have by now. Raises NotAllowed for who has none."""
    now_allowed = current_actor(desk)
    return actor if now_allowed.agent_id is None else now_allowed


def require_no_less(reader: Actor, before: Actor) -> None:
    """Raise NotAllowed where somebody reads no more all that they read: it may stand on their screen."""
    had, have = before.reach, reader.reach
    if have is None or (
        had is not None and {*had.departments} <= {*have.departments} and {*had.teams} <= {*have.teams}
    ):
        return
    raise NotAllowed("what you may read was changed", "start nightdesk again; drafts are kept")


def agents_with_address() -> list[Actor]:
    """Return the agents in service that have a mail address."""
    return actors_of(agent for agent in agents.every() if agent.active and agent.email)


def actor_of(agent: StoredAgent) -> Actor:
    """Return an agent as who acts."""
    return _actor(agent, agents.places_of(agent.id), teams.of_agent(agent.id))


def actors_of(people: Iterable[StoredAgent]) -> list[Actor]:
    """Return agents as who acts."""
    placed: dict[int, list[Place]] = {}
    for place in agents.places():
        placed.setdefault(place.agent_id, []).append(place)
    joined: dict[int, list[int]] = {}
    for member in teams.members():
        joined.setdefault(member.agent_id, []).append(member.team_id)
    return [_actor(each, placed.get(each.id, ()), joined.get(each.id, ())) for each in people]


def _actor(agent: StoredAgent, places: Iterable[Place], joined: Iterable[int]) -> Actor:
    return Actor(
        agent.id,
        agent.login,
        agent.name,
        agent.email,
        agent.department_id,
        frozenset(agent.actions),
        _with_parts(agent, {place.department_id: frozenset(place.actions) for place in places}),
        tuple(sorted(joined)),
    )


def _with_parts(
    agent: StoredAgent, places: Mapping[int, frozenset[str]]
) -> tuple[tuple[int, frozenset[str]], ...]:
    """Return where an agent works, with the parts of departments whose role counts there too.

    A role that they have in a part itself counts there instead; of two above it the nearer one.
    """
    own = {} if agent.department_id is None else {agent.department_id: frozenset(agent.actions)}
    granted = {**own, **places}
    if not any(BELOW in actions for actions in granted.values()):
        return tuple(places.items())
    rows = departments.every()
    found = dict(places)
    for each in rows:
        nearest = next((above for above in departments.above(each.id, rows) if above in granted), None)
        if nearest is not None and nearest != each.id and BELOW in granted[nearest]:
            found[each.id] = granted[nearest]
    return tuple(found.items())


def _agent(login: str) -> Actor:
    shown = one_line(login, 64)
    agent = agents.with_login(login)
    if agent is None:
        raise NotAllowed(
            f"'{shown}' is no agent of this desk",
            f"ask the admin: nightdesk agent add {shown} --name NAME --role ROLE",
        )
    if not agent.active:
        raise NotAllowed(
            f"the agent '{shown}' is switched off", f"ask the admin: nightdesk agent edit {shown} --active"
        )
    return actor_of(agent)


def full_name(login: str) -> str:
    """Return how the system calls a login's owner, in one line; the login where it does not know."""
    import pwd  # 0.1 ms, for who acts

    try:
        described = pwd.getpwnam(login).pw_gecos.split(",")[0]
    except KeyError:
        described = ""
    return one_line(described, 100) or login
