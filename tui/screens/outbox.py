"""The outbox: every mail that has not arrived, a line for each recipient; retry and cancel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual import on
from textual.content import Content

from desk.outbox import deliveries
from desk.tickets.deliveries import DeliveryView
from tui.commands import command
from tui.desk_calls import desk_app
from tui.key_names import Keys
from tui.screens.mail_list import MailListScreen, chosen, with_ticket
from tui.text.safe import cell, fitted, parts
from tui.text.times import clock_today
from tui.widgets.confirm import Confirm
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, lettered
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from desk.permissions import Actor

MOST = 1000
"""Rows the screen shows; more than that is said, not hidden."""
MOST_TOLD = 3
"""So many mails that could not be changed are named."""
NOT_ARRIVED = "*"
CHOICES = (
    (NOT_ARRIVED, "not arrived"),
    ("queued", "queued"),
    ("deferred", "deferred: tried again later"),
    ("failed", "failed"),
    ("uncertain", "uncertain: it may have arrived"),
    ("cancelled", "cancelled"),
    ("sent", "sent"),
    ("all", "all"),
)
STATE_STYLE = {"failed": "error", "uncertain": "warning", "deferred": "warning", "cancelled": "dim"}


def state_words(row: DeliveryView, now: datetime, zone: ZoneInfo, key: Keys) -> str:
    """Return what the state means now: when it is tried again, or who must decide."""
    retry = key("outbox.retry", "R")
    if row.held:
        return f"waits for you: {retry} sends it, {key('outbox.cancel', 'c')} gives it up"
    if row.bounced:
        return "the server took it, then a bounce came back"
    match row.state:
        case "queued" | "deferred" if row.not_before is not None:
            if row.not_before <= now:
                return "is tried as soon as a worker runs"
            return f"next try {clock_today(row.not_before, now, zone)}"
        case "sending":
            return "is being sent now"
        case "sent":
            return "the server took it"
        case "failed":
            return f"will not be tried again by itself; {retry} tries now"
        case "uncertain":
            return f"it may have arrived, so nobody tries by himself; {retry} sends it again"
        case "cancelled":
            return f"given up; {retry} sends it after all"
    return ""


class OutboxList(VirtualList[DeliveryView]):
    """One recipient a line: state, tries, ticket, address, the server's words."""

    def row_key(self, row: DeliveryView) -> Hashable:
        """Return mail and recipient: a mail has a line for each."""
        return row.id, row.to

    def row_line(self, row: DeliveryView, width: int, look: Look) -> list[tuple[str, str]]:
        """Return state, ticket and address of a recipient, and what the server said."""
        app = desk_app(self)
        mark = ">" if look.here else " "
        star = "*" if look.marked else " "
        ticket = f"#{row.ticket}" if row.ticket else row.kind
        left = f"{mark}{star}{cell(row.state, 10)} {cell(ticket, 9)} "
        wide = width >= 100
        to = fitted(row.to, 30 if wide else 24)
        words = row.detail or state_words(row, app.now(), app.desk.zone, app.key)
        subject = f" {fitted(row.subject, 30)}" if wide else ""
        room = width - len(left) - len(subject) - (30 if wide else 24) - 1
        style = STATE_STYLE.get(row.state, "")
        return [(left, style), (f"{to}{subject} ", ""), (fitted(words, room), style)]


def _correctable(screen: OutboxScreen) -> str | None:
    row = screen.table.row
    if row is not None and row.state not in ("failed", "deferred", "uncertain", "cancelled"):
        return f"this mail is {row.state}"
    return chosen(screen)


class OutboxScreen(MailListScreen[DeliveryView]):
    """What waits to leave, or could not."""

    PLACE = "outbox"
    ID_PREFIX = "outbox"
    GROUP = "Outbox"
    NO_MAIL = "every mail arrived"
    REFUSAL = "your role does not let you retry or cancel mail"

    def __init__(self) -> None:
        super().__init__()
        self.state = NOT_ARRIVED
        self._correcting: DeliveryView | None = None

    def make_table(self) -> OutboxList:
        """Return the list of recipients, which can be marked."""
        state = desk_app(self).key("outbox.state", "v")
        return OutboxList(
            empty=f"Nothing waits: every mail arrived. {state} shows other states.", markable=True
        )

    def desk_changed(self) -> None:
        """Load the states again; cursor and marks stay on their mails."""
        state, reader = self.state, desk_app(self).actor
        self.in_thread(
            lambda: (
                deliveries.entries(None if state == NOT_ARRIVED else state, MOST + 1, reader),
                deliveries.counts(),
            )
        ).then(self._take, group="outbox")

    def _take(self, found: tuple[Sequence[DeliveryView], dict[str, int]]) -> None:
        rows, counted = found
        title = next(words for state, words in CHOICES if state == self.state).partition(":")[0]
        cut = (
            f"the newest {MOST}, {desk_app(self).key('outbox.state', 'v')} narrows"
            if len(rows) > MOST
            else f"{len(rows)}"
        )
        self.say_title(f"Outbox: {title}", cut)
        self.table.show_again(FixedRows(rows[:MOST]))
        self.say_counts(counted)

    def title_of(self, row: DeliveryView) -> tuple[str, str]:
        """Return the mail's subject and number."""
        return row.subject or row.kind, f"mail {row.id}"

    def words_of(self, row: DeliveryView) -> Content:
        """Return whom it is for, how it stands, and what the server said."""
        app = desk_app(self)
        now, zone = app.now(), app.desk.zone
        written = f"written {clock_today(row.created, now, zone)}, " if row.created else ""
        tries = "1 try" if row.attempts == 1 else f"{row.attempts} tries"
        said = f"{row.code} {row.detail}" if row.code and row.detail[:3] != str(row.code) else row.detail
        return parts(
            f"To {row.to}   from {row.mailbox or 'no mailbox: none sends for this desk'}\n",
            (row.state, "bold"),
            f": {state_words(row, now, zone, app.key)}\n",
            f"server said: {said}\n" if said else "",
            (f"{written}{tries}   Message-ID {row.message_id}", "dim"),
        )

    def _ids(self) -> list[int]:
        return list(dict.fromkeys(row.id for row in self.table.chosen()))

    def _change(
        self, what: Callable[[Actor, list[int]], deliveries.Changed], asked: list[int], word: str
    ) -> None:
        def done(changed: deliveries.Changed) -> None:
            count, left = len(changed.done), [str(why) for why in changed.refused.values()]
            said = f"{count} mail{'' if count == 1 else 's'} {word}"
            if left:
                more = f" and {len(left) - MOST_TOLD} more not" if len(left) > MOST_TOLD else ""
                self.flash(f"{said}; {'; '.join(left[:MOST_TOLD])}{more}", "warning")
            else:
                self.flash(said)
            self.table.clear_marks()
            self.desk_changed()

        self.in_thread(what, desk_app(self).actor, asked).then(done, group="change")

    @command("retry", "R", "Retry", footer="retry", may="outbox.edit", enabled=chosen)
    def action_retry(self) -> None:
        """Try this mail again now, for everybody who did not get it."""
        # While a question is open, a mail may leave, and another be under the cursor.
        ids, rows = self._ids(), self.table.chosen()
        waiting = {row.id for row in rows if row.state not in ("cancelled", "sent")}
        retry = functools.partial(deliveries.retry, seen_waiting=waiting)
        uncertain = [row for row in rows if row.state == "uncertain"]
        if uncertain:
            question = f"Send again what may have arrived ({len(uncertain)})?"
            self.app.push_screen(
                Confirm(question, "The customer may get it twice."),
                lambda yes: self._change(retry, ids, "will be tried now") if yes else None,
            )
        else:
            self._change(retry, ids, "will be tried now")

    @command("cancel", "c", "Cancel", footer="cancel", may="outbox.edit", enabled=chosen)
    def action_cancel(self) -> None:
        """Give up this mail; asks first. The message stays in its ticket."""
        ids = self._ids()
        count = len(ids)
        question = "Give this mail up?" if count == 1 else f"Give {count} mails up?"
        detail = "Whoever did not get it will not get it. It stays in its ticket."
        self.app.push_screen(
            Confirm(question, detail),
            lambda yes: self._change(deliveries.cancel, ids, "given up") if yes else None,
        )

    @command("correct", "e", "Correct address", footer="correct", may="outbox.edit", enabled=_correctable)
    def action_correct(self) -> None:
        """Correct the address of this recipient, and send the mail there."""
        row = self.table.row
        if row is not None:
            self._correcting = row
            self.query_one(LineInput).ask("Correct address:", row.to, purpose="correct")

    @on(LineInput.Answered)
    def _corrected(self, event: LineInput.Answered) -> None:
        row, self._correcting = self._correcting, None
        if row is not None and event.text.strip() not in ("", row.to):

            def refused(error: Exception) -> None:
                self._correcting = row
                event.again(error)

            correct = self.in_thread(
                deliveries.correct,
                desk_app(self).actor,
                row.id,
                row.to,
                event.text.strip(),
                seen_waiting=row.state != "cancelled",
            )
            correct.then(self._sent_again, failed=refused, group="change")

    def _sent_again(self, address: str) -> None:
        self.flash(f"It goes to {address} now")
        self.desk_changed()

    @command("mark", "space", "Mark", footer="mark")
    def action_mark(self) -> None:
        """Mark this mail and go on."""
        self.table.toggle_mark()

    @command("state", "v", "State", footer="state")
    def action_state(self) -> None:
        """Show mail of another state."""
        self.app.push_screen(Menu("Show", lettered(CHOICES), self.state), self._take_state)

    def _take_state(self, state: str | None) -> None:
        if state:
            self.state = state
            self.desk_changed()

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("outbox.ticket")

    @command("ticket", "T", "Ticket", footer="ticket", enabled=with_ticket)
    def action_ticket(self) -> None:
        """Go to its ticket."""
        self.go_to_its_ticket()

    @command("copy", "y", "Copy", footer="copy", enabled=chosen)
    def action_copy(self) -> None:
        """Copy address and server's words."""
        row = self.table.row
        if row is not None:
            desk_app(self).copy_text(f"{row.to} {row.state}: {row.code or ''} {row.detail}", "the delivery")

    @command("back", "q,escape", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        if not self.table.clear_marks():
            desk_app(self).navigation.go_back()
