"""Mailboxes: how fetching and sending are going, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from desk import settings
from desk.fetching import runs
from desk.fetching.runs import FetchView
from desk.home import Desk
from desk.mailboxes import registry
from desk.mailboxes.lists import MailboxLine
from desk.mailboxes.login import LoggedOut, log_out
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.text.mailboxes import (
    column_heads,
    detail,
    fetch_outcome,
    fetch_progress,
    headline,
    row_pieces,
    summary,
)
from tui.text.safe import safe
from tui.widgets.confirm import Confirm
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

NO_WORKER_SECONDS = 8
"""So long a fetch that was asked for may wait before the person is told that nobody fetches."""


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox and its current or latest fetch."""

    line: MailboxLine
    fetch: FetchView | None


class Rows(list[MailboxRow]):
    """Every mailbox. `fetching`: whether mail is fetched at all."""

    fetching: bool = True


def rows_of(desk: Desk) -> Rows:
    """Read every mailbox. Blocks."""
    views = runs.watch_all()
    rows = Rows(MailboxRow(line, views.get(line.id)) for line in registry.entries(desk))
    rows.fetching = bool(settings.get("mail.fetching"))
    return rows


class MailboxList(VirtualList[MailboxRow]):
    """One mailbox a line: name, address, server, sending, last fetch, new mails."""

    def row_key(self, row: MailboxRow) -> Hashable:
        """Return the mailbox's number."""
        return row.line.id

    def row_line(self, row: MailboxRow, width: int, look: Look) -> list[tuple[str, str]]:
        """Return name, address, servers and the last fetch of a mailbox."""
        app = desk_app(self)
        pieces = row_pieces(row.line, row.fetch, width, app.now(), app.desk.zone, app.key)
        mark = ">" if look.here else " "
        return [(mark, ""), *pieces]


def _none_yet(screen: MailboxesScreen) -> str:
    return f"there is no mailbox: {desk_app(screen).key('mailbox.new', 'n')} makes one"


def _chosen(screen: MailboxesScreen) -> str | None:
    return None if screen.table.row is not None else _none_yet(screen)


def _fetchable(screen: MailboxesScreen) -> str | None:
    row = screen.table.row
    if row is None:
        return _none_yet(screen)
    if row.line.incoming.protocol == "none":
        return "this mailbox fetches nothing"
    key = desk_app(screen).key
    return (
        None
        if row.line.enabled
        else f"this mailbox is switched off: {key('mailbox.switch', 'space')} switches it on"
    )


def _logs_in(screen: MailboxesScreen) -> str | None:
    row = screen.table.row
    if row is not None and row.line.token is None:
        return f"it logs in with a password: {desk_app(screen).key('mailbox.edit', 'e')} changes that"
    return _chosen(screen)


def _logged_in(screen: MailboxesScreen) -> str | None:
    row = screen.table.row
    if row is not None and (row.line.token is None or row.line.token.state == "none"):
        return "nobody is logged in with OAuth2"
    return _chosen(screen)


def _sends(screen: MailboxesScreen) -> str | None:
    row = screen.table.row
    if row is not None and not row.line.outgoing.host:
        return f"it has no SMTP server: {desk_app(screen).key('mailbox.edit', 'e')} sets one"
    return _chosen(screen)


class MailboxesScreen(WordsBelow[None]):
    """The list, and below it the chosen mailbox in words."""

    PLACE = "mailboxes"
    CSS_PATH = "screen.tcss"
    ID_PREFIX = "mailbox"
    GROUP = "Mailboxes"
    REFUSAL = "your role does not let you change mailboxes"

    def __init__(self) -> None:
        super().__init__()
        self._awaited: dict[int, bool] = {}
        self._fetching = True

    def compose_body(self) -> ComposeResult:
        """Yield the list, and below it the chosen mailbox in words."""
        key = desk_app(self).key
        yield Static(id="mailboxes-heads")
        yield MailboxList(
            empty=f"No mailbox yet: {key('mailbox.new', 'n')} makes one, and its mail becomes tickets."
        )
        yield TitledRule(id="mailboxes-rule")
        with VerticalScroll(id="mailboxes-detail", can_focus=False):
            yield Static(id="mailboxes-words")

    @property
    def table(self) -> MailboxList:
        """The mailboxes."""
        return self.query_one(MailboxList)

    def on_mount(self) -> None:
        """Read the mailboxes."""
        self.table.focus()
        self.desk_changed()

    def on_resize(self) -> None:
        """Write the heads of the columns for the new width."""
        self.query_one("#mailboxes-heads", Static).update(safe(column_heads(self.app.size.width), "bold"))

    def desk_changed(self) -> None:
        """Read the mailboxes again: a fetch moved on, or something was changed."""
        self.in_thread(rows_of, desk_app(self).desk).then(self._take, group="mailboxes")

    def _take(self, rows: Rows) -> None:
        self._fetching = rows.fetching
        self.table.show_again(FixedRows(rows))
        app = desk_app(self)
        running = [row for row in rows if row.fetch is not None and row.fetch.running]
        if running:
            self.status(left="; ".join(fetch_progress(row.line, row.fetch) for row in running if row.fetch))
        else:
            lines = [row.line for row in rows]
            self.status(left=summary(lines, app.now(), app.desk.zone, app.key, fetching=rows.fetching))
        for row in rows:
            if row.fetch is None or row.line.id not in self._awaited:
                continue
            if row.fetch.running:
                self._awaited[row.line.id] = row.fetch.phase != "waiting"
            else:
                del self._awaited[row.line.id]
                self.flash(
                    fetch_outcome(row.line, row.fetch), "error" if row.fetch.phase == "failed" else "info"
                )

    @on(VirtualList.Loaded)
    def _loaded(self) -> None:
        self.describe(self.table.row)

    def describe(self, row: object) -> None:
        """Describe the mailbox under the cursor in words."""
        rule = self.query_one("#mailboxes-rule", TitledRule)
        words = self.query_one("#mailboxes-words", Static)
        if not isinstance(row, MailboxRow):
            rule.set_text("", "")
            words.update(safe("A mailbox is an address of the desk and the accounts behind it."))
            return
        app = desk_app(self)
        rule.set_text(row.line.name or row.line.address, headline(row.line, app.now(), app.desk.zone))
        words.update(detail(row.line, row.fetch, app.now(), app.desk.zone, app.key))

    # -- keys

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("mailbox.edit" if self.table.row is not None else "mailbox.new")

    @command("new", "n", "New mailbox", footer="new", may="mailbox.edit")
    def action_new(self) -> None:
        """Add a mailbox."""
        from tui.screens.mailboxes.form import MailboxFormScreen  # 60 ms

        self.app.push_screen(MailboxFormScreen(), self._form_closed)

    @command("edit", "e", "Edit", footer="edit", may="mailbox.edit", enabled=_chosen)
    def action_edit(self) -> None:
        """Change this mailbox."""
        from tui.screens.mailboxes.form import MailboxFormScreen  # 60 ms

        row = self.table.row
        if row is not None:
            self.app.push_screen(MailboxFormScreen(row.line.address), self._form_closed)

    def _form_closed(self, address: str | None) -> None:
        if address is not None:
            self.in_thread(rows_of, desk_app(self).desk).before_next_key(
                lambda rows: self._go_to(rows, address)
            )

    def _go_to(self, rows: Rows, address: str) -> None:
        row = next((row for row in rows if row.line.address == address), None)
        self.table.show(FixedRows(rows))
        if row is not None:
            self.call_after_refresh(self.table.move_to_key, row.line.id)
            if row.fetch is not None and row.fetch.running:
                self._await_fetch(row.line.id)
        self._take(rows)

    @command("test", "t", "Test connection", footer="test", may="mailbox.edit", enabled=_chosen)
    def action_test(self) -> None:
        """Try every step to its servers now; nothing is sent, no mail is changed."""
        from tui.screens.connection import ConnectionScreen  # 5 ms

        row = self.table.row
        if row is not None:
            self.app.push_screen(ConnectionScreen(row.line.address))

    @command("fetch", "ctrl+r", "Fetch now", footer="fetch", enabled=_fetchable)
    def action_fetch(self) -> None:
        """Fetch this mailbox now, whatever its schedule says."""
        row = self.table.row
        if row is not None:
            mailbox_id = row.line.id
            self.in_thread(runs.request, mailbox_id).then(lambda _: self._requested(mailbox_id))

    def _requested(self, mailbox_id: int) -> None:
        self._await_fetch(mailbox_id)
        self.desk_changed()

    def _await_fetch(self, mailbox_id: int) -> None:
        self._awaited[mailbox_id] = False
        self.set_timer(NO_WORKER_SECONDS, lambda: self._still_waiting(mailbox_id))

    def _still_waiting(self, mailbox_id: int) -> None:
        if self._awaited.get(mailbox_id) is False:
            self.flash(
                "No worker took it yet: it is fetched as soon as one runs (nightdesk worker)", "warning"
            )

    @command("switch", "space", "On or off", footer="on/off", may="mailbox.edit", enabled=_chosen)
    def action_switch(self) -> None:
        """Switch fetching and sending of this mailbox on or off."""
        row = self.table.row
        if row is None:
            return
        line = row.line
        fetches, sends = line.incoming.protocol != "none", bool(line.outgoing.host)
        wanted = not (line.enabled if fetches else line.outgoing_enabled)
        self._switch(line.address, wanted if fetches else None, wanted if sends else None)

    @command("sending", "o", "Sending on or off", may="mailbox.edit", enabled=_sends)
    def action_switch_sending(self) -> None:
        """Switch only the sending of this mailbox on or off."""
        row = self.table.row
        if row is not None:
            self._switch(row.line.address, None, not row.line.outgoing_enabled)

    def _switch(self, address: str, incoming: bool | None, outgoing: bool | None) -> None:
        actor = desk_app(self).actor

        def switch() -> None:
            registry.switch(actor, address, incoming=incoming, outgoing=outgoing)

        named = [
            f"{name} is {'on' if value else 'off'}"
            for name, value in (("fetching", incoming), ("sending", outgoing))
            if value is not None
        ]

        def done(_: None) -> None:
            self.flash(f"{address}: {', '.join(named)}")
            self.desk_changed()

        self.in_thread(switch).then(done)

    @command("remove", "d", "Remove", footer="remove", may="mailbox.edit", enabled=_chosen)
    def action_remove(self) -> None:
        """Remove this mailbox; asks first. Its tickets stay."""
        row = self.table.row
        if row is not None:
            address = row.line.address
            detail_words = (
                "Its tickets stay. Its passwords are forgotten. Adding it again goes on where it was."
            )
            self.app.push_screen(
                Confirm(f"Remove the mailbox {address}?", detail_words),
                lambda yes: self._remove(address) if yes else None,
            )

    def _remove(self, address: str) -> None:
        def done(_: object) -> None:
            self.flash(f"{address} is removed; its tickets stay")
            self.desk_changed()

        self.in_thread(registry.remove, desk_app(self).actor, address).then(done)

    @command("login", "i", "Log in", may="mailbox.edit", enabled=_logs_in)
    def action_log_in(self) -> None:
        """Log this mailbox in with OAuth2: by a code, a browser, or as the application itself."""
        from tui.screens.mailboxes.login import LoginScreen  # 12 ms

        row = self.table.row
        if row is not None:
            self.app.push_screen(LoginScreen(row.line.address), lambda _: self.desk_changed())

    @command("logout", "I", "Log out", may="mailbox.edit", enabled=_logged_in)
    def action_log_out(self) -> None:
        """Forget this mailbox's OAuth2 login and have its provider revoke it; asks first."""
        row = self.table.row
        if row is not None:
            address = row.line.address
            words = "Nothing is fetched or sent with OAuth2 until somebody logs in again."
            self.app.push_screen(
                Confirm(f"Log {address} out?", words), lambda yes: self._log_out(address) if yes else None
            )

    def _log_out(self, address: str) -> None:
        def done(gone: LoggedOut) -> None:
            where = ", and its provider knows" if gone.revoked else " here"
            told = f"; the provider was not told: {gone.trouble}" if gone.trouble else ""
            self.flash(f"{address} is logged out{where}{told}", "warning" if told else "info")
            self.desk_changed()

        app = desk_app(self)
        self.in_thread(log_out, app.desk, app.actor, address).then(done)

    @command("all", "F", "Fetching on or off", may="settings.edit")
    def action_all_fetching(self) -> None:
        """Switch all fetching of the desk on or off; asks before it is switched off."""
        if not self._fetching:
            self._set_fetching(True)
            return
        detail = "No mailbox is fetched any more, by nobody, until it is switched on again. Sending goes on."
        self.app.push_screen(
            Confirm("Switch all fetching off?", detail),
            lambda yes: self._set_fetching(False) if yes else None,
        )

    def _set_fetching(self, on: bool) -> None:
        def done(_: object) -> None:
            self.flash(f"Fetching is {'on' if on else 'OFF for all mailboxes'}", "info" if on else "warning")
            self.desk_changed()

        self.in_thread(settings.set, desk_app(self).actor, "mail.fetching", "on" if on else "off").then(done)

    @command("log", "L", "Log", footer="log", enabled=_chosen)
    async def action_log(self) -> None:
        """Show the log of this mailbox."""
        row = self.table.row
        if row is not None:
            await desk_app(self).navigation.open_mailbox_log(row.line.id, row.line.address)

    @command("copy", "y", "Copy", enabled=_chosen)
    def action_copy(self) -> None:
        """Copy address and state."""
        row = self.table.row
        if row is not None:
            line = row.line
            text = f"{line.address} {line.state} {line.last_error} {line.last_error_hint}".strip()
            desk_app(self).copy_text(text, "the mailbox")
