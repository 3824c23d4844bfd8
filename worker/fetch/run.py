"""Fetching one mailbox: connect, ask the ledger what is new, and go through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.fetch.ledger import Ledger
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from desk.home import Desk
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.fetch.limits import Limits
    from worker.summary import MailboxFetch


def fetch_mailbox(
    desk: Desk, mailbox: Mailbox, lease: Lease, tally: MailboxFetch, limits: Limits, watch: Callable[[], None]
) -> None:
    """Fetch what is new into the desk; `tally` grows as it goes, `watch` is called when it did.

    Raises MailError when the server ends it, LeaseLost when another process took over, `limits.Stopped` when
    a signal came first; what was committed before stays.
    """
    if mailbox.protocol == "pop3":
        from worker.fetch.pop3 import fetch_pop3

        fetch_pop3(desk, mailbox, lease, tally, limits, watch)
        return
    from desk.mailboxes.accounts import incoming_account
    from mail.imap.session import ImapSession

    session = ImapSession(incoming_account(desk, mailbox))
    with Wire(session, limits) as wire:
        state = wire.call(session.select, mailbox.folder)
        ledger = Ledger.opened(mailbox, state, session, wire, tally)
        redo = ledger.undisposed()
        new = ledger.unknown()
        if not redo and not new:
            return
        if mailbox.max_per_fetch is not None and len(new) > mailbox.max_per_fetch:
            tally.waiting = len(new) - mailbox.max_per_fetch
            new = new[: mailbox.max_per_fetch]
            tally.more = True
        from worker.fetch.imap import Batches

        with limits.working():
            Batches(desk, mailbox, lease, session, wire, ledger, tally, limits, watch).through(redo, new)
