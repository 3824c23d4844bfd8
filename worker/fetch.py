"""Fetching one mailbox: connect, ask the ledger what is new, and go through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from worker.ledger import Ledger

if TYPE_CHECKING:
    from concurrent.futures import Future

    from desk.home import Desk
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.slots import Slot, Slots
    from worker.summary import MailboxFetch

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""A batch takes less; who waits for longer waits for a slow server, and needs no slot for that."""


class Limits:
    """When a run stops before it is through: seconds, and a signal. The batch in hand is always finished.

    `slots`: what is shared with the process's other runs.
    """

    def __init__(self, seconds: float, stop: Event, slots: Slots | None = None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop
        self._slots = slots
        self._slot: Slot | None = None

    @contextmanager
    def working(self, lease: Lease) -> Iterator[None]:
        """The block is the work proper; it may wait for other runs, and the time counts from there."""
        with self._slots.taken(lease) if self._slots is not None else nullcontext() as self._slot:
            self._end = time.monotonic() + self._seconds
            yield

    def result(self, future: Future[T], lease: Lease) -> T:
        """Wait for the connection, keeping the lease; while a server lets us wait, others may work."""
        from concurrent.futures import wait

        if not wait([future], timeout=PATIENCE_SECONDS).done:
            with self._slot.lent(lease) if self._slot is not None else nullcontext():
                while not wait([future], timeout=lease.ttl / 3).done:
                    lease.renew()
        return future.result()

    @property
    def reached(self) -> bool:
        """Whether no further batch may begin."""
        return self._stop.is_set() or time.monotonic() > self._end


def fetch_mailbox(
    desk: Desk, mailbox: Mailbox, lease: Lease, tally: MailboxFetch, limits: Limits, watch: Callable[[], None]
) -> None:
    """Fetch what is new into the desk; `tally` grows as it goes, `watch` is called when it did.

    Raises MailError when the server ends it, LeaseLost when another process took over; what was
    committed before stays.
    """
    if mailbox.protocol == "pop3":
        from worker.pop3 import fetch_pop3

        fetch_pop3(desk, mailbox, lease, tally, limits, watch)
        return
    from desk.accounts import incoming_account
    from mail.imap import ImapSession

    with ImapSession(incoming_account(desk, mailbox)) as session:
        state = session.select(mailbox.folder)
        ledger = Ledger.opened(mailbox, state, session, tally)
        redo = ledger.undisposed()
        new = ledger.unknown(session)
        if not redo and not new:
            return
        if mailbox.max_per_fetch is not None and len(new) > mailbox.max_per_fetch:
            tally.waiting = len(new) - mailbox.max_per_fetch
            new = new[: mailbox.max_per_fetch]
            tally.more = True
        from worker.batches import Batches

        with limits.working(lease):
            Batches(desk, mailbox, lease, session, ledger, tally, limits, watch).through(redo, new)
