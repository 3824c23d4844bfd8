"""The ways between the screens: opening a thread, an editor, a form; fetching; a mail on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.work import Works, desk_app

if TYPE_CHECKING:
    from desk.drafts import DraftView
    from tui.widgets.ticket_list import TicketList
    from tui.writing import Sheet


@dataclass(frozen=True, slots=True)
class Leaving:
    """A mail whose undo time still runs."""

    delivery_id: int
    number: str | None
    until: datetime
    kind: str
    warning: str | None


class Ways(Works):
    """Mixed into the app; the screens call these."""

    _mail_leaving: Leaving | None = None

    # -- screens

    def open_thread(self, number: str, tickets: TicketList | None = None) -> None:
        """Read a ticket."""
        from tui.screens.thread import ThreadScreen

        self.app.push_screen(ThreadScreen(number, tickets))

    def open_mailbox_form(self) -> None:
        """Set up a mailbox."""
        from tui.screens.mailbox_form import MailboxFormScreen

        self.app.push_screen(MailboxFormScreen())

    def compose_answer(self, number: str, kind: str, to_all: bool) -> None:
        """Write an answer or a note on a ticket."""
        from tui import writing

        app = desk_app(self)
        if kind == "note":
            self._open_sheet(writing.note_sheet, app.actor, number)
        else:
            self._open_sheet(writing.reply_sheet, app.desk, app.actor, number, to_all)

    def compose_new(self) -> None:
        """Write a first mail."""
        from tui import writing

        self._open_sheet(writing.new_sheet, desk_app(self).desk, desk_app(self).actor)

    def resume_draft(self, draft: DraftView) -> None:
        """Go on with a draft."""
        from tui import writing

        self._open_sheet(writing.draft_sheet, desk_app(self).desk, desk_app(self).actor, draft)

    def _open_sheet(self, gather: Callable[..., Sheet], *arguments: Any) -> None:
        from tui.screens.compose import ComposeScreen

        def show(sheet: Sheet) -> None:
            self.app.push_screen(ComposeScreen(sheet))

        self.in_thread(gather, *arguments, then=show, group="sheet")

    # -- fetching

    def fetch_all(self) -> None:
        """Ask whoever fetches to fetch every mailbox now."""
        self.in_thread(_request_all, then=self._fetch_asked, group="fetch")

    def _fetch_asked(self, count: int) -> None:
        app = desk_app(self)
        if count < 0:
            app.flash("Fetching is switched off: 5 Settings, mail.fetching", "warning")
        elif count:
            app.flash(f"Fetching {count} mailbox{'es' * (count != 1)} now")
        else:
            app.flash("There is no mailbox to fetch: 2, then n sets one up", "warning")

    # -- a mail on its way

    def mail_is_queued(self, sheet: Sheet, sent: Any) -> None:
        """Begin the undo time of a mail that was just put into the outbox."""
        self._mail_leaving = Leaving(
            sent.delivery_id, sheet.number, sent.not_before, sheet.kind, sent.warning
        )
        self.tell_leaving()

    def undo_send(self) -> bool:
        """Stop the mail whose undo time runs; False when there is none."""
        leaving = self._mail_leaving
        if leaving is None:
            return False
        from desk import answers

        def stopped(done: bool) -> None:
            app = desk_app(self)
            if not done:
                app.flash("Too late: the mail has left", "warning")
            elif leaving.number is not None:
                app.flash("Not sent: it is a draft again, r opens it")
            else:
                app.flash("Not sent: it is a draft again, D opens it")

        self._mail_leaving = None
        self.tell_leaving()
        self.in_thread(answers.cancel_send, desk_app(self).actor, leaving.delivery_id, then=stopped)
        return True

    def tell_leaving(self) -> None:
        """Say on the status line how long the mail can still be stopped; called each second."""
        app, leaving = desk_app(self), self._mail_leaving
        notice = ""
        if leaving is not None:
            left = int((leaving.until - app.now()).total_seconds() + 0.999)
            what = f"reply to #{leaving.number}" if leaving.number else "mail"
            if left > 0:
                notice = f"The {what} leaves in {left} s   u stops it"
            else:
                self._mail_leaving = None
                if leaving.warning:
                    app.flash(leaving.warning, "warning")
                else:
                    app.flash(f"The {what} is in the outbox and leaves now")
        for screen in app.screen_stack:
            tell = getattr(screen, "notice", None)
            if tell is not None and screen.is_mounted:
                tell(notice)


def _request_all() -> int:
    """How many mailboxes were asked for; -1: fetching is switched off."""
    from desk import fetching, mailboxes, settings

    if not settings.get("mail.fetching"):
        return -1
    wanted = [line for line in mailboxes.entries() if line.enabled]
    for line in wanted:
        fetching.request(line.id)
    return len(wanted)
