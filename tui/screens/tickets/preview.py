"""The preview: the newest mail of the ticket under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from tui.text.safe import cell, line, shortened, width_of
from tui.text.tickets import Reader, attachments_words, body_lines, people
from tui.text.times import clock_today, promise
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView, TicketDetail

WIDE = 88


class PreviewLines(Widget):
    """Lines of plain text that always fit."""

    DEFAULT_CSS = "PreviewLines { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: list[str] = []

    def set_rows(self, rows: list[str]) -> None:
        """Show these rows, one line each."""
        same_height = len(rows) == len(self._rows)
        self._rows = rows
        self.refresh(layout=not same_height)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Return a line for each row."""
        return len(self._rows)

    def render(self) -> Content:
        """Return the rows, cut to the width."""
        width = self.size.width
        return Content("\n".join(cell(row, width) for row in self._rows))


class Preview(Vertical):
    """Who, when, the new words of the newest mail, files and what is promised."""

    DEFAULT_CSS = "Preview { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail: TicketDetail | None = None
        self._reader: Reader | None = None

    def compose(self) -> ComposeResult:
        """Yield head, text and foot."""
        yield PreviewLines(id="preview-head")
        yield TextPane(id="preview-body")
        yield PreviewLines(id="preview-foot")

    @property
    def detail(self) -> TicketDetail | None:
        """What is shown."""
        return self._detail

    @property
    def number(self) -> str | None:
        """The ticket that is shown."""
        return self._detail.number if self._detail else None

    @property
    def body(self) -> TextPane:
        """The text of the newest mail."""
        return self.query_one("#preview-body", TextPane)

    def show(self, detail: TicketDetail | None, reader: Reader) -> None:
        """Show a ticket, or nothing. The same ticket again stays scrolled where it is."""
        same = detail is not None and detail.number == self.number
        self._detail, self._reader = detail, reader
        self._fill_head()
        self.body.show(self._body if detail else None, keep=same)

    def on_resize(self) -> None:
        """Lay the head out for the new width."""
        self._fill_head()

    def _fill_head(self) -> None:
        head, foot = (
            self.query_one("#preview-head", PreviewLines),
            self.query_one("#preview-foot", PreviewLines),
        )
        detail, reader = self._detail, self._reader
        if detail is None or reader is None or not detail.messages:
            head.set_rows([])
            foot.set_rows([])
            return
        message = detail.messages[-1]
        head.set_rows(_head(detail, message, reader, self.size.width))
        foot.set_rows([_foot(detail, message, reader, self.size.width)])

    def _body(self, width: int) -> list[Line]:
        if self._detail is None or not self._detail.messages:
            return []
        return body_lines(self._detail.messages[-1], width, indent=1, limit=300)


def _head(detail: TicketDetail, message: MessageView, reader: Reader, width: int) -> list[str]:
    name, mail = line(message.sender_name), line(message.sender_email)
    sender = f"{name} <{mail}>" if name and name != mail else mail
    if message.kind == "note":
        sender = f"{name or mail} (note)"
    via = f"via {line(detail.mailbox)}" if detail.mailbox else ""
    when = clock_today(message.created, reader.now, reader.zone)
    if width >= WIDE:
        left = promise(detail.due, detail.due_by_hand, reader.now, closed=detail.status == "closed")
        tags = f"tags {' '.join(line(tag) for tag in detail.tags)}" if detail.tags else ""
        right = "   ".join(part for part in (via, tags, left) if part)
        # What is promised is seen whole: whom the mail was for gives way.
        room = max(8, min(30, width - width_of(right) - 11))
        return [
            f" From   {cell(shortened(sender, 46), 46)}  {when}",
            f" To     {cell(shortened(people(message.to), room), room)}  {right}",
            "",
        ]
    right = f"{via}     {when} " if via else f"{when} "
    room = width - width_of(right) - 8
    return [f" From  {cell(shortened(sender, room), room)} {right}" if room > 8 else f" From  {sender}"]


def _foot(detail: TicketDetail, message: MessageView, reader: Reader, width: int) -> str:
    files = attachments_words([(item.name, item.size) for item in message.attachments])
    notes = sum(1 for item in detail.messages if item.kind == "note")
    mails = len(detail.messages) - notes
    earlier = f"{mails} message{'s' * (mails != 1)}" + (
        f", {notes} note{'s' * (notes != 1)}" if notes else ""
    )
    answers = [item for item in detail.messages if item.kind == "reply"]
    last = (
        f"last answer {clock_today(answers[-1].created, reader.now, reader.zone)}"
        if answers
        else "no answer yet"
    )
    # A wide preview has it beside the tags.
    left = (
        ""
        if width >= WIDE
        else promise(detail.due, detail.due_by_hand, reader.now, closed=detail.status == "closed")
    )
    words = [part for part in (files, earlier, last, left) if part]
    for least in (earlier, last, files):
        if width_of("   ".join(words)) < width:
            break
        words = [part for part in words if part != least]
    return " " + "   ".join(words)
