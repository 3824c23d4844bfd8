"""The kinds of things that admins edit: a list of each, and below it a description of the chosen one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from desk.admin import table
from desk.admin.nouns import NOUNS
from desk.admin.table import Field, Noun, Record, Value
from tui.commands import Command, command, refused
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.screens.admin.form import AdminFormScreen
from tui.text.safe import cell, fitted, parts, safe
from tui.widgets.confirm import Confirm
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList


def shown(field: Field, value: Value) -> str:
    """Return a value as people read it."""
    if field.kind == "switch":
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    return text or (field.none if field.kind == "choice" else "")


def listed(noun: Noun) -> list[Field]:
    """Return the fields that a list has room for."""
    return [each for each in noun.fields if each.width]


def in_columns(noun: Noun, texts: Sequence[str], width: int) -> str:
    """Return texts beside each other; what is left of the line is shared out to the columns."""
    fields = listed(noun)
    spare = max(0, width - 1 - sum(each.width + 1 for each in fields)) // max(1, len(fields))
    return " ".join(fitted(text, each.width + spare) for each, text in zip(fields, texts, strict=True))


class RecordList(VirtualList[Record]):
    """One thing a line: its fields that have a column."""

    noun: Noun = NOUNS[0]

    def row_key(self, row: Record) -> Hashable:
        """Return the key that the kind's functions know it by."""
        return row.key

    def row_line(self, row: Record, width: int, look: Look) -> list[tuple[str, str]]:
        """Return the listed fields of one thing."""
        texts = [shown(each, row.values.get(each.name, "")) for each in listed(self.noun)]
        off = row.values.get("active") is False
        return [(">" if look.here else " ", ""), (in_columns(self.noun, texts, width), "dim" if off else "")]

    def row_words(self, row: Record) -> str:
        """Return the listed fields with their names: a listener does not see the column heads."""
        first, *others = ((each, shown(each, row.values.get(each.name, ""))) for each in listed(self.noun))
        return ", ".join([first[1], *(f"{field.label} {text}" for field, text in others if text)])


class RecordHeads(Widget):
    """The names of the columns over the list."""

    noun: reactive[Noun] = reactive(NOUNS[0])

    def render(self) -> Content:
        """Return the column heads for the width of the list."""
        heads = [each.label for each in listed(self.noun)]
        return safe(f" {in_columns(self.noun, heads, self.size.width)}", "bold")


def _chosen(screen: AdminScreen) -> str | None:
    if screen.table.row is not None:
        return None
    return f"there is none: {desk_app(screen).key('admin.new', 'n')} makes one"


def _allowed(screen: AdminScreen) -> str | None:
    return refused(screen, screen.noun.may, f"your role does not let you change {screen.noun.title}")


def _editable(screen: AdminScreen) -> str | None:
    if screen.noun.acts.edit is None:
        key = desk_app(screen).key
        remove, new = key("admin.remove", "d"), key("admin.new", "n")
        return f"{screen.noun.title} are not changed: {remove} removes one, {new} makes another"
    return _allowed(screen) or _chosen(screen)


def _removable(screen: AdminScreen) -> str | None:
    if screen.noun.acts.remove is None:
        return f"it is switched off, not removed: {desk_app(screen).key('admin.edit', 'e')}"
    return _allowed(screen) or _chosen(screen)


class AdminScreen(WordsBelow[None]):
    """A list of one kind of thing; Tab goes to the next kind."""

    PLACE = "settings"
    CSS_PATH = "screen.tcss"
    HELP_TITLE = "Admin"
    ID_PREFIX = "admin"
    GROUP = "Admin"

    def __init__(self) -> None:
        super().__init__()
        self.noun = NOUNS[0]
        self._words = ""
        self._records: Sequence[Record] = ()

    def compose_body(self) -> ComposeResult:
        """Yield the kinds, the list of one of them, and a description of the chosen thing below."""
        with Horizontal():
            yield Static(id="admin-nouns")
            with Vertical():
                yield LineInput()
                yield RecordHeads(id="admin-heads")
                yield RecordList(empty=f"None here. {desk_app(self).key('admin.new', 'n')} makes one.")
                yield TitledRule(id="admin-rule")
                with VerticalScroll(id="admin-detail", can_focus=False):
                    yield Static(id="admin-words")

    def hinted(self) -> tuple[Command, ...]:
        """Return the commands of the footer: of the list's own only what can be done with this noun now."""
        found = super().hinted()
        if not self.query(RecordList):
            return found
        return tuple(
            each
            for each in found
            if each.id not in ("admin.edit", "admin.new", "admin.remove") or each.enabled(self) is None
        )

    def spoken_place(self) -> str:
        """Return the list that Tab led to."""
        return self.noun.title

    @property
    def table(self) -> RecordList:
        """The list."""
        return self.query_one(RecordList)

    def on_mount(self) -> None:
        """Show the first kind."""
        super().on_mount()
        self.table.focus()
        self._go_to(self.noun)

    def desk_changed(self) -> None:
        """Read the list again; the cursor stays."""
        app, noun = desk_app(self), self.noun
        reading = self.in_thread(table.listed, noun, app.desk, app.actor)
        reading.then(self._take, failed=self._cannot_read, group="records")

    def _take(self, found: Sequence[Record]) -> None:
        self._records = found
        self._show()

    def _cannot_read(self, error: Exception) -> None:
        self._records = ()
        self._show()
        self.status(left=str(error))

    def _show(self) -> None:
        words = self._words.lower().split()
        rows = [row for row in self._records if all(word in _text(row) for word in words)]
        self.table.show_again(FixedRows(rows))
        clear = desk_app(self).key("admin.clear", "Esc")
        count = f"{len(rows)} of {len(self._records)}, {clear} shows all" if words else str(len(rows))
        place = f"list {NOUNS.index(self.noun) + 1} of {len(NOUNS)}"
        self.status(left=f"{self.noun.title}: {count}   {place}")

    def _go_to(self, noun: Noun) -> None:
        self.noun = self.table.noun = noun
        self._words, self._records = "", ()
        lines = [
            (f"{'>' if each is noun else ' '} {each.title}\n", "bold" if each is noun else "")
            for each in NOUNS
        ]
        self.query_one("#admin-nouns", Static).update(parts(("Admin\n\n", "bold"), *lines))
        self.query_one(RecordHeads).noun = noun
        self.describe(None)
        self.refresh_hints()
        self.desk_changed()

    def show_noun(self, name: str) -> None:
        """Show the list of the kind with that name."""
        self._go_to(next(each for each in NOUNS if each.name == name))

    @on(VirtualList.Loaded)
    def _loaded(self) -> None:
        self.refresh_hints()
        self.describe(self.table.row)

    def describe(self, row: object) -> None:
        """Describe all fields of the thing under the cursor."""
        rule, text = self.query_one("#admin-rule", TitledRule), self.query_one("#admin-words", Static)
        if not isinstance(row, Record):
            rule.set_text(self.noun.title, "")
            text.update(safe(self.noun.about))
            return
        rule.set_text(f"{self.noun.title}: {row.key}", "")
        said = [(field.label, shown(field, row.values.get(field.name, ""))) for field in self.noun.fields]
        text.update(parts(*(f"{cell(label, 15)} {words or '-'}\n" for label, words in said)))

    # -- keys

    @command("edit", "enter,e", "Change", footer="change", enabled=_editable)
    def action_edit(self) -> None:
        """Change the one under the cursor."""
        if self.table.row is not None:
            self._open(self.table.row)

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("admin.edit")

    @command("new", "n", "New", footer="new", enabled=_allowed)
    def action_new(self) -> None:
        """Make a new one."""
        self._open(None)

    def _open(self, record: Record | None) -> None:
        noun = self.noun

        def form(offered: dict[str, Sequence[str]]) -> None:
            self.app.push_screen(AdminFormScreen(noun, record, offered), self._said)

        self.in_thread(table.choices, noun).before_next_key(form, group="choices")

    def _said(self, said: str | None) -> None:
        if said is not None:
            desk_app(self).flash_later(said)
        self.desk_changed()

    @command("remove", "d", "Remove", footer="remove", enabled=_removable)
    def action_remove(self) -> None:
        """Remove the one under the cursor; asks first, and says what that means."""
        record, noun, app = self.table.row, self.noun, desk_app(self)
        if record is None:
            return

        def removed(_: None) -> None:
            self.flash(f"Removed the {noun.one} {record.key}")
            self.desk_changed()

        def answered(yes: bool | None) -> None:
            if yes:
                removing = self.in_thread(table.remove, noun, app.desk, app.actor, record)
                removing.then(removed, group="remove")

        self.app.push_screen(Confirm(f"Remove the {noun.one} {record.key}?", noun.removal), answered)

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Show only those with these letters."""
        self.query_one(LineInput).ask(f"/ search {self.noun.title.lower()}:", self._words, purpose="find")

    @command("clear", "escape", "All")
    def action_clear(self) -> None:
        """Show all again."""
        self._words = ""
        self._show()

    @on(LineInput.Typed)
    def _typed(self, event: LineInput.Typed) -> None:
        self._words = event.text
        self._show()

    @on(LineInput.Answered)
    def _answered(self) -> None:
        self.table.focus()

    @on(LineInput.Cancelled)
    def _cancelled(self) -> None:
        self.table.focus()
        self.action_clear()

    @command("next", "tab", "Next list", footer="next list")
    def action_next(self) -> None:
        """Go to the next list."""
        self._go_to(NOUNS[(NOUNS.index(self.noun) + 1) % len(NOUNS)])

    @command("previous", "shift+tab", "List before")
    def action_previous(self) -> None:
        """Go to the list before."""
        self._go_to(NOUNS[(NOUNS.index(self.noun) - 1) % len(NOUNS)])

    @command("menu", "m", "Menu of lists", footer="lists")
    def action_menu(self) -> None:
        """Choose a list from a menu."""
        nouns = {each.name: each for each in NOUNS}

        def picked(name: str | None) -> None:
            if name is not None:
                self._go_to(nouns[name])

        items = lettered([(each.name, each.title) for each in NOUNS])
        self.app.push_screen(Menu("Admin", items, self.noun.name), picked)


def _text(record: Record) -> str:
    return " ".join(str(value) for value in record.values.values()).lower()
