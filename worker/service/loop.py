"""The worker: one asyncio program that fetches by schedule, sends what is due, and sweeps.

It looks at the database once a second, and does more only when something was written there or a time has
come. What blocks runs in threads. A signal ends it after the batches in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import TYPE_CHECKING, ParamSpec

from config.clock import now
from desk import logs
from desk.alerts import notifications
from desk.alerts.alarms import alert_silent_mailboxes
from desk.alerts.logins import look_after_tokens
from desk.calls import gathering
from desk.doors.spool import Spool
from desk.errors import Refused
from desk.fetching import triggers
from desk.fetching.summary import MailboxFetch
from desk.filters import sweep as filters_sweep
from desk.listeners import listeners
from desk.operations import hosts
from desk.outbox import dispatch
from desk.recurring import sweep as recurring_sweep
from desk.reports import by_mail
from desk.staff import groups, slas
from desk.tickets import purging, sla, snoozing
from mail.transport.blocking import in_own_thread
from models import leases
from models.errors import DatabaseUnusable
from models.leases import Lease, LeaseLost
from models.opening import close_database
from models.scratch import sweep
from models.transactions import DatabaseFailed, StatementFailed
from worker import failures
from worker.call import calls
from worker.fetch.job import in_thread
from worker.fetch.slots import CONNECTIONS, Slots
from worker.send.copies import copy_sent
from worker.send.sender import Sender, ended
from worker.service.idle import Idlers
from worker.service.notify import notify, watchdog_seconds
from worker.service.plan import Plan, Planner
from worker.service.replica import keep_due
from worker.service.threads import DeskThread, Guard, guarded

if TYPE_CHECKING:
    from desk.fetching.triggers import TriggerKind
    from desk.home import Desk
    from worker.lmtp.listener import Endpoint, LmtpListener

P = ParamSpec("P")

LOOK_SECONDS = 1.0
LEASE_SECONDS = 30.0
"""How long the desk counts as worked for after a worker on another machine fell silent."""
RENEW_SECONDS = 10.0
STANDBY_SECONDS = 1.0
REPORT_SECONDS = 30.0
"""How often a host says how it is."""
PUT_OFF_SECONDS = 60.0
"""So long a step of the round is left out that failed by a fault of ours."""
FINISH_SECONDS = 20.0
"""From when the end is asked for. What is not through by then is lost to nobody: the next worker does it."""
CHILD_NICENESS = 5
"""The app's own worker leaves the processor to the app: a key is painted first."""


def run(desk: Desk, *, child: bool = False, lmtp: Endpoint | None = None) -> None:
    """Work until a signal or, as the app's child, until standard input ends.

    While another worker works for the desk this one stands by; on a desk in PostgreSQL it fetches and sends
    beside that one, and takes its own host's spool in. A child leaves at once. With `lmtp` mail is taken by
    LMTP there, also on standby. A server that is away for a while is waited for. Raises
    `models.errors.DatabaseUnusable` when the desk was upgraded meanwhile, `desk.errors.Refused` when it
    cannot listen for LMTP.
    """
    asyncio.run(_run(desk, child, lmtp))


async def _run(desk: Desk, child: bool, lmtp: Endpoint | None) -> None:
    await Worker(desk, child=child, lmtp=lmtp).work()


class Worker:
    """One worker's life."""

    def __init__(self, desk: Desk, *, child: bool, lmtp: Endpoint | None = None) -> None:
        self._desk = desk
        self._child = child
        self._kind: TriggerKind = "app" if child else "worker"
        self._stop = Event()
        self._halt = asyncio.Event()
        self._thread = DeskThread()
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._slots = Slots(desk.settings.parallel_mailboxes)
        self._rest = Event()
        """Set while this host is drained, and from the end on: batches in hand are the last ones."""
        self._sender = Sender(desk, self._rest, self._thread)
        self._planner = Planner(desk)
        self._helping = Planner(desk)
        self._hints: set[int] = set()
        self._idlers = Idlers(desk, self._thread, self._hints.add, self._guard)
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._spool = Spool(desk)
        self._draining: asyncio.Task[None] | None = None
        self._tokens: asyncio.Task[None] | None = None
        self._copying: asyncio.Task[None] | None = None
        self._calling: asyncio.Task[None] | None = None
        self._replicating: asyncio.Task[None] | None = None
        self._put_off: dict[str, float] = {}
        self._lease: Lease | None = None
        self._reported = float("-inf")
        self._told: tuple[bool, int] | None = None
        self._renewed = 0.0
        self._journal = _Journal()
        self._fatal: DatabaseUnusable | Refused | None = None
        self._lmtp_at = lmtp
        self._lmtp: LmtpListener | None = None

    async def work(self) -> None:
        """Stand by until the desk is ours, then work until told to stop."""
        self._listen()
        notify("READY=1", "STATUS=starting")
        watchdog = asyncio.create_task(_feed_watchdog())
        door = asyncio.create_task(self._open_lmtp(self._lmtp_at)) if self._lmtp_at is not None else None
        try:
            if await self._become_the_worker():
                await self._thread.call(triggers.note, self._desk, self._kind)
                # A database that is locked just now costs the line in the log, not the worker.
                with contextlib.suppress(StatementFailed, OSError):
                    await self._thread.call(logs.write, "info", "worker", f"worker {os.getpid()} began")
                await self._rounds()
        finally:
            notify("STOPPING=1", "STATUS=finishing the batch in hand")
            self._quit()
            if door is not None:
                await door
            await self._finish()
            watchdog.cancel()
        if self._fatal is not None:
            raise self._fatal

    async def _open_lmtp(self, endpoint: Endpoint) -> None:
        from worker.lmtp.listener import LmtpListener  # 24 ms, and an extra that may not be installed

        async def failed(error: Exception) -> None:
            await self._failed(error, "mail by LMTP was put off", None)

        self._lmtp = LmtpListener(self._desk, endpoint, failed)
        try:
            if await self._lmtp.open(self._halt):
                await self._thread.call(logs.write, "info", "lmtp", f"mail is taken by LMTP at {endpoint}")
        except Refused as error:
            self._fatal = error
            self._quit()
        except (StatementFailed, DatabaseUnusable, OSError) as error:
            await failed(error)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._quit)
        if self._child:
            os.nice(CHILD_NICENESS)
            loop.add_reader(sys.stdin.fileno(), self._app_spoke)

    def _app_spoke(self) -> None:
        if not os.read(sys.stdin.fileno(), 512):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._quit()

    def _quit(self) -> None:
        self._stop.set()
        self._rest.set()
        self._halt.set()

    async def _become_the_worker(self) -> bool:
        waiting = False
        while not self._halt.is_set():
            with self._journal.passing():
                if not self._rest.is_set():
                    self._lease = await self._thread.call(
                        leases.acquire, leases.WORKER, leases.owner_id(), LEASE_SECONDS
                    )
                    if self._lease is not None:
                        self._renewed = time.monotonic()
                        return True
                    if self._child:
                        return False
                if not waiting:
                    waiting = True
                    notify("STATUS=standing by, another worker works for this desk")
                    await self._thread.call(
                        logs.write,
                        "info",
                        "worker",
                        f"worker {os.getpid()} stands by, another one is at work",
                    )
                await self._help()
            await self._pause(STANDBY_SECONDS)
        return False

    async def _help(self) -> None:
        """Do on standby what several hosts can do side by side: this host's spool, mailboxes, the outbox."""
        if not self._desk.paths.server_url and not self._rest.is_set():
            return
        await self._report()
        plan = await self._thread.call(self._helping.look, now(), frozenset(self._fetching))
        if plan is not None and not self._rests(plan):
            self._begin_mail(plan, self._helping)
            if plan.sweep:  # who died on this host can be seen from here alone
                await self._step("recovering mail", dispatch.recover)
        await self._look_into_spool()

    async def _rounds(self) -> None:
        while not self._halt.is_set():
            with self._journal.passing(), self._until_replaced():
                if not await self._keep_lease():
                    return
                await self._report()
                plan = await self._thread.call(self._planner.look, now(), frozenset(self._fetching))
                if plan is not None and self._rests(plan):
                    await self._give_back()
                    continue
                if plan is not None:
                    await self._begin(plan)
                self._follow_hints()
                await self._look_into_spool()
            await self._pause(LOOK_SECONDS)

    async def _look_into_spool(self) -> None:
        if self._draining is None and await self._thread.call(self._spool.waiting):
            self._draining = asyncio.create_task(self._drain())

    async def _keep_lease(self) -> bool:
        if self._lease is None or time.monotonic() - self._renewed >= RENEW_SECONDS:
            with self._until_replaced():
                if self._lease is not None:
                    await self._thread.call(self._lease.renew)
            if self._lease is None:
                return await self._become_the_worker()
            self._renewed = time.monotonic()
        return True

    @contextlib.contextmanager
    def _until_replaced(self) -> Iterator[None]:
        """End the block, and what only the leader does, when another worker leads by now."""
        try:
            yield
        except LeaseLost:
            self._lease = None
            self._idlers.tend({})

    def _guard(self) -> Guard:
        """Return what work of a leader is to be done in, so that it writes nothing once another one leads."""
        return self._lease.guard if self._lease is not None else contextlib.nullcontext

    def _rests(self, plan: Plan) -> bool:
        """Whether this host is drained, by a plan; what is in hand then ends with its batch."""
        if not self._halt.is_set() and plan.drained != self._rest.is_set():
            if plan.drained:
                self._rest.set()
            else:
                self._rest.clear()
        return plan.drained

    async def _give_back(self) -> None:
        """Let another host's worker lead. This host's spool is taken in all the same."""
        self._idlers.tend({})
        if self._lease is not None:
            await self._thread.call(self._lease.release)
            self._lease = None

    async def _report(self) -> None:
        """Tell the other hosts how this one is: now and then, and at once when it is drained or has ended."""
        told = (self._rest.is_set(), len(self._fetching) + len(self._sending))
        due = self._several and time.monotonic() - self._reported >= REPORT_SECONDS
        if due or self._told is None or (told != self._told and (told[0] or self._told[0])):
            await self._thread.call(hosts.report, self._desk, leases.owner_id(), told[1])
            self._reported, self._told = time.monotonic(), told

    @property
    def _several(self) -> bool:
        return bool(self._desk.paths.server_url)

    async def _begin(self, plan: Plan) -> None:
        loop = asyncio.get_running_loop()
        self._idlers.tend(plan.idle)
        self._hints.intersection_update(plan.idle)
        self._begin_mail(plan, self._planner)
        if plan.states:
            await self._step("filters on states", filters_sweep.after_changes, self._desk, now())
            self._planner.look_again()
        if plan.notices:
            await self._step("telling agents", notifications.notify, self._desk, now())
            self._planner.look_again()
        if (plan.listeners or plan.calls) and (self._calling is None or self._calling.done()):
            self._calling = loop.create_task(self._call())
        if plan.held_notices:
            await self._step("telling agents what was kept", notifications.notify_held, self._desk, now())
            self._planner.look_again()
        if plan.recurring and not plan.sweep:
            await self._step("opening recurring tickets", recurring_sweep.sweep, self._desk, now())
            self._planner.look_again()
        if plan.sweep:
            await self._step("marking what is overdue", sla.sweep, now())
            await self._step("waking tickets", snoozing.sweep, now())
            await self._step("opening recurring tickets", recurring_sweep.sweep, self._desk, now())
            await self._step("filters of the clock", filters_sweep.sweep, self._desk, now())
            await self._step("alerts of mailboxes", alert_silent_mailboxes, self._desk, now())
            await self._step("reports by mail", by_mail.send_due, self._desk, now())
            await self._step("groups of the system", groups.sweep)
            if self._tokens is None or self._tokens.done():
                self._tokens = loop.create_task(self._look_after_tokens())
            self._copy_sent()
            await self._step("recovering mail", dispatch.recover)
            await self._step("the clock", dispatch.after_clock_set_back, now())
            await self._step("the clock of calls", calls.after_clock_set_back, now())
            self._planner.look_again()
        if plan.purge:
            await self._step("purging the log", logs.purge)
            await self._step("purging notices", notifications.forget_old, now())
            await self._step("purging tickets", purging.sweep, now())
            await self._step("looking ahead for SLAs", slas.look_ahead, now())
            await self._step("forgetting hosts", hosts.forget_unseen)
            await self._step("purging calls", listeners.forget_old_calls, now())
            await self._step("purging the spool", self._spool.remove_halves)
            await asyncio.to_thread(sweep, self._desk.paths.data)
        if plan.replica and (self._replicating is None or self._replicating.done()):
            self._replicating = loop.create_task(self._replicate())
        notify(f"STATUS={plan.words}")

    def _begin_mail(self, plan: Plan, planner: Planner) -> None:
        """Begin the fetches and the sending of a plan."""
        loop = asyncio.get_running_loop()
        for mailbox_id, asked in plan.fetches.items():
            self._hints.discard(mailbox_id)
            self._fetching[mailbox_id] = loop.create_task(self._fetch(mailbox_id, asked, planner))
        for sender_id in plan.senders:
            if sender_id not in self._sending:
                self._sending[sender_id] = loop.create_task(self._send(sender_id))

    async def _step(
        self, what: str, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Do one thing of a round; a fault of it stops only itself, for a minute."""
        if time.monotonic() < self._put_off.get(what, 0.0):
            return
        try:
            await self._thread.call(guarded, self._guard(), function, *args, **kwargs)
        except (DatabaseUnusable, DatabaseFailed, LeaseLost, OSError):
            raise
        except Exception as error:
            self._put_off[what] = time.monotonic() + PUT_OFF_SECONDS
            await self._failed(error, f"{what} failed", None)

    async def _drain(self) -> None:
        try:
            await in_own_thread(self._empty_spool)
        except Exception as error:
            await self._failed(error, "mail waits in the spool", None)
            await self._pause(LOOK_SECONDS * 10)
        finally:
            self._draining = None

    def _empty_spool(self) -> None:
        try:
            self._spool.drain(self._stop)
        finally:
            close_database()

    def _follow_hints(self) -> None:
        """Fetch what a server told of; a mailbox that is being fetched now, once more after that."""
        for mailbox_id in self._hints - self._fetching.keys():
            self._hints.discard(mailbox_id)
            self._fetching[mailbox_id] = asyncio.create_task(self._fetch(mailbox_id, False, self._planner))

    async def _fetch(self, mailbox_id: int, asked: bool, planner: Planner) -> None:
        try:
            async with self._connections:
                tally = await in_own_thread(self._fetch_mailbox, mailbox_id, asked)
            if tally.skipped:
                planner.postpone(mailbox_id, now())
        except Exception as error:
            planner.postpone(mailbox_id, now())
            await self._failed(error, "fetching failed", mailbox_id)
        finally:
            del self._fetching[mailbox_id]

    def _fetch_mailbox(self, mailbox_id: int, asked: bool) -> MailboxFetch:
        triggers.note(self._desk, self._kind)
        return in_thread(self._desk, mailbox_id, named=asked, stop=self._rest, slots=self._slots)

    async def _send(self, mailbox_id: int) -> None:
        try:
            await self._sender.send_from(mailbox_id)
            self._copy_sent()
        except Exception as error:
            await self._failed(error, "sending failed", mailbox_id)
            await self._pause(LOOK_SECONDS * 10)
        finally:
            del self._sending[mailbox_id]

    def _copy_sent(self) -> None:
        if self._copying is None or self._copying.done():
            self._copying = asyncio.create_task(self._copies())

    async def _copies(self) -> None:
        """Put sent answers into the folders that want a copy; a server that hangs holds up nothing else."""

        def copy() -> None:
            try:
                copy_sent(self._desk, self._stop)
            finally:
                close_database()

        try:
            await in_own_thread(copy)
        except Exception as error:
            await self._failed(error, "copying sent mail failed", None)

    async def _call(self) -> None:
        """Call who listens outside the desk; one that hangs holds up nothing else.

        Each call is claimed in the database, so that what came of one that was made is written in any case.
        """
        guard = self._guard()

        def call() -> None:
            def gather() -> None:
                guarded(guard, gathering.gather, self._desk, now())

            try:
                gather()
                calls.make_due(self._desk, self._stop, gather)
            finally:
                close_database()

        try:
            await in_own_thread(call)
        except LeaseLost:
            pass  # whoever leads now calls them
        except Exception as error:
            await self._failed(error, "calling webhooks and hooks failed", None)
        finally:
            self._planner.look_again()

    async def _replicate(self) -> None:
        """Keep the desk's replica; a store that hangs holds up nothing else."""

        def keep() -> None:
            try:
                keep_due(self._desk)
            finally:
                close_database()

        try:
            await in_own_thread(keep)
        except Exception as error:
            await self._failed(error, "keeping the replica failed", None)
            await self._pause(PUT_OFF_SECONDS)
        finally:
            self._planner.look_again()

    async def _look_after_tokens(self) -> None:
        """Renew OAuth2 logins; a provider that hangs holds up nothing else."""

        def look() -> None:
            try:
                look_after_tokens(self._desk, now())
            finally:
                close_database()

        try:
            await in_own_thread(look)
        except Exception as error:
            await self._failed(error, "renewing OAuth2 logins failed", None)

    async def _failed(self, error: Exception, what: str, mailbox_id: int | None) -> None:
        if isinstance(error, DatabaseUnusable) and not isinstance(error, StatementFailed):
            self._fatal = error
            self._quit()
            return
        try:
            await self._thread.call(failures.log, error, what, mailbox_id=mailbox_id)
        except (StatementFailed, OSError):
            sys.stderr.write(f"nightdesk worker: {what}: {failures.place(error)}\n")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._halt.wait(), seconds)

    async def _finish(self) -> None:
        """Let the batches in hand end, then give the desk back."""
        self._quit()
        if self._lmtp is not None:
            await self._lmtp.close()
        await self._idlers.end()
        # Servers have been given up by then (see `worker.limits`); what still works stores a batch, or hangs.
        sending = [ended(task) for task in self._sending.values()]
        working = [self._draining, self._tokens, self._copying, self._calling, *self._fetching.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await asyncio.gather(*sending, return_exceptions=True)
                if left := [task for task in working if task is not None and not task.done()]:
                    await asyncio.wait(left)
        if self._told is not None:
            with contextlib.suppress(StatementFailed, DatabaseUnusable, OSError):
                await self._thread.call(hosts.worker_ended, self._desk, leases.owner_id())
        if self._lease is not None:
            with contextlib.suppress(StatementFailed, DatabaseUnusable):
                await self._thread.call(self._lease.release)
                await self._thread.call(logs.write, "info", "worker", f"worker {os.getpid()} ended")
        self._thread.close()


class _Journal:
    """Tells the journal what may pass: a database that is locked or started again, a full disk.

    Once, and when it is over: a line in each second would fill the disk, too.
    """

    def __init__(self) -> None:
        self._told = ""

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """End the block when something fails that may work the next time."""
        try:
            yield
        except (StatementFailed, OSError) as error:
            words = f"{type(error).__name__}: {error}"
            if words != self._told:
                self._told = words
                sys.stderr.write(f"nightdesk worker: {words}\n")
        else:
            if self._told:
                self._told = ""
                sys.stderr.write("nightdesk worker: it works again\n")


async def _feed_watchdog() -> None:
    every = watchdog_seconds()
    while every is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(every / 3)
