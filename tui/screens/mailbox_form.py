"""The mailbox form: filled with the keyboard alone, tested live, saved, fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from desk import connection, fetching, mailboxes
from tui.commands import Command
from tui.plain import cell, parts, plain
from tui.screens.mailbox_fields import (
    FIELD_HELP,
    IMAP_PORTS,
    SECRET_HELP,
    SECURITY_OF_PORT,
    SMTP_PORTS,
    Row,
    identity_rows,
    incoming_rows,
    outgoing_rows,
)
from tui.screens.mailbox_form_keys import KEYS
from tui.screens.mailbox_values import Checked, Known, Typed, checked, known, schedule_words
from tui.widgets.choice import Choice, Tick
from tui.widgets.command_screen import CommandScreen
from tui.widgets.confirm import Confirm
from tui.widgets.entry import Entry, FieldNote, FormRow
from tui.widgets.rule import TitledRule
from tui.widgets.step_list import StepList, step_name
from tui.work import desk_app

if TYPE_CHECKING:
    from desk.connection import Side
    from mail.probe import Step
    from models.mailboxes import Mailbox

INCOMING = ("server", "user", "secret_source", "secret", "schedule", "processed", "backlog", "trust")
OUTGOING = ("smtp_server", "smtp_auth", "smtp_user", "smtp_secret_source", "smtp_secret", "smtp_trust")
OWN_LOGIN = ("smtp_user", "smtp_secret_source", "smtp_secret")


class MailboxFormScreen(CommandScreen[str | None]):
    """Adds a mailbox, or changes the one of `address`; gives back its address once it is saved."""

    PLACE = "mailboxes"
    TOP_BAR = False
    CSS_PATH = "mailbox_form.tcss"
    HELP_TITLE = "Mailbox form"
    AUTO_FOCUS = "#f-address"
    KEYS: ClassVar[tuple[Command, ...]] = KEYS

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self._address = address
        self._start = Known(address=address)
        self._first: Typed = {}
        self._loaded = False
        self._visited: set[str] = set()
        self._rows: dict[str, Row] = {}
        self._checked: Checked | None = None
        self._tested: Typed | None = None
        self._failed: list[str] = []
        self._sending_failed = False

    # -- what it looks like

    def compose_body(self) -> ComposeResult:
        yield Static(id="form-title")
        with Horizontal(id="form-whole"):
            yield Static(id="form-others")
            with Vertical():
                yield TitledRule(id="form-rule")
                with VerticalScroll(id="form-fields", can_focus=False):
                    yield from self._compose_rows(identity_rows())
                    yield TitledRule("Incoming")
                    yield from self._compose_rows(incoming_rows())
                    yield TitledRule("Outgoing")
                    yield from self._compose_rows(outgoing_rows())
                yield TitledRule("Test connection", "F5", id="test-rule")
                yield StepList(id="steps")

    def _compose_rows(self, rows: Iterable[Row]) -> Iterator[Widget]:
        for row in rows:
            self._rows[row.name] = row
            yield FormRow(*row.parts, id=f"row-{row.name}")
            yield FieldNote(id=f"note-{row.name}")

    def on_mount(self) -> None:
        self.in_thread(known, desk_app(self).desk, self._address, then=self._take, failed=self._cannot_load)
        self.in_thread(mailboxes.entries, desk_app(self).desk, then=self._show_others)
        self._arrange()

    def _cannot_load(self, error: Exception) -> None:
        desk_app(self).flash_error(error)
        self.dismiss(None)

    def _take(self, start: Known) -> None:
        self._start = start
        self.query_one("#f-department", Choice).set_options(
            [("", "the default one"), *((name, name) for name in start.departments)]
        )
        typed = dict(start.typed)
        for name, value in typed.items():
            self._put(name, value)
        if not start.is_new:
            for prefix in ("", "smtp_"):
                if typed[f"{prefix}secret_source"] == "sealed":
                    self._field(
                        f"{prefix}secret", Entry
                    ).placeholder = "stays as it is; type a new one to change it"
        self._loaded = True
        self._first = self.typed()
        self._visited = (
            set() if start.is_new else {name for row in self._rows.values() for name in row.fields}
        )
        self._arrange()
        self._check()

    def _show_others(self, lines: Iterable[mailboxes.MailboxLine]) -> None:
        rows = [("Mailboxes\n\n", "bold")]
        for line in lines:
            mark = ">" if line.address == self._address else " "
            flag = {"failing": "!", "disabled": "-"}.get(line.state, " ")
            rows.append((f"{mark}{flag} {cell(line.name or line.address, 22)} {line.state}\n", ""))
        if self._address is None:
            rows.append((">  (new)\n", ""))
        self.query_one("#form-others", Static).update(parts(*rows))

    # -- values

    def _field(self, name: str, kind: type[Entry]) -> Entry:
        return self.query_one(f"#f-{name}", kind)

    def typed(self) -> dict[str, str | bool]:
        """What stands in the fields now."""
        found: dict[str, str | bool] = {}
        for widget in self.query("#form-fields FormRow > *"):
            if widget.id and isinstance(widget, (Entry, Choice, Tick)):
                found[widget.id.removeprefix("f-")] = widget.value
        return found

    def _put(self, name: str, value: str | bool) -> None:
        for widget in self.query(f"#f-{name}"):
            if isinstance(widget, Tick):
                widget.value = bool(value)
            elif isinstance(widget, (Choice, Entry)):
                with self.prevent(Input.Changed, Choice.Changed):
                    widget.value = str(value)

    @property
    def changed(self) -> bool:
        """Whether anything was typed since it was opened or saved."""
        return self._loaded and self.typed() != self._first

    @on(Input.Changed)
    def _typed_in(self, event: Input.Changed) -> None:
        event.stop()
        name = (event.input.id or "").removeprefix("f-")
        self._visited.add(name)
        if event.input.has_focus and name in ("port", "smtp_port"):
            prefix = name.removesuffix("port")
            if event.value in SECURITY_OF_PORT:
                self._put(f"{prefix}security", SECURITY_OF_PORT[event.value])
        self._check()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        name = (event.choice.id or "").removeprefix("f-")
        if name in ("security", "smtp_security"):
            ports = IMAP_PORTS if name == "security" else SMTP_PORTS
            port = self._field(name.replace("security", "port"), Entry)
            if port.value in {"", *ports.values()}:
                self._put(name.replace("security", "port"), ports[event.value])
        if name in ("secret_source", "smtp_secret_source"):
            self._put(name.removesuffix("_source"), "")
        self._arrange()
        self._check()

    @on(Tick.Changed)
    def _ticked(self, event: Tick.Changed) -> None:
        event.stop()
        self._check()

    def _arrange(self) -> None:
        """Show the lines that what was chosen asks for."""
        typed = self.typed()
        fetches, sends = typed["protocol"] == "imap", typed["outgoing"] == "smtp"
        for name in INCOMING:
            self.query_one(f"#row-{name}").display = fetches
            self.query_one(f"#note-{name}").set_class(not fetches, "-hidden")
        for name in OUTGOING:
            shown = sends and (typed["smtp_auth"] == "basic" or name not in OWN_LOGIN)
            self.query_one(f"#row-{name}").display = shown
            self.query_one(f"#note-{name}").set_class(not shown, "-hidden")
        for prefix in ("", "smtp_"):
            source = str(typed[f"{prefix}secret_source"])
            entry = self._field(f"{prefix}secret", Entry)
            entry.password = source == "sealed"
            entry.disabled = source == "none"
            kept = getattr(self._start, f"{prefix}secret_source") == source == "sealed"
            entry.placeholder = "stays as it is; type to change it" if kept else SECRET_HELP[source]
        self._field("move_folder", Entry).disabled = typed["after_fetch"] != "move"

    # -- what is wrong

    def _check(self) -> None:
        if not self._loaded:
            return
        typed = self.typed()
        self._checked = checked(typed, self._start)
        for row in self._rows.values():
            said = [self._checked.wrong[name] for name in row.fields if name in self._shown_wrong()]
            note = self.query_one(f"#note-{row.name}", FieldNote)
            if said:
                note.say("; ".join(said), wrong=True)
            elif row.name == "schedule":
                app = desk_app(self)
                note.say(schedule_words(str(typed["schedule"]), app.now(), app.desk.zone), wrong=False)
            else:
                note.say("", wrong=False)
        self._tell()

    def _shown_wrong(self) -> dict[str, str]:
        """What is wrong where the person has been; nobody is blamed for a field they did not reach."""
        wrong = self._checked.wrong if self._checked else {}
        return {name: words for name, words in wrong.items() if name in self._visited}

    def _tell(self) -> None:
        what = f"{self._address}: edit" if self._address else "New mailbox"
        state = "modified   " if self.changed else ""
        right = f"{state}Tab next field   ^S save "
        width = self.app.size.width
        self.query_one("#form-title", Static).update(plain(f" {cell(what, width - len(right) - 1)}{right}"))
        shown = self._shown_wrong()
        warnings = self._checked.form.warnings if self._checked and self._checked.form else []
        if shown:
            count = len(shown)
            self.status(left=f"{count} problem{'' if count == 1 else 's'}: {next(iter(shown.values()))}")
        elif self._failed and self.typed() == self._tested:
            self.status(left=self._test_words())
        elif warnings:
            self.status(left=f"Mind: {warnings[0]}")
        else:
            focused = self.focused
            name = (focused.id or "").removeprefix("f-") if focused is not None else ""
            self.status(left=FIELD_HELP.get(name, ""))

    def health_changed(self) -> None:
        """The status line is the form's alone."""

    def on_descendant_focus(self) -> None:
        self._tell()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if self._loaded and event.widget.id and event.widget.id.startswith("f-"):
            name = event.widget.id.removeprefix("f-")
            if name not in self._visited:
                self._visited.add(name)
                self._check()

    def _visit_all(self) -> bool:
        """Blame every field that is wrong and go to the first; True when none is."""
        self._visited |= {name for row in self._rows.values() for name in row.fields}
        self._visited |= set(self._checked.wrong if self._checked else {})
        self._check()
        if self._checked is None:
            return False
        for row in self._rows.values():
            for name in row.fields:
                if name in self._checked.wrong:
                    place = "move_folder" if name == "after_fetch" else name
                    self.query_one(f"#f-{place}").focus()
                    return False
        return not self._checked.wrong

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """No letter of a form is a command: digits would change the screen under a half-typed mailbox."""
        if event.is_printable:
            event.stop()
            event.prevent_default()

    def action_go(self, step: int) -> None:
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_cancel(self) -> None:
        if self.changed:
            question = "Leave without saving this mailbox?"
            self.app.push_screen(Confirm(question), self._leave_if)
        else:
            self.dismiss(None)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(None)

    # -- test

    def action_test(self) -> None:
        if not self._visit_all() or self._checked is None or self._checked.form is None:
            return
        if self._checked.form.protocol == "none" and not self._checked.form.sends:
            self.flash("There is no server to test: this mailbox neither fetches nor sends")
            return
        found = self._checked
        app = desk_app(self)
        address = self._start.address

        def steps() -> Iterator[tuple[Side, Step]]:
            stored = None if address is None else mailboxes.find(address)
            if found.form is not None:
                yield from connection.try_sides(app.desk, found.form, found.secrets, stored)

        self._tested, self._failed, self._sending_failed = self.typed(), [], False
        self.query_one("#test-rule", TitledRule).set_text(right="testing")
        self.query_one(StepList).begin("testing...")
        self.stream(steps, each=self._stepped, then=self._test_ended, group="test")

    def _stepped(self, found: tuple[Side, Step]) -> None:
        side, step = found
        name = step_name(side, step)
        self.query_one(StepList).add(name, step)
        if step.ok is False:
            self._failed.append(name)
            self._sending_failed = self._sending_failed or side == "outgoing"

    def _test_ended(self) -> None:
        steps = self.query_one(StepList).steps
        skipped = sum(step.ok is None for step in steps)
        words = f"{len(self._failed)} failed" if self._failed else "all OK"
        right = words + (f", {skipped} skipped" if skipped else "")
        self.query_one("#test-rule", TitledRule).set_text(right=right)
        self.query_one(StepList).finish("Nothing was sent and no message was changed by this test.")
        self._tell()

    def _test_words(self) -> str:
        names = ", ".join(self._failed)
        count = len(self._failed)
        off = "; sending stays off" if self._sending_failed else ""
        return f"{count} problem{'' if count == 1 else 's'}: {names}. You can save anyway{off}."

    # -- save

    def action_save(self) -> None:
        if not self._visit_all() or self._checked is None or self._checked.form is None:
            if self._checked is not None and self._checked.wrong:
                self.flash(f"Not saved: {next(iter(self._checked.wrong.values()))}", "warning")
            return
        form, secrets = self._checked.form, self._checked.secrets
        if self._sending_failed and self.typed() == self._tested:
            form = form.model_copy(update={"outgoing_enabled": False})
        app = desk_app(self)
        if self._start.address is None:
            self.in_thread(mailboxes.add, app.desk, app.actor, form, secrets, then=self._saved, group="save")
        else:
            self.in_thread(
                mailboxes.edit,
                app.desk,
                app.actor,
                self._start.address,
                form,
                secrets,
                then=self._saved,
                group="save",
            )

    def _saved(self, mailbox: Mailbox) -> None:
        self._first = self.typed()
        self._tell()
        app = desk_app(self)
        if mailbox.protocol == "none" or not mailbox.incoming_enabled:
            app.flash(f"{mailbox.address} is saved")
            self.dismiss(mailbox.address)
            return
        detail = ""
        if mailbox.smtp_host and not mailbox.outgoing_enabled:
            detail = "Sending is off until its test works: o on the list switches it on."
        self.app.push_screen(
            Confirm(f"{mailbox.address} is saved. Fetch its mail now?", detail),
            lambda yes: self._after_save(mailbox, fetch=bool(yes)),
        )

    def _after_save(self, mailbox: Mailbox, *, fetch: bool) -> None:
        if not fetch:
            self.dismiss(mailbox.address)
            return
        self.in_thread(fetching.request, mailbox.id, then=lambda _: self.dismiss(mailbox.address))
