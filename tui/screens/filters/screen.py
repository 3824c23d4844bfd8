"""Filters in the order in which they run; each can be switched, changed and tried."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from config.wording import counted
from desk.filters import filters
from desk.filters.filters import FilterLine
from tui import files
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.screens.what_if import questions
from tui.screens.what_if.screen import WhatIfScreen
from tui.text.safe import cell, fitted, safe
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
        left = f"{mark}{row.order:>5} {cell(row.on, 7)}{cell(state, 4)}{fitted(row.name, 24)} "
        text = fitted(", ".join(row.actions), max(width - len(left), 1))
        return [(left + text, "" if row.active else "dim")]


def _chosen(screen: FiltersScreen) -> str | None:
    if screen.table.row is not None:
        return None
    return f"there is no filter: {desk_app(screen).key('filters.new', 'n')} makes one"


class FiltersScreen(WordsBelow[None]):
    """What the desk does by itself. Esc goes back."""

    DEFAULT_CSS = """
    FiltersScreen #list-detail { height: 5; }
    FiltersScreen #list-words { width: 1fr; height: auto; padding: 0 1; }
    """
    PLACE = "settings"
    HELP_TITLE = "Filters"
    ID_PREFIX = "filters"
    GROUP = "Filters"

    def __init__(self) -> None:
        super().__init__()
        self._asked_of = ""
        """The filter that a condition is asked for: meanwhile another one may get under the cursor."""

    def compose_body(self) -> ComposeResult:
        """Yield title, prompt, list, and the place for the words."""
        new = desk_app(self).key("filters.new", "n")
        self.table = FilterList(
            empty=f"No filters: {new} makes one, nightdesk rules import --recipe NAME brings some"
        )
        yield TitledRule("Filters, in the order in which they run")
        yield LineInput()
        yield self.table
        yield TitledRule(id="list-rule")
        with VerticalScroll(id="list-detail", can_focus=False):
            yield Static(id="list-words")

    def on_mount(self) -> None:
        """Give the list the focus and fill it."""
        super().on_mount()
        self.table.focus()
        self.desk_changed()

    def desk_changed(self) -> None:
        """Read the filters again."""
        self.in_thread(filters.filters).then(self._show, group="filters")

    def _show(self, found: Sequence[FilterLine]) -> None:
        self.table.show_again(FixedRows(found))
        self.status(left=f"{counted(len(found), 'filter')}, {sum(each.active for each in found)} in use")
        self.describe(self.table.row)

    def describe(self, row: object) -> None:
        """Describe the filter in words."""
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
        """Try the filter on the mail of the last 90 days again."""
        if self.table.row is not None:
            self._what_if(questions.of_filter(*self._asking, self.table.row.name, None))

    @command("change", "c", "Change condition", footer="change", may="settings.edit", enabled=_chosen)
    def action_change(self) -> None:
        """Try another condition before it is saved."""
        row = self.table.row
        if row is not None:
            self._asked_of = row.name
            self.query_one(LineInput).ask("If:", row.condition, purpose="condition")

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Show what the typed condition would do."""
        self.table.focus()
        name, text = self._asked_of, event.text.strip()
        if event.purpose == "file" and text:
            asking = self.in_thread(questions.of_file, *self._asking, text)
            asking.before_next_key(self._what_if, failed=event.again, group="change")
        elif text:

            def check() -> None:
                filters.stored(name)
                filters.on_trial(name, text, None)

            self.in_thread(check).before_next_key(
                lambda _checked: self._what_if(questions.of_filter(*self._asking, name, text)),
                failed=event.again,
                group="change",
            )

    @property
    def _asking(self) -> tuple[Desk, Actor]:
        return desk_app(self).desk, desk_app(self).actor

    def _what_if(self, question: questions.Question) -> None:
        self.app.push_screen(WhatIfScreen(question))

    @command("file", "f", "What if: a file of rules", may="settings.edit", free=True)
    def action_file(self) -> None:
        """Try a file of rules on the mail of the last 90 days before it is imported."""
        self.query_one(LineInput).ask(
            "File of rules:", files.home_text(Path.home()), purpose="file", complete=files.completions
        )

    @command("reader", "r", "What if: the mail read anew", may="settings.edit")
    def action_reader(self) -> None:
        """List the mail of the last 90 days that this version reads differently."""
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
        """Edit the filter: when it runs, its condition, actions and place."""
        if self.table.row is not None:
            self._form(self.table.row.name)

    def _form(self, name: str | None) -> None:
        from desk.admin import table  # 5 ms
        from desk.admin.rules import FILTERS  # 60 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        app = desk_app(self)

        def read() -> tuple[Any, Any]:
            known = table.listed(FILTERS, app.desk, app.actor)
            if name is not None:
                filters.stored(name)
            return next((each for each in known if each.key == name), None), table.choices(FILTERS)

        def said(words: str | None) -> None:
            if words is not None:
                self.flash(words)
            self.desk_changed()

        def show(found: tuple[Any, Any]) -> None:
            self.app.push_screen(AdminFormScreen(FILTERS, *found), said)

        self.in_thread(read).before_next_key(show, group="form")

    @command("switch", "space", "On or off", footer="on/off", may="settings.edit", enabled=_chosen)
    def action_switch(self) -> None:
        """Turn the filter on or off."""
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

    @command("remove", "d", "Remove", footer="remove", wide=True, may="settings.edit", enabled=_chosen)
    def action_remove(self) -> None:
        """Remove the filter; asks first, and says what that means."""
        from desk.admin.rules import FILTERS  # 60 ms
        from tui.widgets.confirm import Confirm  # 2 ms

        row, actor = self.table.row, desk_app(self).actor
        if row is None:
            return

        def removed(_: None) -> None:
            self.flash(f"Removed the filter {row.name}")
            self.desk_changed()

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(filters.remove, actor, row.name).then(removed, group="change")

        self.app.push_screen(Confirm(f"Remove the filter {row.name}?", FILTERS.removal), answered)

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        self.dismiss(None)
