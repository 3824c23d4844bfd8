"""Fetching one POP3 mailbox: ids that the ledger does not know, mail by mail, deletions at the very end.

A batch is one transaction. What is stored is marked for deletion meanwhile, and QUIT deletes it: a run that
ends before that deletes nothing, and the next one only has to delete.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import peewee

from desk.fetching import runs, uidls
from models.database import transaction
from models.errors import DatabaseUnusable
from models.leases import LeaseLost
from worker import failures
from worker.fetch.imap import MAX_MAIL_BYTES
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    from desk.home import Desk
    from desk.intake.arrivals import Arrival
    from mail.pop3.session import Pop3Mail, Pop3Session
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.fetch.limits import Limits
    from worker.summary import MailboxFetch

MAX_BATCH_BYTES = 32 * 2**20


def fetch_pop3(
    desk: Desk, mailbox: Mailbox, lease: Lease, tally: MailboxFetch, limits: Limits, watch: Callable[[], None]
) -> None:
    """Fetch what is new into the desk, as `worker.fetch.fetch_mailbox` does; raises as it does."""
    from desk.mailboxes.accounts import incoming_account
    from mail.pop3.session import Pop3Session

    session = Pop3Session(incoming_account(desk, mailbox))
    with Wire(session, limits) as wire:
        there = list(wire.call(session.uidls))
        run = Pop3Run.opened(desk, mailbox, lease, session, wire, tally, limits, watch, there)
        redo = run.undone(there)
        new = run.unknown(there)
        if not redo and not new:
            return
        if mailbox.max_per_fetch is not None and len(new) > mailbox.max_per_fetch:
            tally.waiting = len(new) - mailbox.max_per_fetch
            tally.more = True
            new = new[: mailbox.max_per_fetch]
        with limits.working():
            run.through(redo, new)


@dataclass(slots=True)
class Pop3Run:
    """One pass over a maildrop."""

    desk: Desk
    mailbox: Mailbox
    lease: Lease
    session: Pop3Session
    wire: Wire
    tally: MailboxFetch
    limits: Limits
    watch: Callable[[], None]
    era: int
    old: Collection[str]
    """Mail that was there before the mailbox was added; only where that makes a difference."""
    done: int = 0
    marked: list[str] = field(default_factory=list)
    faulty: int = 0

    @classmethod
    def opened(
        cls,
        desk: Desk,
        mailbox: Mailbox,
        lease: Lease,
        session: Pop3Session,
        wire: Wire,
        tally: MailboxFetch,
        limits: Limits,
        watch: Callable[[], None],
        there: list[str],
    ) -> Pop3Run:
        """Compare the server's ids with the ledger; begin at first contact and when all of them changed."""
        era = uidls.era(mailbox.id)
        if era is None:
            old = _backlog(mailbox, session, wire, there)
            with transaction():
                lease.check()
                era = uidls.begin_era(mailbox.id, 1, old)
        elif there and uidls.any_known(mailbox.id) and not uidls.known(mailbox.id, there):
            with transaction():
                lease.check()
                era = uidls.begin_era(mailbox.id, era + 1)
            tally.notes.append(f"none of {len(there)} ids is known: known mail is recognised by its content")
        if mailbox.after_fetch == "delete":
            uidls.forget_deleted(mailbox.id, set(there))
        left_alone = uidls.left_alone(mailbox.id) if mailbox.backlog != "all" else set()
        return cls(desk, mailbox, lease, session, wire, tally, limits, watch, era, left_alone)

    def undone(self, there: list[str]) -> list[str]:
        """Stored mail that is still to be deleted; what is gone already, or may stay, is done with."""
        open_ones = uidls.undisposed(self.mailbox.id)
        listed = set(there)
        left = [uidl for uidl in open_ones if uidl in listed and self.mailbox.after_fetch == "delete"]
        waiting = set(left)
        uidls.mark_disposed(self.mailbox.id, [uidl for uidl in open_ones if uidl not in waiting])
        return left

    def unknown(self, there: list[str]) -> list[str]:
        """Ids without a receipt, oldest first."""
        has_receipt = uidls.known(self.mailbox.id, there)
        skipped = self.old if self.mailbox.backlog == "new" else ()
        return [uidl for uidl in there if uidl not in has_receipt and uidl not in skipped]

    def through(self, redo: list[str], new: list[str]) -> None:
        """Mark what an interrupted run left, fetch, store and mark the rest, then let QUIT delete it."""
        if new:
            runs.announce(self.mailbox.id, len(new))
        self._mark(redo)
        if new:
            self._batches(new)
        if self.marked:
            self.wire.call(self.session.commit)
            uidls.mark_disposed(self.mailbox.id, self.marked)

    def _batches(self, new: list[str]) -> None:
        came = 0
        batches = self._downloads(new)
        coming: Future[list[Pop3Mail] | None] | None = None
        if not self.limits.reached:
            coming = self.wire.submit(next, batches, None)
        while coming is not None:
            mails = self.wire.result(coming)
            if mails is None:
                break
            coming = None if self.limits.reached else self.wire.submit(next, batches, None)
            came += len(mails)
            stored = self._store(mails)
            if self.mailbox.after_fetch == "delete":
                self._mark(stored)
            self.watch()
        if coming is None and came < len(new):
            self.tally.more = True
        elif came < len(new) or self.faulty:
            count = len(new) - came + self.faulty
            self.tally.errors.append(
                f"{count} mails stay on the server: it does not send them, they are larger than"
                f" {MAX_MAIL_BYTES >> 20} MB, or they could not be stored"
            )
        self.tally.waiting += len(new) - came + self.faulty

    def _downloads(self, new: list[str]) -> Iterator[list[Pop3Mail]]:
        sizes = self.session.sizes()
        batch: list[Pop3Mail] = []
        held = 0
        for mail in self.session.fetch(uidl for uidl in new if sizes.get(uidl, 0) <= MAX_MAIL_BYTES):
            batch.append(mail)
            held += len(mail.raw)
            if len(batch) >= self.mailbox.batch or held > MAX_BATCH_BYTES:
                yield batch
                batch, held = [], 0
        if batch:
            yield batch

    def _mark(self, stored: list[str]) -> None:
        if stored:
            self.marked += self.wire.call(self.session.delete, stored)

    def _store(self, mails: list[Pop3Mail]) -> list[str]:
        """Make receipts of a batch; returns the ids that have one now."""
        self.done += len(mails)
        try:
            self._take(mails)
        except (LeaseLost, DatabaseUnusable, peewee.OperationalError, OSError):
            raise
        except Exception as error:  # a fault of ours: it may stop its own mail, not the mailbox
            failures.log(error, f"storing {len(mails)} mails failed", mailbox_id=self.mailbox.id)
            return self._store_singly(mails)
        return [mail.uidl for mail in mails]

    def _store_singly(self, mails: list[Pop3Mail]) -> list[str]:
        stored = []
        for mail in mails:
            try:
                self._take([mail])
            except (LeaseLost, DatabaseUnusable, peewee.OperationalError, OSError):
                raise
            except Exception as error:
                self.faulty += 1
                failures.log(error, f"the mail {mail.uidl} is not stored", mailbox_id=self.mailbox.id)
            else:
                stored.append(mail.uidl)
        return stored

    def _take(self, mails: list[Pop3Mail]) -> None:
        from desk.intake import pipeline

        def check() -> None:
            self.lease.renew()
            runs.advance(self.mailbox.id, self.done)
            if self.mailbox.after_fetch == "keep":
                uidls.mark_disposed(self.mailbox.id, [mail.uidl for mail in mails])

        for taken in pipeline.take(self.desk, [self._arrival(mail) for mail in mails], check=check):
            if taken.new:
                self.tally.verdicts[taken.verdict] += 1

    def _arrival(self, mail: Pop3Mail) -> Arrival:
        from desk.intake.arrivals import Arrival

        archive = self.mailbox.backlog == "archive" and mail.uidl in self.old
        return Arrival(
            raw=mail.raw,
            door="pop3",
            mailbox_id=self.mailbox.id,
            folder=uidls.NO_FOLDER,
            uidvalidity=self.era,
            uidl=mail.uidl,
            archive=archive and _was_before(mail.raw, self.mailbox.created),
        )


def _backlog(mailbox: Mailbox, session: Pop3Session, wire: Wire, there: list[str]) -> list[str]:
    """What was there before the mailbox was added, where that matters: found from the newest backwards."""
    if mailbox.backlog == "all":
        return []
    if mailbox.backlog == "archive":
        return there
    for place in range(len(there) - 1, -1, -1):
        for mail in wire.call(lambda uidl: list(session.fetch([uidl])), there[place]):
            if _was_before(mail.raw, mailbox.created):
                return there[: place + 1]
    return []


def _was_before(raw: bytes, moment: datetime) -> bool:
    """Whether the mail was received before then; POP3 does not tell, so the mail has to. In doubt it was."""
    from mail.mime import message

    try:
        parsed = message.parse(raw)
        when = parsed.received_at or parsed.date
        return when is None or when < moment
    except Exception:  # what cannot be read is quarantined by intake, not here
        return True
