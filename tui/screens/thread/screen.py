"""A ticket's thread: every mail, answer and note, the current one opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from desk.errors import NotFound
from tui.commands import Command, command
from tui.desk_calls import Neighbours, Place, desk_app
from tui.desk_screen import DeskScreen
from tui.draft_menu import offer_drafts
from tui.screens.command_output import run_line
from tui.screens.thread.facts import fact_lines
from tui.screens.thread.folds import open_at_first
from tui.text.safe import cell, line, shortened, width_of, wrapped
from tui.text.tickets import Reader, body_lines, folded, head_line, header_lines, is_mine, raw_lines
from tui.text.times import promise
from tui.ticket_actions import PRIORITY_NAMES, TicketActions
from tui.widgets.confirm import Confirm
from tui.widgets.draft_tabs import DraftTabs
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, MenuItem
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import Line, TextPane
from tui.widgets.ticket_list import PRIORITY_MARKS

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView, TicketDetail
    from desk.tickets.since import SeenUpTo
    from mail.mime.targets import Target


WIDE = 100
"""From this width on the ticket's facts stand beside its thread."""
PIPED = {"message": "message", "thread": "thread", "raw": "mail"}
UNVERIFIED_CONSEQUENCE = (
    "Then what was held back happens: its sender takes part in the ticket,"
    " and a ticket that waits or is closed opens."
)


def _rows_of(text: str, width: int) -> list[str]:
    return [row for each in text.split("\n") for row in wrapped(line(each), max(10, width))]


def _needs_note(screen: ThreadScreen) -> str | None:
    message = screen.current_message
    if message is None or message.kind != "note":
        return "this message is no note"
    mailed = message.deliveries or message.receipt_id is not None
    return "this note is a mail, and stays as it is" if mailed else None


def _is_doubted(screen: ThreadScreen) -> str | None:
    return None if screen.doubted else "no mail of this ticket is unverified"


def _can_be_approved(screen: ThreadScreen) -> str | None:
    message = screen.current_message
    return None if message is not None and message.unverified else _is_doubted(screen)


class ThreadScreen(TicketActions, DeskScreen[None]):
    """Reads one ticket, from the newest message on or from a place in it.

    With the list it was opened from, { and } go to its neighbours there.
    """

    CSS_PATH = "screen.tcss"
    PLACE = "tickets"
    AUTO_FOCUS = "#thread"
    ID_PREFIX = "thread"
    GROUP = "This thread"
    PLACE_OF_COMMANDS = "thread"

    def __init__(self, number: str, tickets: Neighbours | None = None, place: Place | None = None) -> None:
        super().__init__()
        self._number = number
        self._tickets = tickets
        self._sought = place
        self._detail: TicketDetail | None = None
        self._loaded: SeenUpTo | None = None
        self._known: SeenUpTo | None = None
        self._company = ""
        self._current = 0
        self._opened: set[int] = set()
        self._quoted: set[int] = set()
        self._raw: dict[int, bytes] = {}
        self._headers: set[int] = set()
        self._as_received: set[int] = set()
        self._starts: list[tuple[int, int]] = []
        self._needle = ""
        self._piped = ""

    def compose_body(self) -> ComposeResult:
        """Yield the head, the messages, and the facts beside them."""
        yield Static(id="thread-head")
        yield TitledRule(id="thread-rule")
        yield LineInput()
        with Horizontal(id="thread-panes"):
            with Vertical(id="thread-main"):
                yield TextPane(id="thread")
            yield TextPane(id="facts")
        yield DraftTabs()

    def on_mount(self) -> None:
        """Read the ticket."""
        super().on_mount()
        self.query_one("#facts").can_focus = False
        self.query_one("#facts").border_title = Content("Ticket")
        self._load()

    @property
    def messages(self) -> Sequence[MessageView]:
        """The ticket's messages, oldest first."""
        return self._detail.messages if self._detail else ()

    @property
    def current_message(self) -> MessageView | None:
        """The message that J and K move."""
        if self._detail is None or not self._detail.messages:
            return None
        return self._detail.messages[min(self._current, len(self._detail.messages) - 1)]

    @property
    def doubted(self) -> list[MessageView]:
        """The messages whose sender is not proven to belong to the ticket, as long as nobody decided it."""
        return [message for message in self.messages if message.unverified and not message.denied]

    @property
    def doubted_words(self) -> str:
        """For the status line; empty when there is nothing to approve."""
        count = len(self.doubted)
        approve, deny = desk_app(self).key("thread.approve", "Y"), desk_app(self).key("thread.deny", "U")
        return f"{count} UNVERIFIED: {approve} approves, {deny} denies" if count else ""

    def hinted(self) -> tuple[Command, ...]:
        """Return the commands of the footer; links and approving are hinted only where there are such."""
        return tuple(
            command
            for command in super().hinted()
            if (command.id != "thread.approve" or self.doubted)
            and (command.id != "thread.links" or self._has_links())
        )

    def _has_links(self) -> bool:
        message = self.current_message
        return message is not None and ("://" in message.words or message.appendix.startswith("[1]"))

    # -- loading

    def _load(self) -> None:
        from desk.tickets import detail, since  # 19 ms

        actor, number = desk_app(self).actor, self._number

        def read() -> tuple[TicketDetail, datetime | None, SeenUpTo]:
            seen_up_to = since.seen_up_to()
            return detail.show(number, actor), detail.last_seen(actor, number), seen_up_to

        reading = self.in_thread(read)
        other = self._detail is None or self._detail.number != number
        take = reading.before_next_key if other else reading.then
        take(self._show, failed=self._not_read, group="ticket")

    def _not_read(self, error: Exception) -> None:
        """Close a ticket that was deleted for good, or may not be read any more: so may nothing it said."""
        if isinstance(error, NotFound):
            self.leave_gone(error)
        else:
            desk_app(self).flash_error(error)

    def _show(self, read: tuple[TicketDetail, datetime | None, SeenUpTo]) -> None:
        detail, seen, self._loaded = read
        fresh = self._detail is None or self._detail.number != detail.number
        known = 0 if fresh or self._detail is None else len(self._detail.messages)
        self._detail = detail
        if fresh:
            self._known = self._loaded
            self._current = max(0, len(detail.messages) - 1)
            self._opened = self._open_at_first(detail, seen)
            sought = self._sought
            for index, message in enumerate(detail.messages if sought else ()):
                if sought is not None and message.id == sought.message_id:
                    self._current = index
                    self._opened.add(message.id)
            self._mark_seen()
        elif len(detail.messages) > known:
            self._mark_seen()
            # The reader stays where they read; what came stands open below.
            came = detail.messages[known:]
            self._opened |= {message.id for message in came}
            if any(not is_mine(message, self._reader()) for message in came):
                key = desk_app(self).key("thread.next", "J")
                self.flash(f"A new message came: {key} goes to it")
            else:
                # Whoever wrote it stands at it: the keys of a message are those of the one just written.
                self._current = len(detail.messages) - 1
                self.call_after_refresh(self._see_current)
        self._paint(keep=not fresh)
        if fresh:
            self.call_after_refresh(self._see_current if self._sought is None else self._see_sought)

    def _open_at_first(self, detail: TicketDetail, seen: datetime | None) -> set[int]:
        pane = self.query_one("#thread", TextPane).size
        width, room = pane.width or self.app.size.width, pane.height or self.app.size.height - 7
        self._opened = set()
        return open_at_first(
            detail.messages,
            seen,
            self._reader(),
            lambda message: len(self._message_lines(message, width)),
            room,
        )

    def _mark_seen(self) -> None:
        desk_app(self).navigation.mark_seen(self._number)

    def on_screen_resume(self) -> None:
        """Read the ticket again: it may have changed under another screen."""
        super().on_screen_resume()
        if self._detail is not None:
            self._load()

    def open_ticket(self) -> tuple[str, bool] | None:
        """Return the ticket that is being read."""
        return self._number, False

    def health_changed(self) -> None:
        """Show mail health, and what is being written."""
        super().health_changed()
        self.query_one(DraftTabs).show(desk_app(self).drafts)

    def company_changed(self) -> None:
        """Show who else reads it or writes on it."""
        words = desk_app(self).company.words(self._number)
        if words != self._company:
            self._company = words
            self._paint()

    def known(self) -> dict[str, SeenUpTo]:
        """Return how far the desk had come when this ticket was read."""
        return {} if self._known is None else {self._number: self._known}

    def was_told(self, seen_up_to: SeenUpTo, numbers: Sequence[str]) -> None:
        """Mark as read what the person was just shown."""
        self._known = seen_up_to

    def chosen_states(self) -> set[str]:
        """Return the state of this ticket."""
        return {self._detail.status} if self._detail else set()

    def current_state(self) -> str | None:
        """Return the state of this ticket."""
        return self._detail.named_status or self._detail.status if self._detail else None

    def current_priority(self) -> str | None:
        """Return the priority of this ticket."""
        return PRIORITY_NAMES[self._detail.priority] if self._detail else None

    def desk_changed(self) -> None:
        """Read the ticket again."""
        self._load()

    def ticket_changed(self) -> None:
        """Read the ticket again after a change of one's own."""
        self._load()

    def minute_passed(self) -> None:
        """Paint again how much time is left until the deadline."""
        self._paint()

    # -- painting

    def _reader(self) -> Reader:
        app = desk_app(self)
        return Reader(app.me, app.now(), app.desk.zone, app.key)

    def _paint(self, *, keep: bool = True) -> None:
        detail = self._detail
        if detail is None:
            return
        self.query_one("#thread", TextPane).show(self._thread_lines, keep=keep)
        self.query_one("#facts", TextPane).show(self._fact_lines, keep=True)
        self._paint_head()
        notes = sum(1 for message in detail.messages if message.kind == "note")
        mails = len(detail.messages) - notes
        main = self.query_one("#thread-main")
        main.border_title = Content(
            f"Thread  {mails} message{'s' * (mails != 1)}, {notes} note{'s' * (notes != 1)}"
        )
        company = desk_app(self).company.words(self._number)
        place = self._place(detail)
        main.border_subtitle = Content("  ".join(filter(None, (company, place))))
        self._paint_status()
        self.refresh_hints()

    def _paint_head(self) -> None:
        detail = self._detail
        if detail is None:
            return
        width = self.app.size.width
        now = desk_app(self).now()
        tags = " ".join(line(tag) for tag in detail.tags)
        restoring = f"{desk_app(self).key('ticket.reopen', 'X')} restores"
        named = line(detail.named_status or detail.status)
        state = named if detail.deleted is None else f"in the trash ({restoring})"
        known = ("pinned" * detail.pinned, state, PRIORITY_MARKS[detail.priority], tags)
        company = desk_app(self).company.words(self._number)
        right = "  ".join(part for part in (company, *known) if part) + " "
        left = f" #{detail.number}  {line(detail.subject) or '(no subject)'}"
        room = max(10, width - width_of(right) - 1)
        first = cell(shortened(left, room), room) + " " + right
        who = f"{'VIP ' * detail.vip}{line(detail.requester)} <{line(detail.requester_email)}>"
        owner = line(detail.assignee or detail.team or "-")
        left = f" {who}  owner: {owner}  mailbox: {line(detail.mailbox or '-')}"
        left_of_sla = promise(
            detail.due, detail.due_by_hand, now, closed=detail.status == "closed", short=True
        )
        right = f"{left_of_sla}  {self._place(detail)} "
        room = max(10, width - width_of(right) - 1)
        second = cell(shortened(left, room), room) + " " + right
        self.query_one("#thread-head", Static).update(Content.assemble((first, "bold"), "\n", second))

    def _place(self, detail: TicketDetail) -> str:
        return f"msg {min(self._current + 1, len(detail.messages))}/{len(detail.messages)}"

    def _paint_status(self) -> None:
        if self.app.size.width >= WIDE and self._detail is not None:
            doubted = f"{self.doubted_words} | " if self.doubted_words else ""
            self.status(left=f"{doubted}#{self._number} {self._detail.subject}")
            return
        before = self._tickets.neighbour(-1) if self._tickets else None
        after = self._tickets.neighbour(1) if self._tickets else None
        key = desk_app(self).key
        around = f"{key('thread.ticket_before', '{')} {f'#{before.number}' if before else '-'}"
        around += f" {key('thread.ticket_after', '}')} {f'#{after.number}' if after else '-'}"
        doubted = f"{self.doubted_words}    " if self.doubted_words else ""
        next_one, one_before = key("thread.next", "J"), key("thread.previous", "K")
        headers = key("thread.headers", "H")
        walking = f"{next_one}/{one_before} next/prev message    {around} prev/next ticket"
        self.status(left=f"{doubted}{walking}    {headers} headers")

    def _thread_lines(self, width: int) -> list[Line]:
        detail, reader = self._detail, self._reader()
        self._starts = []
        lines: list[Line] = []
        for index, message in enumerate(detail.messages if detail else ()):
            begin = len(lines)
            current = index == self._current
            lines.append(head_line(message, reader, width, current=current, first=index == 0))
            if message.id in self._opened:
                lines += self._message_lines(message, width)
                lines.append([])
            else:
                lines.append(folded(message, width))
            blank = not lines[-1]
            self._starts.append((begin, len(lines) - 1 - blank))
        if detail is not None and detail.merged_into is not None:
            into = f"Merged into #{detail.merged_into}, which has its mail."
            lines.append([(f"{into}  {desk_app(self).key('ticket.merge', 'm')} - takes it out again", "")])
        if detail is not None and detail.snoozed_until is not None:
            from desk.tickets import snoozing  # 30 ms

            told = snoozing.words(detail.snoozed_until, desk_app(self).desk.zone)
            lines.append(
                [(f"Snoozed {told}.  {desk_app(self).key('ticket.snooze', 'Z')} - wakes it", "warning")]
            )
        if lines and not lines[-1]:
            lines.pop()
        return lines

    def _message_lines(self, message: MessageView, width: int) -> list[Line]:
        raw = self._raw.get(message.id)
        if raw is not None and message.id in self._as_received:
            return raw_lines(raw, width, desk_app(self).key("thread.attachments", "o"))
        lines: list[Line] = []
        if raw is not None and message.id in self._headers:
            lines = [*header_lines(raw, width), []]
        lines += body_lines(message, width, desk_app(self).key, quoted=message.id in self._quoted)
        if message.edits and message.id in self._quoted:
            for each in message.edits:
                when = f"{each.at.astimezone(desk_app(self).desk.zone):%Y-%m-%d %H:%M}"
                lines += [
                    [],
                    [("   ", ""), (f"[until {when}, when {line(each.agent or 'admin')} edited it:]", "dim")],
                ]
                lines += [[("   | ", "dim"), (row, "dim")] for row in _rows_of(each.before, width - 6)]
        elif message.edits:
            quoted = desk_app(self).key("thread.quoted", "Q")
            lines.append([("   ", ""), (f"[edited: {quoted} shows what it said before]", "dim")])
        if message.from_html:
            raw_key = desk_app(self).key("thread.raw", "V")
            lines.append([("   ", ""), (f"[made from HTML: {raw_key} shows the mail as received]", "dim")])
        return lines

    def _fact_lines(self, width: int) -> list[Line]:
        if self._detail is None:
            return []
        return fact_lines(self._detail, self._reader(), width, desk_app(self).company.at(self._number))

    # -- whose turn it is

    def chosen_numbers(self) -> list[str]:
        """Return this ticket, once it is read."""
        return [self._number] if self._detail else []

    def current_number(self) -> str | None:
        """Return this ticket."""
        return self._number

    def current_tags(self) -> Sequence[str]:
        """Return the tags of this ticket."""
        return self._detail.tags if self._detail else ()

    def forwarded_message(self) -> int | None:
        """Return the current message."""
        return None if self.current_message is None else self.current_message.id

    def chosen_pinned(self) -> bool:
        """Whether the ticket is pinned."""
        return self._detail is not None and self._detail.pinned

    def answered_message(self) -> int | None:
        """Return the current message, if a customer wrote it and others came after it."""
        message, there = self.current_message, self.messages
        asked = [each for each in there if each.kind == "customer" and not each.unverified]
        if message is None or message not in asked or message is asked[-1] or not message.sender_email:
            return None
        return message.id

    def message_for_command(self) -> int | None:
        """Return the current message."""
        return None if self.current_message is None else self.current_message.id

    def parts_to_split(self) -> Sequence[MenuItem]:
        """Return the current message, alone and with those below it."""
        detail, message = self._detail, self.current_message
        if detail is None or message is None or len(detail.messages) < 2:
            return ()
        below = [each.id for each in detail.messages[self._current :]]
        items = [MenuItem("s", "split off this message", f"split:{message.id}")]
        if 1 < len(below) < len(detail.messages):
            ids = ",".join(map(str, below))
            items.append(MenuItem("S", f"split off this message and {len(below) - 1} below", f"split:{ids}"))
        return items

    def copy_choices(self) -> list[tuple[str, str, str]]:
        """Return what can be copied of the current message and its ticket."""
        detail, message = self._detail, self.current_message
        if detail is None or message is None:
            return []
        return [
            ("n", "number", f"#{detail.number}"),
            ("a", "address", message.sender_email or detail.requester_email),
            ("s", "subject", detail.subject),
            ("i", "Message-ID", message.message_id or ""),
            ("t", "text", message.reply_text or message.text),
        ]

    @command("attachments", "o", "Attachments", footer="files")
    def action_attachments(self) -> None:
        """List the files of this message; save one or all."""
        message = self.current_message
        if message is None:
            return
        if message.kind == "note" and not message.attachments:
            self.flash("This note has no files")
        else:
            from tui.screens.thread.attachments import AttachmentsScreen  # 4 ms

            self.app.push_screen(AttachmentsScreen(self._number, message))

    @command("links", "l", "Links", footer="links", wide=True)
    def action_links(self) -> None:
        """Show where the links of this message really lead, by number; open or copy one."""
        message = self.current_message
        if message is None:
            return
        from desk.tickets import targets  # 19 ms

        self.in_thread(targets.of_message, message).before_next_key(self._show_links, group="links")

    def _show_links(self, found: Sequence[Target]) -> None:
        if not found:
            self.flash("This message has no links")
            return
        from tui.screens.thread.links import LinksScreen  # 3 ms

        self.app.push_screen(LinksScreen(found))

    @command("pipe", "vertical_line", "Pipe", free=True)
    def action_pipe(self) -> None:
        """Give this message, its mail as received, or the whole thread to a command on its standard input."""
        if self.current_message is None:
            return

        def picked(what: str | None) -> None:
            if what is not None:
                self._piped = what
                self.query_one(LineInput).ask(
                    f"Pipe the {PIPED[what]} to:", purpose="pipe", placeholder="grep -i error"
                )

        items = [MenuItem("m", "message, its text", "message"), MenuItem("t", "thread, its text", "thread")]
        if self.current_message.kind != "note":
            items.append(MenuItem("r", "mail as received (.eml)", "raw"))
        self.app.push_screen(Menu("Pipe", items), picked)

    def _pipe(self, line: str) -> None:
        detail, message = self._detail, self.current_message
        if not line.strip() or detail is None or message is None:
            return

        def read(what: str) -> bytes:
            from desk.tickets import detail as details  # 18 ms
            from desk.user_commands import calls  # 40 ms

            if what == "raw":
                return details.raw_message(message.id, desk_app(self).actor)
            return (calls.thread_text(detail) if what == "thread" else message.text).encode()

        self.in_thread(read, self._piped).before_next_key(
            lambda data: run_line(self, line, data, self._number, f"the {PIPED[self._piped]}"), group="pipe"
        )

    @command(
        "approve", "Y", "Approve", footer="approve", wide=True, may="ticket.edit", enabled=_can_be_approved
    )
    def action_approve(self) -> None:
        """Accept this unverified mail as its sender's (asks first)."""
        message, number = self._doubted_here("approve", "Y", denied_too=True), self.current_number()
        if message is None or number is None:
            return
        sender, message_id = line(message.sender_email)[:60], message.id

        def answered(yes: bool | None) -> None:
            from desk.tickets import approval  # 18 ms

            if yes:
                app = desk_app(self)
                self.in_thread(approval.approve, app.desk, app.actor, number, [message_id]).then(
                    lambda _ids: self._changed(f"Mail of {sender} approved"), group="change"
                )

        self.app.push_screen(Confirm(f"Is this mail really from {sender}?", UNVERIFIED_CONSEQUENCE), answered)

    @command("deny", "U", "Deny", may="ticket.edit", enabled=_is_doubted)
    def action_deny(self) -> None:
        """Leave this unverified mail and whom it names out, and be asked no more."""
        message, number = self._doubted_here("deny", "U"), self.current_number()
        if message is None or number is None:
            return
        from desk.tickets import approval  # 18 ms

        sender = line(message.sender_email)[:60]
        self.in_thread(approval.deny, desk_app(self).actor, number, [message.id]).then(
            lambda _ids: self._changed(f"Mail of {sender} denied"), group="change"
        )

    def _doubted_here(self, then: str, key: str, *, denied_too: bool = False) -> MessageView | None:
        """Return the current message if it is to be decided; else go to one that is, and say so."""
        message, doubted = self.current_message, self.doubted
        if message is not None and message.unverified and (denied_too or not message.denied):
            return message
        if message is not None and doubted:
            there = list(self.messages)
            self.go_by(there.index(doubted[0]) - there.index(message))
            does = {"approve": "approves", "deny": "denies"}[then]
            key = desk_app(self).key(f"thread.{then}", key)
            desk_app(self).flash(f"This is the unverified mail: read it, then {key} {does} it")
        return None

    @command("edit_note", "c", "Edit note", may="ticket.note", enabled=_needs_note)
    def action_edit_note(self) -> None:
        """Edit the note; what it said before is kept."""
        message, number = self.current_message, self.current_number()
        if message is None or number is None:
            return
        from desk.admin import notes  # 60 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        noun, record = notes.note_form(number, message.id, message.text)
        self.will_change()
        self.app.push_screen(
            AdminFormScreen(noun, record, {}), lambda words: self._changed(words) if words else None
        )

    @command("next", "J", "Next message", footer="message", wide=True, label="J/K")
    def action_next_message(self) -> None:
        """Go to the next message."""
        self.go_by(1)

    @command("previous", "K", "Previous message")
    def action_message_before(self) -> None:
        """Go to the message before."""
        self.go_by(-1)

    def go_by(self, step: int) -> None:
        """Make the message so many further on the current one, and open it."""
        detail = self._detail
        if detail is None or not detail.messages:
            return
        index = max(0, min(self._current + step, len(detail.messages) - 1))
        if index == self._current:
            return
        self._current = index
        if index == len(detail.messages) - 1:
            self._known = self._loaded
        self._opened.add(detail.messages[index].id)
        self._paint()
        self._see_current()

    def _see_current(self) -> None:
        if self._current < len(self._starts):
            self.query_one("#thread", TextPane).make_visible(*self._starts[self._current])

    def _see_sought(self) -> None:
        """Stand at the words that the ticket was opened for; where they are folded away, at their message."""
        self._see_current()
        sought, self._sought = self._sought, None
        if sought is None or self._current >= len(self._starts):
            return
        pane = self.query_one("#thread", TextPane)
        first, last = self._starts[self._current]
        words = sought.words.casefold()
        for at, pieces in enumerate(pane.lines()[first : last + 1], first):
            if words and words in "".join(text for text, _ in pieces).casefold():
                # With what stands above: the head of the message, if it is near.
                pane.scroll_to_line(first if at - first < pane.size.height - 1 else at - 1)
                return

    @command("toggle", "enter", "Open or fold")
    def action_fold(self) -> None:
        """Open the current message, or fold it."""
        message = self.current_message
        if message is not None:
            self._opened ^= {message.id}
            self._paint()
            self._see_current()

    @command("unfold", "E", "Open all")
    def action_fold_all(self) -> None:
        """Open every message of the thread, or fold them."""
        if self._detail is None:
            return
        every = {message.id for message in self._detail.messages}
        self._opened = set() if self._opened >= every else every
        self._paint()
        self._see_current()

    @command("ticket_before", "left_curly_bracket", "Previous ticket")
    def action_ticket_before(self) -> None:
        """Go to the ticket above in the list."""
        self._go_to_neighbour(-1)

    @command("ticket_after", "right_curly_bracket", "Next ticket", footer="ticket", wide=True, label="{ }")
    def action_ticket_after(self) -> None:
        """Go to the next ticket of the list."""
        self._go_to_neighbour(1)

    def _go_to_neighbour(self, step: int) -> None:
        if self._tickets is None:
            return
        row = self._tickets.neighbour(step)
        if row is None:
            self.flash("There is no other ticket in this list")
            return
        self._tickets.action_move(step)
        self._number = row.number
        self._detail = None
        self._known = None
        self._raw, self._headers, self._as_received, self._quoted = {}, set(), set(), set()
        self._load()

    @command("headers", "H", "Headers", footer="headers", wide=True)
    def action_headers(self) -> None:
        """Show the header lines of this mail as received."""
        self._with_raw(self._headers)

    @command("raw", "V", "As received", footer="raw", wide=True)
    def action_raw(self) -> None:
        """Show this mail as it was received, byte for byte as far as it can be shown; again: as text."""
        self._with_raw(self._as_received)

    def _with_raw(self, shown: set[int]) -> None:
        message = self.current_message
        if message is None:
            return
        if message.id in shown:
            shown.discard(message.id)
            self._paint()
            return
        message_id = message.id

        def take(raw: bytes) -> None:
            self._raw[message_id] = raw
            shown.add(message_id)
            self._opened.add(message_id)
            self._paint()
            self._see_current()

        from desk.tickets import detail  # 18 ms

        self.in_thread(detail.raw_message, message_id, desk_app(self).actor).then(take, group="raw")

    @command("quoted", "Q", "Quoted text", footer="quoted", wide=True)
    def action_quoted(self) -> None:
        """Show what the message quotes, or a note said before it was edited; or hide it."""
        message = self.current_message
        if message is None:
            return
        if not message.quoted_text.strip() and not message.edits:
            self.flash("This message quotes nothing")
            return
        self._quoted ^= {message.id}
        self._opened.add(message.id)
        self._paint()

    @command("why", "W", "Why", footer="why", wide=True)
    def action_why(self) -> None:
        """Show what became of this mail and who was notified, and why."""
        message = self.current_message
        if message is not None:
            desk_app(self).navigation.open_why(message.id, self._number)

    @command("drafts", "D", "Drafts")
    def action_drafts(self) -> None:
        """Go on with something you began to write."""
        offer_drafts(self)

    @command("find", "slash", "Find", footer="find")
    def action_find(self) -> None:
        """Find words in this thread."""
        self.query_one(LineInput).ask("/", self._needle, purpose="find")

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Find the words, or change the tags, that were typed."""
        self.query_one("#thread").focus()
        if event.purpose == "pipe":
            self._pipe(event.text)
            return
        if self.answer(event):
            return
        self._needle = event.text.strip()
        if self._needle and self._detail is not None:
            self._opened = {message.id for message in self._detail.messages}
            self._paint()
            self.query_one("#thread", TextPane).forget_match()
            self._find_step(1)

    def on_line_input_cancelled(self) -> None:
        """Go back to the thread, unless its ticket is gone."""
        self.query_one("#thread").focus()
        self._load()

    @command("find_next", "n", "Next match")
    def action_find_next(self) -> None:
        """Go to the next match."""
        self._find_step(1)

    @command("find_before", "N", "Match before")
    def action_find_before(self) -> None:
        """Go to the match before."""
        self._find_step(-1)

    def _find_step(self, step: int) -> None:
        if not self._needle:
            self.flash(f"{desk_app(self).key('thread.find', '/')} finds words")
            return
        self.flash(*self.query_one("#thread", TextPane).find(self._needle, step))

    @command("fetch", "ctrl+r", "Fetch now")
    def action_fetch(self) -> None:
        """Fetch every mailbox now."""
        desk_app(self).navigation.fetch_all()

    @command("back", "q,escape", "Back", footer="back")
    def action_back(self) -> None:
        """Back to the list."""
        if self._has_facts_alone:
            self.action_zoom()
        elif self._needle:
            self._needle = ""
            self.flash(f"The search is over; {desk_app(self).key('thread.back', 'Esc')} goes back")
        else:
            self.dismiss(None)

    @command("zoom", "z", "Ticket pane", footer="facts")
    def action_zoom(self) -> None:
        """Hide the ticket pane, or show it; where there is no room for both it takes the thread's place."""
        self.toggle_class("-zoomed")
        facts = self.query_one("#facts")
        facts.can_focus = self._has_facts_alone
        self.query_one("#facts" if facts.can_focus else "#thread").focus()
        self.refresh_hints()

    def mode_hints(self) -> tuple[tuple[str, str], ...] | None:
        """Return the keys of the ticket's facts while these have the screen to themselves."""
        if not self._has_facts_alone:
            return None
        key = desk_app(self).key
        return (("j/k", "scroll"), (key("thread.zoom", "z"), "thread"), (key("app.help", "?"), "help"))

    @property
    def _has_facts_alone(self) -> bool:
        return self.has_class("-zoomed") and self.app.size.width < WIDE

    def on_resize(self) -> None:
        """Lay head and status line out for the new width."""
        facts = self.query_one("#facts")
        facts.can_focus = self._has_facts_alone
        if facts.has_focus != facts.can_focus:
            self.query_one("#facts" if facts.can_focus else "#thread").focus()
            self.refresh_hints()
        self._paint_head()
        self._paint_status()
