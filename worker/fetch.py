"""Fetching one mailbox: connect, ask the ledger what is new, and go through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event
from typing import TYPE_CHECKING

from worker.ledger import Ledger

if TYPE_CHECKING:
    from desk.home import Desk
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.slots import Slots
    from worker.summary import MailboxFetch


class Limits:
    """When a run stops before it is through: seconds, and a signal. The batch in hand is always finished.

    `slots`: what is shared with the process's other runs.
    """

    def __init__(self, seconds: float, stop: Event, slots: Slots | None = None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop
        self._slots = slots

    @contextmanager
    def working(self, lease: Lease) -> Iterator[None]:
        """The block is the work proper; it may wait for other runs, and the time counts from there."""
        with self._slots.taken(lease) if self._slots is not None else nullcontext():
            self._end = time.monotonic() + self._seconds
            yield

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
