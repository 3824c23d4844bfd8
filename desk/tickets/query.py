"""What a query means where tickets are listed and searched: its names looked up, "me" being who asks."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from config.expressions import expression
from config.records import Record
from desk.permissions import THE_DESK, Actor
from desk.queries import fields, parser, times
from desk.queries.errors import BadValue, QueryError, UnknownName
from desk.queries.parser import choice, meant
from mail.inert import one_line
from models import departments, statuses, teams, ticket_lists, topics
from models.queries import names
from models.queries.names import Named
from models.queries.tree import (
    NOTHING,
    All,
    Condition,
    Counted,
    Either,
    Node,
    Not,
    Value,
    Word,
    all_of,
    either_of,
    not_of,
)
from models.tickets import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from desk.custom_fields.definitions import FieldLine

WORDS: dict[str, str] = {field.name: field.takes for field in fields.TICKET_FIELDS}
"""Every filter word and what it takes, for help and for completion."""

_MOST_OFFERED = 40
_SHARE = expression(r"(>=|<=|>|<)(\d{1,4})\s?%", re.ASCII)
_COMPARES: dict[str, Callable[[float, int], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class TicketQuery(Record):
    """What was typed, and the query it means, its names looked up."""

    text: str
    tree: Node

    def __bool__(self) -> bool:
        return self.tree != NOTHING

    @property
    def names_state(self) -> bool:
        """Whether it says in which state tickets are: then it is asked of closed ones too."""
        return ticket_lists.names_state(self.tree)


def parse(text: str, actor: Actor, zone: tzinfo = UTC) -> TicketQuery:
    """Read a query as `actor` means it ("me", unread), its dates in a time zone.

    Raises QueryError for what cannot be read and for an unknown field or name, with what was probably meant.
    """
    return TicketQuery(text.strip(), _resolved(parser.parse(text), actor, zone))


def parse_or_words(text: str, actor: Actor, zone: tzinfo = UTC) -> tuple[TicketQuery, QueryError | None]:
    """Read a query; what cannot be read is looked for as it stands, and why is returned too."""
    try:
        return parse(text, actor, zone), None
    except QueryError as error:
        return TicketQuery(text.strip(), parser.as_words(text)), error


def completions(text: str, reader: Actor = THE_DESK) -> list[str]:
    """Return what the last word of a query may go on as, with all that stands before it. Blocks.

    Whoever does not read all departments is offered no tags and no addresses, which may be of any of them.
    """
    before, blank, word = text.rpartition(" ")
    signs = word[: len(word) - len(word.lstrip("!-("))]
    key, colon, value = word.lstrip("!-(").partition(":")
    if not colon:
        found = [f"{each}:" for each in fields.names() if each.startswith(key)]
    else:
        *listed, start = value.split(",")
        found = [
            f"{key}:{','.join([*listed, each])}"
            for each in _values(fields.named(key), start, reader)
            if each.lower().startswith(start.lower())
        ]
    return sorted(f"{before}{blank}{signs}{each}" for each in found)


def _values(field: fields.Field | None, start: str, reader: Actor) -> Sequence[str]:
    """Return what may stand behind the colon of a field, as far as it can be listed."""
    if field is None or (field.name in ("tag", "from", "to") and reader.reads is not None):
        return ()
    match field.name:
        case "owner":
            # Every list is read by this module's conditions; this costs each of them 20 ms more to import.
            from desk.staff import agents

            return ["me", "none", *(agent.login for agent in agents.agents() if agent.active)]
        case "team":
            return ["me", "none", *(_quoted(each.name) for each in names.teams())]
        case "department":
            rows = departments.every()
            return [_quoted(departments.path_of(each.id, rows)) for each in rows]
        case "status":
            return [*STATUSES, *(_quoted(each.name) for each in statuses.every() if each.active)]
        case "topic":
            found = topics.every()
            return ["none", *(_quoted(topics.path_of(each, found)) for each in found)]
        case "sla":
            return ["none", *(_quoted(each.name) for each in names.slas())]
        case "org":
            return [_quoted(each.name) for each in names.organizations()]
        case "mailbox":
            return ["none", *(each.address for each in names.mailboxes())]
        case "field":
            # 8 ms, for queries that ask of the desk's own fields.
            from desk.custom_fields.definitions import fields as own_fields

            return [offered for each in own_fields() if each.active for offered in _asked_of(each)]
        case "tag":
            return [_quoted(each) for each in names.tags(start, _MOST_OFFERED)]
        case "from" | "to":
            return names.addresses(start, _MOST_OFFERED) if start else ()
    return field.choices


def _asked_of(field: FieldLine) -> list[str]:
    """Return what may be asked of a field of the desk's own, as far as it can be listed."""
    choices = {"yesno": ("yes", "no"), "choice": field.choices}.get(field.kind, ())
    return [field.name, *(_quoted(f"{field.name}={each}") for each in choices)]


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def _resolved(node: Node, actor: Actor, zone: tzinfo) -> Node:
    """Return the query with ids, moments and stored words for values."""
    match node:
        case Not(part):
            return not_of(_resolved(part, actor, zone))
        case All(parts):
            return all_of(_resolved(part, actor, zone) for part in parts)
        case Either(parts):
            return either_of(_resolved(part, actor, zone) for part in parts)
        case Word():
            return node
    if node.field == "age":
        node = Condition("updated", node.values, node.comparison, node.position)
    field = fields.named(node.field)
    assert field is not None
    if field.kind == "time":
        return times.resolved(node, zone, ahead=field.name == "due")
    position = node.position
    lookup: Callable[[str], Value]
    match field.name:
        case "state":
            if "any" in node.values:
                return Condition("state", STATUSES, "is", position)
            return node
        case "status":
            return _of_status(node)
        case "p":
            levels: dict[str, int] = {name: level for level, name in PRIORITIES.items()}
            lookup = levels.__getitem__
        case "owner":
            lookup = _owner(actor, position)
        case "team":
            return _of_teams(node, actor)
        case "mailbox":
            lookup = _mailbox(position)
        case "department":
            return Condition("department", _departments(node), "is", position)
        case "org":
            lookup = _one_of("organization", names.organizations(), position)
        case "topic":
            return Condition("topic", _topics(node), "is", position)
        case "sla":
            if share := _share(node):
                return share
            lookup = _one_of("SLA", names.slas(), position, none=True)
        case "field":
            # 8 ms, for queries that ask of the desk's own fields.
            from desk.custom_fields.questions import all_asked

            tests = all_asked(map(str, node.values), zone, position)
            return Condition("field", tuple(dict.fromkeys(tests)))
        case _:
            return node
    values = tuple(dict.fromkeys(lookup(str(value)) for value in node.values))
    return Condition(field.name, values, "is", position)


def _share(node: Condition) -> Condition | None:
    """Return what is asked of the share of a clock that is over (``>75%``); None where a plan is named."""
    said = [_SHARE.fullmatch(str(value)) for value in node.values]
    if not any(said):
        return None
    found = said[0]
    if found is None or len(said) > 1:
        raise BadValue("sla: takes one share of the time", "write sla:>75%", node.position)
    # 3 ms, for queries that ask of clocks.
    from desk.tickets.clocks import with_share

    compare, bound = _COMPARES[found[1]], int(found[2])
    counted = Counted(found[0], lambda moment: with_share(lambda share: compare(share, bound), moment))
    return Condition("clock", (counted,), "is", node.position)


def _departments(node: Condition) -> tuple[Value, ...]:
    """Return the departments that are named: by name or path, with /* behind it its parts too."""
    rows = departments.every()
    known = {departments.path_of(each.id, rows).lower(): each.id for each in rows}
    known |= {each.name.lower(): each.id for each in rows}
    return _with_parts("department", node, known, lambda each: departments.below(each, rows))


def _topics(node: Condition) -> tuple[Value, ...]:
    """Return the help topics that are named, as departments are; 0 for none."""
    rows = topics.every()
    known = {topics.path_of(each, rows).lower(): each.id for each in rows}
    known |= {each.name.lower(): each.id for each in rows} | {"none": 0}
    return _with_parts("topic", node, known, lambda each: topics.below(each, rows))


def _with_parts(
    name: str, node: Condition, known: Mapping[str, int], below: Callable[[int], list[int]]
) -> tuple[Value, ...]:
    found: list[Value] = []
    for value in map(str, node.values):
        whole = value.endswith("/*") or (value.endswith("/") and len(value) > 1)
        bare = value.removesuffix("*").removesuffix("/") if whole else value
        meant_id = known[choice(name, bare, known, node.position)]
        found += below(meant_id) if whole else [meant_id]
    return tuple(dict.fromkeys(found))


def _of_status(node: Condition) -> Node:
    """Return what a status means: a state, or a name of the desk's own within one."""
    own = {each.name.lower(): each.id for each in statuses.every()}
    words = [choice("status", str(each), ["any", *STATUSES, *own], node.position) for each in node.values]
    states = STATUSES if "any" in words else tuple(dict.fromkeys(each for each in words if each not in own))
    named = tuple(dict.fromkeys(own[each] for each in words if each in own))
    return either_of(
        Condition(field, values, "is", node.position)
        for field, values in (("state", states), ("status", named))
        if values
    )


def _owner(actor: Actor, position: int) -> Callable[[str], int]:
    known = {each.name.lower(): each.id for each in names.agents()}

    def lookup(login: str) -> int:
        lowered = login.lower()
        if lowered == "none":
            return 0
        if lowered == "me":
            return actor.agent_id or -1
        if lowered in known:
            return known[lowered]
        raise UnknownName(
            f"there is no agent '{one_line(login, 40)}'",
            meant(lowered, ["me", "none", *known])
            or "owner: takes me, none or a login: nightdesk agent list",
            position,
        )

    return lookup


def _of_teams(node: Condition, actor: Actor) -> Condition:
    lookup = _one_of("team", names.teams(), node.position, none=True)
    found: list[int] = []
    for value in node.values:
        if str(value).lower() == "me":
            # Whoever belongs to no team asks for the tickets of none that there is.
            found += [] if actor.agent_id is None else teams.of_agent(actor.agent_id)
            found.append(-1)
        else:
            found.append(lookup(str(value)))
    return Condition("team", tuple(dict.fromkeys(found)), "is", node.position)


def _one_of(name: str, rows: Iterable[Named], position: int, *, none: bool = False) -> Callable[[str], int]:
    known = {each.name.lower(): each.id for each in rows}
    if none:
        known["none"] = 0
    return lambda text: known[choice(name, text, known, position)]


def _mailbox(position: int) -> Callable[[str], int]:
    rows = names.mailboxes()

    def lookup(text: str) -> int:
        lowered = text.lower()
        if lowered == "none":
            return 0
        for fits in (
            lambda row: lowered in (row.address.lower(), row.name.lower()),
            lambda row: row.address.lower().split("@")[0] == lowered,
            lambda row: row.address.lower().startswith(lowered) or row.name.lower().startswith(lowered),
        ):
            found = [row for row in rows if lowered and fits(row)]
            if len(found) == 1:
                return found[0].id
            if found:
                several = ", ".join(row.address for row in found[:4])
                raise UnknownName(
                    f"mailbox: '{one_line(text, 40)}' is more than one", f"give one of {several}", position
                )
        known = [row.address for row in rows] + [row.name for row in rows if row.name]
        raise UnknownName(
            f"there is no mailbox '{one_line(text, 40)}'",
            meant(text, known) or "the mailboxes are: " + (", ".join(known[:8]) or "none yet"),
            position,
        )

    return lookup
