"""From the server into the desk, batch by batch: download, store, put away.

The connection has a thread of its own, so that the next batch is downloaded while this one is stored.
A batch is one round trip, one transaction, one disposal. Whatever ends the run between them, the next one
goes on: a mail without receipt is fetched again, a mail with receipt is only disposed of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import peewee

from desk.fetching import folders, runs
from mail.errors import MailError, ServerGone, TimedOut
from models.database import transaction
from models.errors import DatabaseUnusable
from models.leases import LeaseLost
from worker import failures

if TYPE_CHECKING:
    from concurrent.futures import Future

    from desk.home import Desk
    from desk.intake.arrivals import Arrival
    from mail.imap.session import ImapSession
    from mail.imap.wire import FetchedMail
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.fetch.ledger import Ledger
    from worker.fetch.limits import Limits
    from worker.fetch.wire import Wire
    from worker.summary import MailboxFetch

ASKED_AT_ONCE = 1000
"""How many mails' sizes are asked for before their bodies, so that a batch fits into memory."""

MAX_MAIL_BYTES = 128 * 2**20
"""A larger mail is left where it is, and told: it would have to fit into memory twice."""


@dataclass(slots=True)
class Batches:
    """One pass over a folder with something to do."""

    desk: Desk
    mailbox: Mailbox
    lease: Lease
    session: ImapSession
    wire: Wire
    ledger: Ledger
    tally: MailboxFetch
    limits: Limits
    watch: Callable[[], None]
    done: int = 0
    last: int = 0
    disposals: list[tuple[list[int], Future[None]]] = field(default_factory=list)
    made: bool = False
    """The folder to move to is there."""
    stays: bool = False
    """The server refused to put mail away; it is tried again by the next run."""
    too_big: list[tuple[int, int]] = field(default_factory=list)
    recognised: bool = False
    """Mail came whose receipt was there: its copy may have been decided to stay long ago."""

    def through(self, redo: list[int], new: list[int]) -> None:
        """Dispose of what an interrupted run left, then fetch, store and dispose batch by batch."""
        if new:
            runs.announce(self.mailbox.id, len(new))
        self._dispose(redo)
        if new:
            self._batches(new)
        self._settle(all_of_them=True)

    def _batches(self, new: list[int]) -> None:
        waiting = deque(new)
        batches = self._downloads(new)
        coming: Future[list[FetchedMail] | None] | None = None
        if not self.limits.reached:
            coming = self.wire.submit(next, batches, None)
        while coming is not None:
            mails = self.wire.result(coming)
            if mails is None:
                break
            coming = None if self.limits.reached else self.wire.submit(next, batches, None)
            if mails:
                self._expected(waiting, mails)
                stored = self._store(mails)
                if self.mailbox.after_fetch != "keep":
                    self._dispose(stored)
            self._settle(all_of_them=False)
            self.watch()
        if coming is None:
            self.tally.more |= bool(waiting)
            self.tally.waiting += len(waiting)
            waiting.clear()
        else:
            self.last = new[-1]
        self.ledger.left.update(waiting)
        if self.ledger.left:
            self._recheck()

    def _downloads(self, new: list[int]) -> Iterator[list[FetchedMail]]:
        for begin in range(0, len(new), ASKED_AT_ONCE):
            asked = new[begin : begin + ASKED_AT_ONCE]
            sizes = self.session.sizes(asked)
            self.too_big += [(uid, sizes[uid]) for uid in asked if sizes.get(uid, 0) > MAX_MAIL_BYTES]
            fitting = [uid for uid in asked if sizes.get(uid, 0) <= MAX_MAIL_BYTES]
            yield from self.session.fetch(fitting, batch=self.mailbox.batch, sizes=sizes)

    def _expected(self, waiting: deque[int], mails: list[FetchedMail]) -> None:
        """Note the UIDs that were asked for and did not come."""
        came = {mail.uid for mail in mails}
        while waiting and came:
            uid = waiting.popleft()
            if uid in came:
                came.remove(uid)
            else:
                self.ledger.left.add(uid)

    def _recheck(self) -> None:
        """Mail that somebody removed meanwhile is done with; mail the server holds back is an error."""
        there = set(self.wire.call(self.session.uids_from, min(self.ledger.left)))
        self.ledger.left &= there
        with transaction():
            self.lease.check()
            self.ledger.advance(self.last)
        for uid, size in self.too_big:
            self.tally.errors.append(
                f"the mail with UID {uid} stays on the server: it has {size >> 20} MB,"
                f" more than {MAX_MAIL_BYTES >> 20} MB are not taken"
            )
        self.tally.waiting += len(self.ledger.left)
        uids = sorted(self.ledger.left - {uid for uid, _ in self.too_big})
        if uids:
            self.tally.errors.append(
                f"{len(uids)} mails stay on the server, the first has UID {uids[0]}:"
                " the server does not send them, or they could not be stored"
            )

    def _store(self, mails: list[FetchedMail]) -> list[int]:
        """Make receipts of a batch; returns the UIDs that have one now."""
        wanted = mails
        if self.mailbox.backlog == "new":
            wanted = [mail for mail in mails if not self.ledger.is_backlog(mail)]
        self.done += len(mails)
        self.last = last = mails[-1].uid
        try:
            self._take(wanted, last)
        except (LeaseLost, DatabaseUnusable, peewee.OperationalError, OSError):
            raise
        except Exception as error:  # a fault of ours: it may stop its own mail, not the mailbox
            return self._store_singly(wanted, last, error)
        return [mail.uid for mail in wanted]

    def _store_singly(self, mails: list[FetchedMail], last: int, cause: Exception) -> list[int]:
        failures.log(cause, f"storing a batch of {len(mails)} mails failed", mailbox_id=self.mailbox.id)
        stored: list[int] = []
        for mail in mails:
            try:
                self._take([mail], mail.uid)
            except (LeaseLost, DatabaseUnusable, peewee.OperationalError, OSError):
                raise
            except Exception as error:
                self.ledger.left.add(mail.uid)
                failures.log(error, f"the mail with UID {mail.uid} is not stored", mailbox_id=self.mailbox.id)
            else:
                stored.append(mail.uid)
        with transaction():
            self.lease.check()
            self.ledger.advance(last)
        return stored

    def _take(self, mails: list[FetchedMail], last: int) -> None:
        from desk.intake import pipeline

        def check() -> None:
            self.lease.renew()
            self.ledger.advance(last)
            runs.advance(self.mailbox.id, self.done)
            if self.mailbox.after_fetch == "keep":
                self._disposed([mail.uid for mail in mails])

        for taken in pipeline.take(self.desk, [self._arrival(mail) for mail in mails], check=check):
            if taken.new:
                self.tally.verdicts[taken.verdict] += 1
            else:
                self.recognised = True

    def _arrival(self, mail: FetchedMail) -> Arrival:
        from desk.intake.arrivals import Arrival

        return Arrival(
            raw=mail.raw,
            door="imap",
            mailbox_id=self.mailbox.id,
            folder=self.mailbox.folder,
            uidvalidity=self.ledger.state.uidvalidity,
            uid=mail.uid,
            internaldate=mail.internaldate,
            archive=self.mailbox.backlog == "archive" and self.ledger.is_backlog(mail),
        )

    def _dispose(self, uids: list[int]) -> None:
        """Move, delete or leave the server's copies of mail that is stored."""
        if self.recognised:
            open_ones = set(self.ledger.undisposed())
            uids = [uid for uid in uids if uid in open_ones]
        if not uids or self.stays:
            return
        if self.mailbox.after_fetch == "keep":
            self._disposed(uids)
        else:
            self.disposals.append((uids, self.wire.submit(self._put_away, uids)))

    def _put_away(self, uids: list[int]) -> None:
        action, _, folder = self.mailbox.after_fetch.partition(":")
        if action == "move":
            if not self.made:
                self.session.ensure_folder(folder)
                self.made = True
            disposal = self.session.move(uids, folder)
        else:
            disposal = self.session.delete(uids)
        if disposal.words and disposal.words not in self.tally.notes:
            self.tally.notes.append(disposal.words)

    def _settle(self, *, all_of_them: bool) -> None:
        """Note what the server has put away."""
        while self.disposals and (all_of_them or self.disposals[0][1].done()):
            uids, future = self.disposals.pop(0)
            try:
                self.wire.result(future)
            except (ServerGone, TimedOut):
                raise
            except MailError as error:
                if not self.stays:
                    self.tally.errors.append(
                        f"stored, but left in {self.mailbox.folder}: {error} - {error.hint}"
                    )
                self.stays = True
            else:
                self._disposed(uids)

    def _disposed(self, uids: list[int]) -> None:
        folders.mark_disposed(self.mailbox.id, self.mailbox.folder, self.ledger.state.uidvalidity, uids)
