"""What is due now: which mailboxes, which outgoing mail, the sweeps. Looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.clock import waits
from config.wording import counted
from desk import logs, schedules, settings
from desk.errors import DeskError
from desk.fetching import idle, runs
from desk.mailboxes.health import LONGEST_BACK_OFF
from desk.operations import hosts, pending, replica
from desk.outbox import dispatch
from desk.recurring import sweep as recurring_sweep
from models import hosts as host_rows
from models import mailboxes
from models.engine import engine
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.recurring.sweep import Occasion
    from desk.schedules import Schedule
    from models.mailboxes import Scheduled

REST = timedelta(seconds=30)
"""The longest time without a look, whatever the schedules say: clocks are set, notebooks sleep."""
LEASED_ELSEWHERE = timedelta(seconds=15)
PURGE_EVERY = timedelta(days=1)
TAKEN_OVER_AFTER = timedelta(minutes=2)
"""A mailbox that another host leaves alone for so long is anybody's."""


@dataclass(slots=True)
class Plan:
    """What to begin now."""

    fetches: dict[int, bool] = field(default_factory=dict)
    """Mailboxes that are due; True when a person asked."""
    senders: list[int] = field(default_factory=list)
    """Outgoing mailboxes with mail that is due."""
    idle: dict[int, Hashable] = field(default_factory=dict)
    """Mailboxes that want to stay connected, see `desk.fetching.idle`."""
    notices: bool = False
    """Whether agents are to be told of something."""
    held_notices: bool = False
    """Whether something is due that was kept for an agent."""
    listeners: bool = False
    """Whether something is to be told to who listens outside the desk."""
    calls: bool = False
    """Whether calls to them are due."""
    states: bool = False
    """Whether filters are to be asked of changes of state."""
    drained: bool = False
    """Whether this host is to fetch and send nothing."""
    sweep: bool = False
    recurring: bool = False
    """Whether the time of a recurring ticket has come."""
    purge: bool = False
    replica: bool = False
    """Whether the time of the replica's next moment has come."""
    words: str = ""
    """How things stand, for the service manager."""


class Planner:
    """Remembers what it saw, so that a look at an idle desk costs one small question to the database."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._zone = desk.zone
        self._version: int | None = None
        self._next: datetime | None = None
        self._held: dict[int, datetime] = {}
        self._swept: datetime | None = None
        self._purged: datetime | None = None
        self._known: dict[str, Schedule | None] = {}
        self._opened: set[Occasion] = set()

    def postpone(self, mailbox_id: int, now: datetime) -> None:
        """Do not look at a mailbox for a while: another process holds it."""
        self._held[mailbox_id] = now + LEASED_ELSEWHERE

    def look_again(self) -> None:
        """Look next time whatever was seen: our own connection's writes do not count as news."""
        self._version = None

    def look(self, now: datetime, fetching_now: frozenset[int]) -> Plan | None:
        """Return what is due, or None when nothing was written and no time has come since the last look."""
        version = engine().change_number()
        if version == self._version and waits(self._next, now, REST):
            return None
        self._version = version
        plan = Plan()
        times = [now + REST]
        if host_rows.is_drained(self._desk.host):
            self._next = now + REST
            plan.drained, plan.words = True, "drained: fetches and sends nothing"
            return plan
        at_work = host_rows.at_work() if self._desk.paths.server_url else []
        times += self._plan_fetches(plan, now, fetching_now, at_work)
        plan.idle = idle.wanted()
        plan.notices = pending.notices_wait()
        plan.listeners = pending.listeners_wait() or pending.hooks_changed(self._desk)
        plan.calls = pending.calls_due(utc_text(now))
        plan.held_notices = pending.held_notices_due(utc_text(now))
        plan.states = pending.states_changed()
        plan.senders = dispatch.due_mailboxes(now)
        times += [moment for moment in (dispatch.next_due(now),) if moment is not None]
        times += self._plan_sweeps(plan, now)
        times += self._plan_recurring(plan, now)
        if (moment := replica.coming(self._desk, now)) is not None:
            plan.replica = moment <= now
            times.append(moment)
        self._next = min(moment for moment in times if moment > now)
        return plan

    def _is_ours(self, mailbox_id: int, at_work: Sequence[str]) -> bool:
        return hosts.is_share_of(self._desk.host, mailbox_id, at_work)

    def _plan_fetches(
        self, plan: Plan, now: datetime, fetching_now: frozenset[int], at_work: Sequence[str]
    ) -> list[datetime]:
        enabled = mailboxes.scheduled()
        asked = set(runs.requested())
        on = bool(settings.get("mail.fetching"))
        coming = []
        for mailbox in enabled:
            if mailbox.id in fetching_now:
                continue
            start = self._start(mailbox, now)
            late = start is not None and now - start > TAKEN_OVER_AFTER
            if not late and not self._is_ours(mailbox.id, at_work):
                continue
            if mailbox.id in asked or (on and start is not None and start <= now):
                held = self._held.pop(mailbox.id, None)
                if held is None or not waits(held, now, LEASED_ELSEWHERE):
                    plan.fetches[mailbox.id] = mailbox.id in asked
                    continue
                self._held[mailbox.id] = start = held
            if on and start is not None:
                coming.append(start)
        plan.words = self._words(len(enabled), on, min(coming, default=None))
        return coming

    def _start(self, mailbox: Scheduled, now: datetime) -> datetime | None:
        """Return when the mailbox is to be fetched next; a run that was missed is due at once, and once."""
        schedule = self._schedule(mailbox.schedule)
        if schedule is None:
            return None
        start = now
        if mailbox.last_attempt is not None and mailbox.last_attempt <= now:
            start = schedule.next_after(mailbox.last_attempt, self._zone)
        held = mailbox.not_before if waits(mailbox.not_before, now, LONGEST_BACK_OFF) else None
        return max(start, held or start)

    def _schedule(self, text: str) -> Schedule | None:
        if text not in self._known:
            try:
                self._known[text] = schedules.parse(text)
            except DeskError as error:
                self._known[text] = None
                logs.write("error", "worker", f"the schedule '{text}' is not understood: {error}")
        return self._known[text]

    def _plan_sweeps(self, plan: Plan, now: datetime) -> list[datetime]:
        schedule = self._schedule(settings.get("worker.sweep_schedule"))
        times = []
        if schedule is not None:
            start = (
                now
                if self._swept is None or self._swept > now
                else schedule.next_after(self._swept, self._zone)
            )
            plan.sweep = start <= now
            if plan.sweep:
                self._swept = now
                start = schedule.next_after(now, self._zone)
            times.append(start)
        plan.purge = self._purged is None or not waits(self._purged + PURGE_EVERY, now, PURGE_EVERY)
        if plan.purge:
            self._purged = now
        return times

    def _plan_recurring(self, plan: Plan, now: datetime) -> list[datetime]:
        """Have each time begun once; what cannot be opened then is tried again by the sweeps."""
        coming = recurring_sweep.coming(self._desk)
        due = {occasion for occasion, at in coming if at <= now}
        plan.recurring = bool(due - self._opened)
        self._opened = due
        return [at for _, at in coming]

    def _words(self, count: int, on: bool, following: datetime | None) -> str:
        if not count:
            return "no mailbox is enabled"
        if not on:
            return "fetching is switched off"
        found = counted(count, "mailbox", "mailboxes")
        if following is None:
            return found
        return f"{found}, next fetch at {following.astimezone(self._zone):%H:%M:%S}"
