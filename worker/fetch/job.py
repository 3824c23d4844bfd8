"""One turn at one mailbox: the lease, the fetch, and what is written about it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from config.clock import now, waits
from config.wording import counted
from desk import logs
from desk.documents.runs import mailbox_fetch
from desk.fetching import runs
from desk.fetching.summary import MailboxFetch
from desk.mailboxes import accounts, health
from mail.errors import MailError
from mail.inert import one_line
from models import leases, mailboxes
from models.errors import DatabaseUnusable
from models.opening import close_database
from models.transactions import transaction
from worker import failures
from worker.fetch.keeper import Keeper
from worker.fetch.limits import Limits, Stopped
from worker.fetch.run import FetchRun
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox
    from worker.fetch.slots import Slots

LEASE_SECONDS = 120.0
"""How long a mailbox stays with a fetcher that another machine cannot see die."""


def lease_name(mailbox_id: int) -> str:
    """Return the lease that whoever fetches this mailbox holds."""
    return f"mailbox:{mailbox_id}"


def fetch_mailbox(
    desk: Desk,
    mailbox_id: int,
    *,
    named: bool,
    stop: Event,
    slots: Slots | None = None,
    watch: Callable[[MailboxFetch], None] = lambda _tally: None,
) -> MailboxFetch:
    """Fetch one mailbox if nobody else does; never raises for what is wrong with that mailbox.

    `named`: a person asked for it, so back-off does not hold. `watch` sees the counts grow.
    """
    begun = time.monotonic()
    mailbox = mailboxes.by_id(mailbox_id)
    tally = MailboxFetch(mailbox.address)
    if (
        not named
        and mailbox.not_before is not None
        and waits(mailbox.not_before, now(), health.LONGEST_BACK_OFF)
    ):
        until = mailbox.not_before.astimezone(desk.zone)
        tally.errors.append(
            f"not tried before {until:%Y-%m-%d %H:%M}, after {counted(mailbox.error_count, 'failure')}:"
            f" {mailbox.last_error}"
        )
        return tally
    lease = leases.acquire(lease_name(mailbox_id), leases.owner_id(), LEASE_SECONDS)
    if lease is None:
        tally.skipped = "another process is fetching it now"
        return tally
    try:
        mailbox = mailboxes.by_id(mailbox_id)
        runs.begin(mailbox_id)
        with Keeper(lease) as keeper:
            limits = Limits(float(desk.settings.fetch_time_limit), stop, slots, keeper)
            failure = _attempt(desk, mailbox, lease, tally, limits, watch, named)
        tally.seconds = time.monotonic() - begun
        _conclude(desk, mailbox, lease, tally, failure)
    finally:
        lease.release()
    return tally


def in_thread(desk: Desk, mailbox_id: int, **options: object) -> MailboxFetch:
    """Do what `fetch_mailbox` does in a thread of its own, and close the thread's connection afterwards."""
    try:
        return fetch_mailbox(desk, mailbox_id, **options)  # type: ignore[arg-type]
    finally:
        close_database()


def _attempt(
    desk: Desk,
    mailbox: Mailbox,
    lease: leases.Lease,
    tally: MailboxFetch,
    limits: Limits,
    watch: Callable[[MailboxFetch], None],
    named: bool,
) -> Exception | None:
    try:
        _ = desk.message_secret  # without it nothing can be stored: said here, as it is
        _fetch(desk, mailbox, lease, tally, limits, lambda: watch(tally), named)
    except DatabaseUnusable:
        raise
    except Stopped as stopped:
        tally.more = True
        return stopped
    except Exception as error:
        if not hasattr(error, "hint"):
            failures.log(error, "fetching failed", mailbox_id=mailbox.id)
        hint = one_line(getattr(error, "hint", ""))
        tally.errors.append(f"{one_line(str(error))} - {hint}" if hint else one_line(str(error)))
        return error
    return None


def _fetch(
    desk: Desk,
    mailbox: Mailbox,
    lease: leases.Lease,
    tally: MailboxFetch,
    limits: Limits,
    watch: Callable[[], None],
    named: bool,
) -> None:
    """Fetch what is new into the desk; `tally` grows as it goes, `watch` is called when it did.

    Raises MailError when the server ends it, LeaseLost when another process took over, Stopped when a signal
    came first; what was committed before stays.
    """
    account = accounts.incoming_account(desk, mailbox)
    if mailbox.protocol == "pop3":
        # 18 ms for the one protocol, 27 for the other.
        from mail.pop3.session import Pop3Mail, Pop3Session
        from worker.fetch.pop3 import Pop3Source

        with Wire(lambda: Pop3Session(account), limits) as wire:
            source = Pop3Source(mailbox, lease, wire, tally)
            FetchRun[str, Pop3Mail](desk, mailbox, lease, source, tally, limits, watch, named).through()
    else:
        from mail.imap.session import ImapSession  # 16 ms, for IMAP
        from mail.imap.wire import FetchedMail  # 14 ms, for IMAP
        from worker.fetch.imap import ImapSource  # 17 ms, for IMAP

        with Wire(lambda: ImapSession(account), limits) as wire:
            folder = ImapSource(mailbox, wire, tally)
            FetchRun[int, FetchedMail](desk, mailbox, lease, folder, tally, limits, watch, named).through()


def _conclude(
    desk: Desk, mailbox: Mailbox, lease: leases.Lease, tally: MailboxFetch, failure: Exception | None
) -> None:
    moment = now()
    with transaction():
        if isinstance(failure, leases.LeaseLost):
            logs.write("warning", "fetch", f"{mailbox.address}: {failure}", mailbox_id=mailbox.id)
        elif isinstance(failure, Stopped):
            logs.write("info", "fetch", f"{mailbox.address}: stopped by a signal", mailbox_id=mailbox.id)
        elif failure is not None:
            health.record_failure(mailbox.id, _as_mail_error(failure), moment, desk.zone)
        else:
            health.record_success(mailbox.id, tally.fetched, moment, tally.waiting)
            for error in tally.errors:
                logs.write("warning", "fetch", f"{mailbox.address}: {error}", mailbox_id=mailbox.id)
        for note in tally.notes:
            logs.write("info", "fetch", f"{mailbox.address}: {note}", mailbox_id=mailbox.id)
        if tally.fetched:
            logs.write("info", "fetch", tally.line(), mailbox_id=mailbox.id)
        runs.finish(mailbox.id, mailbox_fetch(tally), failed=bool(tally.errors))
        lease.release()


def _as_mail_error(error: Exception) -> MailError:
    if isinstance(error, MailError):
        return error
    return MailError(str(error), hint=getattr(error, "hint", "See the log: nightdesk log"))
