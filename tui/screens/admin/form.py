"""A form for one thing that admins edit, made from the table of its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from desk.admin import table
from desk.admin.table import Field, Noun, Record, Value
from desk.errors import DeskError
from tui.commands import Command, command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.text.safe import cell, safe
from tui.text.ways import in_the_app
from tui.widgets.choice import Choice, Tick
from tui.widgets.confirm import Confirm
from tui.widgets.entry import Entry, FieldNote, FormRow
from tui.widgets.field_pane import FieldPane
from tui.widgets.rule import TitledRule

LABEL = 15


def _previewed(screen: AdminFormScreen) -> str | None:
    return None if screen.noun.preview is not None else "there is nothing to be seen before"


def _triable(screen: AdminFormScreen) -> str | None:
    return None if screen.noun.tried else f"no stored mail tells what another {screen.noun.one} would do"


class AdminFormScreen(DeskScreen[str | None]):
    """Makes a new thing, or changes a `record`; returns the message to show once it is saved."""

    PLACE = "settings"
    TOP_BAR = False
    CSS_PATH = "form.tcss"
    HELP_TITLE = "Form"
    TYPES = True
    ID_PREFIX = "admin_form"
    GROUP = "Form"

    def __init__(self, noun: Noun, record: Record | None, choices: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._noun, self._record, self._choices = noun, record, choices
        self._fields = noun.asked(new=record is None)
        self._first: dict[str, Value] = {
            each.name: _as_kept(each, each.start if record is None else record.values[each.name])
            for each in self._fields
        }
        self._left: set[str] = set()
        self._refused: dict[str, str] = {}
        self._refused_whole = ""

    @property
    def noun(self) -> Noun:
        """The kind of thing that it makes or changes."""
        return self._noun

    def compose_body(self) -> ComposeResult:
        """Yield a row for each field."""
        what = f"{self._noun.one} {self._record.key}" if self._record else f"new {self._noun.one}"
        yield TitledRule(what[:1].upper() + what[1:], id="admin-form-rule")
        with FieldPane(id="admin-form", can_focus=False):
            for field in self._fields:
                yield from self._row(field)
        yield Static(id="admin-form-help")

    def _row(self, field: Field) -> Iterator[Widget]:
        widget = self._widget(field)
        widget.disabled = self._record is not None and field.fixed
        row = FormRow(f" {cell(field.label, LABEL)} ", widget, id=f"row-{field.name}")
        row.set_class(field.kind == "lines", "-lines")
        yield row
        yield FieldNote(id=f"note-{field.name}")

    def _widget(self, field: Field) -> Widget:
        value, name = self._first[field.name], f"f-{field.name}"
        if field.kind == "switch":
            return Tick("yes", bool(value), id=name)
        if field.kind == "choice":
            offered = [(each, each) for each in self._choices.get(field.name, ())]
            if not field.start:
                offered.insert(0, ("", field.none))
            if value not in {key for key, _ in offered}:
                offered.append((str(value), str(value)))
            return Choice(offered, str(value), folded=True, id=name)
        if field.kind == "lines":
            area = TextArea(str(value), soft_wrap=True, tab_behavior="focus", id=name)
            area.cursor_blink = False
            return area
        return Entry(str(value), id=name)

    def on_mount(self) -> None:
        """Begin with the first field that can be changed."""
        super().on_mount()
        first = next(each for each in self._fields if self._record is None or not each.fixed)
        self.query_one(f"#f-{first.name}").focus()
        self._tell()

    def hinted(self) -> tuple[Command, ...]:
        """Return the commands of the footer; mail and preview only where they apply to this kind of thing."""
        idle = {"admin_form.what_if"} if not self._noun.tried else set()
        idle |= {"admin_form.preview"} if self._noun.preview is None else set()
        return tuple(each for each in super().hinted() if each.id not in idle)

    def health_changed(self) -> None:
        """Keep the status line for the form."""

    # -- values

    def values(self) -> dict[str, Value]:
        """Return the values of all fields."""
        found: dict[str, Value] = {}
        for field in self._fields:
            widget = self.query_one(f"#f-{field.name}")
            if isinstance(widget, TextArea):
                found[field.name] = widget.text
            elif isinstance(widget, Entry | Choice | Tick):
                found[field.name] = widget.value
        return found

    @property
    def changed(self) -> bool:
        """Whether any field differs from when the form was opened."""
        return self.values() != self._first

    @on(Input.Changed)
    @on(Choice.Changed)
    @on(Tick.Changed)
    @on(TextArea.Changed)
    def _typed(self, event: Input.Changed | Choice.Changed | Tick.Changed | TextArea.Changed) -> None:
        event.stop()
        self._refused.pop(_field_of(event.control), None)
        self._refused_whole = ""
        self._check()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def _check(self) -> None:
        """Say beside each field that was left what is wrong with it."""
        values = self.values()
        for field in self._fields:
            said = table.problem(field, values[field.name]) if field.name in self._left else ""
            shown = said or self._refused.get(field.name, "")
            self.query_one(f"#note-{field.name}", FieldNote).say(shown, wrong=bool(shown))
        self._tell()

    def _tell(self) -> None:
        mark = "modified   " if self.changed else ""
        words = f"! {self._refused_whole}" if self._refused_whole else self.spoken_help()
        whole = cell_len(words) + cell_len(mark) < self.size.width - 1
        # What is too long for the status line has lines of its own above it.
        self.query_one("#admin-form-help", Static).update(safe("" if whole else words))
        self.query_one("#admin-form-help").display = not whole
        self.status(left=f"{mark}{words}" if whole else mark.strip())

    def spoken_help(self) -> str:
        """Return what the field with the cursor means."""
        here = _field_of(self.focused)
        return next((each.help for each in self._fields if each.name == here), "")

    def on_resize(self) -> None:
        """Put the help of a field where it is whole."""
        self.call_after_refresh(self._tell)

    def on_descendant_focus(self) -> None:
        """Show what the field with the cursor means."""
        self._tell()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Check the field that was left."""
        if self.is_mounted and _field_of(event.widget):
            self._left.add(_field_of(event.widget))
            self._check()

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """Keep letters in the form: none of them is a command here."""
        if event.is_printable:
            event.stop()
            event.prevent_default()

    @command("save", "ctrl+s", "Save", footer="save")
    def action_save(self) -> None:
        """Save this form."""
        if not self._sound("Not saved"):
            return
        self.in_thread(self._saving()).before_next_key(self.dismiss, failed=self._refuse, group="save")

    def _sound(self, otherwise: str, *, needed: bool = True) -> bool:
        """Return whether nothing is wrong; else go to the first wrong field and say which it is and why.

        `needed`: an empty field that has to be filled is wrong, too.
        """
        self._refused_whole, values = "", self.values()
        asked = [each for each in self._fields if needed or values[each.name]]
        self._left |= {each.name for each in asked}
        self._check()
        for field in asked:
            if said := table.problem(field, values[field.name]):
                self.query_one(f"#f-{field.name}").focus()
                words = said if said.startswith(field.label) else f"{field.label}: {said}"
                self.flash(f"{otherwise}: {words}", "warning")
                return False
        return True

    def _saving(self) -> Callable[[], str]:
        """Return what saves what stands here, and says so."""
        app, noun, record, values = desk_app(self), self._noun, self._record, self.values()

        def save() -> str:
            if record is None:
                said = table.add(noun, app.desk, app.actor, values)
                return said or f"Added the {noun.one} {values[noun.fields[0].name]}"
            changed = table.edit(noun, app.desk, app.actor, record, values)
            what = ", ".join(changed).lower() or "nothing"
            return f"Changed the {noun.one} {record.key}: {what}"

        return save

    def _refuse(self, error: Exception, otherwise: str = "Not saved") -> None:
        """Say why the desk refused, beside the field it is about, else above the status line."""
        if not isinstance(error, DeskError):
            desk_app(self).flash_error(error)
            return
        hint = in_the_app(error.hint, desk_app(self).key)
        said = f"{error}: {hint}" if hint else str(error)
        name = table.blamed(self._fields, self.values(), error)
        if isinstance(error, table.ChangedMeanwhile) and self._record is not None:
            # Now the person knows it: what they save again is meant.
            known = {**self._record.values, name: error.is_now}
            self._record = replace(self._record, values=known)
        if name:
            self._refused[name] = said
            self.query_one(f"#f-{name}").focus()
        else:
            self._refused_whole = said
        self._check()
        self.flash(f"{otherwise}: {error}", "warning")

    @command("what_if", "f2", "What if", footer="what if", may="settings.edit", enabled=_triable)
    def action_what_if(self) -> None:
        """Try what stands here on the mail of the last 90 days."""
        if not self._sound("Not tried"):
            return
        from tui.screens.what_if.questions import of_change  # 3 ms
        from tui.screens.what_if.screen import WhatIfScreen  # 3 ms

        app, save = desk_app(self), self._saving()
        name = self._record.key if self._record else str(self.values()[self._noun.fields[0].name])
        kept = f"{self._noun.name} {name}: as it was tried, from now on"
        question = of_change(app.desk, app.actor, f"{self._noun.name} {name}", save, kept)

        def back(held: bool | None) -> None:
            if held:
                self.dismiss(kept)

        self.app.push_screen(WhatIfScreen(question), back)

    @command("preview", "f4", "Preview", footer="preview", enabled=_previewed)
    def action_preview(self) -> None:
        """Preview the text with the ticket that was changed last; nothing is sent."""
        from tui.screens.admin.preview import PreviewScreen  # 2 ms

        if not self._sound("Not shown", needed=False):
            return
        app, values = desk_app(self), self.values()
        if self._record is not None:
            values = {**self._record.values, **values}
        if self._noun.preview is not None:
            trying = self.in_thread(self._noun.preview, app.desk, app.actor, values)
            trying.before_next_key(
                lambda text: self.app.push_screen(PreviewScreen(text)),
                failed=lambda error: self._refuse(error, "Not shown"),
                group="preview",
            )

    @command("back", "escape", "Cancel", footer="cancel")
    def action_back(self) -> None:
        """Leave the form; asks first when something was changed."""
        if not self.changed:
            self.dismiss(None)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        self.app.push_screen(Confirm("Throw away what you typed?", "Nothing of it is saved."), answered)


def _as_kept(field: Field, value: Value) -> Value:
    return bool(value) if field.kind == "switch" else str(value)


def _field_of(widget: Widget | None) -> str:
    return (
        (widget.id or "").removeprefix("f-") if widget is not None and (widget.id or "")[:2] == "f-" else ""
    )
