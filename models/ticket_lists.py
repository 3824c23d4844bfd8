"""The SQL of the ticket lists: pages by key, counts, filters; at a million tickets as at ten.

Two plans. *Walk*: follow an index in the order of the list and stop when the page is full; good when
many tickets match. *Narrow*: take the few tickets that the rarest condition leaves and sort those.
Bounded counts on indexes decide which. Every page is the same whichever plan made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from config.clock import now
from models.database import db
from models.fields import utc_text

FEW = 4000
"""Up to so many candidates are sorted; above it the index in list order finds a page sooner."""

TEXT_REACH = 10_000
"""Free words look at so many of the newest messages that contain them."""

Sql = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a filter, its names already resolved to ids.

    Kinds and values: state (statuses), owner (agent ids, 0 for nobody), priority (1 to 4), tag (names),
    from (address, @domain or part of a name), mailbox and department (ids, 0 for none), older and newer
    (seconds since the last activity), attachment, unread (agent id), overdue, words (FTS5 expression).
    """

    kind: str
    values: tuple[Any, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: the key's expressions, all in one direction, and the index that has them."""

    keys: tuple[str, ...]
    descending: bool
    index: str


ORDERS: dict[str, Order] = {
    "updated": Order(("t.updated", "t.id"), True, "ticket_by_updated"),
    "created": Order(("t.created", "t.id"), True, "ticket_by_created"),
    "priority": Order(("t.priority", "t.updated", "t.id"), True, "ticket_by_priority"),
    "due": Order(("coalesce(t.due, '9')", "t.id"), False, "ticket_by_due"),
}

_VIEWS: dict[str, tuple[str, str]] = {
    "inbox": ("t.assignee_id IS NULL AND t.status <> 'closed'", "ticket_assignee"),
    "mine": ("t.assignee_id = {agent} AND t.status <> 'closed'", "ticket_assignee"),
    "waiting": ("t.status = 'waiting'", "ticket_status"),
    "overdue": ("t.overdue = 1 AND t.status <> 'closed'", "ticket_overdue"),
    "open": ("t.status <> 'closed'", "ticket_open"),
    "closed": ("t.status = 'closed'", "ticket_status"),
    "all": ("", ""),
}

_COLUMNS = """t.id, t.number, t.subject, t.status, t.priority, c.name, c.email, a.name, t.updated, t.created,
 t.due, t.overdue, {unread}, t.message_count, t.attachment_count, m.address, d.name, h.name"""

_JOINS = """ JOIN contact c ON c.id = t.contact_id
 JOIN department d ON d.id = t.department_id
 LEFT JOIN agent a ON a.id = t.assignee_id
 LEFT JOIN mailbox m ON m.id = t.mailbox_id
 LEFT JOIN topic h ON h.id = t.topic_id"""


@dataclass(frozen=True, slots=True)
class TicketList:
    """Which tickets, in which order, as seen by which agent (0: nobody in particular)."""

    view: str
    terms: tuple[Term, ...]
    sort: str
    agent_id: int


def page(wanted: TicketList, anchor: tuple[Any, ...] | None, *, backwards: bool, limit: int) -> list[Any]:
    """Return up to `limit` rows behind `anchor` (before it when `backwards`), in list order.

    `anchor` is the key of a row (see `ORDERS`), or None for the first (last) page. The rows' columns are
    those of `_COLUMNS`.
    """
    order = ORDERS[wanted.sort]
    descending = order.descending is not backwards
    direction = " DESC" if descending else ""
    conditions = _conditions(wanted)
    if anchor is not None:
        marks = ", ".join("?" * len(order.keys))
        conditions.append((f"({', '.join(order.keys)}) {'<' if descending else '>'} ({marks})", anchor))
    source = _narrowest(wanted)
    if source is not None:
        tables: Sql = (f"({source[0]}) f CROSS JOIN ticket t ON t.id = f.id", source[1])
    else:
        tables = (f"ticket t INDEXED BY {_walked(wanted, order)}", ())
    ordering = ", ".join(key + direction for key in order.keys)
    inner = f"SELECT t.id AS id FROM {tables[0]}{_where(conditions)} ORDER BY {ordering} LIMIT ?"
    unread, seen, seen_by = _unread(wanted.agent_id)
    final = " DESC" if order.descending else ""
    sql = (
        f"SELECT {_COLUMNS.format(unread=unread)} FROM ({inner}) k CROSS JOIN ticket t ON t.id = k.id"
        f"{_JOINS}{seen} ORDER BY {', '.join(key + final for key in order.keys)}"
    )
    return list(db.execute_sql(sql, (*tables[1], *_values(conditions), limit, *seen_by)))


def count(wanted: TicketList) -> int:
    """Return how many tickets the list has."""
    if not wanted.terms and wanted.view == "all":
        return int(db.execute_sql("SELECT count(*) FROM ticket").fetchone()[0])
    conditions = _conditions(wanted)
    source = _narrowest(wanted)
    if source is not None:
        tables: Sql = (f"({source[0]}) f CROSS JOIN ticket t ON t.id = f.id", source[1])
    elif wanted.terms:
        tables = ("ticket t", ())
    else:
        tables = (f"ticket t INDEXED BY {_VIEWS[wanted.view][1]}", ())
    sql = f"SELECT count(*) FROM {tables[0]}{_where(conditions)}"
    return int(db.execute_sql(sql, (*tables[1], *_values(conditions))).fetchone()[0])


def view_counts(agent_id: int) -> dict[str, int]:
    """Return the number of tickets in every view, for this agent."""
    own = [view for view in _VIEWS if view != "closed"]
    counted = {view: count(TicketList(view, (), "updated", agent_id)) for view in own}
    counted["closed"] = counted["all"] - counted["open"]
    return {view: counted[view] for view in _VIEWS}


def tags_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of these tickets, in alphabetical order."""
    return _grouped(
        "SELECT ticket_id, name FROM ticket_tag WHERE ticket_id IN ({}) ORDER BY name", ticket_ids
    )


def collaborators_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the addresses of the people in Cc of these tickets."""
    sql = (
        "SELECT l.ticket_id, c.email FROM collaborator l JOIN contact c ON c.id = l.contact_id"
        " WHERE l.ticket_id IN ({}) ORDER BY c.email"
    )
    return _grouped(sql, ticket_ids)


def line_of(ticket_id: int, agent_id: int) -> Any:
    """Return one ticket's row as `page` has it, or None."""
    unread, seen, seen_by = _unread(agent_id)
    sql = f"SELECT {_COLUMNS.format(unread=unread)} FROM ticket t{_JOINS}{seen} WHERE t.id = ?"
    return db.execute_sql(sql, (*seen_by, ticket_id)).fetchone()


def key_of(
    sort: str, ticket_id: int, updated: str, created: str, priority: int, due: str | None
) -> tuple[Any, ...]:
    """Return the place of a ticket in a list of that order."""
    match sort:
        case "created":
            return (created, ticket_id)
        case "priority":
            return (priority, updated, ticket_id)
        case "due":
            return (due or "9", ticket_id)
        case _:
            return (updated, ticket_id)


def _grouped(sql: str, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        for ticket_id, text in db.execute_sql(sql.format(", ".join("?" * len(some))), tuple(some)):
            found.setdefault(ticket_id, []).append(text)
    return found


def _unread(agent_id: int) -> tuple[str, str, tuple[Any, ...]]:
    if not agent_id:
        return "t.status = 'new'", "", ()
    return (
        "coalesce(t.last_customer, t.created) > coalesce(s.at, '')",
        " LEFT JOIN seen s ON s.agent_id = ? AND s.ticket_id = t.id",
        (agent_id,),
    )


def _view(wanted: TicketList) -> str:
    return _VIEWS[wanted.view][0].format(agent=int(wanted.agent_id))


def _conditions(wanted: TicketList) -> list[Sql]:
    view = _view(wanted)
    conditions: list[Sql] = [(view, ())] if view else []
    for term in wanted.terms:
        sql, values = _condition(term)
        conditions.append((f"NOT ({sql})" if term.negated else sql, values))
    return conditions


def _where(conditions: list[Sql]) -> str:
    return " WHERE " + " AND ".join(sql for sql, _ in conditions) if conditions else ""


def _values(conditions: list[Sql]) -> tuple[Any, ...]:
    return tuple(value for _, values in conditions for value in values)


def _in(values: tuple[Any, ...]) -> str:
    return f"IN ({', '.join('?' * len(values))})"


def _condition(term: Term) -> Sql:
    values = term.values
    match term.kind:
        case "state":
            return f"t.status {_in(values)}", values
        case "owner":
            return f"coalesce(t.assignee_id, 0) {_in(values)}", values
        case "priority":
            return f"t.priority {_in(values)}", values
        case "mailbox":
            return f"coalesce(t.mailbox_id, 0) {_in(values)}", values
        case "department":
            return (
                f"(t.department_id {_in(values)} OR t.id IN"
                f" (SELECT ticket_id FROM ticket_referral WHERE department_id {_in(values)}))",
                values * 2,
            )
        case "tag":
            return (
                f"EXISTS (SELECT 1 FROM ticket_tag g WHERE g.ticket_id = t.id AND g.name {_in(values)})",
                values,
            )
        case "from":
            contacts, patterns = _contacts(values[0])
            return f"t.contact_id IN ({contacts})", patterns
        case "older":
            return "t.updated < ?", (_ago(values[0]),)
        case "newer":
            return "t.updated >= ?", (_ago(values[0]),)
        case "attachment":
            return "t.attachment_count > 0", ()
        case "overdue":
            return "(t.overdue = 1 AND t.status <> 'closed')", ()
        case "unread":
            if not values[0]:
                return "t.status = 'new'", ()
            return (
                "coalesce(t.last_customer, t.created) > coalesce("
                "(SELECT s.at FROM seen s WHERE s.agent_id = ? AND s.ticket_id = t.id), '')",
                values,
            )
        case "words":
            return f"t.id IN ({_WITH_WORDS})", (values[0], TEXT_REACH)
    raise ValueError(term.kind)


_WITH_WORDS = (
    "SELECT w.ticket_id FROM message w WHERE w.id IN"
    " (SELECT rowid FROM message_search WHERE message_search MATCH ? ORDER BY rowid DESC LIMIT ?)"
)


def _ago(seconds: int) -> str:
    return utc_text(now() - timedelta(seconds=seconds))


def _contacts(text: str) -> Sql:
    """The contacts that `from:` means: an address, everybody of a @domain, or a part of name or address."""
    if text.startswith("@"):
        sql = "SELECT id FROM contact WHERE substr(email, instr(email, '@') + 1) = ? COLLATE NOCASE"
        return sql, (text[1:],)
    if "@" in text:
        return "SELECT id FROM contact WHERE email = ?", (text,)
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    sql = "SELECT id FROM contact WHERE email LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\'"
    return sql, (pattern, pattern)


def _candidates(term: Term) -> Sql | None:
    """The ids that fulfil a term, when an index finds them."""
    values = term.values
    if term.negated:
        return None
    match term.kind:
        case "tag":
            return f"SELECT DISTINCT ticket_id AS id FROM ticket_tag WHERE name {_in(values)}", values
        case "from":
            contacts, patterns = _contacts(values[0])
            return f"SELECT id FROM ticket WHERE contact_id IN ({contacts})", patterns
        case "overdue":
            return "SELECT id FROM ticket WHERE overdue = 1 AND status <> 'closed'", ()
        case "state":
            return f"SELECT id FROM ticket WHERE status {_in(values)}", values
        case "words":
            return f"SELECT DISTINCT ticket_id AS id FROM ({_WITH_WORDS})", (values[0], TEXT_REACH)
    return None


def _narrowest(wanted: TicketList) -> Sql | None:
    """The smallest set of candidates, if one is small enough to be sorted; None: walk."""
    if not wanted.terms and wanted.sort == "updated":
        return None
    sources = [found for term in wanted.terms if (found := _candidates(term)) is not None]
    if wanted.view != "all":
        condition, index = _VIEWS[wanted.view]
        condition = condition.format(agent=int(wanted.agent_id))
        sources.append((f"SELECT t.id AS id FROM ticket t INDEXED BY {index} WHERE {condition}", ()))
    best: tuple[int, Sql] | None = None
    words: Sql | None = None
    for sql, values in sources:
        if "message_search" in sql:
            # Not worth a bounded count: beyond what the words found there is nothing to walk for.
            words = (sql, values)
            continue
        bound = FEW if best is None else best[0]
        row = db.execute_sql(f"SELECT count(*) FROM ({sql} LIMIT ?)", (*values, bound + 1)).fetchone()
        if row[0] <= bound and (best is None or row[0] < best[0]):
            best = (row[0], (sql, values))
    return words if best is None else best[1]


def _walked(wanted: TicketList, order: Order) -> str:
    """The index that has the list's order, and if possible the view's tickets only."""
    own = _VIEWS[wanted.view][1]
    return own if own and wanted.sort == "updated" else order.index
