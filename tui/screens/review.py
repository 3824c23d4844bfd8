"""Review: the only place from which mail leaves. Nothing is sent before y."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui import writing
from tui.commands import Command
from tui.plain import cell, size_text, wrapped
from tui.widgets.command_screen import CommandModal
from tui.widgets.text_pane import Line, TextPane
from tui.work import desk_app
from tui.writing import Sheet

GROUP = "Review"


class ReviewScreen(CommandModal[str]):
    """Gives back ``send``, ``edit``, ``attach``, ``keep`` or None. Enter does nothing here."""

    DEFAULT_CSS = """
    ReviewScreen { align: center middle; background: transparent; }
    ReviewScreen > Vertical {
        width: 72; max-width: 96%; height: 18; max-height: 90%;
        border: solid $accent; background: $surface; border-subtitle-align: right;
    }
    ReviewScreen.-reading > Vertical { width: 96%; height: 90%; }
    """
    AUTO_FOCUS = "TextPane"
    KEYS: ClassVar[tuple[Command, ...]] = (
        Command(
            "review.send",
            "y",
            "Send",
            "Send it; u stops it while the undo time runs.",
            GROUP,
            "answer('send')",
            "send",
        ),
        Command("review.edit", "e", "Edit", "Back to the editor.", GROUP, "answer('edit')", "edit"),
        Command(
            "review.preview", "w", "Preview", "Show it as the customer sees it.", GROUP, "preview", "preview"
        ),
        Command("review.attach", "a", "Attach", "Attach a file.", GROUP, "answer('attach')", "attach"),
        Command(
            "review.keep",
            "p",
            "Postpone",
            "Keep it as a draft and leave.",
            GROUP,
            "answer('keep')",
            "postpone",
        ),
        Command("review.cancel", "q,escape", "Cancel", "Back to the editor.", GROUP, "cancel", "cancel"),
    )

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet
        self._others = list(sheet.others)
        self._seconds = 0

    def compose(self) -> ComposeResult:
        with Vertical():
            yield TextPane()

    def on_mount(self) -> None:
        box = self.query_one(Vertical)
        what = "reply" if self._sheet.kind == "reply" else "mail"
        box.border_title = Content(f"Send this {what}? - nothing is sent before y")
        box.border_subtitle = Content("y send  e edit  w preview  a attach  p postpone  q cancel")
        self.query_one(TextPane).show(self._facts)
        self.in_thread(self._ask, then=self._told, group="facts")

    def _ask(self) -> tuple[int, list[writing.Other]]:
        return writing.undo_seconds(), writing.others(desk_app(self).actor, self._sheet.number)

    def _told(self, facts: tuple[int, list[writing.Other]]) -> None:
        self._seconds, self._others = facts
        if not self.has_class("-reading"):
            self.query_one(TextPane).show(self._facts, keep=True)

    def _facts(self, width: int) -> list[Line]:
        sheet = self._sheet
        body = sheet.body.strip()
        count = body.count("\n") + 1 if body else 0
        size = size_text(len(body.encode()))
        files = ", ".join(f"{item.name} {size_text(item.size)}" for item in sheet.attachments) or "none"
        then = f"state {sheet.status} -> {sheet.status_after}" if sheet.status_after else "state unchanged"
        if sheet.kind == "new":
            then = "a new ticket"
        facts = [
            ("From", sheet.sender),
            ("To", writing.shown(writing.pairs(sheet.to))),
            ("Cc", writing.shown(writing.pairs(sheet.cc))),
            ("Subject", writing.subject_words(sheet)),
            ("Body", f"{count} line{'s' * (count != 1)}, {size}"),
            ("Files", files),
            ("Then", then),
            ("Leaves by", sheet.way),
        ]
        lines: list[Line] = [[]]
        for name, value in facts:
            if name == "Cc" and not value:
                continue
            rows = wrapped(value, max(10, width - 15))[:3]
            lines.append([(f"  {name:<10} ", "dim"), (rows[0], "")])
            lines += [[(" " * 13, ""), (row, "")] for row in rows[1:]]
        if self._others:
            words = writing.others_words(self._others, desk_app(self).desk.zone)
            lines += [[], *([("  ", ""), (row, "warning")] for row in wrapped(f"[!] {words}", width - 4))]
        now = f"send now ({self._seconds} s to undo)" if self._seconds else "send now"
        lines += [
            [],
            [("     y", "bold"), (f"  {now:<29}", ""), ("e", "bold"), ("  edit again", "")],
            [
                ("     w", "bold"),
                (f"  {'see it as the customer does':<29}", ""),
                ("a", "bold"),
                ("  attach a file", ""),
            ],
            [
                ("     p", "bold"),
                (f"  {'keep as draft':<29}", ""),
                ("q", "bold"),
                ("  back to the editor", ""),
            ],
        ]
        return lines

    def _preview(self, width: int) -> list[Line]:
        sheet = self._sheet
        head = [
            f"From: {sheet.sender}",
            f"To: {writing.shown(writing.pairs(sheet.to))}",
            *([f"Cc: {writing.shown(writing.pairs(sheet.cc))}"] if sheet.cc.strip() else []),
            f"Subject: {writing.subject_words(sheet)}",
        ]
        lines: list[Line] = [[(" ", ""), (cell(row, width - 2), "bold")] for row in head]
        lines.append([])
        lines += [[(" ", ""), (row, "")] for row in wrapped(sheet.body, width - 2)]
        return lines

    def action_preview(self) -> None:
        self.toggle_class("-reading")
        reading = self.has_class("-reading")
        self.query_one(TextPane).show(self._preview if reading else self._facts)

    def action_answer(self, decision: str) -> None:
        self.dismiss(decision)

    def action_cancel(self) -> None:
        if self.has_class("-reading"):
            self.action_preview()
        else:
            self.dismiss(None)
