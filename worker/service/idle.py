"""Mailboxes that stay connected: a socket each in the worker's event loop, and no thread while they wait.

Connecting takes a thread of a small pool for a moment. A lost connection comes back with growing pauses;
meanwhile, and where a server has no IDLE, the schedule fetches as always.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING

from config.errors import ConfigError, SecretUnavailable
from desk import logs
from desk.errors import DeskError
from desk.fetching import idle
from desk.mailboxes import accounts
from mail.errors import MailError, TimedOut
from mail.transport.blocking import in_own_thread
from models import mailboxes
from models.errors import DatabaseUnusable
from models.leases import LeaseLost
from models.opening import close_database
from models.transactions import StatementFailed
from worker import failures
from worker.service.threads import guarded

if TYPE_CHECKING:
    from desk.home import Desk
    from mail.account import IncomingAccount
    from mail.imap.idle import IdleSession
    from worker.service.threads import DeskThread, Guard

RENEW_SECONDS = 24 * 60.0
"""Servers may hang up after half an hour of silence."""
PAUSES = (2.0, 10.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
REFUSED_PAUSE = 300.0
"""What a person has to cure is not tried every few seconds: servers lock accounts for that."""
MISSING_PAUSE = 3600.0
STEADY_SECONDS = 60.0
"""A connection that held for so long was a good one."""
CONNECTORS = 8
CONNECT_SECONDS = 90.0
"""A server that dribbles outlasts the limit on a single wait."""


class Idlers:
    """`tend` it with the mailboxes that want it; `hint` is called for a mailbox that may have new mail.

    What it writes of a connection is written in a block of the ``guard`` that there was when it began.
    """

    def __init__(
        self, desk: Desk, thread: DeskThread, hint: Callable[[int], None], guard: Callable[[], Guard]
    ) -> None:
        self._desk = desk
        self._guard = guard
        self._thread = thread
        self._hint = hint
        self._connectors = asyncio.Semaphore(CONNECTORS)
        self._watches: dict[int, tuple[Hashable, asyncio.Task[None]]] = {}

    def tend(self, wanted: Mapping[int, Hashable]) -> None:
        """Begin and end connections, so that these mailboxes have one; a changed account gets a new one."""
        for mailbox_id, (account, task) in list(self._watches.items()):
            if mailbox_id not in wanted or wanted[mailbox_id] != account:
                task.cancel()
                del self._watches[mailbox_id]
        for mailbox_id, account in wanted.items():
            if mailbox_id not in self._watches:
                task = asyncio.get_running_loop().create_task(self._watch(mailbox_id))
                self._watches[mailbox_id] = (account, task)

    async def end(self) -> None:
        """Close every connection."""
        tasks = [task for _, task in self._watches.values()]
        self._watches.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, mailbox_id: int) -> None:
        from mail.imap.idle import IdleMissing  # 27 ms, which a worker without IDLE does not need

        guard = self._guard()
        tries = 0
        while True:
            begun = time.monotonic()
            try:
                session = await self._connected(mailbox_id)
                try:
                    await self._thread.call(guarded, guard, idle.began, mailbox_id)
                    begun = time.monotonic()
                    await self._listen(session, mailbox_id)
                finally:
                    session.close()
            except asyncio.CancelledError:
                with contextlib.suppress(StatementFailed, DatabaseUnusable, LeaseLost):
                    await asyncio.shield(self._thread.call(guarded, guard, idle.ended, mailbox_id))
                raise
            except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
                missing = isinstance(error, IdleMissing)
                level: logs.Level = "info" if missing else "warning"
                await self._note(guard, mailbox_id, str(error), level)
                tries = 1 if time.monotonic() - begun > STEADY_SECONDS else tries + 1
                pause = PAUSES[min(tries, len(PAUSES)) - 1]
                if not getattr(error, "temporary", False):
                    pause = MISSING_PAUSE if missing else max(pause, REFUSED_PAUSE)
            except Exception as error:  # a fault of ours, or a database that is locked: it may pass
                await self._note(guard, mailbox_id, failures.place(error), "warning")
                pause = REFUSED_PAUSE
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311

    async def _note(self, guard: Guard, mailbox_id: int, why: str, level: logs.Level) -> None:
        with contextlib.suppress(StatementFailed, DatabaseUnusable, LeaseLost):
            await self._thread.call(
                guarded,
                guard,
                idle.ended,
                mailbox_id,
                why,
                level=level,
            )

    async def _connected(self, mailbox_id: int) -> IdleSession:
        """Open a session that idles; one that comes after nobody waits for it any more is closed."""
        # 9 ms, for IMAP.
        from mail.imap.idle import IdleSession  # see above

        def begin() -> None:
            try:
                session.open()
                session.begin()
            finally:
                close_database()  # a login may have renewed a token

        async with self._connectors:
            session = IdleSession(await in_own_thread(self._account, mailbox_id))
            try:
                await self._in_time(session, begin)
            except BaseException:
                session.cut()
                raise
        return session

    def _account(self, mailbox_id: int) -> IncomingAccount:
        try:
            return accounts.incoming_account(self._desk, mailboxes.by_id(mailbox_id))
        finally:
            close_database()

    @staticmethod
    async def _in_time(session: IdleSession, doing: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await in_own_thread(doing)
        except TimeoutError:
            session.cut()
            raise TimedOut(f"{session.host} did not answer in time (idle)") from None

    async def _listen(self, session: IdleSession, mailbox_id: int) -> None:
        """Pass hints on until the connection is lost, which raises."""
        loop = asyncio.get_running_loop()
        while True:
            # What came before the server began to tell is found by a search.
            self._hint(mailbox_id)
            descriptor = session.fileno()
            lost: asyncio.Future[None] = loop.create_future()

            def readable(lost: asyncio.Future[None] = lost, descriptor: int = descriptor) -> None:
                try:
                    if session.heard():
                        self._hint(mailbox_id)
                except MailError as error:
                    loop.remove_reader(descriptor)
                    if not lost.done():
                        lost.set_exception(error)

            loop.add_reader(descriptor, readable)
            try:
                readable()
                async with asyncio.timeout(RENEW_SECONDS * random.uniform(0.8, 1.0)):  # noqa: S311
                    await lost
            except TimeoutError:
                loop.remove_reader(descriptor)
                await self._in_time(session, session.renew)
            finally:
                loop.remove_reader(descriptor)
