"""Leases: who does a thing right now, so that two processes do not do it twice.

A lease is a row with an owner, an expiry and a fencing token that grows with every acquisition. Whoever
writes on the strength of a lease calls `Lease.check` inside the same transaction, or does all of it inside
`Lease.guard`: a holder that slept past its expiry, and was replaced, learns it there and writes nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import peewee

from config.records import Record
from models.database import Row
from models.engine import engine
from models.fields import UtcField, utc_text
from models.statements import Lookup, Statement
from models.transactions import only_while, transaction

LONGEST = timedelta(hours=1)
"""What expires later was written by a clock that has been set back since, maybe before this boot."""
WORKER = "worker"
"""The lease that whoever works for the desk holds."""


class LeaseRow(Row):
    """Who holds the right to do something. ``token`` grows with every acquisition."""

    name = peewee.TextField(primary_key=True)
    owner = peewee.TextField(null=True)
    token = peewee.IntegerField(default=0)
    expires = UtcField(null=True)

    class Meta:
        table_name = "lease"
        without_rowid = True


class LeaseLost(Exception):
    """Somebody else holds the lease now; the work of this holder must not be written."""

    exit_status = 75

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease on {name} went to another process")
        self.hint = "nothing is lost: the other process does the work"


class Lease(Record):
    """The right to do ``name``, held until it expires, is released, or its process dies."""

    name: str
    owner: str
    token: int
    ttl: float

    def check(self) -> None:
        """Raise LeaseLost unless this acquisition is the newest; call it in the transaction it guards."""
        held = _HELD.one(name=self.name)
        if held is None or held.owner != self.owner or held.token != self.token:
            raise LeaseLost(self.name)

    def renew(self) -> None:
        """Hold it for another ``ttl`` seconds; raises LeaseLost when somebody else has it by now."""
        with transaction():
            self.check()
            _RENEW.run(name=self.name, expires=_expiry(self.ttl))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Have each transaction that this thread begins in the block raise LeaseLost unless it is held.

        It is renewed by them, too: work that is longer than ``ttl`` is not taken over while it goes on.
        """
        renewed = time.monotonic()

        def check() -> None:
            nonlocal renewed
            self.check()
            if time.monotonic() - renewed >= self.ttl / 3:
                _RENEW.run(name=self.name, expires=_expiry(self.ttl))
                renewed = time.monotonic()

        with only_while(check):
            yield

    def release(self) -> None:
        """Give it back; does nothing when it was lost before."""
        with transaction():
            _RELEASE.run(name=self.name, owner=self.owner, token=self.token)


class _Held(Record):
    owner: str | None
    token: int
    expires: str | None


_HELD = Lookup(
    lambda p: LeaseRow.select(LeaseRow.owner, LeaseRow.token, LeaseRow.expires).where(
        LeaseRow.name == p("name")
    ),
    _Held,
)
_EVERY_HELD = Lookup(
    lambda p: LeaseRow.select(LeaseRow.name, LeaseRow.owner, LeaseRow.expires).where(
        LeaseRow.owner.is_null(False)
    ),
    lambda name, owner, expires: (str(name), str(owner), str(expires)),
)
_ACQUIRE = Statement(
    lambda p: LeaseRow.insert(
        {
            LeaseRow.name: p("name"),
            LeaseRow.owner: p("owner"),
            LeaseRow.token: p("token"),
            LeaseRow.expires: p("expires"),
        }
    ).on_conflict(
        conflict_target=[LeaseRow.name], preserve=[LeaseRow.owner, LeaseRow.token, LeaseRow.expires]
    )
)
_RENEW = Statement(
    lambda p: LeaseRow.update({LeaseRow.expires: p("expires")}).where(LeaseRow.name == p("name"))
)
_RELEASE = Statement(
    lambda p: LeaseRow.update({LeaseRow.owner: None, LeaseRow.expires: None}).where(
        (LeaseRow.name == p("name")) & (LeaseRow.owner == p("owner")) & (LeaseRow.token == p("token"))
    )
)


_FORGET_HOLDERS = Statement(lambda p: LeaseRow.update({LeaseRow.owner: None, LeaseRow.expires: None}))


def forget_holders() -> None:
    """End all leases, in a desk that no process can have open yet."""
    _FORGET_HOLDERS.run()


def acquire(name: str, owner: str, ttl: float) -> Lease | None:
    """Take the lease ``name`` for ``ttl`` seconds; None while somebody living holds it.

    A holder whose process is known to be dead on this machine holds nothing, whatever the expiry says.
    """
    with transaction():
        held = _HELD.one(name=name)
        if held is not None and _holds(held.owner, held.expires, engine().moment()):
            return None
        token = 1 if held is None else held.token + 1
        _ACQUIRE.run(name=name, owner=owner, token=token, expires=_expiry(ttl))
    return Lease(name, owner, token, ttl)


def holder(name: str) -> str | None:
    """Return who holds the lease now, or None."""
    held = _HELD.one(name=name)
    return held.owner if held is not None and _holds(held.owner, held.expires, engine().moment()) else None


def alive(name: str) -> bool:
    """Whether somebody living holds the lease."""
    return holder(name) is not None


def held() -> dict[str, str]:
    """Return every lease that somebody living holds: name to owner."""
    return living(_EVERY_HELD.every())


def living(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return those of these rows (name, owner, expiry) that somebody living holds: name to owner."""
    moment = engine().moment()
    return {str(name): str(owner) for name, owner, expires in rows if _holds(owner, expires, moment)}


def owner_id() -> str:
    """Return a unique name for this process, from which others can tell that it has died."""
    return _owner_of(os.getpid())


@cache
def _owner_of(pid: int) -> str:
    return f"{_machine()}:{pid}:{_start_time(pid) or ''}:{os.urandom(4).hex()}"


def is_dead(owner: str) -> bool:
    """Whether the process behind an `owner_id` is known to be gone. False for one on another machine."""
    machine, _, rest = owner.partition(":")
    if machine != _machine():
        return False
    pid, _, rest = rest.partition(":")
    if not pid.isdigit():
        return True
    started = _start_time(int(pid))
    if started is None:
        return not _answers(int(pid))
    return started != rest.partition(":")[0]


def machine_of(owner: str) -> str:
    """Return which machine an `owner_id` is of, the same for all that run there."""
    return owner.partition(":")[0]


def process_here(owner: str) -> str:
    """Return the process id behind an `owner_id` of this machine; '' for one of another machine."""
    machine, _, rest = owner.partition(":")
    return rest.partition(":")[0] if machine == _machine() else ""


def dead_owners(owners: Iterable[str]) -> set[str]:
    """Return those of ``owners`` whose processes are known to be gone."""
    return {owner for owner in set(owners) if is_dead(owner)}


def _holds(owner: str | None, expires: str | None, moment: datetime) -> bool:
    if not owner or not expires or is_dead(owner):
        return False
    return utc_text(moment) < expires <= utc_text(moment + LONGEST)


def _expiry(ttl: float) -> str:
    return utc_text(engine().moment() + timedelta(seconds=ttl))


@cache
def _machine() -> str:
    """Name this boot of this machine and this process namespace: a pid means something only within both."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
    except OSError:
        return os.uname().nodename.replace(":", "-")
    return f"{boot}-{namespace:x}"


def _start_time(pid: int) -> str | None:
    """When the process began, in ticks since boot; '' for a zombie, None when /proc does not show it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except OSError:
        return None
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def _answers(pid: int) -> bool:
    """Whether there is such a process.

    /proc hides from a unit with ProtectProc= (hidepid) a process that was root and became the desk's owner.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
