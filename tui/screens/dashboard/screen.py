"""The dashboard: what a team lead opens in the morning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from desk.reports.dashboard import dashboard
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.screens.dashboard.board import Board
from tui.screens.dashboard.panels import Goal, panels

if TYPE_CHECKING:
    from desk.reports.dashboard import Dashboard

PAUSE_SECONDS = 3.0
"""So long a desk that changes all the time is not counted again."""


def _on_a_number(screen: DashboardScreen) -> str | None:
    return None if screen.board.goal is not None else "nothing is counted yet"


class DashboardScreen(DeskScreen[None]):
    """The desk in numbers; each leads to what it counts."""

    PLACE = "dashboard"
    ID_PREFIX = "dashboard"
    GROUP = "Dashboard"
    HELP_NOTES = "late: overdue   wait: the customer waits for an answer   nobody's: without an agent"

    def __init__(self) -> None:
        super().__init__()
        self._counted: Dashboard | None = None
        self._pause: Timer | None = None
        self._again = False

    def compose_body(self) -> ComposeResult:
        """Yield the panels."""
        self.board = Board(single=desk_app(self).plain, id="board")
        yield self.board

    def on_mount(self) -> None:
        """Count."""
        super().on_mount()
        self.board.focus()
        self.status(left="counting...")
        self._count()

    def on_screen_resume(self) -> None:
        """Count what changed while another screen was shown."""
        super().on_screen_resume()
        if self._counted is not None:
            self._count()

    def desk_changed(self) -> None:
        """Count again, but not at every change."""
        if self._pause is not None:
            self._again = True
            return
        self._count()

    def minute_passed(self) -> None:
        """Count again: ages go on by themselves."""
        self.desk_changed()

    def health_changed(self) -> None:
        """Show mailboxes and outbox as they are now."""
        super().health_changed()
        self._show()

    def spoken_row(self) -> str:
        """Return the number under the cursor, and what it counts."""
        return self.board.words

    def _count(self) -> None:
        self._again = False
        self._pause = self.set_timer(PAUSE_SECONDS, self._rested)
        app = desk_app(self)
        self.in_thread(dashboard, app.desk.zone, app.now(), app.actor).then(self._take, group="dashboard")

    def _rested(self) -> None:
        self._pause = None
        if self._again and self.is_current:
            self._count()

    def _take(self, counted: Dashboard) -> None:
        self._counted = counted
        self._show()
        moment = counted.moment.astimezone(desk_app(self).desk.zone)
        self.status(left=f"counted {moment:%H:%M}   every number opens what it counts")

    def _show(self) -> None:
        if self._counted is not None:
            self.board.show_panels(
                panels(self._counted, desk_app(self).health, bars=not desk_app(self).plain)
            )
            self.refresh_hints()

    @on(Board.Opened)
    def _opened(self, event: Board.Opened) -> None:
        self._go(event.goal)

    def _go(self, goal: Goal) -> None:
        navigation = desk_app(self).navigation
        if goal.query:
            navigation.open_tickets(goal.query)
        else:
            navigation.go_to(goal.place)

    @on(Board.Moved)
    def _moved(self, event: Board.Moved) -> None:
        where = f"/ {event.goal.query}" if event.goal.query else event.goal.place
        self.status(left=f"{desk_app(self).key('dashboard.open', 'ret')}: {where}")

    @command("open", "", "Open", footer="open", label="ret", enabled=_on_a_number)
    def action_open(self) -> None:
        """Show what the number under the cursor counts: its tickets, the outbox, the mailboxes."""
        goal = self.board.goal
        if goal is not None:
            self._go(goal)

    @command("panel", "tab", "Next panel", footer="panel")
    def action_panel(self) -> None:
        """Go to the next panel; arrows go from number to number."""
        self.board.next_panel()

    @command("count", "r", "Count again", footer="count")
    def action_count(self) -> None:
        """Count everything again; that also happens by itself."""
        self._count()

    @command("fetch", "ctrl+r", "Fetch now")
    def action_fetch(self) -> None:
        """Fetch every mailbox now."""
        desk_app(self).navigation.fetch_all()

    @command("copy", "y", "Copy", footer="copy", enabled=_on_a_number)
    def action_copy(self) -> None:
        """Copy all panels as text."""
        desk_app(self).copy_text(self.board.text(), "the dashboard")

    @command("back", "q,escape", "Tickets", footer="tickets")
    def action_back(self) -> None:
        """Go to the tickets."""
        desk_app(self).navigation.go_to("tickets")
