"""The ticket list: one line a ticket, in the columns of the frames."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Self

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from config.records import Record
from desk.staff.preferences import ListColumn
from desk.tickets import lists
from desk.tickets.lists import OWN_FIELD, ListQuery, TicketLine
from tui.presence import Company
from tui.text.safe import cell, shortened
from tui.text.times import age, span
from tui.widgets.virtual_list import PAGE, Look, VirtualList

PRIORITY_MARKS = {1: "-", 2: "", 3: "!", 4: "!!"}
STATUS_WORDS = {"new": "new", "open": "open", "waiting": "wait", "closed": "done"}
WITH_OWNER = 88
"""From this width on the list has a column for the owner."""
WITH_MORE = 116
"""From this width on it has columns for the last touch, the promise and the tags."""

NUMBER = 5
LEAST_SUBJECT = 20
"""Of columns that an agent chose, the last ones give way until the subject has so many cells."""


class Column(Record):
    """A column as it is laid out: its name in the language of lists, its title, and its cells."""

    name: str
    title: str
    cells: int
    right: bool = False


KNOWN = {
    column.name: column
    for column in (
        Column("number", "#", NUMBER),
        Column("priority", "P", 2),
        Column("state", "State", 5),
        Column("subject", "Subject", 0),
        Column("requester", "From", 17),
        Column("assignee", "Owner", 7),
        Column("tags", "Tags", 14),
        Column("due", "Due", 5, right=True),
        Column("updated", "Last", 5, right=True),
        Column("waiting", "Wait", 4, right=True),
        Column("created", "Made", 5, right=True),
        Column("messages", "Msgs", 4, right=True),
        Column("department", "Dept", 12),
        Column("mailbox", "Mailbox", 16),
        Column("topic", "Topic", 12),
        Column("team", "Team", 10),
        Column("status", "Status", 10),
    )
}
"""What the list can show, in the order in which it is offered; the subject takes the room that is left."""
USUAL = (
    "number",
    "priority",
    "state",
    "subject",
    "requester",
    "assignee",
    "tags",
    "due",
    "updated",
    "waiting",
)
FROM_WIDTH = {"assignee": WITH_OWNER, "tags": WITH_MORE, "due": WITH_MORE, "updated": WITH_MORE}
"""From which width on there is room for some of the usual ones."""
OWN = 10
"""Cells of a field of the desk's own that a queue has as a column."""


def waited(row: TicketLine, now: datetime) -> str:
    """Return how long the customer has waited for an answer; ``-`` when nobody waits.

    Of a closed ticket it is how long ago it was touched last.
    """
    if row.status == "closed":
        return age(row.updated, now)
    return "-" if row.waiting_since is None else age(row.waiting_since, now)


def promised(row: TicketLine, now: datetime) -> str:
    """Return what is left of the nearest promise: ``48m``, ``-2h`` when it is broken, ``-`` without one.

    ``pause``: its clocks stand still.
    """
    if row.due is None or row.status == "closed":
        return "pause" if row.paused and row.status != "closed" else "-"
    return f"{'-' if row.due < now else ''}{span(row.due - now, short=True)}"


def _field(row: TicketLine, column: str) -> str:
    value = row.fields.get(column.removeprefix(OWN_FIELD))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


class TicketPages:
    """The tickets of a query, page by page."""

    def __init__(self, query: ListQuery) -> None:
        self.query = query
        self._ahead: Sequence[TicketLine] | None = None

    def ahead(self) -> Self:
        """Read the first page now; the next call of `first` returns it."""
        self._ahead = lists.page(self.query, limit=PAGE)
        return self

    def first(self, limit: int) -> Sequence[TicketLine]:
        """Return the first tickets."""
        ahead, self._ahead = self._ahead, None
        return lists.page(self.query, limit=limit) if ahead is None else ahead

    def last(self, limit: int) -> Sequence[TicketLine]:
        """Return the last tickets, in the order of the list."""
        return lists.last_page(self.query, limit)

    def after(self, row: TicketLine, limit: int) -> Sequence[TicketLine]:
        """Return the tickets after this one."""
        return lists.page(self.query, after=lists.anchor_of(row, self.query.sort), limit=limit)

    def before(self, row: TicketLine, limit: int) -> Sequence[TicketLine]:
        """Return the tickets before this one."""
        return lists.page(self.query, before=lists.anchor_of(row, self.query.sort), limit=limit)

    def all(self, limit: int) -> list[TicketLine]:
        """Return up to `limit` tickets, from the first on."""
        found: list[TicketLine] = list(self.first(min(limit, 500)))
        while found and len(found) < limit:
            more = self.after(found[-1], min(limit - len(found), 500))
            if not more:
                break
            found.extend(more)
        return found


class TicketList(VirtualList[TicketLine]):
    """Tickets with cursor and marks; ``N`` unread, ``*`` marked, ``@`` mine.

    ``^`` is the number's sign where it is pinned.
    Before the number stands ``w`` where another agent writes, ``o`` where one has it open (`company`).
    """

    def __init__(self, me: frozenset[str], now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(markable=True, id=id)
        self._me = me
        self._now = now
        self.company = Company()
        self.number_width = NUMBER
        self.columns: frozenset[str] = frozenset()
        """Of the usual columns that need room (`FROM_WIDTH`) only these; none: all of them."""
        self.own: tuple[ListColumn, ...] = ()
        """The agent's own columns in their order; none: the usual ones."""

    def row_key(self, row: TicketLine) -> Hashable:
        """Return the ticket's number."""
        return row.number

    def row_line(self, row: TicketLine, width: int, look: Look) -> list[tuple[str, str]]:
        """Return the columns of a ticket, as many as there is room for."""
        flag = "*" if look.marked else "@" if row.assignee in self._me else " "
        now, late = self._now(), "error" if row.overdue else ""
        unread = "bold" if row.unread else ""
        urgent = "error" if row.priority == 4 else "warning" if row.priority == 3 else ""
        done = "dim" if row.status == "closed" else late
        pieces = [
            (f"{'>' if look.here else ' '}{'N' if row.unread else ' '}{flag}", "bold"),
            (self.company.mark(row.number), "warning"),
        ]
        columns = self.laid_out(width)
        for column in columns:
            match column.name:
                case "number":
                    text, style = f"{'^' if row.pinned else '#'}{row.number}", unread
                case "priority":
                    text, style = PRIORITY_MARKS[row.priority], urgent
                case "state":
                    word = row.named_status or STATUS_WORDS[row.status]
                    text = shortened(word, column.cells - row.overdue) + "!" * row.overdue
                    style = done
                case "subject":
                    text, style = shortened(row.subject or "(no subject)", column.cells), unread
                case "requester":
                    vip = "VIP " if row.vip else ""
                    text, style = vip + (row.requester or row.requester_email), "bold" if row.vip else ""
                case "assignee":
                    text, style = (row.assignee or row.team or "-").split(" ")[0], ""
                case "due":
                    text, style = promised(row, now), late
                case "waiting":
                    text, style = waited(row, now), late
                case other:
                    text, style = _of(row, other, now), "" if other.startswith(OWN_FIELD) else "dim"
            gap = "" if column is columns[-1] else " "
            pieces.append((cell(text, column.cells, right=column.right) + gap, style))
        return pieces

    def laid_out(self, width: int) -> list[Column]:
        """Return the columns that there is room for in a line of `width`, each with its cells."""
        columns = self._own_columns() or self._usual_columns(width)
        spare = int(width < WITH_OWNER)
        # The first columns are the chosen ones that matter: the last give way.
        while len(columns) > 2 and self._subject_of(columns, width - spare) < LEAST_SUBJECT and self.own:
            last = next(each for each in reversed(columns) if each.name not in ("subject", "number"))
            columns.remove(last)
        cells = {"number": self.number_width, "subject": max(8, self._subject_of(columns, width - spare))}
        return [each._replace(cells=cells.get(each.name, each.cells)) for each in columns]

    def hidden(self, width: int) -> int:
        """Return how many of the agent's own columns have no room in a line of `width`."""
        return max(0, len(self._own_columns()) - len(self.laid_out(width)))

    def _usual_columns(self, width: int) -> list[Column]:
        """Return the usual columns that have room; a queue leaves some out, and has fields besides."""
        usual = [
            KNOWN[name]
            for name in USUAL
            if width >= FROM_WIDTH.get(name, 0)
            and (name not in FROM_WIDTH or not self.columns or name in self.columns)
        ]
        fields = [each for each in sorted(self.columns) if each.startswith(OWN_FIELD) or each == "status"]
        room = max(0, width - WITH_OWNER) // (OWN + 1)
        titled = [Column(each, each.removeprefix(OWN_FIELD).replace("_", " "), OWN) for each in fields[:room]]
        return [*usual[:-1], *titled, usual[-1]]

    def _own_columns(self) -> list[Column]:
        """Return the agent's own columns; a list has a subject and a number, whatever was chosen."""
        if not self.own or self.columns:
            return []
        columns = [
            KNOWN[each.name]._replace(cells=each.cells or KNOWN[each.name].cells)
            for each in self.own
            if each.name in KNOWN
        ]
        names = {each.name for each in columns}
        missing = [KNOWN[name] for name in ("number", "subject") if name not in names]
        return [*missing, *columns] if columns else []

    def _subject_of(self, columns: Sequence[Column], width: int) -> int:
        """Return how many cells the columns leave for the subject, behind the four of the flags."""
        others = sum(
            (self.number_width if each.name == "number" else each.cells) + 1
            for each in columns
            if each.name != "subject"
        )
        return width - 4 - others

    def fit_numbers(self) -> bool:
        """Make the number column as wide as the longest number held; True when it changed."""
        wanted = max([NUMBER, *(cell_len(row.number) + 1 for row in self.rows)])
        changed = wanted != self.number_width
        self.number_width = wanted
        return changed


class TicketHead(Widget):
    """The line of column titles over a ticket list."""

    DEFAULT_CSS = "TicketHead { height: 1; width: 1fr; text-style: dim; text-wrap: nowrap; }"

    def __init__(self, tickets: TicketList) -> None:
        super().__init__()
        self._tickets = tickets

    def render(self) -> Content:
        """Return the titles over the columns."""
        width = self.size.width
        columns, hidden = self._tickets.laid_out(width), self._tickets.hidden(width)
        # Behind the subject there is room in any case where something has none.
        more = {"subject": f"Subject  ({hidden} hidden)"} if hidden else {}
        titles = [cell(more.get(each.name, each.title), each.cells, right=each.right) for each in columns]
        return Content("    " + " ".join(titles))


def _of(row: TicketLine, column: str, now: datetime) -> str:
    """Return what a ticket has in one of the columns that are told as they are."""
    match column:
        case "tags":
            return " ".join(row.tags)
        case "updated":
            return age(row.updated, now)
        case "created":
            return age(row.created, now)
        case "messages":
            return str(row.message_count)
        case "status":
            return row.named_status or row.status
        case "department":
            return row.department
        case "mailbox":
            return row.mailbox or "-"
        case "topic":
            return row.topic or "-"
        case "team":
            return row.team or "-"
    return _field(row, column)
