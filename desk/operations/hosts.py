"""The hosts of a desk: what each says of itself, who works where, and letting one rest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.records import Record
from desk.errors import NotFound
from desk.operations import spool_state
from desk.permissions import Actor, require
from models import deliveries, hosts, leases
from models.engine import engine

if TYPE_CHECKING:
    from desk.home import Desk

FORGOTTEN_AFTER = timedelta(days=30)
NOTED_EVERY = timedelta(seconds=60)
"""So often a host without a worker says that it is there."""


class HostLine(Record):
    """One host; ``skew``: seconds by which its clock is ahead of the database's.

    ``worker``: one works there now; ``leads``: that one has the schedules and the sweep.
    """

    name: str
    version: str
    seen: datetime
    skew: float
    spooled: int
    at_work: int
    drained: datetime | None
    worker: bool
    leads: bool
    leases: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it was told to rest, and has nothing in hand and nothing in its spool."""
        rests = self.drained is not None and (not self.worker or self.seen >= self.drained)
        return rests and not self.spooled and not self.at_work and not self.leads and not self.leases


def report(desk: Desk, worker: str | None, at_work: int) -> None:
    """Write down how this host is; ``worker``: who works here, an owner id of leases."""
    version, skew, spooled = _state_of(desk)
    hosts.report(desk.host, version, worker, skew, spooled, at_work)


def worker_ended(desk: Desk, worker: str) -> None:
    """Write down that a worker of this host has ended."""
    hosts.worker_ended(desk.host, worker)


def note_programs(desk: Desk) -> None:
    """Let the other hosts know of this one, where an app, a server or pipes run and no worker."""
    if not desk.paths.server_url or hosts.was_seen(desk.host, NOTED_EVERY):
        return
    hosts.note_programs(desk.host, *_state_of(desk))


def _state_of(desk: Desk) -> tuple[str, float, int]:
    """Return this host's version, how far its clock is ahead, and how many mails wait in its spool."""
    from importlib.metadata import version  # 24 ms, for who works for a while

    skew = 0.0
    if desk.paths.server_url:
        from models.postgres.features import clock_skew  # 100 ms: psycopg

        skew = round(clock_skew(), 3) + 0.0  # no -0.0
    return version("nightdesk"), skew, spool_state.look(desk.paths.spool).waiting


def lines() -> list[HostLine]:
    """Return all hosts, by name; the leases are those of their workers."""
    held = leases.held()
    sending = [each.sender for each in deliveries.with_senders() if not leases.is_dead(each.sender)]
    places = hosts.of_owners([*held.values(), *sending])
    moment = engine().moment()
    sends = Counter(places.get(owner) for owner in sending)
    found = []
    for each in hosts.every():
        own = {name for name, owner in held.items() if places.get(owner) == each.name}
        # Alone with a desk in a file a worker reports when it begins and ends: its lease tells that it lives.
        leads = leases.WORKER in own
        works = leads or hosts.has_worker(each, moment)
        found.append(
            HostLine(
                *(each.name, each.version, each.seen, each.skew, each.spooled),
                # What is in hand of a second worker there, which its own report does not say.
                max(each.at_work if works else 0, len(own - {leases.WORKER}) + sends.get(each.name, 0)),
                each.drained,
                works,
                leads,
                tuple(sorted(own - {leases.WORKER})),
            )
        )
    return found


def drain(desk: Desk, actor: Actor, name: str) -> None:
    """Let a host give back what it holds, and do nothing but take in its own spool. Raises NotFound."""
    require(actor, "settings.edit")
    if name == desk.host and not any(each.name == name for each in hosts.every()):
        report(desk, None, 0)
    if not hosts.drain(name):
        raise _unknown(name)


def undrain(actor: Actor, name: str) -> None:
    """Let a host work again. Raises NotFound."""
    require(actor, "settings.edit")
    if not hosts.undrain(name):
        raise _unknown(name)


def line(desk: Desk, name: str) -> HostLine:
    """Return one host; of this one the spool is looked at now. Raises NotFound."""
    found = next((each for each in lines() if each.name == name), None)
    if found is None:
        raise _unknown(name)
    if name == desk.host:
        return found._replace(spooled=spool_state.look(desk.paths.spool).waiting)
    return found


def is_share_of(host: str, mailbox_id: int, hosts_at_work: Sequence[str]) -> bool:
    """Whether a mailbox is fetched by this host of those that work.

    Each host has its part of them, and one that comes or goes changes nothing for the others' parts.
    """

    def weight(name: str) -> bytes:
        return hashlib.blake2b(f"{mailbox_id} {name}".encode(), digest_size=8).digest()

    return host == max(hosts_at_work, key=weight, default=host)


def forget_unseen() -> None:
    """Forget hosts that were not seen for a month."""
    hosts.forget_unseen(engine().moment() - FORGOTTEN_AFTER)


def _unknown(name: str) -> NotFound:
    return NotFound(f"there is no host {name}", "nightdesk host list names them")
