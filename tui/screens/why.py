"""Why: the trace of a mail's receipt, line by line what decided what."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult

from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.text.safe import line, wrapped
from tui.text.times import clock_today
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane


class WhyScreen(DeskScreen[None]):
    """What became of one mail. Esc goes back."""

    PLACE = "tickets"
    AUTO_FOCUS = "TextPane"
    ID_PREFIX = "why"
    GROUP = "Why"

    def __init__(self, message_id: int) -> None:
        super().__init__()
        self._message_id = message_id

    def compose_body(self) -> ComposeResult:
        """Yield the trace under its title."""
        yield TitledRule("What became of this mail, and why")
        yield TextPane()

    def on_mount(self) -> None:
        """Read the receipt."""
        super().on_mount()
        from desk.intake import receipts  # 55 ms

        self.in_thread(receipts.of_message, self._message_id, desk_app(self).actor).then(
            self._show, group="receipt"
        )

    def _show(self, receipt: Any) -> None:
        if receipt is None:
            self.query_one(TextPane).show(
                lambda width: [
                    [(f" {row}", "")]
                    for row in wrapped("This message was written here, it has no receipt.", width - 2)
                ]
            )
            return
        app = desk_app(self)

        def lines(width: int) -> list[Line]:
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

        self.query_one(TextPane).show(lines)

    @command("back", "escape,q,W", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the thread."""
        self.dismiss(None)
