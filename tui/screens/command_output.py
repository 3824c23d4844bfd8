"""The output of a program that was run on a ticket: read here, copied, or kept as a note."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult

from tui.commands import command
from tui.desk_calls import DeskCalls, desk_app, in_pool
from tui.text.safe import line, wrapped
from tui.text_screen import TextScreen
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.user_commands.running import Outcome, Run

LONGEST = 20_000
"""Lines that are laid out."""


def run_line(node: DeskCalls, typed: str, data: bytes, number: str, what: str) -> None:
    """Run a command line as it was typed, with the data on its standard input, and show what it says."""
    from desk.user_commands import calls  # 45 ms

    title = f"{what} | {typed}"
    node.app.push_screen(CommandOutputScreen(title, calls.typed(typed, data), number, note="ask"))


def _has_ended(screen: CommandOutputScreen) -> str | None:
    return "it still runs" if screen.outcome is None else None


def _may_keep(screen: CommandOutputScreen) -> str | None:
    if screen.outcome is None:
        return "it still runs"
    if screen.note == "never":
        return "its file says that no note is kept of it"
    return "it is kept already" if screen.kept else None


class CommandOutputScreen(TextScreen[None]):
    """Runs the program while it is open; Esc stops what still runs.

    ``brief``: the last line is flashed and the screen closes, if the program ended well.
    """

    PLACE = "tickets"
    ID_PREFIX = "output"
    GROUP = "Output"
    HELP_TITLE = "Output of a command"

    def __init__(
        self,
        title: str,
        run: Run,
        number: str,
        *,
        note: Literal["ask", "always", "never"],
        brief: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._run = run
        self._number = number
        self._brief = brief
        self.note = note
        self.outcome: Outcome | None = None
        self.kept = False

    def compose_body(self) -> ComposeResult:
        """Yield the output under the command's name."""
        yield TitledRule(line(self._title), f"runs; {desk_app(self).key('output.back', 'Esc')} stops it")
        yield TextPane()
        yield LineInput()

    def on_mount(self) -> None:
        """Begin."""
        super().on_mount()
        self.app.run_worker(self._wait(), exit_on_error=False)

    def on_unmount(self) -> None:
        """Leave no program running."""
        self._run.stop()

    async def _wait(self) -> None:
        # A thread of its own: those of the desk are few, and a program may take minutes.
        outcome = await asyncio.to_thread(self._run.wait)
        if self.is_attached:
            self._show(outcome)

    def _show(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.query_one(TitledRule).set_text(line(self._title), f"{outcome.words}, {outcome.seconds:.1f} s")
        self.query_one(TextPane).show(self._lines)
        if self.note == "always":
            self.action_keep()
        if self._brief and outcome.status == 0 and outcome.ended == "itself":
            last = outcome.text.strip().rpartition("\n")[2]
            desk_app(self).flash_later(f"{self._title}: {last or outcome.words}")
            self.dismiss(None)

    def _lines(self, width: int) -> list[Line]:
        outcome = self.outcome
        if outcome is None:
            return []
        rows = wrapped(outcome.text.rstrip("\n"), max(10, width - 2)) if outcome.text.strip() else []
        lines: list[Line] = [[(" ", ""), (row, "")] for row in rows[:LONGEST]]
        if len(rows) > LONGEST:
            lines.append([(f" [{len(rows) - LONGEST} more lines]", "warning")])
        return lines or [[(" It said nothing.", "dim")]]

    @command("keep", "i", "Keep as note", footer="keep as note", may="ticket.note", enabled=_may_keep)
    def action_keep(self) -> None:
        """Keep command, exit status and output as an internal note of the ticket."""
        if self.outcome is not None:
            self.kept = True
            self.app.run_worker(self._keep(self.outcome), exit_on_error=False)

    async def _keep(self, outcome: Outcome) -> None:
        # Also when the screen closes meanwhile: what is to be kept is kept.
        from desk.user_commands import calls  # 45 ms

        app = desk_app(self)
        try:
            await in_pool(app.pool, calls.keep, app.actor, self._number, self._title, outcome)
        except Exception as error:
            self.kept = False
            app.flash_error(error)
            return
        app.flash(f"Kept as a note of #{self._number}")

    @command("copy", "y", "Copy", footer="copy", enabled=_has_ended)
    def action_copy(self) -> None:
        """Copy the output."""
        if self.outcome is not None and self.outcome.text:
            desk_app(self).copy_text(self.outcome.text, "the output")

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Go back; a program that still runs is stopped."""
        self.dismiss(None)
