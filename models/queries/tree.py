"""A query as a tree: what lists, searches, saved queues and filters ask, whoever wrote it.

As written, the values of a condition are text. Once its names are known (`desk.tickets.query`) they are what
rows are compared with: ids, priorities, and times as `Moment`. `All` of nothing is a query that asks nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

Comparison = Literal["is", "<", "<=", ">", ">=", ".."]


@dataclass(frozen=True, slots=True)
class Ago:
    """So many seconds before the moment somebody asks; below zero: after it."""

    seconds: int

    def at(self, moment: datetime) -> datetime:
        """Return the time it is when asked at `moment`."""
        return moment - timedelta(seconds=self.seconds)


Unit = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Midnight:
    """The beginning of a day, week (on Monday), ... in a time zone: the current one, or so many later."""

    unit: Unit
    later: int
    zone: tzinfo

    def at(self, moment: datetime) -> datetime:
        """Return the time it is when asked at `moment`."""
        day = moment.astimezone(self.zone).date()
        return datetime.combine(self._first(day), time(), self.zone).astimezone(UTC)

    def _first(self, day: date) -> date:
        if self.unit == "day":
            return day + timedelta(days=self.later)
        if self.unit == "week":
            return day + timedelta(days=7 * self.later - day.weekday())
        months = {"month": 1, "quarter": 3, "year": 12}[self.unit]
        since = (day.year * 12 + day.month - 1) // months * months + months * self.later
        return date(since // 12, since % 12 + 1, 1)


Moment = datetime | Ago | Midnight


def day_of(moment: Moment, asked_at: datetime) -> str:
    """Return the day it is then, as 2026-11-30, when asked at a moment."""
    at = moment if isinstance(moment, datetime) else moment.at(asked_at)
    zone = moment.zone if isinstance(moment, Midnight) else asked_at.tzinfo
    return at.astimezone(zone).date().isoformat()


Bound = tuple[str, str | float | Moment]
"""A comparison (``=``, ``<``, ``<=``, ``>``, ``>=``, or ``has`` for a part of a text) and what with."""


@dataclass(frozen=True, slots=True)
class FieldTest:
    """What is asked of a custom field: that it has a value, within all the bounds."""

    field_id: int
    of: Literal["ticket", "contact"]
    numeric: bool
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is asked about tickets' deadlines, which only their SLAs can tell: the ids that meet it."""

    said: str
    ids: Callable[[datetime], Sequence[int]] = dataclasses.field(compare=False, repr=False)
    """Asked at a moment."""


Value = str | int | Moment | FieldTest | Counted | None


@dataclass(frozen=True, slots=True)
class Word:
    """A word to look for in messages: the beginning of one, or ``whole`` words that stand together."""

    text: str
    whole: bool = False
    position: int = dataclasses.field(default=0, compare=False, repr=False)
    """Where it stands in what was typed, in characters from 0; so for all leaves."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field and what it is compared with; of several values one is enough.

    A time is between two values (``..``): from the first on, before the second; None is open.
    """

    field: str
    values: tuple[Value, ...]
    comparison: Comparison = "is"
    position: int = dataclasses.field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of its part."""

    part: Node


@dataclass(frozen=True, slots=True)
class All:
    """The condition that all parts hold; words side by side are words of one message."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """The condition that at least one part holds."""

    parts: tuple[Node, ...]


Node = Word | Condition | Not | All | Either
NOTHING = All(())


def all_of(parts: Iterable[Node]) -> Node:
    """Return the condition that all parts hold, in its shortest form."""
    flat = list(_flat(parts, All))
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def either_of(parts: Iterable[Node]) -> Node:
    """Return the condition that at least one part holds, in its shortest form."""
    flat = list(_flat(parts, Either))
    return flat[0] if len(flat) == 1 else Either(tuple(flat))


def not_of(part: Node) -> Node:
    """Return the opposite of a part, in its shortest form."""
    return part.part if isinstance(part, Not) else Not(part)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Return the parts that must all hold."""
    return node.parts if isinstance(node, All) else (node,)


def leaves(node: Node) -> Iterator[Word | Condition]:
    """Return every word and condition, from left to right."""
    if isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, All | Either):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def _flat(parts: Iterable[Node], kind: type[All] | type[Either]) -> Iterable[Node]:
    found: dict[Node, None] = {}
    for part in parts:
        inner = part.parts if isinstance(part, kind) else (part,)
        found.update(dict.fromkeys(inner))
    return found
