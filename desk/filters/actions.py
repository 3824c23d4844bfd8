"""What a filter may do: the actions of its ``--then``, read and checked when it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from desk.errors import WrongUse
from desk.tickets.changes import tag_name
from mail.inert import one_line
from models import agents, departments, slas, topics
from models.filters import Trigger
from models.tickets import PRIORITIES, STATUSES

ACTIONS: Final[dict[str, tuple[str, str]]] = {
    "reject": ("", "Reject the mail: no ticket, no message, no answer; a receipt tells by which filter."),
    "no-autoresponse": ("", "Do not acknowledge it."),
    "reply-to": ("", "Make whom Reply-To names the requester."),
    "department": ("NAME", "Put the ticket into a department."),
    "topic": ("NAME", "Give it a help topic."),
    "sla": ("NAME", "Give it an SLA."),
    "priority": ("LEVEL", "Give it a priority: low, normal, high or urgent."),
    "agent": ("LOGIN", "Give it to an agent."),
    "status": ("STATE", "Put it into a state: new, open, waiting or closed."),
    "close": ("", "Close it."),
    "tag": ("NAME", "Put a tag on it."),
    "note": ("TEXT", "Put an internal note on it."),
}
"""Each action with what follows its colon and what it does."""

_OF_NEW_MAIL: Final = ("no-autoresponse", "reply-to", "topic", "sla", "department")


@dataclass(frozen=True, slots=True)
class Action:
    """One action with its value."""

    name: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.value}" if self.value else self.name


def read(texts: Sequence[str], runs_on: Trigger) -> tuple[Action, ...]:
    """Read the actions of a filter. Raises WrongUse with what would be right."""
    found = tuple(_read(text, runs_on) for text in texts)
    if not found:
        raise WrongUse("a filter without an action does nothing", f"--then {', '.join(ACTIONS)}")
    return found


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
    return Action(name, _checked(name, value))


def _checked(name: str, value: str) -> str:
    match name:
        case "department":
            return _one_of(name, value, [each.name for each in departments.in_use()])
        case "topic":
            return _one_of(name, value, [each.name for each in topics.rules()])
        case "sla":
            return _one_of(name, value, [each.name for each in slas.every()])
        case "agent":
            return _one_of(name, value, [each.login for each in agents.every() if each.active])
        case "priority":
            return _one_of(name, value, PRIORITIES.values())
        case "status":
            return _one_of(name, value, STATUSES)
        case "tag":
            return tag_name(value)
    return value


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    names = list(known)
    found = next((each for each in names if each.lower() == value.lower()), None)
    if found is None:
        raise WrongUse(f"there is no {name} '{one_line(value, 40)}'", f"use {', '.join(names) or 'none yet'}")
    return found
