"""What if: the stored mail of the last days is tried again, and nothing is written until a key is pressed."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import timedelta

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from config.wording import counted
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.screens.what_if.questions import Answer, Question, Tried
from tui.text.safe import cell, fitted, safe
from tui.widgets.confirm import Confirm
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

DAYS = 90


class DifferenceList(VirtualList[Tried]):
    """One mail or ticket a line that would be treated differently."""

    def row_key(self, row: Tried) -> Hashable:
        """Return receipt and ticket."""
        return row.receipt_id, row.ticket

    def row_line(self, row: Tried, width: int, look: Look) -> list[tuple[str, str]]:
        """Return ticket, subject, and what would be."""
        mark = ">" if look.here else " "
        number = f"#{row.ticket}" if row.ticket else ""
        left = f"{mark}{cell(number, 9)}{fitted(row.subject, max(width // 2 - 10, 10))} "
        said = f"! {row.said}" if row.is_loss else row.said
        return [(left, ""), (fitted(said, max(width - len(left), 1)), "warning" if row.is_loss else "")]


def _needs_answer(screen: WhatIfScreen) -> str | None:
    if screen.found is None:
        return "the mail is still being asked"
    return "it holds already" if screen.question.keep is None or screen.kept else None


def _needs_difference(screen: WhatIfScreen) -> str | None:
    if screen.found is None:
        return "the mail is still being asked"
    if not screen.found.tickets:
        return "nothing differs"
    if screen.question.first_kept and not screen.kept:
        return f"it has to hold first: {desk_app(screen).key('what-if.from_now_on', 'a')}"
    return None


class WhatIfScreen(WordsBelow[bool]):
    """What other rules, or another reader, would have done. Esc goes back, and says whether it was kept."""

    DEFAULT_CSS = """
    WhatIfScreen #list-detail { height: 6; }
    WhatIfScreen #list-words { width: 1fr; height: auto; padding: 0 1; }
    """
    PLACE = "settings"
    HELP_TITLE = "What if"
    ID_PREFIX = "what-if"
    GROUP = "What if"

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self.found: Answer | None = None
        self.kept = False
        self._seconds = 0

    def compose_body(self) -> ComposeResult:
        """Yield title, list, and the place for before and after."""
        self.table = DifferenceList()
        yield TitledRule(id="list-title")
        yield self.table
        yield TitledRule(id="list-rule")
        with VerticalScroll(id="list-detail", can_focus=False):
            yield Static(id="list-words")

    def on_mount(self) -> None:
        """Ask the mail."""
        super().on_mount()
        self.table.focus()
        self.query_one("#list-title", TitledRule).set_text(self._title, f"last {DAYS} days")
        back = desk_app(self).key("what-if.back", "Esc")
        self.status(left=f"The mail of the last {DAYS} days is asked ...  {back} ends it")
        self._waiting = self.set_interval(1.0, self._tell_seconds)
        since = desk_app(self).now() - timedelta(days=DAYS)
        asking = self.in_thread(self.question.ask, since, lambda: self.is_attached)
        asking.then(self._show, failed=self._refused, group="what if")

    def _tell_seconds(self) -> None:
        """Say that it goes on: there may be minutes of mail."""
        self._seconds += 1
        self.query_one("#list-title", TitledRule).set_text(
            self._title, f"last {DAYS} days: {self._seconds} s"
        )

    @property
    def _title(self) -> str:
        return f"What if: {self.question.name}"

    def _refused(self, error: Exception) -> None:
        # Said on the screen below: what is said on this one goes with it.
        self.app.call_later(desk_app(self).flash_error, error)
        self.dismiss(False)

    def _show(self, found: Answer) -> None:
        self._waiting.stop()
        self.found = found
        nothing = "It changes nothing" if found.runs else "It would change nothing"
        self.table.empty_text = found.untold or f"{nothing}: {found.asked} mails or tickets were asked"
        self.table.show(FixedRows(found.lines))
        without = " without it" if found.runs else ""
        words = f"{found.count} of {found.asked} would be treated otherwise{without}"
        self.query_one("#list-title", TitledRule).set_text(self._title, words)
        unchanged = "" if found.runs else "nothing is changed yet"
        self.status(left="; ".join(filter(None, (words, unchanged, found.untold))))
        self.refresh_hints()

    def describe(self, row: object) -> None:
        """Describe what was decided before, and what would be."""
        row = self.table.row
        head = "" if row is None else (f"#{row.ticket}" if row.ticket else f"receipt {row.receipt_id}")
        runs = self.found is not None and self.found.runs
        before, after = ("without", "with   ") if runs else ("before ", "after  ")
        words = "" if row is None else f"{before} {row.before}\n{after} {row.after}"
        self.query_one("#list-rule", TitledRule).set_text(head, "")
        self.query_one("#list-words", Static).update(safe(words))

    @command(
        "from_now_on", "a", "From now on", footer="from now on", may="settings.edit", enabled=_needs_answer
    )
    def action_from_now_on(self) -> None:
        """Apply it from now on, as it was tried."""
        keep = self.question.keep
        if keep is not None:
            self.in_thread(keep).then(lambda _done: self._kept(), group="change")

    def _kept(self) -> None:
        self.kept = True
        self.flash(self.question.kept)
        self.refresh_hints()

    @command(
        "to_open", "o", "To what is open", footer="to open", may="settings.edit", enabled=_needs_difference
    )
    def action_to_open(self) -> None:
        """Apply it to the open tickets of this list."""
        assert self.found is not None
        undo = desk_app(self).key("what-if.undo", "u")
        asked = f"Do it to what is open of {counted(self.found.tickets, 'ticket')}?"
        stays = self.found.stays
        words = self.question.for_good or f"{undo} takes it back" + (f", but not {stays}." if stays else ".")
        if self.question.for_good and stays:
            words += f" It does not change {stays}."
        self.app.push_screen(Confirm(asked, words), lambda yes: self._apply() if yes else None)

    def _apply(self) -> None:
        assert self.found is not None
        self.in_thread(self.found.do).then(
            lambda numbers: self.flash(f"Done to {counted(len(numbers), 'ticket')}"), group="change"
        )

    @command("undo", "u", "Undo")
    def action_undo(self) -> None:
        """Undo what you did last to tickets, all of it at once."""
        from desk.tickets import undo  # 33 ms

        self.in_thread(undo.undo_last, desk_app(self).actor).then(
            lambda what: self.flash(what or "There is nothing to undo"), group="change"
        )

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        self.dismiss(self.kept)
