"""Receipts: what became of every mail that came in, and why; quarantined mail is tried again here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from desk.doors import by_hand
from desk.intake import receipts
from desk.intake.receipts import ReceiptFilter, ReceiptView
from tui import files
from tui.commands import command
from tui.desk_calls import desk_app
from tui.screens.mail_list import MailListScreen, chosen, with_ticket
from tui.screens.raw_mail import RawMailScreen
from tui.text.safe import cell, fitted, parts, size_text
from tui.text.times import clock_today
from tui.widgets.confirm import Confirm
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, lettered
from tui.widgets.virtual_list import Look, VirtualList

if TYPE_CHECKING:
    from desk.intake.incoming import Outcome
    from desk.permissions import Actor

QUARANTINED = ReceiptFilter(verdict="quarantined")
ALL = "*"


class ReceiptRows:
    """Receipts in pages, newest first."""

    def __init__(self, wanted: ReceiptFilter, reader: Actor) -> None:
        self._wanted = wanted
        self._reader = reader

    def first(self, limit: int) -> Sequence[ReceiptView]:
        """Return the newest receipts."""
        return receipts.entries(self._wanted, limit=limit, reader=self._reader)

    def last(self, limit: int) -> Sequence[ReceiptView]:
        """Return the oldest receipts."""
        return receipts.entries(self._wanted, limit=limit, after_id=0, reader=self._reader)

    def after(self, row: ReceiptView, limit: int) -> Sequence[ReceiptView]:
        """Return the receipts that were made before this one."""
        return receipts.entries(self._wanted, limit=limit, before_id=row.id, reader=self._reader)

    def before(self, row: ReceiptView, limit: int) -> Sequence[ReceiptView]:
        """Return the receipts that were made after this one."""
        return receipts.entries(self._wanted, limit=limit, after_id=row.id, reader=self._reader)


class ReceiptList(VirtualList[ReceiptView]):
    """One arrival a line: when, verdict, ticket, sender, subject."""

    def row_key(self, row: ReceiptView) -> Hashable:
        """Return the receipt's number."""
        return row.id

    def row_line(self, row: ReceiptView, width: int, look: Look) -> list[tuple[str, str]]:
        """Return when a mail arrived, what became of it, its sender and subject."""
        app = desk_app(self)
        mark = ">" if look.here else " "
        ticket = f"#{row.ticket}" if row.ticket else ""
        when = clock_today(row.received, app.now(), app.desk.zone)
        left = f"{mark}{cell(when, 12)} {cell(row.verdict, 11)} {cell(ticket, 8)} "
        sender = fitted(row.sender, 30 if width >= 100 else 20)
        style = {"quarantined": "error", "loop": "warning", "rejected": "warning"}.get(row.verdict, "")
        return [
            (left, style),
            (f"{sender} ", ""),
            (fitted(row.subject, width - len(left) - len(sender) - 1), ""),
        ]


def _quarantined(screen: QuarantineScreen) -> str | None:
    row = screen.table.row
    if row is not None and row.verdict != "quarantined":
        return f"this mail was understood: {row.verdict}"
    return chosen(screen)


class QuarantineScreen(MailListScreen[ReceiptView]):
    """Quarantined mail first; `v` shows the other verdicts."""

    PLACE = "quarantine"
    CSS_PATH = "quarantine.tcss"
    HELP_TITLE = "Receipts"
    ID_PREFIX = "receipts"
    GROUP = "Receipts"
    NO_MAIL = "no mail came yet"
    REFUSAL = "your role does not let you retry quarantined mail"

    def __init__(self) -> None:
        super().__init__()
        self.wanted = QUARANTINED
        self._asked_of = 0
        """The receipt that a line is asked for: meanwhile another one may get under the cursor."""

    def make_table(self) -> ReceiptList:
        """Return the list of receipts."""
        return ReceiptList()

    def on_mount(self) -> None:
        """Show what is quarantined."""
        self._show(QUARANTINED)
        super().on_mount()

    def desk_changed(self) -> None:
        """Load the receipts again: mail came or was tried again elsewhere."""
        self.table.reload()
        self.in_thread(receipts.counts, desk_app(self).actor).then(self.say_counts, group="counts")

    def _show(self, wanted: ReceiptFilter) -> None:
        self.wanted = wanted
        words = f", with '{wanted.text}'" if wanted.text else ""
        self.say_title(f"Receipts: {wanted.verdict or 'all mail'}{words}", "what became of every mail")
        quarantine = wanted == QUARANTINED
        verdict = desk_app(self).key("receipts.verdict", "v")
        self.table.empty_text = (
            f"No quarantined mail: everything was understood. {verdict} shows other mail."
            if quarantine
            else f"No such mail. {verdict} shows other verdicts."
        )
        self.table.show(ReceiptRows(wanted, desk_app(self).actor))
        self.in_thread(receipts.counts, desk_app(self).actor).then(self.say_counts, group="counts")

    def title_of(self, row: ReceiptView) -> tuple[str, str]:
        """Return the mail's subject and the receipt's number."""
        return row.subject or "(no subject)", f"receipt {row.id}"

    def words_of(self, row: ReceiptView) -> Content:
        """Return who sent it, why it is here, and what decided that."""
        return parts(
            f"From {row.sender or '-'}   by {row.door} {row.mailbox or ''}   {size_text(row.size)}",
            *((f"\n{row.reason}", "bold"),) * bool(row.reason),
            *(f"\n {line}" for line in row.trace),
            (f"\nMessage-ID {row.message_id or '-'}\nSHA-256 {row.sha256}", "dim"),
        )

    @command("retry", "R", "Try again", footer="try again", may="receipt.retry", enabled=_quarantined)
    def action_retry(self) -> None:
        """Take this mail in again, for example after an update; its receipt stays the same one."""
        row = self.table.row
        if row is not None:
            app = desk_app(self)
            self.in_thread(receipts.retry, app.desk, app.actor, row.id).then(self._retried, group="retry")

    def _retried(self, taken: Outcome) -> None:
        if taken.verdict == "quarantined":
            self.flash("It still cannot be understood; the trace says why", "warning")
        else:
            ticket = f", ticket #{taken.ticket_number}" if taken.ticket_number else ""
            self.flash(f"Understood now: {taken.verdict}{ticket}")
        self.desk_changed()

    @command("raw", "V", "As received", footer="raw", enabled=chosen)
    def action_raw(self) -> None:
        """Show the mail as it was received, as far as it can be shown."""
        row = self.table.row
        if row is not None:
            self.in_thread(receipts.raw, row.id, desk_app(self).actor).before_next_key(
                lambda raw: self._show_raw(row, raw), group="raw"
            )

    def _show_raw(self, row: ReceiptView, raw: bytes) -> None:
        self.app.push_screen(RawMailScreen(f"receipt {row.id}: {row.subject or '(no subject)'}", raw))

    @command("take", "n", "Make a ticket", footer="make ticket", may="receipt.retry", enabled=_quarantined)
    def action_take(self) -> None:
        """Make a ticket of this mail by hand; asks who wrote it."""
        row = self.table.row
        if row is not None:
            self.in_thread(receipts.raw, row.id, desk_app(self).actor).before_next_key(
                lambda raw: self._ask_who(row.id, row.sender or by_hand.headline(raw)[0]), group="take"
            )

    def _ask_who(self, receipt_id: int, sender: str) -> None:
        self._asked_of = receipt_id
        self.query_one(LineInput).ask(f"Who wrote receipt {receipt_id}:", sender, purpose="take")

    def _take(self, event: LineInput.Answered) -> None:
        requester = event.text.strip()
        if requester:
            app = desk_app(self)
            self.in_thread(by_hand.take, app.desk, app.actor, self._asked_of, requester).then(
                self._taken, failed=event.again, group="take"
            )

    def _taken(self, number: str) -> None:
        self.flash(f"It is ticket #{number} now")
        self.desk_changed()

    @command("save", "o", "Save", footer="save", enabled=chosen)
    def action_save(self) -> None:
        """Save the mail as an .eml file."""
        app, row = desk_app(self), self.table.row
        if row is None:
            return
        self._asked_of = row.id
        if app.restricted:
            self._save_to(app.files_directory)
        else:
            self.query_one(LineInput).ask(
                f"Save receipt {row.id} in:",
                files.home_text(app.files_directory),
                purpose="save",
                complete=files.directory_completions,
            )

    def _save_to(self, directory: Path, failed: Callable[[Exception], object] | None = None) -> None:
        receipt_id, reader = self._asked_of, desk_app(self).actor

        def save() -> Path:
            return files.save(receipts.raw(receipt_id, reader), f"receipt-{receipt_id}.eml", directory)

        def saved(place: Path) -> None:
            desk_app(self).files_directory = place.parent
            self.flash(f"Saved {files.home_text(place)}")

        self.in_thread(save).then(saved, failed=failed)

    @command("reject", "d", "Reject", footer="reject", may="receipt.retry", enabled=_quarantined)
    def action_reject(self) -> None:
        """Reject this mail; asks first. It stays stored, and its receipt says who rejected it."""
        row = self.table.row
        if row is None:
            return
        receipt_id = row.id

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(receipts.reject, desk_app(self).actor, receipt_id).then(
                    lambda _: self._rejected(), group="reject"
                )

        verdict = desk_app(self).key("receipts.verdict", "v")
        detail = f"It becomes no ticket. It stays stored: {verdict} shows rejected mail."
        self.app.push_screen(
            Confirm("Reject this mail?", detail),
            answered,
        )

    def _rejected(self) -> None:
        self.flash("Rejected; the mail stays stored")
        self.desk_changed()

    @command("verdict", "v", "Verdict", footer="verdict")
    def action_verdict(self) -> None:
        """Show mail of another verdict: tickets, replies, bounces, loops, ..."""
        self.in_thread(receipts.counts, desk_app(self).actor).before_next_key(
            self._ask_verdict, group="verdicts"
        )

    def _ask_verdict(self, found: dict[str, int]) -> None:
        choices = [(ALL, "all mail"), *((name, f"{name} ({count})") for name, count in found.items())]
        self.app.push_screen(
            Menu("Verdict", lettered(choices), self.wanted.verdict or ALL), self._take_verdict
        )

    def _take_verdict(self, verdict: str | None) -> None:
        if verdict:
            self._show(replace(self.wanted, verdict=None if verdict == ALL else verdict))

    @command("zoom", "enter,z", "Whole trace", footer="trace", enabled=chosen)
    def action_zoom(self) -> None:
        """Give the trace the whole screen, or back."""
        self.toggle_class("-zoomed")

    @command("ticket", "T", "Ticket", footer="ticket", enabled=with_ticket)
    def action_ticket(self) -> None:
        """Go to its ticket."""
        self.go_to_its_ticket()

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Only mail with these letters in sender or subject."""
        self.query_one(LineInput).ask("/ find", self.wanted.text or "", purpose="find")

    @on(LineInput.Answered)
    def _found(self, event: LineInput.Answered) -> None:
        match event.purpose:
            case "take":
                self._take(event)
            case "save":
                if event.text.strip():
                    self._save_to(files.place(event.text), event.again)
            case _:
                self._show(replace(self.wanted, text=event.text.strip() or None))

    @command("copy", "y", "Copy", enabled=chosen)
    def action_copy(self) -> None:
        """Copy the receipt with its trace."""
        row = self.table.row
        if row is not None:
            lines = [f"receipt {row.id}: {row.verdict} {row.reason}", row.sender, row.subject, *row.trace]
            desk_app(self).copy_text("\n".join(lines), "the receipt")

    @command("back", "q,escape", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        if self.has_class("-zoomed"):
            self.remove_class("-zoomed")
        else:
            desk_app(self).navigation.go_back()
