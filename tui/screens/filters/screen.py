"""Filters in the order in which they run; each can be switched, changed and tried."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from desk.filters import filters
from desk.filters.filters import FilterLine
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import ListScreen
from tui.screens.command_output import not_restricted
from tui.screens.what_if import questions
from tui.screens.what_if.screen import WhatIfScreen
from tui.text.safe import cell, safe
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor


class FilterList(VirtualList[FilterLine]):
    """One filter a line: order, on what, name, what it does."""

    def row_key(self, row: FilterLine) -> Hashable:
        """Return the filter's name."""
        return row.name

    def row_line(self, row: FilterLine, width: int, look: Look) -> list[tuple[str, str]]:
        """Return order, trigger, name and actions; one that is off is dim."""
        mark = ">" if look.here else " "
        state = "" if row.active else "off"
        left = f"{mark}{row.order:>5} {cell(row.on, 7)}{cell(state, 4)}{cell(row.name, 24)} "
        text = cell(", ".join(row.actions), max(width - len(left), 1))
        return [(left + text, "" if row.active else "dim")]


def _chosen(screen: FiltersScreen) -> str | None:
    if screen.table.row is not None:
        return None
    return f"there is no filter: {desk_app(screen).key('filters.new', 'n')} makes one"


class FiltersScreen(ListScreen[None]):
    """What is done by itself. Esc goes back."""

    DEFAULT_CSS = """
    FiltersScreen #list-detail { height: 5; }
    FiltersScreen #list-words { width: 1fr; height: auto; padding: 0 1; }
    """
    PLACE = "settings"
    HELP_TITLE = "Filters"
    ID_PREFIX = "filters"
    GROUP = "Filters"

    def compose_body(self) -> ComposeResult:
        """Yield title, prompt, list, and the place for the words."""
        self.table = FilterList(empty="No filters. nightdesk filter add, or rules import --recipe NAME")
        yield TitledRule("Filters, in the order in which they run")
        yield LineInput()
        yield self.table
        yield TitledRule(id="list-rule")
        with VerticalScroll(id="list-detail", can_focus=False):
            yield Static(id="list-words")

    def on_mount(self) -> None:
        """Give the list the keys and fill it."""
        super().on_mount()
        self.table.focus()
        self.desk_changed()

    def desk_changed(self) -> None:
        """Read the filters again."""
        self.in_thread(filters.filters).then(self._show, group="filters")

    def _show(self, found: Sequence[FilterLine]) -> None:
        self.table.show_again(FixedRows(found))
        self.status(left=f"{len(found)} filters, {sum(each.active for each in found)} run")
        self.describe(self.table.row)

    def describe(self, row: object) -> None:
        """Tell the filter in words."""
        row = self.table.row
        name, words = "", ""
        if row is not None:
            name = row.name
            words = f"if   {row.condition}\nthen {', '.join(row.actions)}{', stop' if row.stop else ''}"
            words += f"\nruns {row.schedule}" if row.schedule else ""
        self.query_one("#list-rule", TitledRule).set_text(name, "")
        self.query_one("#list-words", Static).update(safe(words))

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("filters.try")

    @command("try", "t", "What if", footer="what if", may="settings.edit", enabled=_chosen)
    def action_try(self) -> None:
        """Ask the mail of the last 90 days again, and tell what the filter would have done to it."""
        if self.table.row is not None:
            self._what_if(questions.of_filter(*self._asking, self.table.row.name, None))

    @command("change", "c", "Change condition", footer="change", may="settings.edit", enabled=_chosen)
    def action_change(self) -> None:
        """Write another condition, and see what it would do before it is kept."""
        if self.table.row is not None:
            self.query_one(LineInput).ask("If:", self.table.row.condition, purpose="condition")

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Show what the condition would do that was typed."""
        self.table.focus()
        row, text = self.table.row, event.text.strip()
        if event.purpose == "file" and text:
            self.in_thread(questions.of_file, *self._asking, text).then(self._what_if, group="change")
        elif row is not None and text:
            name = row.name

            def check() -> None:
                filters.on_trial(name, text, None)

            self.in_thread(check).then(
                lambda _checked: self._what_if(questions.of_filter(*self._asking, name, text)),
                group="change",
            )

    @property
    def _asking(self) -> tuple[Desk, Actor]:
        return desk_app(self).desk, desk_app(self).actor

    def _what_if(self, question: questions.Question) -> None:
        self.app.push_screen(WhatIfScreen(question))

    @command("file", "f", "What if: a file of rules", may="settings.edit", enabled=not_restricted)
    def action_file(self) -> None:
        """See what a file of rules would do with the mail of the last 90 days, before it is taken in."""
        self.query_one(LineInput).ask("File of rules:", purpose="file")

    @command("reader", "r", "What if: the mail read anew", may="settings.edit")
    def action_reader(self) -> None:
        """See in which mail of the last 90 days this program reads something else than is stored of it."""
        self._what_if(questions.of_reading(*self._asking))

    def on_line_input_cancelled(self) -> None:
        """Go back to the list."""
        self.table.focus()

    @command("new", "n", "New filter", footer="new", may="settings.edit")
    def action_new(self) -> None:
        """Make a new filter in a form."""
        self._form(None)

    @command("edit", "e", "Change", footer="edit", may="settings.edit", enabled=_chosen)
    def action_edit(self) -> None:
        """Change all of the filter in a form: when it runs, its condition, its actions, its place."""
        if self.table.row is not None:
            self._form(self.table.row.name)

    def _form(self, name: str | None) -> None:
        from desk.admin import table  # 5 ms
        from desk.admin.rules import FILTERS  # 60 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        app = desk_app(self)

        def read() -> tuple[Any, Any]:
            known = table.listed(FILTERS, app.desk, app.actor)
            return next((each for each in known if each.key == name), None), table.choices(FILTERS)

        def said(words: str | None) -> None:
            if words is not None:
                self.flash(words)
            self.desk_changed()

        def show(found: tuple[Any, Any]) -> None:
            self.app.push_screen(AdminFormScreen(FILTERS, *found), said)

        self.in_thread(read).then(show, group="form")

    @command("switch", "space", "On or off", footer="on/off", may="settings.edit", enabled=_chosen)
    def action_switch(self) -> None:
        """Let the filter run, or run no more."""
        row = self.table.row
        if row is None:
            return
        actor, wanted = desk_app(self).actor, not row.active

        def switch() -> FilterLine:
            return filters.edit(actor, row.name, active=wanted)

        self.in_thread(switch).then(self._switched, group="change")

    def _switched(self, line: FilterLine) -> None:
        self.flash(f"{line.name}: {'runs' if line.active else 'off'}")
        self.desk_changed()

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        self.dismiss(None)
