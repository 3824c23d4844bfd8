"""Imports: old mail from files, each exactly once, however often the import is interrupted and begun again.

The ledger of a source says how far it came and is written in the same transaction as the mails. A mail that
the desk has already, from wherever, becomes a receipt ``duplicate``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from config.paths import from_home
from config.wording import counted
from desk import logs
from desk.doors.imports.ledger import Ledger, look_into_ledger, open_ledger
from desk.doors.imports.sources import Found, Source, open_source
from desk.errors import Refused, WrongUse
from desk.fetching.verdicts import Verdicts
from desk.intake.arrivals import Arrival, parse_ahead
from desk.intake.digests import mail_digest
from desk.intake.duplicates import IMPORT
from desk.permissions import require
from mail.inert import one_line
from models import leases, receipts
from models.errors import DatabaseUnusable
from models.leases import Lease, LeaseLost
from models.transactions import DatabaseFailed, StatementFailed

if TYPE_CHECKING:
    from threading import Event

    from desk.home import Desk
    from desk.intake.arrivals import Prepared
    from desk.permissions import Actor
    from models.imports import SourceKind

BATCH = 50
BATCH_BYTES = 32 * 2**20
"""A batch ends with the mail that reaches this size."""

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0


@dataclass(slots=True)
class Tally:
    """What an import did; grows while it runs."""

    kind: SourceKind
    path: str
    verdicts: Verdicts = field(default_factory=Verdicts)
    known: int = 0
    """Mails of this source that earlier runs took in."""
    more: bool = False
    """It was stopped before the end."""
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    bytes_done: int = 0
    bytes_before: int = 0
    """Of `bytes_done`: what earlier runs had done."""
    bytes_total: int = 0
    dry_run: bool = False
    found: int = 0
    """In a dry run: mails that would be taken in."""
    copies: int = 0
    """In a dry run: those of `found` that the desk has, or that come twice."""

    @property
    def imported(self) -> int:
        """Receipts written."""
        return self.verdicts.total()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Mails that were read and parsed, in the order of the source."""

    found: Sequence[Found]
    prepared: Sequence[Prepared]
    """Of those that could be read."""


def run_import(
    desk: Desk,
    actor: Actor,
    kind: SourceKind,
    path: Path,
    *,
    mailbox: str | None = None,
    quiet: bool = False,
    stop: Event,
    watch: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Take in what the source holds and was not taken in before; `stop` ends it after the batch in hand.

    ``mailbox``: the address it is taken in for. ``quiet``: nobody outside is sent anything. Raises WrongUse
    for an unknown mailbox, Refused for what is not such a source or is being imported already, OSError.
    """
    require(actor, "mailbox.edit")
    mailbox_id = _mailbox(mailbox)
    path = from_home(path).resolve()
    path.stat()
    ledger = open_ledger(kind, str(path))
    lease = leases.acquire(f"import:{ledger.id}", leases.owner_id(), LEASE_SECONDS)
    if lease is None:
        raise Refused(f"{path} is being imported by another process", "wait for it, or end it")
    tally = Tally(kind, str(path))
    try:
        source = open_source(kind, path, ledger)
        tally.known = ledger.taken if source.before else 0
        tally.bytes_done = tally.bytes_before = source.before
        tally.bytes_total = source.total
        _Import(desk, ledger, lease, mailbox_id, quiet, tally).run(source, stop, watch)
    finally:
        try:
            lease.release()
        except (StatementFailed, DatabaseUnusable):
            pass
    if tally.imported:
        mails = counted(tally.imported, "mail")
        logs.write("info", "import", f"{mails} imported from {one_line(str(path), 500)}")
    return tally


def survey(
    actor: Actor,
    kind: SourceKind,
    path: Path,
    *,
    mailbox: str | None = None,
    stop: Event,
    watch: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Return how many mails an import would take in, and how many of them are here already; writes nothing.

    What a mail would become is not said: that depends on those before it. Raises as `run_import` does.
    """
    require(actor, "mailbox.edit")
    _mailbox(mailbox)
    path = from_home(path).resolve()
    path.stat()
    ledger = look_into_ledger(kind, str(path))
    source = open_source(kind, path, ledger)
    tally = Tally(kind, str(path), known=ledger.taken if source.before else 0, dry_run=True)
    tally.bytes_done = tally.bytes_before = source.before
    tally.bytes_total = source.total
    begun = time.monotonic()
    seen: set[str] = set()
    coming = source.mails()
    while some := list(islice(coming, BATCH)):
        if stop.is_set():
            tally.more = True
            break
        digests = [mail_digest(each.raw) for each in some if each.raw is not None]
        here = {each.digest for each in receipts.by_digest(set(digests))}
        for digest in digests:
            tally.found += 1
            tally.copies += digest in here or digest in seen
            seen.add(digest)
        for each in some:
            if each.trouble:
                tally.errors.append(one_line(f"{each.place} would be left out: {each.trouble}", 500))
        tally.bytes_done += sum(each.size for each in some)
        tally.seconds = time.monotonic() - begun
        watch(tally)
    return tally


def _mailbox(address: str | None) -> int | None:
    if address is None:
        return None
    from desk.mailboxes import registry  # 10 ms, for mailboxes

    found = registry.find(address)
    if found is None:
        raise WrongUse(f"there is no mailbox {address}", "see nightdesk mailbox list")
    return int(found.id)


class _Import:
    """One run. The next batch is read and parsed while one is stored."""

    def __init__(
        self, desk: Desk, ledger: Ledger, lease: Lease, mailbox_id: int | None, quiet: bool, tally: Tally
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._lease = lease
        self._mailbox_id = mailbox_id
        self._quiet = quiet
        self._tally = tally

    def run(self, source: Source, stop: Event, watch: Callable[[Tally], None]) -> None:
        begun = renewed = time.monotonic()
        coming = source.mails()
        with ThreadPoolExecutor(1, "import") as ahead:
            reading = ahead.submit(self._read, coming)
            while batch := reading.result():
                if stop.is_set():
                    self._tally.more = True
                    return
                reading = ahead.submit(self._read, coming)
                self._store(batch)
                self._tally.seconds = time.monotonic() - begun
                self._tally.bytes_done += sum(found.size for found in batch.found)
                watch(self._tally)
                if time.monotonic() - renewed > RENEW_SECONDS:
                    self._lease.renew()
                    renewed = time.monotonic()

    def _read(self, coming: Iterator[Found]) -> _Batch | None:
        found: list[Found] = []
        size = 0
        while len(found) < BATCH and size < BATCH_BYTES and (mail := next(coming, None)) is not None:
            found.append(mail)
            size += mail.size
        arrivals = [
            Arrival(each.raw, IMPORT, self._mailbox_id, internaldate=each.moment, quiet=self._quiet)
            for each in found
            if each.raw is not None
        ]
        if not found:
            return None
        if not arrivals:
            return _Batch(found, ())
        desk = self._desk
        return _Batch(found, parse_ahead(arrivals, desk.blob_threshold, zone=lambda: desk.zone))

    def _store(self, batch: _Batch) -> None:
        for found in batch.found:
            if found.trouble:
                self._tally.errors.append(one_line(f"{found.place} was left out: {found.trouble}", 500))
        try:
            self._take(batch.found, batch.prepared)
        except (DatabaseUnusable, LeaseLost, DatabaseFailed, OSError):
            raise
        except Exception:  # a fault of ours: it may stop its own mail, not the others
            self._one_by_one(batch)

    def _one_by_one(self, batch: _Batch) -> None:
        waiting = iter(batch.prepared)
        for found in batch.found:
            prepared = [next(waiting)] if found.raw is not None else []
            try:
                self._take([found], prepared)
            except (DatabaseUnusable, LeaseLost, DatabaseFailed, OSError):
                raise
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
                self._tally.errors.append(one_line(f"{found.place} was left out: {fault}", 500))

    def _take(self, found: Sequence[Found], prepared: Sequence[Prepared]) -> None:
        from desk.intake import pipeline  # 9 ms, for mail that comes in

        readable = [each for each in found if each.raw is not None]
        last = found[-1]

        def note() -> None:
            self._lease.check()
            self._ledger.note(
                len(readable), last.position, last.mark, [each.name for each in readable if each.name]
            )

        for taken in pipeline.take(self._desk, prepared, check=note):
            self._tally.verdicts[taken.verdict] += 1
