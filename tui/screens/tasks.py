"""The checklist of a ticket: one task a line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult

from desk.errors import WrongUse
from desk.tickets import changes, tasks
from desk.tickets.tasks import TaskView
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import ListScreen
from tui.text.safe import fitted, line
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList


class TaskList(VirtualList[TaskView]):
    """One task a line: whether it is done, what it is, whose it is, and until when."""

    def row_key(self, row: TaskView) -> Hashable:
        """Return the task's place."""
        return row.place

    def row_line(self, row: TaskView, width: int, look: Look) -> list[tuple[str, str]]:
        """Return place, mark, text, assignee and date; one that is done is dim."""
        mark = ">" if look.here else " "
        right = f" {fitted(line(row.assignee or ''), 10)} {f'{row.due:%Y-%m-%d}' if row.due else '':<10} "
        left = f"{mark}{row.place:>3} [{'x' if row.done else ' '}] "
        text = fitted(line(row.text), max(width - len(left) - len(right), 8))
        return [(left + text + right, "dim" if row.done else "")]


def _chosen(screen: TasksScreen) -> str | None:
    return None if screen.table.row is not None else "there is no task: a adds one"


class TasksScreen(ListScreen[None]):
    """The checklist of a ticket. Esc goes back."""

    PLACE = "tickets"
    HELP_TITLE = "Tasks"
    ID_PREFIX = "tasks"
    GROUP = "Tasks"

    def __init__(self, number: str) -> None:
        super().__init__()
        self._number = number
        self._asked_of: TaskView | None = None
        """The task that a line is asked for: meanwhile another one may get under the cursor."""

    def compose_body(self) -> ComposeResult:
        """Yield title, prompt and list."""
        self.table = TaskList(empty="No tasks yet: a adds one")
        yield TitledRule(f"Tasks of #{line(self._number)}")
        yield LineInput()
        yield self.table

    def on_mount(self) -> None:
        """Give the list the focus and fill it."""
        super().on_mount()
        self.table.focus()
        self.desk_changed()

    def desk_changed(self) -> None:
        """Read the tasks again."""
        number, actor = self._number, desk_app(self).actor

        def read() -> Sequence[TaskView]:
            return tasks.of_ticket(changes.find(number, actor).id)

        self.in_thread(read).then(self._show, group="tasks")

    def _show(self, found: Sequence[TaskView]) -> None:
        self.table.show_again(FixedRows(found))
        done = sum(1 for each in found if each.done)
        self.status(left=f"{done} of {len(found)} done")
        self.refresh_hints()

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("tasks.tick")

    @command("tick", "space", "Done or not", footer="done", may="ticket.edit", enabled=_chosen)
    def action_tick(self) -> None:
        """Mark the task done, or not done."""
        row = self.table.row
        if row is not None:
            act = tasks.tick if row.done is None else tasks.untick
            self._do(lambda: act(desk_app(self).actor, self._number, row.place, row.text))

    @command("add", "a", "Add", footer="add", may="ticket.edit")
    def action_add(self) -> None:
        """Add a task at the end; @login assigns it to an agent."""
        self.query_one(LineInput).ask("Task (@login gives it to an agent):", purpose="add")

    @command("change", "e", "Change", footer="change", may="ticket.edit", enabled=_chosen)
    def action_change(self) -> None:
        """Change the task's text, or with @login who does it."""
        row = self.table.row
        if row is not None:
            who = f" @{row.assignee}" if row.assignee else ""
            self._asked_of = row
            self.query_one(LineInput).ask("Task:", row.text + who, purpose="change")

    @command("due", "d", "Until when", footer="date", may="ticket.edit", enabled=_chosen)
    def action_due(self) -> None:
        """Set when the task is due."""
        self._asked_of = self.table.row
        self.query_one(LineInput).ask(
            "Until (- takes it away):", purpose="due", placeholder="2d monday 2026-12-24"
        )

    @command("down", "J", "Move down", footer="move", label="J/K", may="ticket.edit", enabled=_chosen)
    def action_move_down(self) -> None:
        """Move the task down."""
        self._move(1)

    @command("up", "K", "Move up", may="ticket.edit", enabled=_chosen)
    def action_move_up(self) -> None:
        """Move the task up."""
        self._move(-1)

    def _move(self, by: int) -> None:
        row = self.table.row
        if row is not None:
            to = row.place + by
            self._do(lambda: tasks.move(desk_app(self).actor, self._number, row.place, to, row.text))

    @command("remove", "x", "Remove", footer="remove", may="ticket.edit", enabled=_chosen)
    def action_remove(self) -> None:
        """Remove the task. Undo: u"""
        row = self.table.row
        if row is not None:
            self._do(lambda: tasks.remove(desk_app(self).actor, self._number, row.place, row.text))

    @command("undo", "u", "Undo")
    def action_undo(self) -> None:
        """Undo your last change."""
        from desk.tickets import undo  # 33 ms

        self.in_thread(undo.undo_last, desk_app(self).actor).then(self._undone, group="change")

    def _undone(self, what: str | None) -> None:
        self.flash(what or "There is nothing to undo")
        self.desk_changed()

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Do what was typed."""
        self.table.focus()
        actor, zone, row = desk_app(self).actor, desk_app(self).desk.zone, self._asked_of
        words = event.text.split()
        who = next((word[1:] for word in words if word.startswith("@")), "")
        text = " ".join(word for word in words if not word.startswith("@"))
        if event.purpose in ("add", "change") and who and not text:
            event.again(WrongUse("that task has no text", "write what is to be done, and @login"))
        elif event.purpose == "add" and text:
            add = partial(tasks.add, actor, self._number, text, zone, assignee=who or None)
            self._do(add, event.again)
        elif event.purpose == "change" and row is not None and text:
            edit = partial(tasks.edit, actor, self._number, row.place, zone, was=row.text)
            self._do(partial(edit, text=text, assignee=who), event.again)
        elif event.purpose == "due" and row is not None and words:
            due = "" if event.text.strip() == "-" else event.text
            edit = partial(tasks.edit, actor, self._number, row.place, zone, was=row.text)
            self._do(partial(edit, due=due), event.again)

    def on_line_input_cancelled(self) -> None:
        """Go back to the list."""
        self.table.focus()

    def _do(self, act: Callable[[], object], failed: Callable[[Exception], object] | None = None) -> None:
        self.in_thread(act).then(lambda _: self.desk_changed(), failed=failed, group="change")

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        self.dismiss(None)
