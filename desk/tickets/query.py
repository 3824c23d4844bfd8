"""The filter words of the ticket lists: ``state:open owner:me tag:vpn age:>2d printer``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from desk.errors import WrongUse
from desk.permissions import Actor
from mail.inert import one_line
from models.agents import Agent
from models.departments import Department
from models.mailboxes import Mailbox
from models.search import match_expression
from models.ticket_lists import Term
from models.tickets import PRIORITIES, STATUSES

WORDS: dict[str, str] = {
    "state": "new, open, waiting or closed; several with commas",
    "owner": "me, none or a login",
    "p": "low, normal, high or urgent",
    "tag": "a tag; several with commas: any of them",
    "from": "an address, @domain, or a part of a name",
    "mailbox": "an address of the desk, or its name",
    "department": "a department",
    "age": ">2d or <3h since the last activity (m, h, d, w)",
    "has": "attachment",
    "is": "unread or overdue",
}
"""Every filter word and what it takes, for help and for completion."""

_SYNONYMS = {"status": "state", "assignee": "owner", "priority": "p", "dept": "department"}
_TOKEN = re.compile(r'(?P<not>!*)(?P<key>[A-Za-z]+:)?(?:"(?P<phrase>[^"]*)"?|(?P<plain>[^\s"]*))')
_AGE = re.compile(r"([<>])(\d{1,6})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What was typed, and the conditions it means. All must hold."""

    text: str
    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


def completions(text: str) -> list[str]:
    """Return what the last word of a filter may go on as, with all that stands before it. Blocks."""
    # Every list is read by this module's terms; these two cost each of them 20 ms more to import.
    from desk.staff import agents, departments

    before, blank, word = text.rpartition(" ")
    bang = word[: len(word) - len(word.lstrip("!"))]
    key, colon, value = word.lstrip("!").partition(":")
    name = _SYNONYMS.get(key, key)
    if not colon:
        found = [f"{each}:" for each in (*WORDS, *_SYNONYMS) if each.startswith(key)]
    else:
        *listed, start = value.split(",")
        values: Sequence[str]
        match name:
            case "state":
                values = STATUSES
            case "owner":
                values = ["me", "none", *(agent.login for agent in agents.agents() if agent.active)]
            case "p":
                values = list(PRIORITIES.values())
            case "department":
                values = [_quoted(each.name) for each in departments.departments()]
            case _:
                values = {"has": ("attachment",), "is": ("unread", "overdue")}.get(name, ())
        found = [f"{key}:{','.join([*listed, each])}" for each in values if each.startswith(start)]
    return sorted(f"{before}{blank}{bang}{each}" for each in found)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def parse(text: str, actor: Actor) -> TicketFilter:
    """Read a filter as `actor` means it ("me", unread).

    Words of the form ``key:value`` are conditions, others are looked for in the messages; ``!`` in front
    negates. Quotes keep blanks and colons together: ``department:"Human Resources" "Re: printer"``.
    Raises WrongUse for an unknown word or name, with what was probably meant.
    """
    terms: list[Term] = []
    free: list[str] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _TOKEN.match(text, position)
        assert found is not None
        position = max(found.end(), position + 1)
        value = found["phrase"] if found["plain"] is None else found["plain"]
        negated = len(found["not"]) % 2 == 1
        key = (found["key"] or "").rstrip(":")
        if found["key"] and _is_condition(found["key"], value):
            terms.append(_condition(key, value, negated, actor))
            continue
        word = (found["key"] or "") + value
        word = f'"{word}"' if found["phrase"] is not None else word
        if negated:
            if expression := match_expression(word.lstrip("-")):
                terms.append(Term("words", (expression,), negated=True))
        elif word:
            free.append(word)
    if expression := match_expression(" ".join(free)):
        terms.append(Term("words", (expression,)))
    return TicketFilter(text.strip(), tuple(terms))


def _is_condition(key: str, value: str) -> bool:
    """Whether ``key:value`` is meant as a condition, not as text ("http://...", "Error:")."""
    name = key.rstrip(":").lower()
    if name in WORDS or name in _SYNONYMS:
        return True
    return bool(value) and not value.startswith("//")


def _condition(key: str, value: str, negated: bool, actor: Actor) -> Term:
    name = _SYNONYMS.get(key.lower(), key.lower())
    if name not in WORDS:
        raise WrongUse(
            f"there is no filter word '{one_line(key, 40)}:'",
            _meant(name, [*WORDS, *_SYNONYMS], ":")
            or f"use {', '.join(word + ':' for word in WORDS)}; put text with a colon in quotes",
        )
    if not value:
        raise WrongUse(f"{name}: needs a value", f"{name}: takes {WORDS[name]}")
    values = [part for part in value.split(",") if part]
    match name:
        case "state":
            return Term("state", _each(values, _state), negated)
        case "owner":
            return Term("owner", _each(values, lambda login: _owner(login, actor)), negated)
        case "p":
            return Term("priority", _each(values, _priority), negated)
        case "tag":
            return Term("tag", tuple(values), negated)
        case "from":
            return Term("from", (value,), negated)
        case "mailbox":
            return Term("mailbox", _each(values, _mailbox), negated)
        case "department":
            return Term("department", _each(values, _department), negated)
        case "age":
            return _age(value, negated)
        case "has":
            _choice(name, value, ("attachment",))
            return Term("attachment", (), negated)
    if _choice(name, value, ("unread", "overdue")) == "unread":
        return Term("unread", (actor.agent_id or 0,), negated)
    return Term("overdue", (), negated)


def _each(values: Iterable[str], resolve: Callable[[str], Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(resolve(value) for value in values)) or (resolve(""),)


def _choice(name: str, value: str, choices: Iterable[str]) -> str:
    """Return the choice that `value` is or begins; WrongUse when none or several."""
    known = list(choices)
    lowered = value.lower()
    if lowered in known:
        return lowered
    begun = [choice for choice in known if lowered and choice.startswith(lowered)]
    if len(begun) == 1:
        return begun[0]
    raise WrongUse(
        f"{name}: there is no '{one_line(value, 40)}'",
        _meant(lowered, known) or f"{name}: takes {', '.join(known)}",
    )


def _meant(word: str, known: Iterable[str], suffix: str = "") -> str:
    close = difflib.get_close_matches(word, list(known), 2, 0.6)
    return f"did you mean {' or '.join(name + suffix for name in close)}?" if close else ""


def _state(value: str) -> str:
    return _choice("state", value, STATUSES)


def _priority(value: str) -> int:
    names = {name: level for level, name in PRIORITIES.items()}
    if value.isdecimal() and int(value) in PRIORITIES:
        return int(value)
    return names[_choice("p", value, names)]


def _owner(login: str, actor: Actor) -> int:
    if login.lower() == "none":
        return 0
    if login.lower() == "me":
        return actor.agent_id or -1
    row = Agent.get_or_none(Agent.login == login)
    if row is not None:
        return int(row.id)
    logins = [agent.login for agent in Agent.select(Agent.login)]
    raise WrongUse(
        f"there is no agent '{one_line(login, 40)}'",
        _meant(login, ["me", "none", *logins]) or "owner: takes me, none or a login: nightdesk agent list",
    )


def _mailbox(text: str) -> int:
    lowered = text.lower()
    if lowered == "none":
        return 0
    rows = list(Mailbox.select(Mailbox.id, Mailbox.address, Mailbox.name))
    for fits in (
        lambda row: lowered in (row.address.lower(), row.name.lower()),
        lambda row: row.address.lower().split("@")[0] == lowered,
        lambda row: row.address.lower().startswith(lowered) or row.name.lower().startswith(lowered),
    ):
        found = [row for row in rows if lowered and fits(row)]
        if len(found) == 1:
            return int(found[0].id)
        if found:
            several = ", ".join(row.address for row in found[:4])
            raise WrongUse(f"mailbox: '{one_line(text, 40)}' is more than one", f"give one of {several}")
    known = [row.address for row in rows] + [row.name for row in rows if row.name]
    raise WrongUse(
        f"there is no mailbox '{one_line(text, 40)}'",
        _meant(text, known) or "the mailboxes are: " + (", ".join(known[:8]) or "none yet"),
    )


def _department(text: str) -> int:
    rows = list(Department.select(Department.id, Department.name))
    names = {row.name.lower(): int(row.id) for row in rows}
    return names[_choice("department", text, names)]


def _age(value: str, negated: bool) -> Term:
    found = _AGE.fullmatch(value.lower())
    if found is None:
        raise WrongUse(
            f"age: cannot read '{one_line(value, 40)}'",
            "write age:>2d (quiet for more than two days) or age:<3h; units m, h, d, w",
        )
    seconds = min(int(found[2]) * _SECONDS[found[3]], 10**9)
    return Term("older" if found[1] == ">" else "newer", (seconds,), negated)
