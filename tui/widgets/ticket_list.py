"""The ticket list: one line a ticket, in the columns of the frames."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from desk.tickets import lists
from desk.tickets.lists import ListQuery, TicketLine
from tui.text.safe import cell
from tui.text.times import age
from tui.widgets.virtual_list import Look, VirtualList

PRIORITY_MARKS = {1: "-", 2: "", 3: "!", 4: "!!"}
STATUS_WORDS = {"new": "new", "open": "open", "waiting": "wait", "closed": "done"}
WITH_OWNER = 88
"""From this width on the list has a column for the owner."""

NUMBER, MARK, STATE, FROM, OWNER, AGE = 5, 2, 5, 17, 7, 4


class TicketPages:
    """The tickets of a query, page by page."""

    def __init__(self, query: ListQuery) -> None:
        self.query = query

    def first(self, limit: int) -> Sequence[TicketLine]:
        return lists.page(self.query, limit=limit)

    def last(self, limit: int) -> Sequence[TicketLine]:
        return lists.last_page(self.query, limit)

    def after(self, row: TicketLine, limit: int) -> Sequence[TicketLine]:
        return lists.page(self.query, after=lists.anchor_of(row, self.query.sort), limit=limit)

    def before(self, row: TicketLine, limit: int) -> Sequence[TicketLine]:
        return lists.page(self.query, before=lists.anchor_of(row, self.query.sort), limit=limit)

    def all(self, limit: int) -> list[TicketLine]:
        """Up to `limit` tickets, from the first on."""
        found: list[TicketLine] = list(self.first(min(limit, 500)))
        while found and len(found) < limit:
            more = self.after(found[-1], min(limit - len(found), 500))
            if not more:
                break
            found.extend(more)
        return found


class TicketList(VirtualList[TicketLine]):
    """Tickets with cursor and marks; ``N`` unread, ``*`` marked, ``@`` mine."""

    def __init__(self, me: frozenset[str], now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(markable=True, id=id)
        self._me = me
        self._now = now
        self.number_width = NUMBER

    def row_key(self, row: TicketLine) -> Hashable:
        return row.number

    def row_line(self, row: TicketLine, width: int, look: Look) -> list[tuple[str, str]]:
        flag = "*" if look.marked else "@" if row.assignee in self._me else " "
        own = width >= WITH_OWNER
        number = f"#{row.number}"
        subject = self.subject_width(width)
        urgent = "error" if row.priority == 4 else "warning" if row.priority == 3 else ""
        late = "error" if row.overdue else ""
        pieces = [
            (f"{'>' if look.here else ' '}{'N' if row.unread else ' '}{flag} ", "bold"),
            (cell(number, self.number_width) + " ", "bold" if row.unread else ""),
            (cell(PRIORITY_MARKS[row.priority], MARK) + " ", urgent),
            (cell(STATUS_WORDS[row.status], STATE) + " ", "dim" if row.status == "closed" else late),
            (cell(row.subject or "(no subject)", subject) + " ", "bold" if row.unread else ""),
            (cell(row.requester or row.requester_email, FROM) + " ", ""),
        ]
        if own:
            pieces.append((cell((row.assignee or "-").split(" ")[0], OWNER) + " ", ""))
        pieces.append((cell(age(row.updated, self._now()), AGE, right=True), late))
        return pieces

    def subject_width(self, width: int) -> int:
        """Cells for the subject in a line of `width`."""
        fixed = 4 + self.number_width + 1 + MARK + 1 + STATE + 1 + 1 + FROM + 1 + AGE
        return max(8, width - fixed - (OWNER + 1 if width >= WITH_OWNER else 0) - (width < WITH_OWNER))

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
        width = self.size.width
        line = "    " + cell("#", self._tickets.number_width + 1) + "P  State "
        line += cell("Subject", self._tickets.subject_width(width) + 1) + cell("From", FROM + 1)
        if width >= WITH_OWNER:
            line += cell("Owner", OWNER + 1)
        return Content(line + " Age")
