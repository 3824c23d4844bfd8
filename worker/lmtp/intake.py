"""Mail that came by LMTP, into the desk: what waits at the same moment is one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.own_addresses import OwnAddresses, read_own_addresses
from mail.inert import one_line
from models.errors import DatabaseUnusable
from models.transactions import DatabaseFailed
from worker.service.threads import DeskThread

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.incoming import Outcome

BATCH = 50
BATCH_BYTES = 32 * 2**20
"""A batch ends with the mail that reaches this size."""

DOMAINS_GOOD_FOR = 60.0
"""Seconds for which a domain that was the desk's is taken to be still."""


class Closing(Exception):
    """The worker is about to end and takes no more mail."""


@dataclass(slots=True)
class _Waiting:
    """A mail with the recipients that are to be answered."""

    raw: bytes
    recipients: Sequence[str]
    done: asyncio.Future[list[Outcome]]


class LmtpIntake:
    """Takes mail from many connections into the desk through one thread."""

    def __init__(self, desk: Desk, failed: Callable[[Exception], Awaitable[None]]) -> None:
        self._desk = desk
        self._failed = failed
        self._thread = DeskThread()
        self._queue: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None
        self._closing = False
        self._known: OwnAddresses | None = None
        self._read_at = 0.0

    async def is_ours(self, address: str) -> bool | None:
        """Return whether mail for this address is the desk's; None while the desk has no address at all.

        A refusal is final for the sender, so it is never given on what was read earlier.
        """
        moment = asyncio.get_running_loop().time()
        if (
            self._known is None
            or moment - self._read_at > DOMAINS_GOOD_FOR
            or not self._known.has_domain_of(address)
        ):
            self._known = await self._thread.call(read_own_addresses)
            self._read_at = moment
        return self._known.has_domain_of(address) if self._known.domains else None

    async def take(self, raw: bytes, recipients: Sequence[str]) -> list[Outcome]:
        """Store a mail for its recipients; returns, in their order, what became of it, once it is committed.

        Raises what disk or database raise: then nothing was stored.
        """
        if self._closing:
            raise Closing
        waiting = _Waiting(raw, recipients, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await waiting.done

    async def close(self) -> None:
        """Store what waits, then end."""
        self._closing = True
        if self._working is not None:
            await self._working
        self._thread.close()

    async def _work(self) -> None:
        try:
            while self._queue:
                batch = self._next()
                outcomes = await self._thread.call(self._store, batch)
                faults = [fault for fault in outcomes if isinstance(fault, Exception)]
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    _settle(waiting.done, outcome)
                if faults:
                    await self._failed(faults[0])
        finally:
            self._working = None

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < BATCH and size < BATCH_BYTES:
            waiting = self._queue.popleft()
            if waiting.done.cancelled():  # the client is gone before anything was done: it comes again
                continue
            batch.append(waiting)
            size += len(waiting.raw)
        return batch

    def _store(self, batch: Sequence[_Waiting]) -> list[list[Outcome] | Exception]:
        try:
            return list(self._take(batch))
        except (DatabaseUnusable, DatabaseFailed, OSError) as error:
            return [error for _ in batch]
        except Exception as error:  # a fault of ours: it may stop its own mail, not the others
            if len(batch) == 1:
                return [error]
        return [outcome for waiting in batch for outcome in self._store([waiting])]

    def _take(self, batch: Sequence[_Waiting]) -> list[list[Outcome]]:
        """Take one arrival for each mailbox a mail is for: recipients of one mailbox share it."""
        known = read_own_addresses()
        arrivals: list[Arrival] = []
        places: list[list[int]] = []
        for waiting in batch:
            of_mailbox: dict[int | None, int] = {}
            for recipient in waiting.recipients:
                mailbox_id = known.mailbox_of(recipient)
                if mailbox_id not in of_mailbox:
                    of_mailbox[mailbox_id] = len(arrivals)
                    shown = one_line(recipient.lower(), 320)
                    arrivals.append(Arrival(waiting.raw, "lmtp", mailbox_id, recipient=shown))
            places.append([of_mailbox[known.mailbox_of(recipient)] for recipient in waiting.recipients])
        taken = pipeline.take(self._desk, arrivals) if arrivals else []
        return [[taken[place] for place in of_mail] for of_mail in places]


def _settle(done: asyncio.Future[list[Outcome]], outcome: list[Outcome] | Exception) -> None:
    if done.done():  # the client went away meanwhile
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
