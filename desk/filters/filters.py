"""Filters as they are kept: added, changed, removed, listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desk import schedules
from desk.custom_fields.questions import all_asked
from desk.errors import NotFound, Refused, WrongUse
from desk.filters import actions
from desk.filters.facts import MAIL_FIELDS, condition
from desk.filters.variables import captured_by
from desk.permissions import FILTER, Actor, require
from desk.queries import parser
from desk.staff.names import given_name
from desk.tickets import query
from mail.inert import one_line
from models import events, topics
from models import filters as rows
from models.filters import TRIGGERS, StoredFilter, Trigger
from models.queries.tree import Condition, leaves
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class FilterLine:
    """A filter as lists show it."""

    name: str
    on: Trigger
    condition: str
    actions: tuple[str, ...]
    order: int
    stop: bool
    active: bool
    schedule: str = ""


def filters() -> list[FilterLine]:
    """Return all filters, in the order in which they run."""
    return [_line(each) for each in rows.every()]


def show(name: str) -> FilterLine:
    """Return the filter of that name; raises NotFound."""
    return _line(stored(name))


def add(
    actor: Actor,
    name: str,
    *,
    on: str,
    condition: str,
    then: Sequence[str],
    order: int = 100,
    stop: bool = False,
    active: bool = True,
    schedule: str = "",
) -> FilterLine:
    """Add a filter; its condition, patterns and actions are checked. Raises WrongUse, QueryError, Refused.

    ``schedule``: when one ``on`` time runs; empty: whenever the worker sweeps. One ``on`` status is asked of
    what changes from now on.
    """
    require(actor, "settings.edit")
    trigger = _trigger(on)
    with transaction():
        if rows.named(name) is not None:
            raise Refused(f"there is a filter '{one_line(name, 60)}' already", "nightdesk filter edit")
        wanted = _condition(condition, trigger)
        acting = [str(action) for action in actions.read(then, trigger, captured_by(wanted))]
        actions.refuse_in_vain(acting)
        rows.write(
            name=given_name(name),
            runs_on=trigger,
            condition=wanted,
            actions=acting,
            place=order,
            stops=stop,
            active=active,
            schedule=_schedule(schedule, trigger),
            after_event=events.newest(),
        )
        return show(given_name(name))


def edit(
    actor: Actor,
    name: str,
    *,
    on: str | None = None,
    condition: str | None = None,
    then: Sequence[str] | None = None,
    order: int | None = None,
    stop: bool | None = None,
    active: bool | None = None,
    schedule: str | None = None,
) -> FilterLine:
    """Change a filter; None leaves a value. Raises as `add` does, and NotFound."""
    require(actor, "settings.edit")
    with transaction():
        known = stored(name)
        trigger = known.runs_on if on is None else _trigger(on)
        values: dict[str, str | int | Sequence[str]] = {"runs_on": trigger}
        values["after_event"] = events.newest()
        wanted = known.condition if condition is None else condition
        values["condition"] = _condition(wanted, trigger)
        given = known.actions if then is None else then
        values["actions"] = acting = [str(each) for each in actions.read(given, trigger, captured_by(wanted))]
        if acting != list(known.actions) or (active and not known.active):
            actions.refuse_in_vain(acting)  # one that came to that later may be switched off, or moved
        values["schedule"] = _schedule(known.schedule if schedule is None else schedule, trigger)
        if order is not None:
            values["place"] = order
        if stop is not None:
            values["stops"] = stop
        if active is not None:
            values["active"] = active
        rows.change(known.id, values)
        return show(name)


def remove(actor: Actor, name: str) -> None:
    """Remove a filter; raises NotFound."""
    require(actor, "settings.edit")
    with transaction():
        rows.delete(stored(name).id)


def on_trial(name: str, condition: str | None, then: Sequence[str] | None) -> StoredFilter:
    """Return a filter to be tried: the stored one, with another condition or actions if they are given.

    One that is not stored is for new mail and needs both; raises NotFound without them.
    """
    known = rows.named(name)
    if known is None and (condition is None or then is None):
        raise NotFound(f"there is no filter '{one_line(name, 60)}'", "give --if and --then to try a new one")
    base = known or StoredFilter(0, name, "new", "", (), 100, stops=False, active=True)
    asked = base.condition if condition is None else _condition(condition, base.runs_on)
    acting = base.actions
    if then is not None:
        acting = [str(action) for action in actions.read(then, base.runs_on, captured_by(asked))]
        actions.refuse_in_vain(acting)
    return base._replace(condition=asked, actions=acting)


def stored(name: str) -> StoredFilter:
    """Return the filter of that name as it is stored; raises NotFound."""
    found = rows.named(name)
    if found is None:
        raise NotFound(f"there is no filter '{one_line(name, 60)}'", "nightdesk filter list")
    return found


def _condition(text: str, trigger: Trigger) -> str:
    if not text.strip():
        raise WrongUse("a filter needs a condition", "--if 'from:@news.example subject:newsletter'")
    if trigger in ("new", "reply"):
        condition(text)
        for leaf in leaves(parser.parse_condition(text, MAIL_FIELDS)):
            if isinstance(leaf, Condition) and leaf.field == "field":
                all_asked(map(str, leaf.values))
            if isinstance(leaf, Condition) and leaf.field == "topic":
                _require_topics(map(str, leaf.values))
    else:
        parser.parse_condition(text)
        tree = query.parse(text, FILTER).tree
        if trigger != "time" and any(
            isinstance(leaf, Condition) and leaf.field == "clock" for leaf in leaves(tree)
        ):
            raise WrongUse("a share of a clock's time is asked by the clock", "give --on time")
    return text.strip()


def _require_topics(values: Iterable[str]) -> None:
    """Raise WrongUse for a help topic that there is not: such a filter would never hold, and say nothing."""
    every = topics.every()
    known = {"none", *(each.name.lower() for each in every)}
    known |= {topics.path_of(each, every).lower() for each in every}
    for value in values:
        if value.lower().removesuffix("*").removesuffix("/") not in known:
            named = ", ".join(topics.path_of(each, every) for each in every) or "none yet"
            raise WrongUse(f"there is no topic '{one_line(value, 60)}'", f"topics: {named}")


def _schedule(text: str, trigger: Trigger) -> str:
    if text.strip() and trigger != "time":
        raise WrongUse(f"a filter on {trigger} has no schedule", "use --on time")
    if text.strip():
        schedules.parse(text)
    return text.strip()


def _trigger(text: str) -> Trigger:
    found = next((each for each in TRIGGERS if each == text), None)
    if found is None:
        raise WrongUse(f"filters do not run on '{one_line(text, 40)}'", f"use {', '.join(TRIGGERS)}")
    return found


def _line(each: StoredFilter) -> FilterLine:
    return FilterLine(
        each.name,
        each.runs_on,
        each.condition,
        tuple(each.actions),
        each.place,
        each.stops,
        each.active,
        each.schedule,
    )
