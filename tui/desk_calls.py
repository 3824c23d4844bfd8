"""What a screen asks of the app, and how it calls the desk: in a thread, so that no key waits for a disk."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast

from textual.worker import Worker

from config.records import Record
from models.opening import rest_connection
from tui.health import Health
from tui.key_names import Keys
from tui.presence import Company
from tui.terminal.key_queue import KeyHold
from tui.widgets.flash import Flash, Level

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node

    from desk.home import Desk
    from desk.permissions import Actor
    from desk.replies.drafts import DraftView
    from desk.staff.preferences import ListColumn
    from desk.statuses import StatusLine
    from desk.tickets.lists import TicketLine
    from desk.tickets.since import SeenUpTo
    from models.drafts import DraftKind
    from tui.commands import Command
    from tui.user_commands import OwnCommands
    from tui.widgets.ticket_list import TicketPages
else:
    # A mixin that is a DOMNode hides the style sheet of the widget class it is mixed into: Textual follows
    # the first base only.
    Node = object

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""Threads in which the desk is asked; each keeps its own database connection."""


class Neighbours(Protocol):
    """The list a ticket was opened from, for going on to the ticket above or below."""

    def neighbour(self, step: int) -> TicketLine | None:
        """Return the ticket `step` lines from the cursor, if it is held."""

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""


class Place(Record):
    """A place in a thread: a message, by its id, and words in it; empty for the beginning."""

    message_id: int
    words: str = ""


class Navigation(Protocol):
    """The ways from one screen to another, so that screens need not know each other."""

    def open_thread(self, number: str, tickets: Neighbours | None = None, place: Place | None = None) -> None:
        """Read a ticket, from a place in it on."""

    def mark_seen(self, number: str) -> None:
        """Note that the agent reads a ticket, and show that where they are by then."""

    def open_tickets(self, query: str) -> None:
        """Show the tickets of a query in the list of tickets."""

    def go_to_ticket(self, number: str) -> None:
        """Read the ticket of a number that a person typed, or say that there is none."""

    def open_tasks(self, number: str) -> None:
        """Show the checklist of a ticket."""

    def open_why(self, message_id: int, number: str) -> None:
        """Show what became of a mail of a ticket, and who was notified of that ticket, and why."""

    def go_to(self, mode: str) -> None:
        """Go to the stack of screens of a digit."""

    def open_admin(self, noun: str) -> None:
        """Show the list of one kind of thing that admins edit."""

    def go_back(self) -> None:
        """Go back to the screens of the digit before this one."""

    def open_mailbox_form(self) -> None:
        """Set up a mailbox."""

    async def open_mailbox_log(self, mailbox_id: int, address: str) -> None:
        """Show the log of one mailbox."""

    def open_outbox(self) -> None:
        """Show the mail that has not arrived."""

    def open_quarantine(self) -> None:
        """Show what became of every mail, the quarantined ones first."""

    def compose_answer(
        self, number: str, kind: DraftKind, *, to_all: bool = False, answers: int | None = None
    ) -> None:
        """Write an answer (``reply``) or a ``note`` on a ticket."""

    def open_contact(self, address: str) -> None:
        """Show a contact and their tickets."""

    def compose_new(self, to: str = "") -> None:
        """Write a first mail, to somebody."""

    def resume_draft(self, draft: DraftView) -> None:
        """Go on with a draft."""

    def fetch_all(self) -> None:
        """Ask for every mailbox to be fetched now."""

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

    def undone_first(self) -> int:
        """Return the event after which changes are undone before anything else; 0: no undo time runs."""

    def count_changes(self, more: int) -> None:
        """Count a change that was made, or undone, while a mail's undo time runs."""

    def undo_send(self) -> None:
        """Stop the mail whose undo time runs."""


class DeskApp(Protocol):
    """The app as its screens know it; they never import it."""

    desk: Desk
    actor: Actor
    now: Callable[[], datetime]
    pool: Executor
    health: Health
    company: Company
    """Who else is at which ticket."""
    statuses: Sequence[StatusLine]
    """Those of the desk's own that tickets are given."""
    drafts: Sequence[DraftView]
    """What the agent is writing, the newest first."""
    cursor_places: dict[int, tuple[int, int]]
    """Where in a draft they were when they went away from it."""
    opening: TicketPages | None
    """The tickets that are shown first, read before there was a screen; None once they are."""
    seen_up_to: SeenUpTo | None
    """How far the desk was when it last changed; None before the first look."""
    restricted: bool
    plain: bool
    """Whether all is told in lines, to who listens or reads by touch."""
    me: frozenset[str]
    """The names by which the agent stands in tickets."""
    files_directory: Path
    """Where files were saved last."""
    columns: tuple[ListColumn, ...]
    """The agent's own columns of the ticket list; () for the usual ones."""
    key: Keys
    """The keys that texts name."""
    host: str
    local_minute: datetime
    user_commands: OwnCommands
    """The programs of the agent and of the desk's owner that keys run."""
    said: deque[tuple[datetime, Flash]]
    """What was flashed, and when."""

    @property
    def navigation(self) -> Navigation:
        """The ways between the screens."""

    def flash(self, text: str, level: Level = "info") -> None:
        """Show one line on the status line of the topmost screen that has one."""

    def speak(self, text: str) -> None:
        """Speak a line in plain mode; otherwise do nothing."""

    def flash_later(self, text: str, level: Level = "info") -> None:
        """Show it when the screen on top has closed."""

    def flash_error(self, error: BaseException) -> None:
        """Show what failed and what to do."""

    def copy_text(self, text: str, what: str) -> None:
        """Put text on the person's clipboard in whichever way works, and say which."""

    def hold_keys(self) -> KeyHold:
        """Let the keys that come from now on wait until the hold is ended, though not for ever."""

    def commands(self) -> tuple[Command, ...]:
        """Return the commands that work everywhere."""

    async def run_command(self, command_id: str) -> bool:
        """Run a command of the screen on top, or one that works everywhere; False when it did not run."""

    def first_painted(self) -> None:
        """Begin what was put off until the first screen is painted."""

    def action_leave(self) -> None:
        """Leave Nightdesk."""


def desk_app(node: Node) -> DeskApp:
    """Return the app of a screen or widget, by the interface that these know."""
    return cast("DeskApp", node.app)


async def in_pool(pool: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in one of the threads and wait for it without blocking the screen."""
    context = contextvars.copy_context()

    def work() -> T:
        try:
            return context.run(function, *args, **kwargs)
        finally:
            rest_connection()

    return await asyncio.get_running_loop().run_in_executor(pool, work)


class DeskCall(Generic[T]):
    """A running call of the desk in a thread."""

    def __init__(self, node: DeskCalls, work: Callable[[], T]) -> None:
        self._node = node
        self._work = work
        self._take: Callable[[T], object] | None = None
        self._failed: Callable[[Exception], object] | None = None
        self._group = ""
        self._generation = 0
        self._hold: KeyHold | None = None

    def then(
        self,
        take: Callable[[T], object],
        *,
        failed: Callable[[Exception], object] | None = None,
        group: str = "",
    ) -> None:
        """Call `take` with the result on the event loop; without `failed` an error is flashed.

        With a `group` only the newest call's result counts.
        """
        self._take, self._failed, self._group = take, failed, group
        self._generation = self._node.next_generation(group)
        running = self._node.running_calls()
        overtaken = running.get(group)
        if group:
            running[group] = self
        if overtaken is not None and self._hold is None:
            # What keys wait for comes with this result now.
            self._hold, overtaken._hold = overtaken._hold, None

    def before_next_key(
        self,
        take: Callable[[T], object],
        *,
        failed: Callable[[Exception], object] | None = None,
        group: str = "",
    ) -> None:
        """Like `then`, for what changes where keys go: those pressed meanwhile wait for it."""
        self._hold = desk_app(self._node).hold_keys()
        self.then(take, failed=failed, group=group)

    async def run(self) -> None:
        """Wait for the result and pass it on, unless it is no longer wanted."""
        try:
            result = await in_pool(desk_app(self._node).pool, self._work)
        except Exception as error:
            counts = self._end_wait()
            self._let_keys_go(opened=False)
            if counts:
                self._node.give_failure(error, self._failed)
            return
        if self._end_wait() and self._take is not None:
            self._take(result)
        self._let_keys_go(opened=True)

    def _end_wait(self) -> bool:
        """Note that the answer is there; returns whether it still counts."""
        running = self._node.running_calls()
        if running.get(self._group) is self:
            del running[self._group]
        return self._node.still_counts(self._group, self._generation)

    def _let_keys_go(self, *, opened: bool) -> None:
        if self._hold is not None and opened:
            self._hold.opened()
        elif self._hold is not None:
            self._hold.failed()


class DeskCalls(Node):
    """What a screen or widget mixes in to call `desk/`.

    Results come back on the event loop; one that was overtaken by a newer call of the same group,
    or whose screen is gone, is dropped. A refusal of the desk becomes one line on the status line.
    """

    _generations: dict[str, int]
    _running_calls: dict[str, DeskCall[Any]]

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in a thread; its errors come to the caller."""
        return await in_pool(desk_app(self).pool, function, *args, **kwargs)

    def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> DeskCall[T]:
        """Run `function` in a thread; `DeskCall.then` takes its result."""
        call = DeskCall(self, functools.partial(function, *args, **kwargs))
        name = getattr(function, "__name__", "call")
        self.app.run_worker(call.run(), name=name, exit_on_error=False)
        return call

    def stream(
        self,
        produce: Callable[[], Iterator[T]],
        *,
        each: Callable[[T], object],
        then: Callable[[], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        group: str = "stream",
    ) -> Worker[None]:
        """Walk a blocking iterator in a thread and hand each item to `each` as it comes.

        A newer stream of the group, or the screen's end, stops it at its next item.
        """
        number = self.next_generation(group)

        def walk() -> None:
            for item in produce():
                if not self.still_counts(group, number):
                    return
                self.app.call_later(self._hand_over, group, number, each, item)

        async def run() -> None:
            try:
                await in_pool(desk_app(self).pool, walk)
            except Exception as error:
                if self.still_counts(group, number):
                    self.give_failure(error, failed)
                return
            if then is not None and self.still_counts(group, number):
                self.app.call_later(self._end_stream, group, number, then)

        return self.app.run_worker(run(), name=group, exit_on_error=False)

    def forget(self, group: str) -> None:
        """Ignore whatever the running calls of this group may still return."""
        self.next_generation(group)

    def _hand_over(self, group: str, number: int, each: Callable[[T], object], item: T) -> None:
        if self.still_counts(group, number):
            each(item)

    def _end_stream(self, group: str, number: int, then: Callable[[], object]) -> None:
        if self.still_counts(group, number):
            then()

    def next_generation(self, group: str) -> int:
        """Return the number of a new call of this group, which supersedes the earlier ones."""
        if "_generations" not in self.__dict__:
            self._generations = {}
        self._generations[group] = self._generations.get(group, 0) + 1
        return self._generations[group]

    def running_calls(self) -> dict[str, DeskCall[Any]]:
        """Return the newest call of each group that has not been answered yet."""
        if "_running_calls" not in self.__dict__:
            self._running_calls = {}
        return self._running_calls

    def still_counts(self, group: str, number: int) -> bool:
        """Return whether the result of a call still counts."""
        return self.is_attached and (not group or self._generations.get(group) == number)

    def give_failure(self, error: Exception, failed: Callable[[Exception], object] | None) -> None:
        """Pass an error to `failed`, or else flash it."""
        if failed is not None:
            failed(error)
        else:
            desk_app(self).flash_error(error)
