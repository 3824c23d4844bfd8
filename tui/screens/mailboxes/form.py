"""The mailbox form: every field of a mailbox, usable by keyboard alone, with errors explained in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input, Static

from config.wording import counted
from desk.fetching import runs
from desk.mailboxes import connection, lists, registry
from desk.mailboxes.fields import OWNERS_FILES, SECRETS, SIDES, Part, named
from desk.mailboxes.form import taken_apart, warnings
from desk.mailboxes.token_health import token_line
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.screens.mailboxes.connection_panel import ConnectionPanel
from tui.screens.mailboxes.fields import (
    OAUTH2_ROWS,
    PORTS,
    SECRET_HELP,
    SECRET_PLACES,
    SECRET_SOURCES,
    SECURITY_OF_PORT,
    Row,
    Section,
    Typed,
    hidden_fields,
    hidden_rows,
    sections,
    with_oauth2,
)
from tui.screens.mailboxes.help import FIELD_HELP
from tui.screens.mailboxes.presets import Filling, filling
from tui.screens.mailboxes.values import (
    POP3_FOLDER,
    Checked,
    FormOvertaken,
    FormStart,
    checked,
    known,
    oauth2_words,
    refuse_overtaken,
    schedule_words,
    sending_words,
    warned_fields,
)
from tui.text.safe import cell, fitted, parts, safe, shortened
from tui.widgets.choice import Choice, Tick
from tui.widgets.confirm import Confirm
from tui.widgets.entry import Entry, FieldNote, FormRow
from tui.widgets.field_pane import FieldPane
from tui.widgets.menu import Menu, lettered
from tui.widgets.rule import TitledRule

if TYPE_CHECKING:
    from desk.mailboxes.connection import FolderChoice, Side
    from desk.mailboxes.fields import MailboxForm
    from desk.mailboxes.secrets import MailboxSecrets
    from mail.probe import Step
    from models.mailboxes import Mailbox

Field = TypeVar("Field", bound=Widget)
ROWS_OF_A_CHOICE = 6
"""So many rows below a choice are brought into sight: those that it makes appear."""
FOLDERS = ("folder", "move_folder", "sent_folder")
"""The fields that hold a folder's name."""


class FormFields(FieldPane):
    """The rows of the form; the one with the cursor stays in sight, however much room is left."""

    def on_resize(self) -> None:
        """Scroll to the row with the cursor after a new layout."""
        self.call_after_refresh(self.see_cursor)

    def see_cursor(self, lines_below: int = 0) -> None:
        """Scroll so that the row with the cursor is seen, and as much as there is room for below it."""
        focused = self.screen.focused
        row = focused.parent if focused is not None else None
        if not isinstance(row, FormRow) or row.parent is not self:
            return
        top, height = row.virtual_region.y, self.size.height
        if top + 1 + min(lines_below, height - 1) > self.scroll_y + height:
            self.scroll_to(y=top + 1 + min(lines_below, height - 1) - height, animate=False)
        elif top < self.scroll_y:
            self.scroll_to(y=top, animate=False)


class MailboxFormScreen(DeskScreen[str | None]):
    """Adds a mailbox, or changes the one of `address`; returns its address once it is saved."""

    PLACE = "mailboxes"
    TOP_BAR = False
    CSS_PATH = "form.tcss"
    HELP_TITLE = "Mailbox form"
    AUTO_FOCUS = "#f-address"
    TYPES = True
    ID_PREFIX = "form"
    GROUP = "Mailbox form"
    REFUSAL = "your role does not let you change mailboxes"

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self._address = address
        self._start = FormStart(address=address)
        self._first: Typed = {}
        self._checked: Checked | None = None
        self._just_tested = False
        self._log_in_next = False
        self._loaded = False
        self._visited: set[str] = set()
        self._security_before: dict[Part, tuple[str, str]] = {}
        self._typed_again: set[str] = set()
        self._sections: list[Section] = sections()
        self._rows: dict[str, Row] = {}
        self._filling = Filling()
        self._offered_host = ""

    # -- what it looks like

    def compose_body(self) -> ComposeResult:
        """Yield the other mailboxes, every row of the form, and the connection test."""
        yield Static(id="form-title")
        with Horizontal(id="form-whole"):
            yield Static(id="form-others")
            with Vertical():
                yield TitledRule(id="form-rule")
                with FormFields(id="form-fields", can_focus=False):
                    for section in self._sections:
                        if section.title:
                            yield TitledRule(section.title, id=f"rule-{section.title.lower()}")
                        yield from self._compose_rows(section.rows)
                yield ConnectionPanel(id="test-panel")

    def _compose_rows(self, rows: Iterable[Row]) -> Iterator[Widget]:
        for row in rows:
            self._rows[row.name] = row
            yield FormRow(*row.parts, id=f"row-{row.name}")
            yield FieldNote(id=f"note-{row.name}")

    def on_mount(self) -> None:
        """Read what the form starts from, and the other mailboxes."""
        self.in_thread(known, desk_app(self).desk, self._address).before_next_key(
            self._take, failed=self._cannot_load
        )
        self.in_thread(registry.entries, desk_app(self).desk).then(self._show_others)
        # Of a mailbox that is read yet the fields would show the examples of a new one.
        self.set_class(self._address is not None, "-loading")
        self._title("")
        self._arrange()
        self._first = self.typed()

    def _cannot_load(self, error: Exception) -> None:
        # Said on the screen below: what is said on this one goes with it.
        self.app.call_later(desk_app(self).flash_error, error)
        self.dismiss(None)

    def _take(self, start: FormStart) -> None:
        self._start = start
        self.remove_class("-loading")
        self._field("provider", Choice).set_options(start.providers)
        for name, otherwise, names in (
            ("department", "the default one", start.departments),
            ("topic", "none", start.topics),
        ):
            self._field(name, Choice).set_options([("", otherwise), *((each, each) for each in names)])
        typed_before = {
            name: value for name, value in self.typed().items() if start.is_new and value != self._first[name]
        }
        for name, value in (start.typed or self._first).items():
            self._put(name, value)
        if start.restricted:
            self._restrict(start)
        if self._offers_smtp:
            self._put("outgoing", "smtp")
        self._loaded = True
        self._first = self.typed()
        self._visited = (
            set(typed_before)
            if start.is_new
            else {name for row in self._rows.values() for name in row.fields}
        )
        for name, value in typed_before.items():
            self._put(name, value)
        if "address" in typed_before:
            self._fill(all_of_it=False)
        self._arrange()
        self._check()

    def _restrict(self, start: FormStart) -> None:
        """Offer no file and no command of the desk's owner."""
        for secret in SECRETS:
            allowed = {"sealed", "none", start.sources.get(secret.name)}
            source = self._field(f"{SECRET_PLACES[secret.name]}_source", Choice)
            source.set_options([each for each in SECRET_SOURCES if each[0] in allowed])
        for name in OWNERS_FILES:
            self._field(name, Entry).disabled = True

    def _show_others(self, lines: Iterable[lists.MailboxLine]) -> None:
        rows = [("Mailboxes\n\n", "bold")]
        for line in lines:
            mark = ">" if line.address == self._address else " "
            flag = {"failing": "!", "disabled": "-"}.get(line.state, " ")
            rows.append((f"{mark}{flag} {fitted(line.name or line.address, 22)} {line.state}\n", ""))
        if self._address is None:
            rows.append((">  (new)\n", ""))
        self.query_one("#form-others", Static).update(parts(*rows))

    @property
    def _panel(self) -> ConnectionPanel:
        return self.query_one(ConnectionPanel)

    def _field(self, name: str, kind: type[Field]) -> Field:
        widget = self._fields[name]
        if not isinstance(widget, kind):
            raise TypeError(f"the field {name} is no {kind.__name__}")
        return widget

    def _here(self) -> str:
        """Return the name of the field with the cursor."""
        focused = self.focused
        return (focused.id or "").removeprefix("f-") if focused is not None else ""

    def _sound(self, refusal: str = "") -> Checked | None:
        """Return what was typed if none of it is wrong; else go to the first wrong field and say why.

        `refusal`: what stands before that in a message; without one the status line says it.
        """
        wrong = self._visit_all()
        if not wrong and self._checked is not None and self._checked.form is not None:
            return self._checked
        if wrong and refusal:
            self.flash(f"{refusal}{wrong}", "warning")
        return None

    # -- values

    def typed(self) -> dict[str, str | bool]:
        """Return what stands in every field, by its name."""
        return {name: widget.value for name, widget in self._fields.items()}

    @cached_property
    def _fields(self) -> dict[str, Entry | Choice | Tick]:
        """Return every field by its name; all of them are there from the first paint on, though hidden."""
        return {
            widget.id.removeprefix("f-"): widget
            for widget in self.query("#form-fields FormRow > *")
            if widget.id and isinstance(widget, (Entry, Choice, Tick))
        }

    @cached_property
    def _notes(self) -> dict[str, FieldNote]:
        """Return the note of every row by the row's name."""
        return {name: self.query_one(f"#note-{name}", FieldNote) for name in self._rows}

    def _put(self, name: str, value: str | bool) -> None:
        widget = self._fields.get(name)
        if isinstance(widget, Tick):
            widget.value = bool(value)
        elif widget is not None:
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
        if event.input.has_focus and name in SECRET_PLACES.values():
            self._typed_again.add(name)
        for side in SIDES:
            if event.input.has_focus and name == named(side, "port"):
                self._follow_typed_port(side, event.value)
        if name == "address" and self._start.is_new:
            self._fill(all_of_it=False)
        self._offer_host()
        self._check()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        name = (event.choice.id or "").removeprefix("f-")
        for side in SIDES:
            if name == named(side, "security") or (name, side) == ("protocol", "incoming"):
                self._security_before.pop(side, None)
                self._follow_port(side)
        if name == "provider":
            self._fill(all_of_it=bool(event.value))
        elif name == "protocol" and self._start.is_new:
            self._fill(all_of_it=bool(self._field("provider", Choice).value))
        if name.removesuffix("_source") in SECRET_PLACES.values():
            self._put(name.removesuffix("_source"), "")
        self._offer_host()
        self._arrange()
        self._check()
        self.call_after_refresh(self.query_one(FormFields).see_cursor, ROWS_OF_A_CHOICE)

    def _follow_typed_port(self, side: Part, port: str) -> None:
        """Give a usual port its security; take it back when the port goes on, as 2525 does after 25."""
        name = named(side, "security")
        beginning, security = self._security_before.pop(side, ("", ""))
        if beginning and port.startswith(beginning):
            self._put(name, security)
        if port in SECURITY_OF_PORT:
            self._security_before[side] = (port, str(self.typed()[name]))
            self._put(name, SECURITY_OF_PORT[port])

    def _follow_port(self, side: Part) -> None:
        """Give a security or protocol its usual port, unless the port is an unusual one."""
        typed = self.typed()
        if typed["protocol"] == "none" and side == "incoming":
            return
        protocols = ("imap", "pop3") if side == "incoming" else ("smtp",)
        usual = PORTS[str(typed["protocol"]) if side == "incoming" else "smtp"]
        known_ports = {str(port) for protocol in protocols for port in PORTS[protocol].values()}
        if typed[named(side, "port")] in {"", *known_ports}:
            self._put(named(side, "port"), str(usual[str(typed[named(side, "security")])]))

    def _take_apart(self, side: Part) -> None:
        """Put scheme and port that were typed as part of a server's name where they belong."""
        typed = self.typed()
        host = typed[named(side, "host")]
        said = taken_apart(str(host), typed[named(side, "port")])
        if said.get("host", host) != host:
            for attribute, value in said.items():
                self._put(named(side, attribute), str(value))
            self._offer_host()

    @property
    def _offers_smtp(self) -> bool:
        """Whether this would be the first mailbox that sends."""
        return self._start.is_new and self._start.nothing_sends

    def _offer_host(self) -> None:
        """Let the first mailbox send by the server that has its mail, until another one is typed."""
        typed = self.typed()
        host = str(typed["host"])
        if self._offers_smtp and typed["smtp_host"] in ("", self._offered_host):
            self._offered_host = host
            self._put("smtp_host", host)

    def _fill(self, *, all_of_it: bool) -> None:
        """Fill in what the provider of the address says."""
        if not self._loaded:
            return
        typed, filled = self.typed(), self._filling.filled
        if self._offered_host and typed["smtp_host"] == self._offered_host:
            filled = {**filled, "smtp_host": self._offered_host}
        outgoing = "smtp" if self._offers_smtp else "none"
        self._filling = filling(typed, filled, all_of_it=all_of_it, outgoing=outgoing)
        for name, value in self._filling.put.items():
            self._put(name, value)
        guess = self._filling.host_guess
        self._field("host", Entry).placeholder = guess or "mail.example.org"
        self._field("smtp_host", Entry).placeholder = guess or "mail.example.org"
        found = (
            f"found by the address: {self._filling.name}" if self._filling.name else "found by the address"
        )
        choice = self._field("provider", Choice)
        choice.set_options([("", found), *self._start.providers[1:]])
        self._arrange()

    @on(Tick.Changed)
    def _ticked(self, event: Tick.Changed) -> None:
        event.stop()
        self._check()

    def _arrange(self) -> None:
        """Show the lines that what was chosen asks for."""
        typed = self.typed()
        hidden = hidden_rows(typed)
        for name in self._rows:
            self.query_one(f"#row-{name}").display = name not in hidden
            self._notes[name].set_class(name in hidden, "-hidden")
        self.query_one("#rule-oauth2").display = not set(OAUTH2_ROWS) <= hidden
        nothing = hidden_fields(typed)
        for name in ("incoming_enabled", "outgoing_enabled"):
            self._field(name, Tick).display = name not in nothing
        for name, place in SECRET_PLACES.items():
            source = str(typed[f"{place}_source"])
            entry = self._field(place, Entry)
            entry.password = source == "sealed"
            entry.disabled = source == "none"
            kept = self._start.sources.get(name) == source == "sealed"
            entry.placeholder = "stays as it is; type to change it" if kept else SECRET_HELP[source]
        self._field("move_folder", Entry).disabled = typed["after_fetch"] != "move"
        self._field("folder", Entry).disabled = typed["protocol"] != "imap"

    # -- what is wrong

    def _check(self) -> None:
        if not self._loaded:
            return
        typed = self.typed()
        self._checked = checked(typed, self._start, self._typed_again)
        shown = self._shown_wrong()
        for row in self._rows.values():
            said = [shown[name] for name in row.fields if name in shown]
            words = "; ".join(said) if said else self._note(row.name, typed)
            self._notes[row.name].say(words, wrong=bool(said))
        self._tell()

    def _note(self, row: str, typed: dict[str, str | bool]) -> str:
        """Return what a row means, where that depends on what stands in it."""
        app = desk_app(self)
        match row:
            case "server" if self._offers_smtp:
                return sending_words(typed, app.key("form.section", "F7"))
            case "schedule":
                return schedule_words(str(typed["schedule"]), app.now(), app.desk.zone)
            case "user" if typed["protocol"] == "pop3" and str(typed["folder"]).upper() != POP3_FOLDER:
                return f"POP3 has one folder, {POP3_FOLDER}: the other one is only for IMAP"
            case "provider":
                return self._filling.advice.partition("\n\n")[0]
            case "oauth2" if with_oauth2(typed):
                login = app.key("form.login", "F6")
                return oauth2_words(str(typed["oauth2"]), self._start.token, app.now(), app.desk.zone, login)
            case _:
                return ""

    def _shown_wrong(self) -> dict[str, str]:
        """Return what is wrong where the person has been; nobody is blamed for a field they did not reach."""
        wrong = self._checked.wrong if self._checked else {}
        return {name: words for name, words in wrong.items() if name in self._visited}

    def _title(self, state: str) -> None:
        what = f"{self._address}: edit" if self._address else "New mailbox"
        key = desk_app(self).key
        right = f"{state}{key('form.next', 'Tab')} next field   {key('form.save', '^S')} save "
        room = self.app.size.width - len(right) - 1
        title = safe(f" {cell(shortened(what, room), room)}{right}")
        self.query_one("#form-title", Static).update(title, layout=False)

    def _tell(self) -> None:
        self._title("modified   " if self.changed else "")
        shown = self._shown_wrong()
        mind = warnings(self._checked.form) if self._checked and self._checked.form else []
        here = self._here()
        blamed = next((name for name in shown if self._place(name) == here), here)
        if blamed in shown:
            self.status(left=f"{counted(len(shown), 'problem')}: {shown[blamed]}")
        elif self._just_tested and self._panel.trouble:
            self.status(left=self._panel.trouble)
        elif minds := [each for each in mind if here in warned_fields(each)]:
            self.status(left=f"Mind: {minds[0]}")
        else:
            self.status(left=FIELD_HELP.get(here, ""))
        self._panel.compare(self.typed())

    def spoken_help(self) -> str:
        """Return what the field with the cursor means."""
        return FIELD_HELP.get(self._here(), "")

    def health_changed(self) -> None:
        """Keep the status line for the form."""

    def on_descendant_focus(self) -> None:
        """Show the help of the field with the cursor."""
        self._just_tested = False
        self._tell()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Check the field that was left, from now on."""
        if self._loaded and event.widget.id and event.widget.id.startswith("f-"):
            name = event.widget.id.removeprefix("f-")
            for side in SIDES:
                if name == named(side, "host"):
                    self._take_apart(side)
            if name not in self._visited:
                self._visited.add(name)
                self._check()

    def _visit_all(self) -> str:
        """Blame every field from now on; goes to the first wrong one and returns why, "" without one."""
        self._visited |= {name for row in self._rows.values() for name in row.fields}
        self._visited |= set(self._checked.wrong if self._checked else {})
        self._check()
        wrong = self._checked.wrong if self._checked is not None else {}
        placed = [name for row in self._rows.values() for name in row.fields if name in wrong]
        first = next(iter([*placed, *wrong]), "")
        if first:
            self._go_to(self._place(first))
        return wrong.get(first, "")

    def _place(self, wrong: str) -> str:
        """Return the field where a person mends what is wrong."""
        typed = self.typed()
        if wrong == "after_fetch" and typed["after_fetch"] == "move" and typed["protocol"] == "imap":
            return "move_folder"
        return wrong

    def _go_to(self, name: str) -> None:
        try:
            self.query_one(f"#f-{name}").focus()
        except NoMatches:
            return

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """Keep keys in the form: a digit would leave a half-typed mailbox for another screen."""
        if event.is_printable:
            event.stop()
            event.prevent_default()

    @command("test", "f5", "Test connection", footer="test")
    def action_test(self) -> None:
        """Try every step to the servers now; nothing is sent, no mail is changed."""
        found = self._sound()
        if found is None or found.form is None:
            return
        if not found.form.incoming.fetches and not found.form.outgoing.sends:
            self.flash("There is no server to test: this mailbox neither fetches nor sends")
            return
        app = desk_app(self)
        address = self._start.address

        def steps() -> Iterator[tuple[Side, Step]]:
            stored = None if address is None else registry.find(address)
            if found.form is not None:
                yield from connection.try_sides(app.desk, found.form, found.secrets, stored)

        self._panel.begin(self.typed())
        self.stream(steps, each=self._panel.add, then=self._test_ended, group="test")

    def _test_ended(self) -> None:
        mute = self._start.nothing_sends and self.typed()["outgoing"] != "smtp"
        self._panel.end(mute=mute)
        self._just_tested = True
        self._tell()

    @command("what_if", "f2", "What if", may="settings.edit")
    def action_what_if(self) -> None:
        """Try what stands here on the mail of the last 90 days: where would it have gone?"""
        found = self._sound()
        if found is None or found.form is None:
            return
        from tui.screens.what_if.questions import of_change  # 3 ms
        from tui.screens.what_if.screen import WhatIfScreen  # 3 ms

        app, form = desk_app(self), found.form
        save, kept = self._saving(form, found.secrets), f"{form.address} is saved, as it was tried"
        question = of_change(app.desk, app.actor, form.address, save, kept)

        def back(held: bool | None) -> None:
            if held:
                self.dismiss(form.address)

        self.app.push_screen(WhatIfScreen(question), back)

    @command("save", "ctrl+s", "Save", footer="save", may="mailbox.edit")
    def action_save(self) -> None:
        """Save the mailbox, then offer to fetch its mail."""
        found = self._sound(refusal="Not saved: ")
        if found is None or found.form is None:
            self._log_in_next = False
            return
        form, secrets = found.form, found.secrets
        if self._panel.sending_failed(self.typed()):
            form = replace(form, outgoing=replace(form.outgoing, enabled=False))
        self.in_thread(self._saving(form, secrets)).before_next_key(
            self._saved, failed=self._not_saved, group="save"
        )

    def _not_saved(self, error: Exception) -> None:
        """Say why; where a colleague changed the mailbox meanwhile, take over what was not typed here."""
        desk_app(self).flash_error(error)
        if not isinstance(error, FormOvertaken):
            return
        mine, before = self.typed(), self._start.typed
        theirs = {name: value for name, value in error.start.typed.items() if value != before.get(name)}
        for name, value in theirs.items():
            if mine.get(name) == self._first.get(name):
                self._put(name, value)
        self._start, self._first = error.start, {**self._first, **theirs}
        self._arrange()
        self._check()

    def _saving(self, form: MailboxForm, secrets: MailboxSecrets) -> Callable[[], tuple[Mailbox, str]]:
        """Return what saves what stands here, and says how its login is."""
        app, start = desk_app(self), self._start
        address = start.address

        def save() -> tuple[Mailbox, str]:
            if address is None:
                kept = registry.add(app.desk, app.actor, form, secrets)
            else:
                refuse_overtaken(app.desk, start)
                kept = registry.edit(app.desk, app.actor, address, form, secrets)
            token = token_line(kept)
            return kept, token.state if token else ""

        return save

    def _saved(self, kept: tuple[Mailbox, str]) -> None:
        mailbox, token = kept
        self._first = self.typed()
        self._tell()
        if token and (self._log_in_next or token in ("none", "refused")):
            from tui.screens.mailboxes.login import LoginScreen  # 9 ms

            self.app.push_screen(LoginScreen(mailbox.address), lambda _: self._offer_fetch(mailbox))
        else:
            self._offer_fetch(mailbox)

    def _offer_fetch(self, mailbox: Mailbox) -> None:
        app = desk_app(self)
        if mailbox.protocol == "none" or not mailbox.incoming_enabled:
            self.dismiss(mailbox.address)
            app.flash_later(f"{mailbox.address} is saved")
            return
        detail = ""
        if mailbox.smtp_host and not mailbox.outgoing_enabled:
            sending = app.key("mailbox.sending", "o")
            detail = f"Sending is off until its test works: {sending} on the list switches it on."
        self.app.push_screen(
            Confirm(f"{mailbox.address} is saved. Fetch its mail now?", detail),
            lambda yes: self._after_save(mailbox, fetch=bool(yes)),
        )

    def _after_save(self, mailbox: Mailbox, *, fetch: bool) -> None:
        if not fetch:
            self.dismiss(mailbox.address)
            return
        self.in_thread(runs.request, mailbox.id).then(lambda _: self.dismiss(mailbox.address))

    @command("folders", "f4", "List folders", footer="folders", wide=True)
    def action_folders(self) -> None:
        """Ask the server for its folders; the picked one goes into the field with the cursor."""
        field = self._here() if self._here() in FOLDERS else "folder"
        if self.typed()["protocol"] != "imap":
            self.flash("Folders are IMAP's: POP3 has one, INBOX")
            return
        found = self._sound()
        if found is None or found.form is None:
            return
        app, form, secrets, address = desk_app(self), found.form, found.secrets, self._start.address

        def folders() -> list[FolderChoice]:
            stored = None if address is None else registry.find(address)
            return connection.list_folders(app.desk, form, secrets, stored)

        self.flash(f"Asking {form.incoming.host} for its folders...")
        self.in_thread(folders).then(lambda names: self._offer_folders(field, names), group="folders")

    def _offer_folders(self, field: str, found: list[FolderChoice]) -> None:
        choices = [(one.name, f"{one.name}   ({one.use})" if one.use else one.name) for one in found]
        title = {"folder": "Fetch from", "move_folder": "Move to", "sent_folder": "Keep sent mail in"}[field]
        current = str(self.typed()[field])
        self.app.push_screen(
            Menu(title, lettered(choices), current), lambda name: self._take_folder(field, name)
        )

    def _take_folder(self, field: str, name: str | None) -> None:
        if name is None:
            return
        if field == "move_folder":
            self._put("after_fetch", "move")
        self._put(field, name)
        entry = self._field(field, Entry)
        entry.disabled = False
        entry.focus()
        self._check()

    @command("login", "f6", "Save and log in", footer="log in", wide=True, may="mailbox.edit")
    def action_log_in(self) -> None:
        """Save the mailbox, then log it in with OAuth2."""
        if self._checked is not None and self._checked.form is not None and not with_oauth2(self.typed()):
            self.flash("This mailbox logs in with a password: choose OAuth2 as its login first")
            return
        self._log_in_next = True
        self.action_save()

    @command("pin", "f8", "Pin the certificate")
    def action_pin(self) -> None:
        """After a test: show the certificate that is not trusted, and trust it alone if you say so."""
        if self._panel.to_pin is None:
            test = desk_app(self).key("form.test", "F5")
            self.flash(f"No certificate to look at: {test} tests, and shows one that is not trusted")
            return
        side, step = self._panel.to_pin
        pairs = [step.pin[at : at + 2].upper() for at in range(0, len(step.pin), 2)]
        detail = (
            f"{step.certificate}\n\nSHA-256\n  {':'.join(pairs[:16])}:\n  {':'.join(pairs[16:])}\n\n"
            "Compare it with what the server's admin tells you by another way. Pinned, this certificate "
            "alone is trusted, and a new one will be refused."
        )
        self.app.push_screen(
            Confirm("Trust this certificate, and no other?", detail),
            lambda yes: self._pin(side, step.pin) if yes else None,
        )

    def _pin(self, side: Side, pin: str) -> None:
        self._put(named(side, "fingerprint"), pin)
        self._put(named(side, "ca_file"), "")
        self._check()
        self.action_test()

    @command("next", "tab,down", "Next field", footer="next field")
    def action_next(self) -> None:
        """Go to the next field."""
        self.focus_next()

    @command("previous", "shift+tab,up", "Field before")
    def action_previous(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    @command("section", "f7", "Next section", footer="section", wide=True)
    def action_section(self) -> None:
        """Go to the next section, from the last one to the first; PgDn and PgUp only scroll."""
        here = self._here()
        at = next(
            (
                number
                for number, section in enumerate(self._sections)
                if any(here in row.fields for row in section.rows)
            ),
            0,
        )
        for section in [*self._sections[at + 1 :], *self._sections[: at + 1]]:
            shown = [row for row in section.rows if self.query_one(f"#row-{row.name}").display]
            if shown:
                self._go_to(shown[0].fields[0])
                self.query_one(f"#row-{shown[0].name}").scroll_visible(top=True, animate=False)
                return

    @command("cancel", "escape", "Cancel", footer="cancel")
    def action_cancel(self) -> None:
        """Leave without saving; asks when something was changed."""
        if self._panel.is_open:
            self._panel.close()
            self._just_tested = False
            self._tell()
        elif self.changed:
            question = "Leave without saving this mailbox?"
            self.app.push_screen(Confirm(question), self._leave_if)
        else:
            self.dismiss(None)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(None)
