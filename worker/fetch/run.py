"""From the server into the desk, batch by batch: download, store, put away.

The connection has a thread of its own, so that the next batch is downloaded while this one is stored.
A batch is one round trip, one transaction, one disposal. Whatever ends the run between them, the next one
goes on: a mail without receipt is fetched again, a mail with receipt is only disposed of.

A mail at which the server breaks off stops only itself: what arrived whole before is kept, the rest is asked
for once more in smaller pieces, in the end one by one, and what does not come alone either is withheld (see
`desk.fetching.withheld`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from config.wording import counted
from desk.fetching import runs, withheld
from mail.errors import MailError, ServerGone, TimedOut
from models.errors import DatabaseUnusable
from models.leases import LeaseLost
from models.transactions import DatabaseFailed, transaction
from worker import failures
from worker.fetch.limits import Stopped

if TYPE_CHECKING:
    from desk.fetching.summary import MailboxFetch
    from desk.home import Desk
    from desk.intake.arrivals import Arrival, Prepared
    from mail.transport.fetched import Fetched
    from models.leases import Lease
    from models.mailboxes import Mailbox
    from worker.fetch.limits import Limits
    from worker.fetch.reader import Reader

N = TypeVar("N", bound=int | str)
"""What a server calls a mail: its UID, or its UIDL."""
T = TypeVar("T")
M = TypeVar("M")
"""A mail as it came."""

ASKED_AT_ONCE = 1000
"""How many mails' sizes are asked for before their bodies, so that a batch fits into memory."""
MAX_BATCH_BYTES = 32 * 2**20
MAX_MAIL_BYTES = 128 * 2**20
"""A larger mail is left where it is, and told: it would have to fit into memory twice."""
MAX_IN_VAIN = 100
"""So many asks in a row that brought nothing are not the fault of a mail."""
MAX_BROKEN = 40
"""Nor are so many connections in a row that broke."""
RESCUE_SECONDS = 2.0
READER_FROM = 200
"""From so many mails on, and four batches, processes of their own read them, if there are two processors."""
READ_AHEAD = 5
"""So many batches wait for the reader, or for being stored: they differ much in what they cost either."""
STORED_AT_ONCE = 100
"""So many mails that were read ahead are stored by one transaction; all who write wait for its end."""
NAMED = 3
"""So many mails that stay are named in the run's errors; of more, only the number."""


class Source(Protocol[N, M]):
    """What a server has for a mailbox, and what the desk knows of it. Called by the run's thread only."""

    folder: str
    """As withheld mail is noted."""

    def undisposed(self) -> list[N]:
        """Return mails that are stored, whose copy on the server was not yet put where it belongs."""

    def unknown(self) -> list[N]:
        """Return mails without a receipt, oldest first."""

    def sizes(self, names: Sequence[N]) -> Mapping[N, int]:
        """Return the bytes of each, as the server counts them."""

    def result(self, future: Future[T]) -> T:
        """Wait for what was begun, as long as the run may last. Raises as `Wire.result` does."""

    def ask(self, names: Sequence[N]) -> Future[Fetched[M]]:
        """Begin to download."""

    def reconnect(self) -> None:
        """Begin anew with the same mails under the same names. Raises MailError when they have others."""

    def still_there(self, names: Collection[N]) -> set[N]:
        """Return which of them the server has."""

    def name_of(self, mail: M) -> N:
        """Return what the server calls it."""

    def title(self, name: N) -> str:
        """Return what a person calls it: "the mail with UID 7"."""

    def wanted(self, mail: M) -> bool:
        """Return whether it is not of those that are to be left alone."""

    def arrival(self, mail: M) -> Arrival:
        """Return the mail as intake takes it."""

    def stored(self, mails: Sequence[M], open_ones: Collection[N]) -> None:
        """Note in the transaction that stores these mails that all but `open_ones` are dealt with."""

    def disposed(self, names: Sequence[N]) -> None:
        """Note that the server's copies were moved, deleted or left for good."""

    def put_away(self, names: list[N], *, again: bool) -> Future[str] | None:
        """Begin to move or delete, which says what a person may want to know; None: `finish` does it.

        `again`: an earlier run may have come half way.
        """

    def finish(self) -> None:
        """Say to the server, when everything is stored, what has to be said in the end."""


class _Reading(NamedTuple, Generic[M]):
    """Mails that are being read; `wanted` are those that are to be stored."""

    mails: list[M]
    wanted: list[M]
    future: Future[list[Prepared]]


class _Disposal(NamedTuple, Generic[N]):
    """Mails that are being moved or deleted; `again`: for the second time."""

    names: list[N]
    future: Future[str]
    again: bool


class FetchRun(Generic[N, M]):
    """One pass over what a server has.

    `asked`: a person asked for it, so what is withheld is tried whatever its back-off says.
    """

    def __init__(
        self,
        desk: Desk,
        mailbox: Mailbox,
        lease: Lease,
        source: Source[N, M],
        tally: MailboxFetch,
        limits: Limits,
        watch: Callable[[], None],
        asked: bool,
    ) -> None:
        self.desk = desk
        self.mailbox = mailbox
        self.lease = lease
        self.source = source
        self.tally = tally
        self.limits = limits
        self.watch = watch
        self.asked = asked
        self.done = 0
        self._open: dict[N, None] = {}
        """New mails that are not dealt with yet, in the server's order."""
        self._pieces: deque[list[N]] = deque()
        """What is asked for once more, smaller each time."""
        self._absent: list[N] = []
        """What did not come, without a word."""
        self._withheld: set[str] = set()
        self._stay: dict[N, str] = {}
        """Mails that were found to stay at the server in this run, and why."""
        self._reader: Reader | None = None
        self._readings: deque[_Reading[M]] = deque()
        """Batches that are read by the reader, the oldest first."""
        self._in_vain = 0
        self._broken = 0
        self._seen_all = False
        """Every new mail was asked for once."""
        self._disposals: list[_Disposal[N]] = []
        self._left = False
        """The server refused to put mail away; it is tried again by the next run."""
        self._recognised = False
        """Mail came whose receipt was there: its copy may have been decided to stay long ago."""

    def through(self) -> None:
        """Dispose of what an interrupted run left, then fetch, store and dispose batch by batch."""
        redo, new = self.source.undisposed(), self.source.unknown()
        self._withheld, due = withheld.due(self.mailbox.id, self.source.folder, asked=self.asked)
        again = [name for name in new if str(name) in due]
        new = [name for name in new if str(name) not in self._withheld]
        self._release_gone(again, due)
        if not redo and not new and not again:
            self.tally.waiting += len(self._withheld)
            return
        if self.mailbox.max_per_fetch is not None and len(new) > self.mailbox.max_per_fetch:
            self.tally.waiting += len(new) - self.mailbox.max_per_fetch
            self.tally.more = True
            new = new[: self.mailbox.max_per_fetch]
        with self.limits.working():
            self._dispose(redo, again=True)
            try:
                if new or again:
                    runs.announce(self.mailbox.id, len(new) + len(again))
                    self._open = dict.fromkeys(new)
                    self._pieces.extend([name] for name, _ in self._fitting(again))
                    self._reader = self._new_reader(len(new))
                    self._batches(new)
            finally:
                self._tell()
                if self._reader is not None:
                    self._reader.close()
            self._settle(all_of_them=True)
            self.source.finish()

    def _new_reader(self, mails: int) -> Reader | None:
        if mails < max(READER_FROM, 4 * self.mailbox.batch) or len(os.sched_getaffinity(0)) < 2:
            return None
        from worker.fetch.reader import Reader  # 7 ms with all that reads mail, for long runs

        try:
            return Reader(self.desk)
        except OSError:  # there is no room for more processes: the mails are read here
            return None

    def _release_gone(self, again: list[N], due: set[str]) -> None:
        gone = due - {str(name) for name in again}
        if gone:
            with transaction():
                withheld.release(self.mailbox.id, self.source.folder, gone, gone)
            self._withheld -= gone

    def _batches(self, new: list[N]) -> None:
        ahead = self._ahead(new)
        asked, coming = self._ask(ahead)
        if self._reader is not None:
            # 60 ms that would have to be waited for later: now those processes are loading, and take longer.
            from desk.alerts import notifications  # noqa: F401
            from desk.intake import pipeline  # noqa: F401
        while coming is not None:
            names, download = asked, self._came(asked, coming)
            if download.trouble is None:
                asked, coming = self._ask(ahead)
            self._deal_with(names, download)
            if download.trouble is not None:
                self._store_readings()
                self._break_up(names, download, download.trouble)
                asked, coming = self._ask(ahead)
            self._settle(all_of_them=False)
            self.watch()
        if self._reader is not None:
            self._reader.finish()  # its processes end while the last batches are stored
        self._store_readings()
        waiting = len(self._open) - sum(name in self._open for name in self._absent)
        self.tally.more |= bool(waiting)
        self.tally.waiting += waiting
        self._recheck()

    def _ahead(self, new: list[N]) -> Iterator[list[N]]:
        """Yield the new mails in batches that fit into memory."""
        for begin in range(0, len(new), ASKED_AT_ONCE):
            batch: list[N] = []
            held = 0
            for name, size in self._fitting(new[begin : begin + ASKED_AT_ONCE]):
                if batch and (len(batch) >= self.mailbox.batch or held + size > MAX_BATCH_BYTES):
                    yield batch
                    batch, held = [], 0
                batch.append(name)
                held += size
            if batch:
                yield batch

    def _fitting(self, names: list[N]) -> list[tuple[N, int]]:
        """Return those of the mails that fit into memory, with their sizes; the others are withheld."""
        sizes = self.source.sizes(names) if names else {}
        fitting: list[tuple[N, int]] = []
        for name in names:
            size = sizes.get(name, 0)
            if size <= MAX_MAIL_BYTES:
                fitting.append((name, size))
            else:
                most = MAX_MAIL_BYTES >> 20
                self._withhold(name, f"it has {size >> 20} MB, more than {most} MB are not taken")
        return fitting

    def _ask(self, ahead: Iterator[list[N]]) -> tuple[list[N], Future[Fetched[M]] | None]:
        """Ask for the next batch; for what has to be asked once more only when all else came."""
        if self.limits.reached:
            return [], None
        names = next(ahead, None)
        if names is None:
            self._seen_all = True
            names = self._pieces.popleft() if self._pieces else None
        return (names, self.source.ask(names)) if names is not None else ([], None)

    def _came(self, names: list[N], coming: Future[Fetched[M]]) -> Fetched[M]:
        try:
            return self.source.result(coming)
        except (TimedOut, Stopped) as ended:
            # The connection was cut in the middle of it: what is whole of it counts all the same.
            if wait([coming], timeout=RESCUE_SECONDS).done and coming.exception() is None:
                download = coming.result()
                self._deal_with(names, download)
                self._store_readings()
                missing = self._missing(names, download)
                if isinstance(ended, TimedOut) and missing and not download.mails:
                    self._withhold(missing[0], str(ended))
            raise

    def _missing(self, names: list[N], download: Fetched[M]) -> list[N]:
        came = {self.source.name_of(mail) for mail in download.mails}
        return [name for name in names if name not in came]

    def _deal_with(self, names: list[N], download: Fetched[M]) -> None:
        if download.trouble is None:
            self._absent += self._missing(names, download)
        if not download.mails:
            return
        self._in_vain = self._broken = 0
        wanted = [mail for mail in download.mails if self.source.wanted(mail)]
        if self._reader is None:
            self._store(download.mails, wanted, [self.source.arrival(mail) for mail in wanted])
        else:
            reading = self._reader.read([self.source.arrival(mail) for mail in wanted])
            self._readings.append(_Reading(download.mails, wanted, reading))
            if len(self._readings) > READ_AHEAD:
                self._store_reading()

    def _store_readings(self) -> None:
        while self._readings:
            self._store_reading()

    def _store_reading(self) -> None:
        mails, wanted, coming = self._readings.popleft()
        read = coming.result()
        while self._readings and len(mails) + len(self._readings[0].mails) <= STORED_AT_ONCE:
            more = self._readings.popleft()
            mails, wanted, read = mails + more.mails, wanted + more.wanted, read + more.future.result()
        self._store(mails, wanted, read)

    def _break_up(self, names: list[N], download: Fetched[M], trouble: MailError) -> None:
        """Have what did not come asked for once more: the first of it alone, or by halves."""
        missing = self._missing(names, download)
        if not download.mails:
            self._in_vain += 1
            self._broken += download.dead
        if len(names) == 1 and missing:
            self._withhold(missing[0], str(trouble))
        elif download.mails:
            # Servers answer in order: it broke off at the first of those that did not come.
            self._pieces.extend(piece for piece in (missing[:1], missing[1:]) if piece)
        else:
            half = len(missing) // 2
            self._pieces.extend(piece for piece in (missing[:half], missing[half:]) if piece)
        if self._in_vain > MAX_IN_VAIN or self._broken > MAX_BROKEN:
            if not self.done or not self._seen_all:
                raise trouble
            for name in [name for piece in self._pieces for name in piece]:
                self._withhold(name, str(trouble))
            self._pieces.clear()
        if download.dead:
            try:
                self.source.reconnect()
            except MailError:
                if missing and missing[0] not in self._stay:
                    self._withhold(missing[0], str(trouble))
                raise
            self._put_away_again()

    def _put_away_again(self) -> None:
        """Put away over the new connection, once, what was to be over the one that broke."""
        waiting, self._disposals = self._disposals, []
        for disposal in waiting:
            wait([disposal.future])
            error = disposal.future.exception()
            if not isinstance(error, MailError) or not _is_broken(error):
                self._disposals.append(disposal)
            elif disposal.again:
                self._leave(error)
            else:
                self._dispose(disposal.names, again=True)

    def _withhold(self, name: N, why: str) -> None:
        self._stay[name] = why
        self._withheld.add(str(name))
        self._open.pop(name, None)
        with transaction():
            self.lease.check()
            withheld.withhold(self.mailbox.id, self.source.folder, name, why)

    def _recheck(self) -> None:
        """Be done with mail that somebody removed meanwhile, and withhold what the server holds back."""
        there = self.source.still_there(self._absent) if self._absent else set()
        for name in self._absent:
            if name in there:
                self._withhold(name, "the server does not send it")
            self._open.pop(name, None)
        with transaction():
            self.lease.check()
            gone = [name for name in self._absent if name not in there]
            withheld.release(self.mailbox.id, self.source.folder, gone, self._withheld)
            self.source.stored([], self._open)

    def _tell(self) -> None:
        """Say which mails stay at the server."""
        self.tally.waiting += len(self._withheld)
        for name, why in list(self._stay.items())[:NAMED]:
            self.tally.errors.append(f"{self.source.title(name)} stays on the server: {why}")
        if len(self._stay) > NAMED:
            self.tally.errors.append(f"{len(self._stay) - NAMED} more mails stay on the server")

    def _store(self, mails: list[M], wanted: list[M], arrivals: Sequence[Arrival | Prepared]) -> None:
        """Make receipts of a batch, and put away what has one."""
        self.done += len(mails)
        for mail in mails:
            self._open.pop(self.source.name_of(mail), None)
        stored = self._make_receipts(mails, wanted, arrivals)
        if self.mailbox.after_fetch != "keep":
            self._dispose(stored, again=False)

    def _make_receipts(
        self, mails: list[M], wanted: list[M], arrivals: Sequence[Arrival | Prepared]
    ) -> list[N]:
        """Return what the mails are called that have a receipt now."""
        try:
            self._take(mails, wanted, arrivals)
        except (LeaseLost, DatabaseUnusable, DatabaseFailed, OSError):
            raise
        except Exception as error:  # a fault of ours: it may stop its own mail, not the mailbox
            failures.log(error, f"storing {counted(len(mails), 'mail')} failed", mailbox_id=self.mailbox.id)
            return self._store_singly(wanted)
        return [self.source.name_of(mail) for mail in wanted]

    def _store_singly(self, mails: list[M]) -> list[N]:
        stored: list[N] = []
        for mail in mails:
            name = self.source.name_of(mail)
            try:
                self._take([mail], [mail], [self.source.arrival(mail)])
            except (LeaseLost, DatabaseUnusable, DatabaseFailed, OSError):
                raise
            except Exception as error:
                failures.log(error, f"{self.source.title(name)} is not stored", mailbox_id=self.mailbox.id)
                self._withhold(name, f"it could not be stored: {type(error).__name__}: {error}")
            else:
                stored.append(name)
        return stored

    def _take(self, mails: Sequence[M], wanted: Sequence[M], arrivals: Sequence[Arrival | Prepared]) -> None:
        from desk.intake import pipeline  # 40 ms, and most runs find nothing new

        def check() -> None:
            self.lease.renew()
            names = [self.source.name_of(mail) for mail in mails]
            withheld.release(self.mailbox.id, self.source.folder, names, self._withheld)
            self.source.stored(mails, [*self._open, *self._absent])
            runs.advance(self.mailbox.id, self.done)
            if self.mailbox.after_fetch == "keep":
                self.source.disposed([self.source.name_of(mail) for mail in wanted])

        for taken in pipeline.take(self.desk, arrivals, check=check):
            if taken.new:
                self.tally.verdicts[taken.verdict] += 1
            else:
                self._recognised = True
        self._withheld -= {str(self.source.name_of(mail)) for mail in mails}

    def _dispose(self, names: list[N], *, again: bool) -> None:
        """Move, delete or leave the server's copies of mail that is stored."""
        if self._recognised and not again:
            open_ones = set(self.source.undisposed())
            names = [name for name in names if name in open_ones]
        if not names or self._left:
            return
        if self.mailbox.after_fetch == "keep":
            self.source.disposed(names)
        elif (disposal := self.source.put_away(names, again=again)) is not None:
            self._disposals.append(_Disposal(names, disposal, again))

    def _settle(self, *, all_of_them: bool) -> None:
        """Note what the server has put away."""
        while self._disposals and (all_of_them or self._disposals[0].future.done()):
            disposal = self._disposals[0]
            try:
                words = self.source.result(disposal.future)
            except MailError as error:
                if _is_broken(error):
                    if all_of_them:
                        raise
                    return  # what is asked for just now shows it too, and a new connection is made
                self._leave(error)
            else:
                if words and words not in self.tally.notes:
                    self.tally.notes.append(words)
                self.source.disposed(disposal.names)
            self._disposals.pop(0)

    def _leave(self, error: MailError) -> None:
        if not self._left:
            self.tally.errors.append(f"stored, but left in {self.mailbox.folder}: {error} - {error.hint}")
        self._left = True


def _is_broken(error: MailError) -> bool:
    return isinstance(error, ServerGone | TimedOut)
