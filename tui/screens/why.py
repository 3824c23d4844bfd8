"""Why: the trace of a mail's receipt, line by line what decided what, and who was told of its ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from tui.commands import command
from tui.desk_calls import desk_app
from tui.text.safe import line, wrapped
from tui.text.times import clock_today
from tui.text_screen import TextScreen
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.alerts.notifications import NoticeLine
    from desk.intake.receipts import ReceiptView

MOST_NOTICES = 200


class WhyScreen(TextScreen[None]):
    """What became of one mail, and who was notified. Esc goes back."""

    PLACE = "tickets"
    ID_PREFIX = "why"
    GROUP = "Why"

    def __init__(self, message_id: int, number: str) -> None:
        super().__init__()
        self._message_id = message_id
        self._number = number

    def compose_body(self) -> ComposeResult:
        """Yield the trace under its title."""
        yield TitledRule("What became of this mail, and why")
        yield TextPane()
        yield LineInput()

    def on_mount(self) -> None:
        """Read the receipt, and what became of the ticket's notices."""
        super().on_mount()
        from desk.alerts import notifications  # 30 ms
        from desk.intake import receipts  # 55 ms
        from desk.tickets import changes  # 30 ms

        actor, message, number = desk_app(self).actor, self._message_id, self._number

        def read() -> tuple[ReceiptView | None, Sequence[NoticeLine]]:
            told = notifications.newest(MOST_NOTICES, changes.find(number, actor).id, actor)
            return receipts.of_message(message, actor), told

        self.in_thread(read).then(self._show, group="receipt")

    def _show(self, found: tuple[ReceiptView | None, Sequence[NoticeLine]]) -> None:
        receipt, notices = found
        self.query_one(TextPane).show(
            lambda width: [*self._receipt_lines(receipt, width), [], *self._notice_lines(notices, width)]
        )

    def _receipt_lines(self, receipt: ReceiptView | None, width: int) -> list[Line]:
        if receipt is None:
            none = "This message was written here, it has no receipt."
            return [[(f" {row}", "")] for row in wrapped(none, width - 2)]
        app = desk_app(self)
        when = clock_today(receipt.received, app.now(), app.desk.zone)
        rows: list[Line] = [
            [(" Receipt    ", "dim"), (f"{receipt.id}", "bold")],
            [(" Verdict    ", "dim"), (line(receipt.verdict), "bold")],
            [
                (" Arrived    ", "dim"),
                (f"{when} by {line(receipt.door)} {line(receipt.mailbox or '')}", ""),
            ],
            [(" Message-ID ", "dim"), (line(receipt.message_id or "none"), "")],
            [(" SHA-256    ", "dim"), (line(receipt.sha256), "")],
            [],
        ]
        if receipt.reason:
            rows += [[(" ", ""), (row, "warning")] for row in wrapped(receipt.reason, width - 2)] + [[]]
        for number, step in enumerate(receipt.trace, 1):
            first, *rest = wrapped(step, width - 6)
            rows.append([(f" {number:>2}  ", "dim"), (first, "")])
            rows += [[("     ", ""), (row, "")] for row in rest]
        return rows

    def _notice_lines(self, notices: Sequence[NoticeLine], width: int) -> list[Line]:
        """Return of everything that happened to the ticket who was told, who was not, and why."""
        app = desk_app(self)
        rows: list[Line] = [[(f" Who was told of #{self._number}, the newest first", "bold")]]
        if not notices:
            rows.append([(" Nobody was to be told anything.", "dim")])
        for notice in notices:
            when = clock_today(notice.at, app.now(), app.desk.zone)
            rows.append([(f" {when}  ", "dim"), (notice.kind.replace("_", " "), "")])
            for said in (notice.trace or ("nobody",)) if notice.told else ("waits for the worker",):
                rows += [[("     ", ""), (row, "")] for row in wrapped(said, width - 6)]
        return rows

    @command("back", "escape,q,W", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the thread."""
        self.dismiss(None)
