"""What a filter may do: the actions of its ``--then``, read and checked when it is saved.

Some values may name what the condition's patterns caught, and what every mail has: ``{host}``, ``{from}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from config.clock import now
from desk import statuses
from desk.custom_fields import values
from desk.custom_fields.definitions import named
from desk.errors import Refused, WrongUse
from desk.filters.variables import OF_EVERY_MAIL, named_as_in_texts, named_in
from desk.own_addresses import read_own_addresses
from desk.queries.times import age
from desk.settings import PEOPLE, address_list
from desk.staff.owners import why_never_told, why_not
from desk.tickets import snoozing
from desk.tickets.changes import tag_name
from desk.tickets.fields import read_assignment
from desk.tickets.participants import people_in
from mail.inert import one_line
from models import agents, canned_answers, departments, listeners, slas, teams, topics
from models.filters import Trigger
from models.tickets import PRIORITIES

ACTIONS: Final[dict[str, tuple[str, str]]] = {
    "reject": ("", "Reject the mail: no ticket, no message, no answer; a receipt tells by which filter."),
    "no-autoresponse": ("", "Do not acknowledge it."),
    "canned": ("NAME", "Answer with a canned answer, where it would be acknowledged."),
    "mail": (
        "WHO=NAME",
        "Mail a canned answer to requester, an agent (agent:LOGIN) or an address of your own people.",
    ),
    "notify": (
        "WHO",
        "Have department, assignee, manager, agent:LOGIN, team:NAME, webhook:NAME or push:NAME told.",
    ),
    "reply-to": ("", "Make whom Reply-To names the requester."),
    "department": ("NAME", "Put the ticket into a department."),
    "topic": ("NAME", "Give it a help topic."),
    "sla": ("NAME", "Give it an SLA."),
    "priority": ("LEVEL", "Give it a priority: low, normal, high or urgent."),
    "agent": ("LOGIN", "Give it to an agent."),
    "team": ("NAME", "Give it to a team."),
    "status": ("STATUS", "Put it into a state, new, open, waiting or closed, or a status of your own."),
    "close": ("", "Close it."),
    "close-after": (
        "AGE",
        "Tell the requester that it is closed after 3d unless they write, and close it then. Not for mail.",
    ),
    "tag": ("NAME", "Put a tag on it."),
    "field": ("NAME=VALUE", "Write a value into a field of your own; nothing behind = empties it."),
    "note": ("TEXT", "Put an internal note on it."),
    "collaborator": ("ADDRESS", "Put somebody into Cc of it."),
    "snooze": ("WHEN", "Put it out of the way until 3h, 2d, tomorrow, monday, answer or event."),
    "spam": ("", "Call it spam: it is closed, nobody is answered, and it is deleted later."),
    "ban": ("", "Ban who asked: all their mail is rejected from then on."),
    "merge": (
        "KEY",
        "Give it to the ticket with the same key, if that is open; else a new ticket has the key.",
    ),
    "reopen": ("AGE", "With merge: open the ticket with the key again, if it was closed less than 2h ago."),
}
"""Each action with what follows its colon and what it does."""

_OF_NEW_MAIL: Final = ("no-autoresponse", "reply-to", "merge", "reopen")
_NOT_OF_MAIL: Final = ("close-after",)
_OF_MAIL: Final = ("reject", "canned", *_OF_NEW_MAIL)
WITH_VARIABLES: Final = ("tag", "field", "note", "merge")
"""Actions of mail whose value may have variables."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action with its value."""

    name: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.value}" if self.value else self.name


def read(texts: Sequence[str], runs_on: Trigger, captured: Collection[str] = ()) -> tuple[Action, ...]:
    """Read the actions of a filter whose condition catches these variables. Raises WrongUse with a hint."""
    found = tuple(_read(text, runs_on) for text in texts)
    for action in found:
        if action.name not in WITH_VARIABLES or runs_on not in ("new", "reply"):
            continue
        known = {*OF_EVERY_MAIL, *captured}
        doubled = named_as_in_texts(action.value) & known
        if doubled:
            name = sorted(doubled)[0]
            raise WrongUse(f"{{{{{name}}}}} has a pair of braces too many", f"write {{{name}}}")
        unknown = named_in(action.value) - known
        if unknown:
            name = sorted(unknown)[0]
            raise WrongUse(
                f"nothing catches {{{name}}}",
                f"write a pattern with (?P<{name}>...) in --if, or use {', '.join(OF_EVERY_MAIL)}",
            )
    if any(each.name == "reopen" for each in found) and not any(each.name == "merge" for each in found):
        raise WrongUse("reopen goes with merge", "--then merge:KEY --then reopen:2h")
    if not found:
        raise WrongUse("a filter without an action does nothing", f"--then {', '.join(ACTIONS)}")
    return found


def refuse_in_vain(actions: Sequence[str]) -> None:
    """Raise Refused for actions that give a ticket to, or tell of it, who may not have or read it."""
    why = why_nobody_has_it(actions) or why_nobody_is_told(actions)
    if why:
        raise Refused(why, "name another agent, or nightdesk agent edit LOGIN --in DEPARTMENT=ROLE")


def why_nobody_has_it(actions: Iterable[str]) -> str:
    """Return why the agent of these actions cannot have a ticket of their department; '' where they can."""
    said = dict(each.split(":", 1) for each in actions if ":" in each)
    agent, place = agents.with_login(said.get("agent", "")), departments.named(said.get("department", ""))
    team = teams.named(said.get("team", ""))
    if agent is None or place is None:
        return ""
    return why_not(agent, place.id, None if team is None else team.id)


def why_nobody_is_told(actions: Iterable[str]) -> str:
    """Return why who these actions tell cannot read a ticket of their department; '' where they can."""
    named = [each.partition(":")[::2] for each in actions]
    said = dict(named)
    place, team = departments.named(said.get("department", "")), teams.named(said.get("team", ""))
    if place is None:
        return ""
    told = [value.partition("=")[0] for name, value in named if name in ("notify", "mail")]
    return why_never_told(told, place.id, None if team is None else team.id)


def _read(text: str, runs_on: Trigger) -> Action:
    name, _, value = text.strip().partition(":")
    name, value = name.strip().lower(), value.strip()
    if name not in ACTIONS:
        raise WrongUse(f"there is no action '{one_line(text, 40)}'", f"use {', '.join(ACTIONS)}")
    takes = ACTIONS[name][0]
    if bool(takes) != bool(value):
        raise WrongUse(
            f"the action {name} {'needs a value' if takes else 'takes no value'}",
            f"write {name}:{takes}" if takes else f"write {name}",
        )
    if runs_on == "reply" and name in _OF_NEW_MAIL:
        raise WrongUse(f"{name} is for new tickets", "use --on new")
    if runs_on in ("new", "reply") and name in _NOT_OF_MAIL:
        raise WrongUse(f"{name} is not for mail", "use --on time")
    if runs_on in ("status", "time") and name in _OF_MAIL:
        raise WrongUse(f"{name} is for mail", "use --on new")
    return Action(name, _checked(name, value))


def _checked(name: str, value: str) -> str:
    match name:
        case "department":
            place = departments.named(value)
            known = [each.name for each in departments.in_use()]
            return _one_of(name, value if place is None else place.name, known)
        case "topic":
            topic = topics.named(value)
            known = [each.name for each in topics.rules()]
            return _one_of(name, value if topic is None else topic.name, known)
        case "sla":
            return _one_of(name, value, [each.name for each in slas.every()])
        case "agent":
            return _one_of(name, value, [each.login for each in agents.every() if each.active])
        case "team":
            return _one_of(name, value, [each.name for each in teams.every() if each.active])
        case "canned":
            return _whole_answer(value)
        case "mail":
            who, _, answer = value.partition("=")
            return f"{_mailed(who.strip())}={_whole_answer(answer.strip())}"
        case "notify":
            return _told(value)
        case "priority":
            return _one_of(name, value, PRIORITIES.values())
        case "status":
            return _one_of(name, value, statuses.names())
        case "tag":
            return value if named_in(value) else tag_name(value)
        case "field":
            return _field(value)
        case "collaborator":
            people_in([value])
        case "snooze":
            snoozing.until(value, now(), UTC)
        case "reopen" | "close-after":
            age(value)
    return value


def _field(value: str) -> str:
    """Return what is to stand in a field, checked as far as no mail has a say in it."""
    name, text = read_assignment(value)
    field = named(name, "ticket")
    if not named_in(text):
        values.read(field, text)
    return f"{field.name}={text}"


def _whole_answer(value: str) -> str:
    name = _one_of("canned", value, [each.name for each in canned_answers.every()])
    found = canned_answers.named(name)
    if found is not None and "cursor" in found.body:
        raise WrongUse(f"the canned answer '{name}' leaves a place for somebody", "use one that is whole")
    return name


def _mailed(who: str) -> str:
    if who.lower() == "requester":
        return "requester"
    if who.lower().startswith("agent:"):
        return _told(who)
    [address, *others] = address_list(who) or [""]
    if not address or others:
        raise WrongUse(f"'{one_line(who, 60)}' is nobody to mail", "use requester, agent:LOGIN or an address")
    if read_own_addresses().is_own(address):
        raise WrongUse(f"{address} is an address of the desk itself", "notify:WHO tells agents")
    return address


def _told(who: str) -> str:
    kind, colon, name = who.partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if not colon and kind in PEOPLE:
        return kind
    if kind == "agent":
        return f"agent:{_one_of(kind, name, [each.login for each in agents.every() if each.active])}"
    if kind == "team" and colon:
        return f"team:{_one_of(kind, name, [each.name for each in teams.every() if each.active])}"
    if kind in ("webhook", "push") and colon:
        known = [each.name for each in listeners.every() if each.kind == kind and each.agent_id is None]
        return f"{kind}:{_one_of(kind, name, known)}"
    raise WrongUse(
        f"'{one_line(who, 60)}' is nobody to tell",
        f"use {', '.join(PEOPLE)}, agent:LOGIN, team:NAME, webhook:NAME or push:NAME",
    )


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    names = list(known)
    found = next((each for each in names if each.lower() == value.lower()), None)
    if found is None:
        raise WrongUse(f"there is no {name} '{one_line(value, 40)}'", f"use {', '.join(names) or 'none yet'}")
    return found
