"""The ticket list: one line a ticket, in the columns of the frames."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Self

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from desk.tickets import lists
from desk.tickets.lists import ListQuery, TicketLine
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

NUMBER, MARK, STATE, FROM, AGE = 5, 2, 5, 17, 4
MORE = (
    ("assignee", "Owner", 7, WITH_OWNER),
    ("tags", "Tags", 14, WITH_MORE),
    ("due", "Due", 5, WITH_MORE),
    ("updated", "Last", 5, WITH_MORE),
)
"""Columns that need room: name, title, cells, and from which width on there is room."""
TO_THE_RIGHT = ("due", "updated")


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


class TicketPages:
    """The tickets of a query, page by page."""

    def __init__(self, query: ListQuery) -> None:
        self.query = query
        self._ahead: Sequence[TicketLine] | None = None

    def ahead(self) -> Self:
        """Read the first page now; the next `first` gives it."""
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
        """Return the tickets behind this one."""
        return lists.page(self.query, after=lists.anchor_of(row, self.query.sort), limit=limit)

    def before(self, row: TicketLine, limit: int) -> Sequence[TicketLine]:
        """Return the tickets in front of this one."""
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

    Before the number stands ``w`` where another agent writes, ``o`` where one has it open (`company`).
    """

    def __init__(self, me: frozenset[str], now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(markable=True, id=id)
        self._me = me
        self._now = now
        self.company = Company()
        self.number_width = NUMBER
        self.columns: frozenset[str] = frozenset()
        """Of the columns that need room (`MORE`) only these; none: all of them."""

    def row_key(self, row: TicketLine) -> Hashable:
        """Return the ticket's number."""
        return row.number

    def row_line(self, row: TicketLine, width: int, look: Look) -> list[tuple[str, str]]:
        """Return the columns of a ticket, as many as there is room for."""
        flag = "*" if look.marked else "@" if row.assignee in self._me else " "
        number = f"#{row.number}"
        subject = self.subject_width(width)
        state = STATUS_WORDS[row.status] + "!" * row.overdue
        title = shortened(row.subject or "(no subject)", subject)
        urgent = "error" if row.priority == 4 else "warning" if row.priority == 3 else ""
        late = "error" if row.overdue else ""
        now = self._now()
        pieces = [
            (f"{'>' if look.here else ' '}{'N' if row.unread else ' '}{flag}", "bold"),
            (self.company.mark(row.number), "warning"),
            (cell(number, self.number_width) + " ", "bold" if row.unread else ""),
            (cell(PRIORITY_MARKS[row.priority], MARK) + " ", urgent),
            (cell(state, STATE) + " ", "dim" if row.status == "closed" else late),
            (cell(title, subject) + " ", "bold" if row.unread else ""),
            (cell(row.requester or row.requester_email, FROM) + " ", ""),
        ]
        told = {
            "assignee": ((row.assignee or row.team or "-").split(" ")[0], ""),
            "tags": (" ".join(row.tags), "dim"),
            "due": (promised(row, now), late),
            "updated": (age(row.updated, now), "dim"),
        }
        for name, _, cells in self.more_columns(width):
            text, style = told[name]
            pieces.append((cell(text, cells, right=name in TO_THE_RIGHT) + " ", style))
        pieces.append((cell(waited(row, now), AGE, right=True), late))
        return pieces

    def subject_width(self, width: int) -> int:
        """Return how many cells the subject has in a line of `width`."""
        fixed = 4 + self.number_width + 1 + MARK + 1 + STATE + 1 + 1 + FROM + 1 + AGE
        more = sum(cells + 1 for _, _, cells in self.more_columns(width))
        return max(8, width - fixed - more - (width < WITH_OWNER))

    def more_columns(self, width: int) -> list[tuple[str, str, int]]:
        """Return name, title and cells of the columns that there is room for in a line of `width`."""
        return [
            (name, title, cells)
            for name, title, cells, least in MORE
            if width >= least and (not self.columns or name in self.columns)
        ]

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
        line = "    " + cell("#", self._tickets.number_width + 1) + "P  State "
        line += cell("Subject", self._tickets.subject_width(width) + 1) + cell("From", FROM + 1)
        for name, title, cells in self._tickets.more_columns(width):
            line += cell(title, cells, right=name in TO_THE_RIGHT) + " "
        return Content(line + "Wait")
