"""Where filters, queues, listeners, notifications, settings and texts name a thing by its name.

What is named so is neither removed nor renamed: a filter that names what is gone does nothing, and nobody
sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from config.expressions import expression
from desk.errors import Refused, WrongUse
from desk.queries import parser
from desk.queries.fields import TICKET_FIELDS, Field
from mail.inert import one_line
from models import (
    canned_answers,
    departments,
    filters,
    listeners,
    notifications,
    queues,
    recurring,
    settings,
    teams,
    templates,
    topics,
)
from models.queries.tree import Condition, leaves

Kind = Literal[
    "status",
    "field",
    "team",
    "department",
    "topic",
    "SLA",
    "canned answer",
    "organization",
    "webhook",
    "push",
]


class _Words(NamedTuple):
    """How a kind of thing is named: by which field of queries, which action, as whom who is told."""

    condition: str = ""
    action: str = ""
    told: str = ""


_WORDS: Final[dict[str, _Words]] = {
    "status": _Words("status", "status"),
    "field": _Words("field", "field"),
    "team": _Words("team", "team", "team"),
    "department": _Words("department", "department"),
    "topic": _Words("topic", "topic"),
    "SLA": _Words("sla", "sla"),
    "canned answer": _Words(action="canned"),
    "organization": _Words("org"),
    "webhook": _Words(told="webhook"),
    "push": _Words(told="push"),
}
_AS_TEXT: Final = tuple(
    Field(name, "text", "", "", "", synonyms)
    for name, synonyms in (
        *((each.name, each.synonyms) for each in TICKET_FIELDS),
        *((name, ()) for name in ("door", "score", "relay", "cc", "open")),
    )
)
"""All fields of tickets and mail: what they are compared with is not looked up here."""
_COMPARED: Final = expression(r"\s*[=<>].*", re.DOTALL)
_SHOWN: Final = 3


def refuse_if_named(kind: Kind, *names: str) -> None:
    """Raise Refused where something names a thing; `names`: what it may be called."""
    _refuse(kind, names, _named(kind, names))


def refuse_if_given(kind: Kind, *names: str) -> None:
    """Raise Refused where a filter gives a thing to tickets, or tells it something."""
    _refuse(kind, names, (*_given(kind, names), *_opened_with(kind, names)))


def _refuse(kind: Kind, names: Iterable[str], found: Iterable[str]) -> None:
    places = list(dict.fromkeys(found))
    if places:
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        name = one_line(next(iter(names)), 60)
        raise Refused(
            f"the {kind} '{name}' is named by {', '.join(places[:_SHOWN])}{more}", "change that first"
        )


def _named(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    wanted = {each.strip().lower() for each in names}
    yield from _given(kind, names)
    for filter_ in filters.every():
        if _asks(kind, filter_.condition, wanted):
            yield f"the filter '{one_line(filter_.name, 60)}'"
    for queue in queues.every():
        shown = [*queue.columns, queue.sort.removeprefix("-")]
        columns = {each.removeprefix("field:") for each in shown if each.startswith("field:")}
        if _asks(kind, queue.query, wanted) or (kind == "field" and columns & wanted):
            yield f"the queue '{one_line(queue.name, 60)}'"
    for listener in listeners.every():
        if _asks(kind, listener.condition, wanted):
            yield f"the {listener.kind} '{one_line(listener.name, 60)}'"
    if kind == "field":
        for name, text in _texts():
            if any(_says(text, each) for each in wanted):
                yield name
    setting = {"topic": "tickets.default_topic", "SLA": "tickets.default_sla"}.get(kind)
    if setting is not None and str(settings.stored(setting) or "").lower() in wanted:
        yield f"the setting {setting}"
    if kind == "department":
        days = str(settings.stored("tickets.keep_days_in") or "").split(",")
        if not wanted.isdisjoint(each.rpartition("=")[0].strip().lower() for each in days):
            yield "the setting tickets.keep_days_in"


def _opened_with(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    """Yield the topics and recurring tickets that give a thing to new tickets; renamed, it is theirs too."""
    wanted = {each.strip().lower() for each in names}
    if kind in ("team", "status"):
        for topic in topics.every():
            team = teams.by_id(topic.team_id).name if topic.team_id else None
            if ((team if kind == "team" else topic.named_status) or "").lower() in wanted:
                yield f"the help topic {one_line(topic.name, 60)}"
    for each in recurring.every():
        has = {"department": each.department, "topic": each.topic, "SLA": each.sla, "team": each.team}
        if (has.get(kind) or "").lower() in wanted:
            yield f"the recurring ticket '{one_line(each.name, 60)}'"


def _given(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    wanted, words = {each.strip().lower() for each in names}, _WORDS[kind]
    for filter_ in filters.every():
        for action in filter_.actions:
            name, _, value = action.partition(":")
            if _is_given(kind, words, name, value, wanted):
                yield f"the filter '{one_line(filter_.name, 60)}'"
    if kind == "SLA":
        for department in departments.every():
            if (department.sla or "").lower() in wanted:
                yield f"the department {one_line(department.name, 60)}"
        for topic in topics.every():
            if (topic.sla or "").lower() in wanted:
                yield f"the help topic {one_line(topic.name, 60)}"
    if words.told == "team":
        told = {f"team:{each}" for each in wanted}
        for key, value in settings.every().items():
            if key.startswith("notify.") and told & _told(str(value)):
                yield f"the setting {key}"
        for row in notifications.every():
            if told & _told(row.whom):
                yield f"the notification of {row.event} for a {row.scope}"


def _is_given(kind: Kind, words: _Words, action: str, value: str, wanted: set[str]) -> bool:
    match action:
        case "notify":
            who, _, name = value.partition(":")
            return who == words.told and name.lower() in wanted
        case "mail":
            return kind == "canned answer" and value.partition("=")[2].strip().lower() in wanted
        case "field":
            return kind == "field" and value.partition("=")[0].strip().lower() in wanted
    return action == words.action and value.lower() in wanted


def _asks(kind: Kind, query: str, wanted: set[str]) -> bool:
    asked = _WORDS[kind].condition
    if not asked or ":" not in query:
        return False
    try:
        tree = parser.parse(query, _AS_TEXT)
    except WrongUse:
        return False
    return any(
        isinstance(leaf, Condition) and leaf.field == asked and not wanted.isdisjoint(_names(kind, leaf))
        for leaf in leaves(tree)
    )


def _names(kind: Kind, asked: Condition) -> Iterator[str]:
    """Return what a condition names, in lower case: of a department or topic also what it is a part of."""
    for value in map(str, asked.values):
        lowered = value.lower()
        if kind == "field":
            yield "_".join(_COMPARED.sub("", lowered).replace("-", " ").split())
            yield _COMPARED.sub("", lowered).strip()
        elif kind in ("department", "topic"):
            yield from (part.strip() for part in lowered.removesuffix("*").split("/"))
        else:
            yield lowered


def _texts() -> Iterator[tuple[str, str]]:
    for answer in canned_answers.every():
        yield f"the canned answer '{one_line(answer.name, 60)}'", answer.body
    for template in templates.every():
        yield f"the text '{template.name}' ({template.language})", template.body


def _says(text: str, field: str) -> bool:
    named = rf"\{{[{{%][^}}]*\bfields\b[^}}]*\b{re.escape(field)}\b"
    return bool(re.search(named, text, re.IGNORECASE))


def _told(words: str) -> set[str]:
    return {word.strip().lower() for word in words.split(",")}
