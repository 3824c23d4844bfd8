"""Hosts: the machines whose processes work for the desk, each with what it last reported of itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import peewee

from config.records import Record
from models import leases
from models.database import Row
from models.engine import engine
from models.fields import UtcField, utc_text
from models.statements import Lookup, Statement, as_read
from models.transactions import transaction

BELIEVED_FOR = timedelta(seconds=90)
"""A worker that is not heard of for so long is taken for dead."""


class Host(Row):
    """One host by its name. ``seen`` is when it last reported, by the clock that all hosts share."""

    name = peewee.TextField(primary_key=True)
    worker = peewee.TextField(null=True)
    """The `models.leases.owner_id` of its worker, while it has one."""
    version = peewee.TextField()
    seen = UtcField()
    skew = peewee.FloatField(default=0.0)
    """Seconds by which its own clock is ahead."""
    spooled = peewee.IntegerField(default=0)
    at_work = peewee.IntegerField(default=0)
    """How many mailboxes its worker fetches and sends from just now."""
    drained = UtcField(null=True)
    """Since when it is to do nothing."""


class StoredHost(Record):
    """A host; times aware, UTC."""

    name: str
    worker: str | None
    version: str
    seen: datetime
    skew: float
    spooled: int
    at_work: int
    drained: datetime | None


_COLUMNS = (
    Host.name,
    Host.worker,
    Host.version,
    Host.seen,
    Host.skew,
    Host.spooled,
    Host.at_work,
    Host.drained,
)
_REPORT = Statement(
    lambda p: Host.insert(
        {
            Host.name: p("name"),
            Host.worker: p("worker"),
            Host.version: p("version"),
            Host.seen: p("seen"),
            Host.skew: p("skew"),
            Host.spooled: p("spooled"),
            Host.at_work: p("at_work"),
        }
    ).on_conflict(
        conflict_target=[Host.name],
        preserve=[Host.worker, Host.version, Host.seen, Host.skew, Host.spooled, Host.at_work],
    )
)
_WORKER_ENDED = Statement(
    lambda p: Host.update({Host.worker: None, Host.at_work: 0}).where(
        Host.name == p("name"), Host.worker == p("worker")
    )
)
_EVERY = Lookup(lambda p: Host.select(*_COLUMNS).order_by(Host.name), as_read(_COLUMNS, StoredHost))
_DRAINED = Lookup(lambda p: Host.select(Host.drained).where(Host.name == p("name")), lambda drained: drained)
_DRAIN = Statement(lambda p: Host.update({Host.drained: p("drained")}).where(Host.name == p("name")))
_FORGET = Statement(lambda p: Host.delete().where(Host.seen < p("before"), Host.drained.is_null()))


def report(name: str, version: str, worker: str | None, skew: float, spooled: int, at_work: int) -> None:
    """Write down the state of this host; ``worker``: the owner id of its worker, None without one.

    Of several workers on one host the first is written down as long as it lives.
    """
    with transaction():
        known = None if worker is None else _worker_beside(name, worker)
        _REPORT.run(
            name=name,
            worker=worker if known is None else known.worker,
            version=version,
            seen=utc_text(engine().moment()),
            skew=skew,
            spooled=spooled,
            at_work=at_work if known is None else known.at_work,
        )


def worker_ended(name: str, worker: str) -> None:
    """Write down that a host has no worker any more, unless another one than this is written down there."""
    with transaction():
        _WORKER_ENDED.run(name=name, worker=worker)


def _worker_beside(name: str, worker: str) -> StoredHost | None:
    known = next((each for each in every() if each.name == name), None)
    if known is None or known.worker in (None, worker) or not has_worker(known, engine().moment()):
        return None
    # Of a worker on another machine of that name nobody here can tell that it died.
    return known if leases.machine_of(str(known.worker)) == leases.machine_of(worker) else None


def note_programs(name: str, version: str, skew: float, spooled: int) -> None:
    """Write down that programs of the desk run on a host; where a worker lives, that reports it."""
    with transaction():
        known = next((each for each in every() if each.name == name), None)
        if known is None or not has_worker(known, engine().moment()):
            report(name, version, None, skew, spooled, 0)


def was_seen(name: str, within: timedelta) -> bool:
    """Whether a host was reported within a time."""
    known = next((each for each in every() if each.name == name), None)
    return known is not None and known.seen > engine().moment() - within


def every() -> list[StoredHost]:
    """Return all hosts, by name."""
    return _EVERY.every()


def is_drained(name: str) -> bool:
    """Whether a host is drained, that is, to do no work."""
    return _DRAINED.one(name=name) is not None


def drain(name: str) -> bool:
    """Give a host no work from now on; False for an unknown host. A drained host stays drained."""
    with transaction():
        return is_drained(name) or bool(_DRAIN.changed(name=name, drained=utc_text(engine().moment())))


def undrain(name: str) -> bool:
    """Let a drained host work again; False for an unknown host."""
    with transaction():
        return bool(_DRAIN.changed(name=name, drained=None))


def has_worker(host: StoredHost, moment: datetime) -> bool:
    """Whether a host's worker lives: it reported lately, and is not known to have died on this machine."""
    lately = host.seen > moment - BELIEVED_FOR
    return lately and host.worker is not None and not leases.is_dead(host.worker)


def of_owners(owners: Iterable[str]) -> dict[str, str]:
    """Return the host of each owner of a lease: its worker's, or the only one that works on that machine.

    The app's own worker may lead where another one stands by: a host has told of one of them.
    """
    known = every()
    moment = engine().moment() if known else None
    workers = {each.worker: each.name for each in known if each.worker is not None}
    machines: dict[str, set[str]] = {}
    for each in known:
        if each.worker is not None and moment is not None and has_worker(each, moment):
            machines.setdefault(leases.machine_of(each.worker), set()).add(each.name)
    found = {}
    for owner in owners:
        names = {workers[owner]} if owner in workers else machines.get(leases.machine_of(owner), set())
        if len(names) == 1:
            found[owner] = min(names)
    return found


def with_worker() -> list[str]:
    """Return the hosts that have a worker."""
    found = every()
    moment = engine().moment() if found else None
    return [each.name for each in found if moment is not None and has_worker(each, moment)]


def at_work() -> list[str]:
    """Return the hosts that have a worker and are not drained."""
    drained = {each.name for each in every() if each.drained is not None}
    return [name for name in with_worker() if name not in drained]


def forget_unseen(before: datetime) -> None:
    """Forget hosts that were not seen since a time, except drained ones, which would come back to work."""
    with transaction():
        _FORGET.run(before=utc_text(before))
