"""The ways between the screens: opening a thread, an editor, a form; fetching; a mail on its way."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from config.records import Record
from config.wording import counted
from desk.errors import NotFound
from tui import screens
from tui.commands import CommandNode, command
from tui.desk_calls import DeskCall, Neighbours, Place, desk_app
from tui.desk_screen import DeskNode, DeskScreen

if TYPE_CHECKING:
    from desk.permissions import Actor
    from desk.replies.drafts import DraftView
    from models.drafts import DraftKind
    from tui.health import Health
    from tui.screens.compose.compositions import Composition


ASIDE = ("outbox", "quarantine")
"""Places that are left with q or Esc."""


class Leaving(Record):
    """A mail that can still be stopped, because its undo time runs."""

    delivery_id: int
    number: str | None
    until: datetime
    warning: str | None
    kind: DraftKind
    """What it is: ``reply``, ``new``, ``forward``."""
    event: int
    """What its author changes later comes after this event."""
    changes: int = 0
    """How many changes came later, and are undone before the mail is stopped."""

    @property
    def words(self) -> str:
        """The mail as the status line describes it."""
        if not self.number:
            return "mail"
        return f"{'forwarded mail of' if self.kind == 'forward' else 'reply to'} #{self.number}"


class ScreenNavigation(CommandNode):
    """Mixed into the app, which thus becomes its screens' `desk_calls.Navigation`."""

    ID_PREFIX = "app"
    GROUP = "Everywhere"
    _leaving_mail: Leaving | None = None
    _noticed = False
    _fetch_asked = False
    _fetched_before: Set[tuple[int, datetime, int]] = frozenset()
    _last_mode = "mailboxes"
    _back_mode = "tickets"

    # -- the places of the digits

    @command("tickets", "1", "Tickets")
    async def action_tickets(self) -> None:
        """Show the tickets."""
        await self._switch_to("tickets")

    @command("mailboxes", "2", "Mailboxes")
    async def action_mailboxes(self) -> None:
        """Show the mailboxes, their health and settings."""
        await self._switch_to("mailboxes")

    @command("logs", "3", "Logs")
    async def action_logs(self) -> None:
        """Show what the desk did."""
        await self._switch_to("logs")

    @command("dashboard", "4", "Dashboard")
    async def action_dashboard(self) -> None:
        """Show the desk in numbers: who waits, what is late, what was done."""
        await self._switch_to("dashboard")

    @command("settings", "5", "Settings")
    async def action_settings(self) -> None:
        """Show and change settings."""
        await self._switch_to("settings")

    @command("last", "minus", "Last screen")
    async def action_last(self) -> None:
        """Go back to the screen before this one."""
        await self._switch_to(self._last_mode)

    @command("outbox", "6", "Outbox")
    async def action_outbox(self) -> None:
        """Show mail that waits to be sent, or could not be."""
        await self._switch_to("outbox")

    @command("quarantine", "7", "Quarantine")
    async def action_quarantine(self) -> None:
        """Show mail that could not be read, and what became of all other mail."""
        await self._switch_to("quarantine")

    @command("filters", "8", "Filters")
    def action_filters(self) -> None:
        """Show the filters, and try them on stored mail."""
        self.app.push_screen(screens.FiltersScreen())

    @command("theme", "f10", "Theme")
    def action_theme(self) -> None:
        """Choose the colours, with a live preview. Kept for you."""
        from desk.staff import preferences  # 5 ms
        from tui.widgets.theme_menu import ThemeMenu  # 2 ms

        def picked(name: str | None) -> None:
            if name is not None:
                self.in_thread(preferences.set_theme, desk_app(self).actor, name).then(
                    lambda _: desk_app(self).flash(f"The theme is {name} from now on")
                )

        self.app.push_screen(ThemeMenu(sorted(self.app.available_themes), self.app.theme), picked)

    @command("admin", "9", "Admin")
    async def action_admin(self) -> None:
        """Departments, topics, SLAs, agents, roles, organizations, filters, bans, queues, texts, keys."""
        await self._switch_to("admin")

    def open_admin(self, noun: str) -> None:
        """Show the list of one kind of thing that admins edit."""
        self.app.call_later(self._list_nouns, noun)

    async def _list_nouns(self, noun: str) -> None:
        await self._switch_to("admin")
        if isinstance(self.app.screen, screens.AdminScreen):
            self.app.screen.show_noun(noun)

    @command("search", "g", "Search")
    def action_search(self) -> None:
        """Find in all tickets as you type; in a list, g goes to its first line before."""
        self.app.push_screen(screens.SearchScreen())

    async def _switch_to(self, mode: str) -> None:
        """Go to the stack of screens of a digit."""
        if mode != self.app.current_mode:
            self._last_mode = self.app.current_mode
            if self._last_mode not in ASIDE:
                self._back_mode = self._last_mode
            await self.app.switch_mode(mode)
        else:
            self._uncover(mode)

    def _uncover(self, mode: str) -> None:
        """Leave what another place put over this one: the bar says that one is not here. A form stays."""
        stack = self.app.screen_stack
        while len(stack) > 1 and isinstance(top := stack[-1], DeskScreen):
            depth, back = len(stack), getattr(top, "action_back", None)
            if mode == top.PLACE or top.TYPES or back is None:
                return
            back()
            stack = self.app.screen_stack
            if len(stack) >= depth:
                return

    def go_to(self, mode: str) -> None:
        """Go to the stack of screens of a digit, once the message being handled is done."""
        self.app.call_later(self._switch_to, mode)

    def go_back(self) -> None:
        """Leave outbox or quarantine for where the person came from."""
        self.go_to(self._back_mode)

    # -- screens

    def open_thread(self, number: str, tickets: Neighbours | None = None, place: Place | None = None) -> None:
        """Read a ticket, from a place in it on."""
        self.app.push_screen(screens.ThreadScreen(number, tickets, place))

    def mark_seen(self, number: str) -> None:
        """Note that the agent reads a ticket, and show that where they are by then."""
        from desk.tickets import detail  # 18 ms

        self.in_thread(detail.mark_seen, desk_app(self).actor, number).then(lambda _: self._show_seen())

    def _show_seen(self) -> None:
        if isinstance(self.app.screen, DeskNode):
            self.app.screen.seen_changed()

    def open_tickets(self, query: str) -> None:
        """Show the tickets of a query in the list of tickets."""
        self.app.call_later(self._list_tickets, query)

    async def _list_tickets(self, query: str) -> None:
        await self._switch_to("tickets")
        while isinstance(self.app.screen, screens.ThreadScreen):
            await self.app.pop_screen()
        if isinstance(self.app.screen, screens.TicketsScreen):
            self.app.screen.show_tickets_of(query)
        else:
            desk_app(self).flash("Finish what you are writing first", "warning")

    def go_to_ticket(self, number: str) -> None:
        """Read the ticket of a number that a person typed, or say that there is none."""
        self.in_thread(_exists, number, desk_app(self).actor).before_next_key(
            lambda there: (
                self.open_thread(number)
                if there
                else desk_app(self).flash(f"There is no ticket #{number}", "warning")
            ),
            group="go",
        )

    def open_why(self, message_id: int, number: str) -> None:
        """Show what became of a mail of a ticket, and who was notified of that ticket, and why."""
        self.app.push_screen(screens.WhyScreen(message_id, number))

    def open_tasks(self, number: str) -> None:
        """Show the checklist of a ticket."""
        self.app.push_screen(screens.TasksScreen(number))

    def open_contact(self, address: str) -> None:
        """Show a contact and their tickets."""
        self.app.push_screen(screens.ContactScreen(address))

    def open_mailbox_form(self) -> None:
        """Set up a mailbox."""
        self.app.push_screen(screens.MailboxFormScreen())

    async def open_mailbox_log(self, mailbox_id: int, address: str) -> None:
        """Show the log of one mailbox."""
        await self._switch_to("logs")
        log = self.app.screen_stack[0]
        if isinstance(log, screens.LogsScreen):
            log.show_mailbox(mailbox_id, address)

    def open_outbox(self) -> None:
        """Show the mail that has not arrived."""
        self.go_to("outbox")

    def open_quarantine(self) -> None:
        """Show what became of every mail, the quarantined ones first."""
        self.go_to("quarantine")

    # -- writing

    def compose_answer(
        self, number: str, kind: DraftKind, *, to_all: bool = False, answers: int | None = None
    ) -> None:
        """Write an answer (``reply``) to one of a ticket's messages, a ``note``, or ``forward`` one."""
        compositions, app = screens.compositions, desk_app(self)
        if kind == "note":
            self._show_editor(self.in_thread(compositions.for_note, app.actor, number))
        elif kind == "forward":
            self._show_editor(self.in_thread(compositions.for_forward, app.desk, app.actor, number, answers))
        else:
            self._show_editor(
                self.in_thread(compositions.for_reply, app.desk, app.actor, number, to_all, answers)
            )

    def compose_new(self, to: str = "") -> None:
        """Write a first mail, to somebody."""
        app = desk_app(self)
        self._show_editor(self.in_thread(screens.compositions.for_new_ticket, app.desk, app.actor, None, to))

    def resume_draft(self, draft: DraftView) -> None:
        """Go on with a draft."""
        app = desk_app(self)
        self._show_editor(self.in_thread(screens.compositions.for_draft, app.desk, app.actor, draft))

    def _show_editor(self, gathering: DeskCall[Composition]) -> None:
        gathering.before_next_key(
            lambda composition: self.app.push_screen(screens.ComposeScreen(composition)),
            group="composition",
        )

    # -- fetching

    def fetch_all(self) -> None:
        """Ask for every mailbox to be fetched now."""
        before = desk_app(self).health.brought
        self.in_thread(_request_all).then(lambda count: self._tell_asked(count, before), group="fetch")

    def _tell_asked(self, count: int, before: Set[tuple[int, datetime, int]]) -> None:
        app = desk_app(self)
        if count < 0:
            app.flash(
                f"Fetching is switched off: {app.key('app.settings', '5')} Settings, mail.fetching", "warning"
            )
        elif count:
            self._fetch_asked, self._fetched_before = True, before
            app.flash(f"Fetching {count} mailbox{'es' * (count != 1)} now")
        else:
            ways = f"{app.key('app.mailboxes', '2')}, then {app.key('mailbox.new', 'n')}"
            app.flash(f"There is no mailbox to fetch: {ways} sets one up", "warning")

    def fetched_words(self, health: Health) -> str:
        """Return how the requested fetch ended; empty: there was none, or it is still running."""
        new = health.brought - self._fetched_before
        if not self._fetch_asked or health.fetching or not new:
            return ""
        self._fetch_asked = False
        mails = sum(count for _, _, count in new)
        return f"Fetched: {counted(mails, 'new mail')}" if mails else "Fetched: nothing new"

    # -- a mail on its way

    def mail_is_queued(
        self,
        delivery_id: int,
        number: str | None,
        not_before: datetime,
        warning: str | None,
        kind: DraftKind,
        event: int,
    ) -> None:
        """Begin the undo time of a mail that was just put into the outbox."""
        self._leaving_mail = Leaving(delivery_id, number, not_before, warning, kind, event)
        self.tell_leaving()

    def undone_first(self) -> int:
        """Return the event after which changes are undone before anything else; 0: no undo time runs."""
        return 0 if self._leaving_mail is None else self._leaving_mail.event

    def count_changes(self, more: int) -> None:
        """Count a change that was made, or undone, while a mail's undo time runs."""
        if leaving := self._leaving_mail:
            self._leaving_mail = leaving._replace(changes=max(0, leaving.changes + more))
            self.tell_leaving()

    def undo_send(self) -> None:
        """Stop the mail whose undo time runs."""
        from desk.replies import undo_send  # 34 ms

        app, leaving = desk_app(self), self._leaving_mail
        if leaving is None:
            app.flash("Too late: the mail has left", "warning")
            return

        def stopped(done: bool) -> None:
            if not done:
                app.flash("Too late: the mail has left", "warning")
            else:
                app.flash(f"Not sent: it is a draft again, {app.key('tickets.drafts', 'D')} opens it")

        self._leaving_mail = None
        self._notice("")
        self.in_thread(undo_send.cancel_send, app.actor, leaving.delivery_id).then(stopped)

    def tell_leaving(self) -> None:
        """Show on the status line how long the mail can still be stopped; called each second."""
        app, leaving = desk_app(self), self._leaving_mail
        if leaving is None:
            return
        left = int((leaving.until - app.now()).total_seconds() + 0.999)
        if left > 0:
            undoes = "undoes your change" if leaving.changes else "stops it"
            self._notice(f"The {leaving.words} leaves in {left} s   {app.key('ticket.undo', 'u')} {undoes}")
            return
        self._leaving_mail = None
        self._notice("")
        if leaving.warning:
            app.flash(leaving.warning, "warning")
        else:
            app.flash(f"The {leaving.words} is in the outbox and leaves now")

    def _notice(self, text: str) -> None:
        if text and not self._noticed:
            desk_app(self).speak(text)
        self._noticed = bool(text)
        for screen in self.app.screen_stack:
            if screen.is_mounted and isinstance(screen, DeskNode):
                screen.notice(text)


def _exists(number: str, reader: Actor) -> bool:
    from desk.tickets import lists  # 34 ms

    return lists.exists(number, reader)


def _request_all() -> int:
    """Ask for every mailbox; return how many, or -1 when fetching is switched off."""
    from desk import settings  # 17 ms
    from desk.fetching import runs  # 19 ms
    from desk.mailboxes import registry  # 36 ms

    if not settings.get("mail.fetching"):
        return -1
    wanted = [line for line in registry.entries() if line.enabled]
    for line in wanted:
        with suppress(NotFound):  # removed since they were listed
            runs.request(line.id)
    return len(wanted)
