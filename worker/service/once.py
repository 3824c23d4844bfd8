"""One run over everything: every mailbox, the outbox, the overdue sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from config.clock import now
from config.spool import HALF_KEPT, halves, names
from config.wording import counted
from desk import settings
from desk.errors import Refused, WrongUse
from desk.fetching.summary import FetchSummary, MailboxFetch
from desk.operations import pending
from mail.inert import one_line
from models import hosts, mailboxes
from models.errors import DatabaseUnusable
from models.fields import utc_text
from models.transactions import DatabaseFailed
from worker import failures
from worker.fetch.job import fetch_mailbox, in_thread
from worker.fetch.slots import CONNECTIONS, Slots

if TYPE_CHECKING:
    from desk.home import Desk
    from models.mailboxes import Mailbox

Watch = Callable[[MailboxFetch], None]


def run_once(
    desk: Desk,
    addresses: Sequence[str] = (),
    *,
    stop: Event | None = None,
    watch: Watch = lambda _tally: None,
) -> FetchSummary:
    """Fetch the mailboxes (all enabled ones, or those named), send what is due, mark what is overdue.

    Schedules are not looked at, leases are honoured; so is back-off, unless a mailbox is named. `stop`
    ends it after the batch in hand. Raises WrongUse for an unknown address; what goes wrong with one
    mailbox is in the summary.
    """
    stop = stop or Event()
    summary = FetchSummary()
    chosen = _chosen(addresses, summary)
    _drain(desk, summary, stop)
    if hosts.is_drained(desk.host):
        summary.notes.append(
            f"{desk.host} is drained, it fetches and sends nothing: nightdesk host drain --off"
        )
        return summary
    summary.mailboxes = _fetch(desk, chosen, bool(addresses), stop, watch)
    with _apart(summary, "alerts of mailboxes"):
        if any(fetch.errors for fetch in summary.mailboxes) or any(
            each.alerted or each.send_alerted for each in chosen
        ):
            from desk.alerts.alarms import alert_silent_mailboxes  # 7 ms

            alert_silent_mailboxes(desk, now())
    with _apart(summary, "renewing OAuth2 logins"):
        if pending.logins_age():
            from desk.alerts import logins  # 7 ms

            logins.look_after_tokens(desk, now())
    with _apart(summary, "marking what is overdue"):
        if not stop.is_set() and (
            pending.tickets_past_due(utc_text(now())) or pending.tickets_to_remind(utc_text(now()))
        ):
            from desk.tickets import sla  # 40 ms: the life of a ticket

            summary.overdue = len(sla.sweep(now()))
    with _apart(summary, "waking tickets"):
        if not stop.is_set() and pending.snoozed_out(utc_text(now())):
            from desk.tickets import snoozing  # 40 ms: the life of a ticket

            snoozing.sweep(now())
    with _apart(summary, "opening recurring tickets"):
        if not stop.is_set() and pending.tickets_recur():
            from desk.recurring import sweep as recurring_sweep  # 60 ms: schedules, and the life of a ticket

            recurring_sweep.sweep(desk, now())
    with _apart(summary, "running filters"):
        if not stop.is_set() and pending.filters_run():
            from desk.filters import sweep  # 50 ms: the life of a ticket and the language of queries

            sweep.sweep(desk, now())
    with _apart(summary, "telling agents"):
        if pending.notices_wait() and not stop.is_set():
            from desk.alerts import notifications  # 40 ms: the life of a ticket

            notifications.notify(desk, now())
        if pending.held_notices_due(utc_text(now())) and not stop.is_set():
            from desk.alerts import notifications  # 40 ms: the life of a ticket

            notifications.notify_held(desk, now())
    with _apart(summary, "calling webhooks and hooks"):
        if (pending.listeners_wait() or pending.hooks_changed(desk)) and not stop.is_set():
            from desk.calls import gathering  # 50 ms: the life of a ticket, and how it is told

            gathering.gather(desk, now())
        if pending.calls_wait() and not stop.is_set():
            from worker.call.calls import after_clock_set_back, make_due  # 20 ms

            after_clock_set_back(now())
            make_due(desk, stop)
    with _apart(summary, "groups of the system"):
        if pending.groups_give() and not stop.is_set():
            from desk.staff import groups  # 30 ms

            groups.sweep()
    with _apart(summary, "reports by mail"):
        if pending.reports_are_mailed() and not stop.is_set():
            from desk.reports import by_mail  # 50 ms: what is counted, and how mail is written

            by_mail.send_due(desk, now())
    with _apart(summary, "the replica"):
        if desk.settings.replica and not stop.is_set():
            from worker.service.replica import keep_due  # 30 ms: backups

            if why := keep_due(desk):
                summary.errors.append(f"no replica of the desk as it is now: {why}")
    if pending.mail_waits():
        _send(desk, summary, stop)
    if pending.copies_wait():
        from worker.send.copies import copy_sent  # 12 ms

        copy_sent(desk, stop)
    return summary


@contextmanager
def _apart(summary: FetchSummary, what: str) -> Iterator[None]:
    """Do one thing of the run: a fault of it is told, and the outbox has its turn."""
    try:
        yield
    except (DatabaseUnusable, DatabaseFailed):
        raise
    except Exception as error:
        summary.errors.append(one_line(f"{what} failed: {error} ({failures.place(error)})"))


def _drain(desk: Desk, summary: FetchSummary, stop: Event) -> None:
    """Take in what pipes left in the spool; what is wrong with it does not hinder the mailboxes."""
    path = str(desk.paths.spool)
    try:
        if not any(names(path)) and not halves(path, HALF_KEPT):
            return
        from desk.doors.spool import Spool  # 3 ms, and 40 for what takes mail in

        spool = Spool(desk)
        spool.remove_halves()
        drained = spool.drain(stop)
    except DatabaseUnusable:
        raise
    except Exception as error:  # whatever it is, the mailboxes and the outbox have their turn
        summary.errors.append(one_line(f"mail waits in the spool: {error} ({failures.place(error)})"))
        return
    summary.spooled = len(drained.taken)
    summary.errors += drained.errors


def _chosen(addresses: Sequence[str], summary: FetchSummary) -> list[Mailbox]:
    if addresses:
        return [_named(address) for address in dict.fromkeys(addresses)]
    if not settings.get("mail.fetching"):
        summary.notes.append("fetching is switched off (nightdesk settings set mail.fetching on)")
        return []
    found = [mailbox for mailbox in _fetching() if mailbox.incoming_enabled]
    if not found:
        summary.notes.append(_why_nothing())
    return found


def _fetching() -> list[Mailbox]:
    return [mailbox for mailbox in mailboxes.in_use() if mailbox.protocol != "none"]


def _why_nothing() -> str:
    off = min(_fetching(), key=lambda mailbox: mailbox.id, default=None)
    if off is None:
        return "no mailbox fetches mail: add one with nightdesk mailbox add ADDRESS ..."
    return f"no mailbox is enabled: nightdesk mailbox enable --incoming {off.address}"


def _named(address: str) -> Mailbox:
    from desk.mailboxes import registry  # 7 ms, with all that changes a mailbox

    mailbox = registry.find(address)
    if mailbox is None:
        raise WrongUse(f"there is no mailbox {address}", "see nightdesk mailbox list")
    if mailbox.protocol == "none" or not mailbox.incoming_enabled:
        raise Refused(
            f"{mailbox.address} does not fetch mail", f"nightdesk mailbox enable --incoming {mailbox.address}"
        )
    return mailbox


def _fetch(desk: Desk, chosen: list[Mailbox], named: bool, stop: Event, watch: Watch) -> list[MailboxFetch]:
    if len(chosen) == 1:
        return [fetch_mailbox(desk, chosen[0].id, named=named, stop=stop, watch=watch)]
    results: dict[int, MailboxFetch] = {}
    faults: list[BaseException] = []
    waiting = list(reversed(chosen))
    slots = Slots(desk.settings.parallel_mailboxes)

    def work() -> None:
        while waiting and not stop.is_set() and not faults:
            try:
                mailbox = waiting.pop()
            except IndexError:
                return
            try:
                results[mailbox.id] = in_thread(
                    desk, mailbox.id, named=named, stop=stop, slots=slots, watch=watch
                )
            except BaseException as fault:
                faults.append(fault)

    threads = [Thread(target=work) for _ in range(min(len(chosen), CONNECTIONS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return [results.get(mailbox.id) or _untouched(mailbox) for mailbox in chosen]


def _untouched(mailbox: Mailbox) -> MailboxFetch:
    return MailboxFetch(mailbox.address, more=True)


def _send(desk: Desk, summary: FetchSummary, stop: Event) -> None:
    from desk.outbox import dispatch  # 21 ms

    if lost := dispatch.recover():
        mails = counted(lost, "mail is uncertain, its", "mails are uncertain, their")
        summary.errors.append(f"{mails} sender died: see nightdesk outbox list")
    dispatch.after_clock_set_back(now())
    if not stop.is_set() and dispatch.has_due(now()):
        from worker.send.sender import drain  # 55 ms: asyncio and aiosmtplib

        summary.sending = drain(desk, stop)
        if summary.sending.errors:
            from desk.alerts.alarms import alert_silent_mailboxes  # 7 ms

            alert_silent_mailboxes(desk, now())
