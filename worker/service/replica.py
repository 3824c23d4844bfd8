"""The desk's replica, kept when its time has come: by one process at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.clock import now
from desk.erasure import note_backup
from desk.operations import replica
from models import leases
from worker.fetch.keeper import Keeper

if TYPE_CHECKING:
    from desk.home import Desk

LEASE_SECONDS = 60.0
_LEASE = "replica"


def keep_due(desk: Desk) -> str:
    """Make the moment that is due, if one is; returns why there is none, '' when nothing is wrong.

    Blocks for as long as it takes to read the whole desk.
    """
    if not _is_due(desk):
        return ""
    lease = leases.acquire(_LEASE, leases.owner_id(), LEASE_SECONDS)
    if lease is None:
        return ""
    try:
        with Keeper(lease), lease.guard():
            return _kept(desk) if _is_due(desk) else ""
    except leases.LeaseLost:
        return ""
    finally:
        lease.release()


def _kept(desk: Desk) -> str:
    why, url = replica.keep(desk), replica.url_of(desk)
    if url is not None and not why:
        note_backup(replica.replica_of(url).shown)
    return why


def _is_due(desk: Desk) -> bool:
    at = replica.coming(desk, now())
    return at is not None and at <= now()
