"""Logs: what the desk did, newest first; by level, source and mailbox, with follow and next error."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from desk import logs
from desk.logs import Level, LogFilter, LogLine
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.text.safe import cell, parts, safe, shortened
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import Look, VirtualList

if TYPE_CHECKING:
    from desk.mailboxes.lists import MailboxLine

LEVELS = (("debug", "debug: everything"), ("info", "info and above"), ("warning", "warnings and errors"))
LEVEL_WORDS = {"debug": "debug", "info": "info", "warning": "warn", "error": "ERROR"}
LEVEL_STYLE = {"debug": "dim", "info": "", "warning": "warning", "error": "error"}


class LogRows:
    """The log's pages in the order of the screen: newest first."""

    def __init__(self, wanted: LogFilter) -> None:
        self._wanted = wanted

    def first(self, limit: int) -> Sequence[LogLine]:
        """Return the newest events."""
        return logs.entries(self._wanted, limit=limit)

    def last(self, limit: int) -> Sequence[LogLine]:
        """Return the oldest events."""
        return logs.entries(self._wanted, after_id=0, limit=limit)

    def after(self, row: LogLine, limit: int) -> Sequence[LogLine]:
        """Return the events before this one in time."""
        return logs.entries(self._wanted, before_id=row.id, limit=limit)

    def before(self, row: LogLine, limit: int) -> Sequence[LogLine]:
        """Return the events after this one in time."""
        return logs.entries(self._wanted, after_id=row.id, limit=limit)


class LogList(VirtualList[LogLine]):
    """One event a line: time, level, source, where, what."""

    def row_key(self, row: LogLine) -> Hashable:
        """Return the event's number."""
        return row.id

    def row_line(self, row: LogLine, width: int, look: Look) -> list[tuple[str, str]]:
        """Return time, level, source, place and text of an event."""
        app = desk_app(self)
        wide = width >= 100
        when = shown_time(row.at, app.now(), app.desk.zone)
        where = shown_place(row)
        room = 20 if wide else 11
        left = f"{when:<8} {LEVEL_WORDS[row.level]:<5} {cell(row.source, 7)} {cell(where, room)} "
        style = LEVEL_STYLE[row.level]
        # What the column says already need not begin the event's own words.
        said = row.text.removeprefix(where).lstrip(": ") if where else row.text
        return [(left, style), (shortened(said, width - len(left)), style)]


def shown_time(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """``10:42:03`` of today, else ``19 Nov`` with the day."""
    local = moment.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b}" if local.year == now.astimezone(zone).year else f"{local:%Y-%m}"


def shown_place(row: LogLine) -> str:
    """Return the ticket or the mailbox that the event is about."""
    if row.ticket:
        return f"#{row.ticket}"
    return row.mailbox or ""


def _needs_row(screen: LogsScreen) -> str | None:
    return None if screen.table.row is not None else "no event is chosen"


def _needs_ticket(screen: LogsScreen) -> str | None:
    row = screen.table.row
    return None if row is not None and row.ticket else "this event is about no ticket"


ALL = "*"
START = LogFilter(level="info")


class LogsScreen(WordsBelow[None]):
    """The log, a line for the active filter, and the whole event below."""

    PLACE = "logs"
    CSS_PATH = "logs.tcss"
    ID_PREFIX = "logs"
    GROUP = "Logs"

    def __init__(self) -> None:
        super().__init__()
        self.wanted = START
        self.mailbox_name = ""
        self.follows = True
        self._wraps = True
        self._errors: tuple[int, int] | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the line for the active filter, the events, and the whole of one below."""
        key = desk_app(self).key
        yield Static(id="logs-filter")
        yield LineInput()
        yield LogList(
            empty=f"No events. {key('logs.level', 'l')} shows more levels,"
            f" {key('logs.clear', 'Esc')} forgets the filter."
        )
        yield TitledRule(id="logs-rule")
        with VerticalScroll(id="logs-detail", can_focus=False):
            yield Static(id="logs-event")

    @property
    def table(self) -> LogList:
        """The events."""
        return self.query_one(LogList)

    def on_mount(self) -> None:
        """Show the events from info on."""
        self.table.focus()
        self.show_filter(self.wanted)

    def show_filter(self, wanted: LogFilter, mailbox_name: str | None = None) -> None:
        """Show the events that match `wanted`."""
        self.wanted = wanted
        self.mailbox_name = self.mailbox_name if mailbox_name is None else mailbox_name
        self.table.show(LogRows(self._readable(wanted)))
        self._tell_filter()
        self.in_thread(logs.counts, self._readable(wanted)).then(self._count, group="counts")

    def _readable(self, wanted: LogFilter) -> LogFilter:
        return wanted._replace(reach=desk_app(self).actor.reach)

    def show_mailbox(self, mailbox_id: int, name: str) -> None:
        """Show one mailbox's events, from every level."""
        self.show_filter(LogFilter(level="debug", mailbox_id=mailbox_id), name)

    def desk_changed(self) -> None:
        """Load new events; a list that does not follow keeps its place."""
        if self.follows:
            self.table.reload()
            self.in_thread(logs.counts, self._readable(self.wanted)).then(self._count, group="counts")

    def _count(self, counted: tuple[int, int]) -> None:
        total, errors = counted
        shown = f"the newest {total}" if total >= logs.COUNTED else str(total)
        text = f"{errors} of {shown} events are errors" if errors else f"{shown} events, no error"
        self.status(left=text + (f"  ({desk_app(self).key('logs.error', 'E')} next error)" if errors else ""))

    def _tell_filter(self) -> None:
        wanted = self.wanted
        level = "all" if wanted.level == "debug" else wanted.level + ("" if wanted.level == "error" else "+")
        text = f"Source [{wanted.source or 'all'}] | Level [{level}] | Mailbox [{self.mailbox_name or 'all'}]"
        text += f" | Text [{wanted.text}]" if wanted.text else ""
        right = f"follow: {'ON' if self.follows else 'off'} ({desk_app(self).key('logs.follow', 'F')}) "
        width = self.app.size.width
        self.query_one("#logs-filter", Static).update(safe(f" {cell(text, width - len(right) - 1)}{right}"))

    # -- what is under the cursor

    def describe(self, row: object) -> None:
        """Describe the whole event under the cursor."""
        rule = self.query_one("#logs-rule", TitledRule)
        body = self.query_one("#logs-event", Static)
        if not isinstance(row, LogLine):
            rule.set_text("", "")
            body.update(safe(""))
            return
        app = desk_app(self)
        when = row.at.astimezone(app.desk.zone)
        place = shown_place(row)
        rule.set_text(
            f"{when:%Y-%m-%d %H:%M:%S} {LEVEL_WORDS[row.level]} {row.source} {place}".rstrip(),
            f"event {row.id}",
        )
        about = []
        if row.receipt_id is not None:
            about.append(f"receipt {row.receipt_id}")
        if row.mailbox:
            about.append(f"mailbox {row.mailbox}")
        lines = [f"\n {text}" for text in row.detail.splitlines()] if row.detail else []
        body.update(parts(row.text, *lines, (f"\n{', '.join(about)}" if about else "", "dim")))

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("logs.zoom")

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Show only events with these letters."""
        self.query_one(LineInput).ask("/ find", self.wanted.text, purpose="find")

    @on(LineInput.Typed)
    def _find_typed(self, event: LineInput.Typed) -> None:
        self.set_timer(0.15, lambda: self._find_if_still(event.text))

    def _find_if_still(self, text: str) -> None:
        field = self.query_one(LineInput)
        if field.asking and field.text == text != self.wanted.text:
            self.show_filter(self.wanted._replace(text=text.strip()))

    @on(LineInput.Answered)
    def _find_answered(self, event: LineInput.Answered) -> None:
        self.show_filter(self.wanted._replace(text=event.text.strip()))
        self.table.focus()

    @on(LineInput.Cancelled)
    def _find_cancelled(self) -> None:
        self.table.focus()

    @command("clear", "escape", "All events")
    def action_clear(self) -> None:
        """Clear the filter."""
        if self.has_class("-zoomed"):
            self.remove_class("-zoomed")
        else:
            self.show_filter(START, "")

    @command("error", "E", "Next error", footer="error")
    def action_next_error(self) -> None:
        """Go to the next older error."""
        row = self.table.row
        self.in_thread(logs.next_error, row.id if row else None, self._readable(self.wanted)).before_next_key(
            self._go_to_error, group="error"
        )

    def _go_to_error(self, found: LogLine | None) -> None:
        if found is None:
            self.flash("No older error here")
        elif not self.table.move_to_key(found.id):
            self.follows = False
            self._tell_filter()
            self.table.show_at(LogRows(self.wanted), found)

    @command("follow", "F", "Follow", footer="follow")
    def action_follow(self) -> None:
        """Show new events at the top as they come; off keeps the list still."""
        self.follows = not self.follows
        self._tell_filter()
        if self.follows:
            self.table.show(LogRows(self.wanted))

    @command("level", "l", "Level", footer="level")
    def action_level(self) -> None:
        """Choose the lowest level that is shown."""
        items = lettered((*LEVELS, ("error", "errors only")))
        self.app.push_screen(Menu("Level", items, self.wanted.level), self._take_level)

    def _take_level(self, level: str | None) -> None:
        if level:
            self.show_filter(self.wanted._replace(level=cast("Level", level)))

    @command("source", "s", "Source", footer="source")
    def action_source(self) -> None:
        """Show only what one part of the desk did."""
        self.in_thread(logs.sources).before_next_key(self._ask_source, group="sources")

    def _ask_source(self, sources: Sequence[str]) -> None:
        items = lettered([(ALL, "all"), *((name, name) for name in sources)])
        self.app.push_screen(Menu("Source", items, self.wanted.source or ALL), self._take_source)

    def _take_source(self, source: str | None) -> None:
        if source:
            self.show_filter(self.wanted._replace(source="" if source == ALL else source))

    @command("mailbox", "m", "Mailbox", footer="mailbox")
    def action_mailbox(self) -> None:
        """Show only one mailbox."""
        from desk.mailboxes import registry  # 20 ms

        self.in_thread(registry.entries).before_next_key(self._ask_mailbox, group="mailboxes")

    def _ask_mailbox(self, found: Sequence[MailboxLine]) -> None:
        self._mailboxes = {str(line.id): line.address for line in found}
        items = lettered([("0", "all"), *self._mailboxes.items()])
        self.app.push_screen(Menu("Mailbox", items, str(self.wanted.mailbox_id or 0)), self._take_mailbox)

    def _take_mailbox(self, chosen: str | None) -> None:
        if chosen is not None:
            wanted = self.wanted._replace(mailbox_id=int(chosen) or None)
            self.show_filter(wanted, self._mailboxes.get(chosen, ""))

    @command("wrap", "w", "Wrap", footer="wrap")
    def action_wrap(self) -> None:
        """Break long lines of the event, or cut them."""
        self._wraps = not self._wraps
        self.query_one("#logs-event", Static).set_class(not self._wraps, "-unwrapped")
        self.flash("Long lines are broken" if self._wraps else "Long lines are cut at the edge")

    @command("zoom", "enter,z", "Whole event", footer="event", wide=True)
    def action_zoom(self) -> None:
        """Give the event the whole screen, or back."""
        self.toggle_class("-zoomed")

    @command("ticket", "T", "Ticket", footer="ticket", enabled=_needs_ticket)
    def action_ticket(self) -> None:
        """Go to the event's ticket."""
        row = self.table.row
        if row is not None and row.ticket:
            desk_app(self).navigation.open_thread(row.ticket)

    @command("outbox", "o", "Outbox", footer="outbox", wide=True)
    def action_outbox(self) -> None:
        """Show mail that waits to be sent, or could not be."""
        desk_app(self).navigation.open_outbox()

    @command("receipts", "Q", "Receipts", footer="receipts", wide=True)
    def action_receipts(self) -> None:
        """Show what became of every mail that came in; quarantined mail first."""
        desk_app(self).navigation.open_quarantine()

    @command("copy", "y", "Copy", footer="copy", enabled=_needs_row)
    def action_copy(self) -> None:
        """Copy the event."""
        row = self.table.row
        if row is not None:
            text = f"{row.at:%Y-%m-%dT%H:%M:%SZ} {row.level} {row.source} {shown_place(row)} {row.text}"
            desk_app(self).copy_text(f"{text}\n{row.detail}".strip(), "the event")
