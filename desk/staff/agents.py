"""Agents: who works at the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from config import clock
from config.expressions import expression
from desk import quiet_times, schedules
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.given import given_text
from desk.own_addresses import read_own_addresses
from desk.permissions import EVERYTHING, Actor, require
from desk.settings import address_list
from desk.staff import preferences, vacation
from desk.staff.departments import department_id_of
from desk.staff.names import given_name
from desk.staff.owners import refuse_stand_in, unread_by_stand_in
from desk.staff.roles import role_named
from desk.staff.vacation import Vacation
from desk.zones import zone_name
from mail.inert import one_line
from models import agents as rows
from models.agents import Place, StoredAgent
from models.fields import utc_text
from models.notices import KINDS
from models.transactions import transaction

_DAILY = expression(r"daily(?: at)? (\d{1,2}):(\d{2})")
_LOGIN = expression(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent as lists show them; `department` None: of all departments."""

    id: int
    login: str
    name: str
    email: str
    role: str
    department: str | None
    departments: tuple[tuple[str, str], ...]
    """Where they work, each with their role there; () is everywhere."""
    active: bool
    created: datetime
    away: bool
    """Whether they are away now."""
    notify: tuple[str, ...]
    """Of what they are mailed, as far as the desk's settings mean them."""
    quiet: str = ""
    """When they are mailed nothing, see `desk.quiet_times`; they get it all afterwards in one mail."""
    digest: str = ""
    """When they are mailed what happened, see `desk.schedules`; '' is at once."""
    zone: str = ""
    """The time zone of both, and of vacations; '' is the desk's."""
    away_from: datetime | None = None
    away_until: datetime | None = None
    """When the vacation that they are on, or plan, begins and ends, as far as that was said."""
    stand_in: str | None = None
    """The login of who is told in their place while they are away."""
    language: str = ""
    """In which language they are mailed; '' is the desk's."""
    signature: str = ""
    """What stands below their answers."""

    @property
    def untold(self) -> str:
        """Of what nobody is told while they are away, as their stand-in may not read it: departments."""
        if self.stand_in is None:
            return ""
        return unread_by_stand_in(_stored(self.login), _stored(self.stand_in))[0]

    def away_words(self, desk_zone: tzinfo) -> str:
        """Return that they are away, until when, and who stands in; '' when they are there."""
        told = Vacation(None, self.away_until)
        return vacation.words(told, _zone(self.zone, desk_zone), self.stand_in) if self.away else ""


def agents() -> list[AgentLine]:
    """Return all agents, by login."""
    placed: dict[int, list[Place]] = {}
    for place in rows.places():
        placed.setdefault(place.agent_id, []).append(place)
    everybody = rows.every()
    logins = {row.id: row.login for row in everybody}
    return [_agent_line(row, placed.get(row.id, ()), logins) for row in everybody]


def agent(login: str) -> AgentLine:
    """Return one agent. Raises NotFound."""
    return _line_of(_stored(login))


def remove_agent(actor: Actor, login: str) -> AgentLine:
    """Take an agent out of service; what they wrote and have stays. Raises as `edit_agent`."""
    return edit_agent(actor, login, active=False)


def add_agent(
    actor: Actor,
    login: str,
    *,
    name: str = "",
    email: str = "",
    role: str = "Admin",
    department: str | None = None,
    places: Mapping[str, str] | None = None,
) -> AgentLine:
    """Add an agent; `login` is the Unix login or what ``NIGHTDESK_AGENT`` says.

    `places`: the departments they work in, each with their role there; see `edit_agent`.
    """
    require(actor, "agent.edit")
    if not _LOGIN.fullmatch(login):
        raise WrongUse(f"'{one_line(login, 60)}' is no login", "use letters, digits and _.@-")
    with transaction():
        if rows.with_login(login) is not None:
            raise Refused(f"there is an agent {login} already", f"nightdesk agent edit {login}")
        rows.write(
            login=login,
            name=given_name(name or login),
            email=_email(email),
            role_id=role_named(role).id,
            department_id=department_id_of(department),
            created=utc_text(clock.now()),
        )
        _place(_stored(login), places or {})
        return _line_of(_stored(login))


def edit_agent(
    actor: Actor,
    login: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    department: str | None = None,
    active: bool | None = None,
    away: bool | None = None,
    notify: Sequence[str] | None = None,
    places: Mapping[str, str] | None = None,
    signature: str | None = None,
    from_name: str | None = None,
    quiet: str | None = None,
    digest: str | None = None,
    zone: str | None = None,
    away_from: str | None = None,
    away_until: str | None = None,
    stand_in: str | None = None,
    language: str | None = None,
    desk_zone: tzinfo = UTC,
) -> AgentLine:
    """Change an agent; None leaves a value, the department ``""`` means all departments.

    `places`: departments, each with the agent's role there, ``""`` to leave it. They read no others. Who
    worked everywhere has the first of them for their own, and its role for theirs.

    ``from_name``: whose name stands in From of their mail, where the desk lets them choose.

    ``active``: who is switched off or on is an agent by hand from then on, whatever their groups say.

    ``away``, from and until a day or time of theirs: mailed nothing and given nothing meanwhile, but
    ``stand_in`` (a login) is; ``notify``: the kinds of notice that they are mailed of; ``quiet``,
    ``digest`` and ``zone``: when, as `AgentLine` says, ``""`` for at once and the desk's zone;
    ``language``: in which, ``""`` for the desk's.
    Raises Refused when nobody would be left who may change agents.
    """
    require(actor, "agent.edit")
    with transaction():
        known = _stored(login)
        values: dict[str, str | int | None] = {}
        if name is not None:
            values["name"] = given_name(name)
        if role is not None:
            values["role_id"] = role_named(role).id
        if department is not None:
            values["department_id"] = department_id_of(department)
            for each in rows.places_of(known.id):
                if values["department_id"] in (None, each.department_id):
                    rows.leave(known.id, each.department_id)
        if active is not None and active != known.active:
            # A group does not switch on again who was switched off by hand.
            values |= {"active": active, "by_group": False}
        if signature is not None:
            values["signature"] = _signature(signature)
        if email is not None or (known.active if active is None else active):
            values["email"] = _email(known.email if email is None else email)
        rows.change(known.id, values)
        _place(_stored(login), places or {})
        chosen = _chosen(known.preferences, notify)
        chosen = {**chosen, **_times(quiet, digest, zone, language)}
        if from_name is not None:
            chosen = {**chosen, preferences.FROM_NAME: _from_name(from_name)}
        # Who stands in is asked of what the agent reads now.
        chosen = _with_vacation(_stored(login), chosen, away, away_from, away_until, stand_in, desk_zone)
        if chosen != known.preferences:
            rows.set_preferences(known.id, chosen)
        row = _stored(login)
        if actor.agent_id == row.id and not (row.active and set(row.actions) & {EVERYTHING, "agent.edit"}):
            raise Refused(
                "that would take away your own right to change agents", "ask another admin to do it"
            )
        return _line_of(row)


def _from_name(wanted: str) -> str:
    if wanted not in preferences.FROM_NAMES:
        raise WrongUse(
            f"From has no name '{one_line(wanted, 40)}'", f"use {', '.join(preferences.FROM_NAMES)}"
        )
    return wanted


def set_own_vacation(
    actor: Actor,
    desk_zone: tzinfo,
    *,
    away: bool | None = None,
    away_from: str | None = None,
    away_until: str | None = None,
    stand_in: str | None = None,
) -> AgentLine:
    """Say when one is away oneself, as `edit_agent` does. Raises NotAllowed for who is no agent, WrongUse."""
    with transaction():
        known = rows.with_login(actor.login)
        if known is None:
            raise NotAllowed(f"{actor.login} is no agent", f"nightdesk agent add {actor.login}")
        chosen = dict(known.preferences)
        if away:
            chosen = vacation.kept(chosen, None)
        chosen = _with_vacation(known, chosen, away, away_from, away_until, stand_in, desk_zone)
        rows.set_preferences(known.id, chosen)
        return _line_of(_stored(known.login))


def set_own_times(
    actor: Actor,
    *,
    quiet: str | None = None,
    digest: str | None = None,
    notify: Sequence[str] | None = None,
    zone: str | None = None,
    language: str | None = None,
) -> AgentLine:
    """Say when, of what and in which language one is mailed oneself, as `edit_agent` does.

    None leaves it. Raises NotAllowed.
    """
    with transaction():
        known = rows.with_login(actor.login)
        if known is None:
            raise NotAllowed(f"{actor.login} is no agent", f"nightdesk agent add {actor.login}")
        chosen = {**_chosen(known.preferences, notify), **_times(quiet, digest, zone, language)}
        rows.set_preferences(known.id, chosen)
        return _line_of(_stored(known.login))


def set_own_signature(actor: Actor, signature: str) -> AgentLine:
    """Say what stands below one's own answers; empty is nothing. Raises NotAllowed for who is no agent."""
    with transaction():
        known = rows.with_login(actor.login)
        if known is None:
            raise NotAllowed(f"{actor.login} is no agent", f"nightdesk agent add {actor.login}")
        rows.change(known.id, {"signature": _signature(signature)})
        return _line_of(_stored(known.login))


def _signature(text: str) -> str:
    return given_text("the signature", text, 2_000).strip()


def _with_vacation(
    agent: StoredAgent,
    preferences: dict[str, Any],
    away: bool | None,
    away_from: str | None,
    away_until: str | None,
    stand_in: str | None,
    desk_zone: tzinfo,
) -> dict[str, Any]:
    """Return preferences with what was said of a vacation; a day for it means that there is one."""
    chosen = preferences
    if stand_in is not None:
        chosen = vacation.with_stand_in(chosen, _stand_in_id(agent, stand_in))
    if away is False:
        return vacation.kept(chosen, None)
    if away is None and not away_from and not away_until and vacation.of(chosen, clock.now()) is None:
        return chosen
    if away is None and away_from is None and away_until is None:
        return chosen
    zone = _zone(str(chosen.get("zone") or ""), desk_zone)
    planned = vacation.of(chosen, clock.now()) or Vacation()
    begins, ends = planned.begins, planned.ends
    if away_from is not None:
        begins = vacation.begin_of(away_from, zone) if away_from.strip() else None
    if away_until is not None:
        ends = vacation.end_of(away_until, zone) if away_until.strip() else None
    if ends is not None and ends <= max(clock.now(), begins or clock.now()):
        raise WrongUse("the vacation would be over before it begins", "give a later day as the last one")
    return vacation.kept(chosen, Vacation(begins, ends))


def _stand_in_id(agent: StoredAgent, login: str) -> int | None:
    if not login.strip():
        return None
    found = rows.with_login(login.strip())
    if found is None or not found.active:
        known = ", ".join(each.login for each in rows.every() if each.active and each.id != agent.id)
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", f"agents: {known or 'none yet'}")
    if found.id == agent.id:
        raise WrongUse("nobody stands in for themselves", "name another agent")
    if found.id != vacation.stand_in_of(agent.preferences):
        refuse_stand_in(agent, found)
    return found.id


def zone_of(line: AgentLine, desk_zone: tzinfo) -> tzinfo:
    """Return the time zone that an agent reads times in."""
    return _zone(line.zone, desk_zone)


def _zone(name: str, desk_zone: tzinfo) -> tzinfo:
    return clock.zone(name) if name else desk_zone


def _place(agent: StoredAgent, places: Mapping[str, str]) -> None:
    """Give an agent their roles in departments, in the caller's transaction."""
    own = agent.department_id
    for name, role in places.items():
        department_id = department_id_of(name)
        if department_id is None:
            raise WrongUse("the department has no name", "--in DEPARTMENT=ROLE")
        if not role:
            if department_id == own:
                raise Refused(
                    f"{one_line(name, 60)} is {agent.login}'s own department",
                    "--department D names another one, '' lets their role count everywhere",
                )
            rows.leave(agent.id, department_id)
            continue
        granted = role_named(role)
        if EVERYTHING in granted.actions:
            raise WrongUse(f"{granted.name} is everywhere", f"--role {granted.name}, without a department")
        if own in (None, department_id):
            own = department_id
            rows.change(agent.id, {"department_id": own, "role_id": granted.id})
        else:
            rows.set_place(agent.id, department_id, granted.id)


def _stored(login: str) -> StoredAgent:
    row = rows.with_login(login)
    if row is None:
        raise NotFound(f"there is no agent {one_line(login, 60)}", "nightdesk agent list")
    return row


def _line_of(row: StoredAgent) -> AgentLine:
    return _agent_line(row, rows.places_of(row.id), {each.id: each.login for each in rows.every()})


def _agent_line(row: StoredAgent, places: Sequence[Place], logins: Mapping[int, str]) -> AgentLine:
    own = () if row.department is None or EVERYTHING in row.actions else ((row.department, row.role),)
    beside = [(place.department, place.role) for place in places] if own else []
    planned = vacation.of(row.preferences, clock.now())
    return AgentLine(
        id=row.id,
        login=row.login,
        name=row.name,
        email=row.email,
        role=row.role,
        department=row.department,
        departments=(*own, *beside),
        active=row.active,
        created=row.created,
        away=vacation.is_away(row.preferences, clock.now()),
        notify=tuple(row.preferences.get("notify", KINDS)),
        quiet=str(row.preferences.get("quiet") or ""),
        digest=str(row.preferences.get("digest") or ""),
        zone=str(row.preferences.get("zone") or ""),
        away_from=None if planned is None else planned.begins,
        away_until=None if planned is None else planned.ends,
        stand_in=logins.get(vacation.stand_in_of(row.preferences) or 0),
        language=preferences.mail_language(row.preferences),
        signature=row.signature,
    )


def _times(quiet: str | None, digest: str | None, zone: str | None, language: str | None) -> dict[str, str]:
    """Return when and how an agent is mailed, as far as it was said. Raises WrongUse."""
    chosen = {}
    if quiet is not None:
        chosen["quiet"] = quiet_times.parse(quiet).text
    if digest is not None:
        chosen["digest"] = digest_schedule(digest)
    if zone is not None:
        chosen["zone"] = zone_name(zone)
    if language is not None:
        from desk.templates.texts import checked_language  # 3 ms, for agents who choose one

        chosen[preferences.LANGUAGE] = checked_language(language) if language.strip() else ""
    return chosen


def digest_schedule(text: str) -> str:
    """Return when a digest comes as a schedule is kept; '' and ``now`` are at once. Raises WrongUse."""
    word = " ".join(text.lower().split())
    if word in ("", "now", "at once"):
        return ""
    if word == "hourly":
        return "@hourly"
    if found := _DAILY.fullmatch(word):
        if int(found[1]) > 23 or int(found[2]) > 59:
            raise WrongUse(f"{found[1]}:{found[2]} is no time of day", "write daily 08:00, up to daily 23:59")
        return schedules.parse(f"{int(found[2])} {int(found[1])} * * *").text
    return schedules.parse(text).text


def _chosen(preferences: Mapping[str, Any], notify: Sequence[str] | None) -> dict[str, Any]:
    chosen = dict(preferences)
    if notify is not None:
        unknown = [kind for kind in notify if kind not in KINDS]
        if unknown:
            raise WrongUse(
                f"agents are mailed of no '{one_line(unknown[0], 40)}'", f"use all, none, {', '.join(KINDS)}"
            )
        chosen["notify"] = [kind for kind in KINDS if kind in notify]
    return chosen


def _email(text: str) -> str:
    found = address_list(text)
    if len(found) > 1:
        raise WrongUse("an agent has one mail address", "give one")
    if found and read_own_addresses().is_own(found[0]):
        raise Refused(f"{found[0]} is an address of the desk itself", "an agent has an address of their own")
    return found[0] if found else ""
