"""What if: the stored mail of the last days is asked again, and nothing is written until a key says so."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from desk.filters import filters
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import ListScreen
from tui.text.safe import cell, safe
from tui.widgets.confirm import Confirm
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from desk.filters.decision import Decision
    from desk.intake.trial import Difference

DAYS = 90
MOST = 2000
"""Lines that are held; the count is of all."""


class _Found(NamedTuple):
    differences: Sequence[Difference]
    asked: int


class DifferenceList(VirtualList["Difference"]):
    """One mail or ticket a line that would be treated otherwise."""

    def row_key(self, row: Difference) -> Hashable:
        """Return receipt and ticket."""
        return row.receipt_id, row.ticket

    def row_line(self, row: Difference, width: int, look: Look) -> list[tuple[str, str]]:
        """Return ticket, subject, and what would be."""
        mark = ">" if look.here else " "
        number = f"#{row.ticket}" if row.ticket else ""
        left = f"{mark}{cell(number, 9)}{cell(row.subject, max(width // 2 - 10, 10))} "
        style = "warning" if row.after.rejected_by else ""
        return [(left, ""), (cell(_said(row.after), max(width - len(left), 1)), style)]


def _said(decided: Decision) -> str:
    return "; ".join(decided.trace) or "no filter holds"


def _needs_answer(screen: WhatIfScreen) -> str | None:
    return None if screen.found is not None else "the mail is still being asked"


def _needs_difference(screen: WhatIfScreen) -> str | None:
    return _needs_answer(screen) or (None if screen.found and screen.found.differences else "nothing differs")


class WhatIfScreen(ListScreen[None]):
    """What a filter, perhaps with another condition, would have done. Esc goes back."""

    DEFAULT_CSS = """
    WhatIfScreen #list-detail { height: 6; }
    WhatIfScreen #list-words { width: 1fr; height: auto; padding: 0 1; }
    """
    PLACE = "settings"
    HELP_TITLE = "What if"
    ID_PREFIX = "what-if"
    GROUP = "What if"

    def __init__(self, name: str, condition: str | None = None) -> None:
        super().__init__()
        self._filter = name
        self._condition = condition
        self.found: _Found | None = None

    def compose_body(self) -> ComposeResult:
        """Yield title, list, and the place for before and after."""
        self.table = DifferenceList(empty="The mail of the last days is asked ...")
        yield TitledRule(id="list-title")
        yield self.table
        yield TitledRule(id="list-rule")
        with VerticalScroll(id="list-detail", can_focus=False):
            yield Static(id="list-words")

    def on_mount(self) -> None:
        """Ask the mail."""
        super().on_mount()
        self.table.focus()
        self.query_one("#list-title", TitledRule).set_text(f"What if: {self._filter}", f"last {DAYS} days")
        desk, moment = desk_app(self).desk, desk_app(self).now()
        name, condition = self._filter, self._condition

        def ask() -> _Found:
            from desk.intake.trial import Trial  # 60 ms: what reads mail

            trial = Trial(desk, filters.on_trial(name, condition, None))
            found = list(trial.differences(moment - timedelta(days=DAYS)))
            return _Found(found, trial.asked)

        self.in_thread(ask).then(self._show, failed=self._refused, group="what if")

    def _refused(self, error: Exception) -> None:
        desk_app(self).flash_error(error)
        self.dismiss(None)

    def _show(self, found: _Found) -> None:
        self.found = found
        count = len(found.differences)
        self.table.empty_text = (
            f"{self._filter} would change nothing: {found.asked} mails or tickets were asked"
        )
        self.table.show(FixedRows(found.differences[:MOST]))
        words = f"{count} of {found.asked} would be treated otherwise"
        self.query_one("#list-title", TitledRule).set_text(f"What if: {self._filter}", words)
        self.status(left=words + "; nothing is changed yet")
        self.refresh_hints()

    def describe(self, row: object) -> None:
        """Tell what was decided before, and what would be."""
        row = self.table.row
        head = "" if row is None else (f"#{row.ticket}" if row.ticket else f"receipt {row.receipt_id}")
        words = "" if row is None else f"before  {_said(row.before)}\nafter   {_said(row.after)}"
        self.query_one("#list-rule", TitledRule).set_text(head, "")
        self.query_one("#list-words", Static).update(safe(words))

    @command(
        "from_now_on", "a", "From now on", footer="from now on", may="settings.edit", enabled=_needs_answer
    )
    def action_from_now_on(self) -> None:
        """Keep the filter as it was tried, and let it run."""
        actor, name, condition = desk_app(self).actor, self._filter, self._condition

        def keep() -> object:
            return filters.edit(actor, name, condition=condition, active=True)

        self.in_thread(keep).then(
            lambda _line: self.flash(f"{name} runs from now on, as it was tried"), group="change"
        )

    @command(
        "to_open", "o", "To what is open", footer="to open", may="settings.edit", enabled=_needs_difference
    )
    def action_to_open(self) -> None:
        """Do it to the tickets of this list that are open."""
        assert self.found is not None
        tickets = {each.ticket for each in self.found.differences if each.ticket}
        asked = f"Do it to those of {len(tickets)} tickets that are open? No one key undoes it."
        self.app.push_screen(Confirm(asked), lambda yes: self._apply() if yes else None)

    def _apply(self) -> None:
        assert self.found is not None
        desk, actor, found = desk_app(self).desk, desk_app(self).actor, self.found.differences

        def apply() -> list[str]:
            from desk.intake import trial  # 60 ms: what reads mail

            return trial.apply_to_open(desk, actor, found)

        self.in_thread(apply).then(
            lambda numbers: self.flash(f"Done to {len(numbers)} tickets"), group="change"
        )

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the filters."""
        self.dismiss(None)
