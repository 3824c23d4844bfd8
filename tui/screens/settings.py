"""Settings: the desk's own, which can be changed; below them the deployment's, with where each comes from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from desk import settings
from desk.errors import DeskError
from desk.settings import Setting, SettingLine
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.text.safe import cell, fitted, parts, safe
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, MenuItem, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from config.paths import DeskPaths
    from desk.staff.preferences import ToldBy

FILE_SECTION = "deployment"
LISTS_SECTION = "lists"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line: a setting of the desk (`setting` is set), or one of the file that is only shown."""

    key: str
    shown: str
    where: str
    help: str
    section: str
    setting: Setting | None = None
    is_default: bool = True
    noun: str = ""
    """It is a list of these, which is opened."""

    @property
    def title(self) -> str:
        """The words that people read instead of the key."""
        if self.noun:
            return self.shown
        return self.key if self.setting is None else self.setting.words

    @property
    def value(self) -> str:
        """The value, with its unit."""
        if self.noun:
            return self.help
        return (
            self.shown
            if self.setting is None or not self.setting.unit
            else f"{self.shown} {self.setting.unit}"
        )


@dataclass(frozen=True, slots=True)
class Everything:
    """All settings, and what looks like a mistake in the deployment's."""

    rows: tuple[SettingRow, ...]
    file: str
    warnings: tuple[str, ...]


def everything(paths: DeskPaths) -> Everything:
    """Read all settings. Blocks."""
    from config import settings as deployment  # 75 ms
    from desk.admin.nouns import NOUNS  # 60 ms

    loaded = deployment.load(paths)
    rows = [_desk_row(line) for line in settings.entries()]
    rows += [
        SettingRow(f"list.{each.name}", each.title, "", each.about, LISTS_SECTION, noun=each.name)
        for each in NOUNS
    ]
    rows += [
        SettingRow(
            item.key,
            item.value,
            item.provenance.where,
            deployment.help_of(item.key),
            FILE_SECTION,
            is_default=item.provenance.source == "default",
        )
        for item in loaded.shown()
    ]
    return Everything(tuple(rows), str(paths.config_file), loaded.warnings)


def _desk_row(line: SettingLine) -> SettingRow:
    where = "default" if line.is_default else f"default: {settings.shown(line.setting, line.setting.default)}"
    setting = line.setting
    return SettingRow(setting.key, line.shown, where, setting.help, setting.section, setting, line.is_default)


def options(setting: Setting) -> list[tuple[str, str]]:
    """Return the values a person picks from, each with its words; none where one types. Blocks."""
    match setting.kind:
        case "choice":
            return [(choice, choice) for choice in setting.choices]
        case "mailbox":
            from desk.mailboxes import registry  # 26 ms

            found = [line.address for line in registry.entries() if line.outgoing_enabled]
            return [("", "none"), *((address, address) for address in found)]
        case "sla":
            from desk.staff import slas  # 5 ms

            return [("", "none"), *((sla.name, sla.name) for sla in slas.slas() if sla.active)]
        case _:
            return []


class SettingList(VirtualList[SettingRow]):
    """One setting a line: a star where it is not the default, what it is, its value, and its key.

    One of the file has no words of its own: its key, its value, and where that comes from.
    """

    def row_key(self, row: SettingRow) -> Hashable:
        """Return the setting's key."""
        return row.key

    def row_line(self, row: SettingRow, width: int, look: Look) -> list[tuple[str, str]]:
        """Return a setting in words, its value, and its key or where the value comes from."""
        mark = ">" if look.here else " "
        star = " " if row.is_default else "*"
        value = f"[{'x' if row.shown == 'on' else ' '}]" if _is_switch(row) else row.value or "-"
        left = f"{mark}{star}{fitted(row.title, 27)} "
        if row.noun:
            return [(left, ""), (fitted(row.value, width - len(left)), "dim")]
        where_room = 26
        return [
            (left, "" if row.setting else "dim"),
            (fitted(value, width - len(left) - where_room - 1) + " ", "bold" if not row.is_default else ""),
            (cell(row.key if row.setting else row.where, where_room), "dim"),
        ]


def _is_switch(row: SettingRow) -> bool:
    return row.setting is not None and row.setting.kind == "switch"


def _changeable(screen: SettingsScreen) -> str | None:
    row = screen.table.row
    if row is None:
        return "no setting is chosen"
    if row.noun:
        return f"{desk_app(screen).key('settings.edit', 'ret')} opens this list"
    if row.setting is None:
        return "this one is set in the file, the environment or by a flag"
    return None


def _openable(screen: SettingsScreen) -> str | None:
    row = screen.table.row
    return None if row is not None and row.noun else _changeable(screen)


def _resettable(screen: SettingsScreen) -> str | None:
    row = screen.table.row
    return _changeable(screen) or ("it has its default" if row is not None and row.is_default else None)


class SettingsScreen(WordsBelow[None]):
    """Every setting with its help; a change takes effect at once."""

    PLACE = "settings"
    CSS_PATH = "settings.tcss"
    ID_PREFIX = "settings"
    GROUP = "Settings"
    REFUSAL = "your role does not let you change settings"

    def __init__(self) -> None:
        super().__init__()
        self._all = Everything((), "", ())
        self._words = ""
        self._editing: Setting | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the sections, the settings, and below them the help of one."""
        with Horizontal():
            yield Static(id="settings-sections")
            with Vertical():
                yield LineInput()
                clear = desk_app(self).key("settings.clear", "Esc")
                yield SettingList(empty=f"No setting is called that. {clear} shows all.")
                yield TitledRule(id="settings-rule")
                with VerticalScroll(id="settings-detail", can_focus=False):
                    yield Static(id="settings-help")

    @property
    def table(self) -> SettingList:
        """The settings."""
        return self.query_one(SettingList)

    def on_mount(self) -> None:
        """Read all settings."""
        self.table.focus()
        self.desk_changed()

    def desk_changed(self) -> None:
        """Read all settings again; the cursor stays on its setting."""
        self.in_thread(everything, desk_app(self).desk.paths).then(self._take, group="settings")

    def _take(self, found: Everything) -> None:
        self._all = found
        self._show()

    def _show(self) -> None:
        words = self._words.lower().split()
        rows = [
            row
            for row in self._all.rows
            if all(word in f"{row.key} {row.title} {row.help}".lower() for word in words)
        ]
        self.table.show_again(FixedRows(rows))
        if words:
            clear = desk_app(self).key("settings.clear", "Esc")
            self.status(left=f"/ {self._words}: {len(rows)} found, {clear} shows all")
        elif self._all.warnings:
            self.status(left=f"[!] {'; '.join(self._all.warnings)}")
        else:
            self.status(left=f"* is not the default   file: {self._all.file}")

    @on(VirtualList.Loaded)
    def _loaded(self) -> None:
        self._tell_sections()

    # -- what is under the cursor

    def describe(self, row: object) -> None:
        """Describe what the setting under the cursor means, and where it is changed."""
        rule = self.query_one("#settings-rule", TitledRule)
        text = self.query_one("#settings-help", Static)
        if not isinstance(row, SettingRow):
            rule.set_text("", "")
            text.update(safe(""))
            return
        rule.set_text(row.title, "" if row.setting is None else _kind_words(row.setting))
        if row.noun:
            opens = desk_app(self).key("settings.edit", "ret")
            text.update(parts(f"{row.help}\n", (f"{opens} opens the list.", "dim")))
        elif row.setting is None:
            change = f"Now {row.shown or 'empty'} ({row.where})\nChange it in {self._all.file}"
            text.update(parts(f"{row.help}\n", (f"{change} or with NIGHTDESK_{row.key.upper()}", "dim")))
        else:
            text.update(parts(f"{row.help}\n", (f"{row.key}   {row.where}", "dim")))
        self._tell_sections()

    def _sections(self) -> Sequence[str]:
        return list(dict.fromkeys(row.section for row in self.table.rows))

    def _tell_sections(self) -> None:
        row = self.table.row
        current = row.section if row is not None else ""
        lines = [
            (f"{'>' if name == current else ' '} {name.capitalize()}\n", "bold" if name == current else "")
            for name in self._sections()
        ]
        self.query_one("#settings-sections", Static).update(parts(("Sections\n\n", "bold"), *lines))

    @command("edit", "enter", "Change", footer="change", may="settings.edit", enabled=_openable)
    def action_edit(self) -> None:
        """Change this setting; it takes effect at once. Opens the list of departments, agents, texts, ..."""
        row = self.table.row
        if row is not None and row.noun:
            desk_app(self).navigation.open_admin(row.noun)
            return
        if row is None or row.setting is None:
            return
        if _is_switch(row):
            self.action_flip()
        else:
            self.in_thread(options, row.setting).before_next_key(
                lambda found: self._ask(row, found), group="options"
            )

    def _ask(self, row: SettingRow, found: Sequence[tuple[str, str]]) -> None:
        setting = row.setting
        if setting is None:
            return
        if found:
            menu = Menu(setting.words, lettered(found), row.shown)
            self.app.push_screen(menu, lambda value: None if value is None else self._set(setting, value))
        else:
            self._editing = setting
            self.query_one(LineInput).ask(f"{setting.key} =", row.shown, purpose="value")

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("settings.edit")

    @command("toggle", "space", "On or off", footer="on/off", may="settings.edit", enabled=_changeable)
    def action_flip(self) -> None:
        """Switch this setting, or go to its next value."""
        row = self.table.row
        if row is None or row.setting is None:
            return
        if _is_switch(row):
            self._set(row.setting, "off" if row.shown == "on" else "on")
        elif row.setting.choices:
            choices = row.setting.choices
            self._set(row.setting, choices[(choices.index(row.shown) + 1) % len(choices)])
        else:
            self.action_edit()

    def _set(self, setting: Setting, text: str) -> None:
        self.in_thread(settings.set, desk_app(self).actor, setting.key, text).then(
            lambda value: self._saved(setting, value),
            failed=lambda error: self._refused(setting, text, error),
        )

    def _saved(self, setting: Setting, value: object) -> None:
        self.flash(f"{setting.key} is now {settings.shown(setting, value) or 'empty'}")
        self.desk_changed()

    def _refused(self, setting: Setting, text: str, error: Exception) -> None:
        desk_app(self).flash_error(error)
        if setting.kind not in ("switch", "choice"):
            self._editing = setting
            self.query_one(LineInput).ask(f"{setting.key} =", text, purpose="value")

    @command("reset", "r", "Reset", footer="reset", may="settings.edit", enabled=_resettable)
    def action_reset(self) -> None:
        """Put this setting back to its default."""
        row = self.table.row
        if row is not None and row.setting is not None:
            setting = row.setting
            self.in_thread(settings.reset, desk_app(self).actor, setting.key).then(
                lambda value: self._saved(setting, value)
            )

    @command("told", "c", "How to call you")
    def action_told(self) -> None:
        """Choose how you are alerted: the terminal's title, its bell, a desktop notification."""
        from desk.staff import preferences  # 5 ms

        self.in_thread(preferences.told_by, desk_app(self).actor).before_next_key(
            self._ask_told, group="told"
        )

    def _ask_told(self, chosen: ToldBy) -> None:
        from desk.staff import preferences  # 5 ms

        def item(letter: str, words: str, name: str) -> MenuItem:
            return MenuItem(letter, f"[{'x' if getattr(chosen, name) else ' '}] {words}", name)

        items = [
            item("t", "count in the terminal's title", "title"),
            item("b", "bell", "bell"),
            item("9", "desktop notice, OSC 9 (iTerm2, kitty, WezTerm)", "osc9"),
            item("7", "desktop notice, OSC 777 (foot, urxvt, Ghostty)", "osc777"),
        ]

        def picked(name: str | None) -> None:
            if name is not None:
                changed = chosen._replace(**{name: not getattr(chosen, name)})
                saving = self.in_thread(preferences.set_told_by, desk_app(self).actor, changed)
                saving.then(self._ask_told, group="told")

        self.app.push_screen(Menu("Call me by", items), picked)

    @command("from_name", "f", "Your name in From")
    def action_from_name(self) -> None:
        """Choose the name that customers see in From of your mail, where mail.from_name allows it."""
        from desk.staff import preferences  # 5 ms

        self.in_thread(preferences.from_name, desk_app(self).actor).before_next_key(
            self._ask_from_name, group="from"
        )

    def _ask_from_name(self, chosen: str) -> None:
        from desk.staff import preferences  # 5 ms

        name, fixed = desk_app(self).actor.name, settings.get("mail.from_name") != "chosen"
        why = "mail.from_name decides" if fixed else ""
        items = [
            MenuItem("m", "the mailbox: Support", "mailbox", why),
            MenuItem("a", f"you: {name}", "agent", why),
            MenuItem("b", f"both: {name} at Support", "both", why),
        ]

        def picked(wanted: str | None) -> None:
            if wanted is not None:
                self.in_thread(preferences.set_from_name, desk_app(self).actor, wanted).then(
                    lambda _: self.flash(f"Your mail names {wanted.replace('both', 'you and the mailbox')}")
                )

        self.app.push_screen(Menu("In From of your mail", items, chosen), picked)

    @command("own", "v", "Vacation, mail, signature", footer="away")
    def action_own(self) -> None:
        """Set your vacation and stand-in, when you are mailed of what, and your signature."""
        from desk.admin import people, table  # 60 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        app = desk_app(self)

        def read() -> tuple[table.Noun, table.Record, dict[str, Sequence[str]]]:
            noun, record = people.own_form(app.desk, app.actor)
            return noun, record, table.choices(noun)

        def said(words: str | None) -> None:
            if words is not None:
                app.flash_later(words)

        self.in_thread(read).before_next_key(
            lambda found: self.app.push_screen(AdminFormScreen(*found), said), group="own"
        )

    @command("try", "t", "What if", may="settings.edit", enabled=_changeable)
    def action_try(self) -> None:
        """Try another value on the mail of the last 90 days."""
        row = self.table.row
        if row is not None and row.setting is not None:
            self._editing = row.setting
            self.query_one(LineInput).ask(f"What if {row.setting.key} =", row.shown, purpose="try")

    def _try(self, setting: Setting, text: str) -> None:
        from tui.screens.what_if.questions import of_change  # 3 ms
        from tui.screens.what_if.screen import WhatIfScreen  # 3 ms

        app = desk_app(self)

        def change() -> object:
            return settings.set(app.actor, setting.key, text)

        question = of_change(
            app.desk, app.actor, f"{setting.key} = {text}", change, f"{setting.key} is now {text}"
        )
        self.app.push_screen(WhatIfScreen(question), lambda _kept: self.desk_changed())

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Show only settings with these letters."""
        self.query_one(LineInput).ask("/ search settings:", self._words, purpose="find")

    @command("clear", "escape", "All settings")
    def action_clear(self) -> None:
        """Show all settings again."""
        self._words = ""
        self._show()

    @on(LineInput.Typed)
    def _typed(self, event: LineInput.Typed) -> None:
        if event.purpose == "find":
            self._words = event.text
            self._show()
        elif self._editing is not None and self._editing.kind == "schedule":
            self.query_one("#settings-help", Static).update(safe(_schedule_words(event.text)))

    @on(LineInput.Answered)
    def _answered(self, event: LineInput.Answered) -> None:
        self.table.focus()
        if event.purpose == "value" and self._editing is not None:
            self._set(self._editing, event.text)
        elif event.purpose == "try" and self._editing is not None:
            self._try(self._editing, event.text.strip())

    @on(LineInput.Cancelled)
    def _cancelled(self, event: LineInput.Cancelled) -> None:
        self.table.focus()
        if event.purpose == "find":
            self.action_clear()

    @command("next", "tab", "Next section", footer="section")
    def action_next(self) -> None:
        """Go to the next section."""
        self._go_by_section(1)

    @command("previous", "shift+tab", "Section before")
    def action_previous(self) -> None:
        """Go to the section before."""
        self._go_by_section(-1)

    def _go_by_section(self, step: int) -> None:
        names = self._sections()
        row = self.table.row
        if row is None:
            return
        wanted = names[(names.index(row.section) + step) % len(names)]
        self.table.move_to_key(next(line.key for line in self.table.rows if line.section == wanted))


def _kind_words(setting: Setting) -> str:
    match setting.kind:
        case "number":
            return f"{setting.low} to {setting.high}, default {setting.default}"
        case "schedule":
            return f"'every 45 minutes' or a cron line, default {setting.default}"
        case "addresses":
            return "mail addresses, with commas"
        case _:
            return f"default {settings.shown(setting, setting.default) or 'empty'}"


def _schedule_words(text: str) -> str:
    from desk.schedules import parse  # 3 ms

    try:
        schedule = parse(text)
    except DeskError as error:
        return f"{error} - {error.hint}"
    return schedule.words() + (f" ({schedule.warning})" if schedule.warning else "")
