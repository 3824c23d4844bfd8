"""Jinja2's language for texts, cut down to what can take neither time nor memory: no calls, no arithmetic.

Jinja2 itself is 40 ms: it is imported when a text is checked or rendered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from desk.errors import Refused
from mail.inert import clean

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

LONGEST_SOURCE: Final = 20_000
LONGEST_RESULT: Final = 200_000
LONGEST_FACT: Final = 20_000
SECONDS: Final = 1.0
"""Of the processor: what else the machine does is no fault of the text."""
_LONGEST_BETWEEN: Final = 20
_DEEPEST: Final = 150

FACTS: Final[Mapping[str, Mapping[str, str]]] = {
    "ticket": {
        "number": "its number",
        "subject": "its subject",
        "status": "new, open, waiting or closed",
        "priority": "low, normal, high or urgent",
        "department": "the department's name",
        "topic": "the help topic, or empty",
        "tags": "the tags, a list",
        "created": "the day it came, as 2026-11-20",
    },
    "requester": {"name": "the requester's name, or address without one", "email": "the requester's address"},
    "agent": {"name": "the name of the agent who acts", "login": "their login", "email": "their address"},
    "owner": {"name": "the name of the ticket's owner, or empty", "login": "their login, or empty"},
    "message": {
        "text": "what the customer wrote last, without what it quotes",
        "sender": "who wrote that",
        "email": "their address",
        "subject": "its subject",
        "at": "when they wrote it, as 2026-11-20 09:12 CET",
    },
}
"""What a text about a ticket may name, as ``ticket.number``, and what that is."""

OTHER_FACTS: Final[Mapping[str, Mapping[str, str]]] = {
    "away": {"name": "the name of the agent who is away", "login": "their login"},
    "commands": {"refused": "what an agent's mail asked for in vain, and why, a list"},
    "mailbox": {
        "address": "its address",
        "since": "since when it is so",
        "until": "since when it works again",
        "tries": "how often it was tried",
        "next": "when it is tried again",
        "waiting": "how many mails wait in the outbox",
        "error": "what the server said, or the desk",
        "advice": "what to do, in English",
        "way": "the server that it sends through",
        "at": "when the mail was written",
    },
    "login": {
        "address": "the mailbox's address",
        "state": "refused, failing or ending",
        "since": "since when it is so",
        "ends": "when the login ends",
        "expires": "until when mail still comes and goes",
        "provider": "who keeps it, as google",
        "owner": "whose login it is, or empty",
        "error": "what the provider said, or empty",
        "advice": "what to do, in English, or empty",
    },
    "listener": {
        "kind": "webhook or push",
        "name": "its name",
        "place": "where it is",
        "since": "since when it failed",
        "days": "for how many days that is enough; 0: it said that it is gone for good",
        "error": "what it said last, or empty",
    },
    "replica": {
        "store": "where it is kept",
        "since": "since when it gets nothing, or got nothing",
        "newest": "of when its newest moment is, or -",
        "tries": "how often it was tried",
        "next": "when it is tried again",
        "error": "what the store said",
        "advice": "what to do, in English",
    },
    "report": {
        "name": "departments, topics, agents, teams, tags, mailboxes or days",
        "since": "the first day",
        "until": "the last one",
    },
}
"""What the texts may name that are about no ticket, or about more than it."""

ALL_FACTS: Final[Mapping[str, Mapping[str, str]]] = {**FACTS, **OTHER_FACTS}

OWN_FIELDS: Final = "fields"
"""The group of the fields that a desk has of its own, as ``fields.serial``: each desk knows which."""

CURSOR: Final = "cursor"
"""A place where the writer goes on: ``{{ cursor }}`` or ``{{ cursor("serial number") }}``."""

_FILTERS: Final = (
    "upper",
    "lower",
    "title",
    "trim",
    "default",
    "d",
    "join",
    "first",
    "last",
    "length",
    "count",
)
_TESTS: Final = ("defined", "none", "string", "in")
_ALLOWED: Final = (
    *("Template", "Output", "TemplateData", "Name", "Getattr", "Const", "Filter", "Test", "If", "CondExpr"),
    *("Compare", "Operand", "And", "Or", "Not", "For", "Call", "Pair"),
)
_BEGIN, _END = "\ue000", "\ue001"
_PLACE: Final = expression(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")


class BrokenTemplate(Refused):
    """A text that cannot be saved or rendered; says where and why."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text with the facts in it; ``places``: labels of those for the writer, in it as ``[[label]]``."""

    text: str
    places: tuple[str, ...] = ()


def check(
    source: str,
    what: str = "the text",
    known: Mapping[str, Mapping[str, str]] = FACTS,
    *,
    places: bool = True,
) -> None:
    """Raise BrokenTemplate unless the text can be rendered with the ``known`` facts, within the bounds.

    Without ``places`` there is no writer who could fill one.
    """
    from jinja2 import TemplateError  # 40 ms, for texts that are checked or rendered

    if len(source) > LONGEST_SOURCE:
        raise BrokenTemplate(f"{what} has more than {LONGEST_SOURCE} characters", "make it shorter")
    if any(sign in source for sign in (_BEGIN, _END)):
        raise BrokenTemplate(f"{what} has characters of private use", "write {{ cursor }} for a place")
    environment = _environment()
    try:
        tree = environment.parse(source)
        _Walk(known, what, frozenset([CURSOR]) if places else frozenset()).into(tree)
        environment.compile(tree)
    except (TemplateError, RecursionError, SyntaxError, ValueError) as error:  # 5,000 digits are no number
        number = getattr(error, "lineno", None)
        line = f", line {number}" if number else ""
        raise BrokenTemplate(f"{what}{line}: {str(error).rstrip('.')}", "see docs/templates.md") from error


def render(
    source: str,
    facts: Mapping[str, Mapping[str, Any]],
    what: str = "the text",
    known: Mapping[str, Mapping[str, str]] = ALL_FACTS,
) -> Rendered:
    """Return the text with the ``known`` facts in it, inert.

    Raises BrokenTemplate, also where it gets too long.
    """
    names = {**known, OWN_FIELDS: dict.fromkeys(facts.get(OWN_FIELDS, ()), "")}
    template = _checked(source, what, tuple((group, tuple(inside)) for group, inside in names.items()))
    from jinja2 import TemplateError  # 40 ms, for texts that are checked or rendered

    given = {
        group: {name: _bounded(value) for name, value in values.items()} for group, values in facts.items()
    }
    pieces: list[str] = []
    size, until = 0, time.thread_time() + SECONDS
    try:
        for piece in template.generate(**given, cursor=_Cursor()):
            size += len(piece)
            if size > LONGEST_RESULT or time.thread_time() > until:
                raise BrokenTemplate(f"{what} becomes too long", "make it shorter")
            pieces.append(piece)
    except (TemplateError, TypeError, ValueError, RecursionError) as error:
        raise BrokenTemplate(f"{what}: {str(error).rstrip('.')}", "see docs/templates.md") from error
    return _with_places("".join(pieces))


@lru_cache(maxsize=32)
def _checked(source: str, what: str, known: tuple[tuple[str, tuple[str, ...]], ...]) -> Template:
    """Return a text ready to be rendered: one that is rendered for many tickets is read once."""
    check(source, what, {group: dict.fromkeys(names, "") for group, names in known})
    return _environment().from_string(source)


class _Cursor:
    """Stands for a place of the writer, with a label or without one."""

    def __str__(self) -> str:
        return self("")

    def __call__(self, label: str = "") -> str:
        return f"{_BEGIN}{' '.join(label.split())[:60] or '...'}{_END}"


def _with_places(text: str) -> Rendered:
    places = tuple(dict.fromkeys(_PLACE.findall(text)))
    return Rendered(clean(_PLACE.sub(lambda found: f"[[{found[1]}]]", text)), places)


def _bounded(value: Any) -> Any:
    """Return a fact in plain types, cut: no object of ours is in a text's reach."""
    if isinstance(value, str):
        return value[:LONGEST_FACT].translate({ord(_BEGIN): None, ord(_END): None})
    if isinstance(value, Sequence):
        return [_bounded(each) for each in value[:100]]
    return value if isinstance(value, bool | int) or value is None else str(value)


def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined  # 40 ms, for texts that are checked or rendered
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, trim_blocks=True
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    made.tests = {name: made.tests[name] for name in _TESTS}
    return made


def _check_join(node: Any, line: str) -> None:
    """Refuse what multiplies: texts between the letters of texts, as often as somebody writes it."""
    said = [*node.args, *(each.value for each in node.kwargs)]
    short = all(type(each).__name__ == "Const" and len(str(each.value)) <= _LONGEST_BETWEEN for each in said)
    if not short or type(node.node).__name__ != "Getattr":
        raise BrokenTemplate(f"{line}: join takes a list and a few letters", '{{ ticket.tags|join(", ") }}')


@dataclass(frozen=True, slots=True)
class _Walk:
    """Refuses whatever is not on the short list: what remains takes as long as the text is."""

    known: Mapping[str, Mapping[str, str]]
    what: str
    names: frozenset[str]
    in_loop: bool = False

    def into(self, node: Any, depth: int = 0) -> None:
        """Look at a part of the text and all in it."""
        kind, line = type(node).__name__, f"{self.what}, line {node.lineno}"
        if depth > _DEEPEST:  # to compile 3,000 filters behind one another takes half a minute
            raise BrokenTemplate(f"{line}: too much stands in one another", "make it simpler")
        if kind not in _ALLOWED:
            raise BrokenTemplate(
                f"{line}: {kind} is not for texts", "name facts, if, for and a few filters only"
            )
        if kind == "Filter" and node.name == "join":
            _check_join(node, line)
        if kind == "Call":
            _check_call(node, line, self.names)
        elif kind == "Getattr":
            self._fact(node, line)
        elif kind == "Name" and node.ctx == "load" and node.name not in self.names:
            raise BrokenTemplate(f"{line}: there is no '{node.name}'", f"there are {self._listed()}")
        else:
            inner = self._loop(node, line) if kind == "For" else self
            for child in node.iter_child_nodes():
                inner.into(child, depth + 1)

    def _loop(self, node: Any, line: str) -> _Walk:
        if self.in_loop or node.recursive or type(node.iter).__name__ != "Getattr":
            raise BrokenTemplate(
                f"{line}: for goes once through a list, as ticket.tags", "see docs/templates.md"
            )
        if type(node.target).__name__ != "Name":
            raise BrokenTemplate(f"{line}: for takes one name", "see docs/templates.md")
        return _Walk(self.known, self.what, self.names | {node.target.name}, True)

    def _fact(self, node: Any, line: str) -> None:
        group = node.node.name if type(node.node).__name__ == "Name" else ""
        if node.attr not in self.known.get(group, {}):
            said = f"{group}.{node.attr}" if group else node.attr
            raise BrokenTemplate(f"{line}: there is no '{said}'", f"there are {self._listed()}")

    def _listed(self) -> str:
        return ", ".join(f"{group}.{name}" for group, names in self.known.items() for name in names)


def _check_call(node: Any, line: str, names: frozenset[str]) -> None:
    constants = all(type(each).__name__ == "Const" and isinstance(each.value, str) for each in node.args)
    named = type(node.node).__name__ == "Name" and node.node.name == CURSOR and CURSOR in names
    if not named or not constants or len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise BrokenTemplate(f'{line}: only cursor("...") is called', "see docs/templates.md")


def names() -> Iterator[tuple[str, str]]:
    """Yield each fact as a text names it, and what it is."""
    for group, facts in ALL_FACTS.items():
        for name, words in facts.items():
            yield f"{group}.{name}", words
