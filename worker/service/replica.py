"""The desk's replica, kept when its time has come: by one process at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.clock import now
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
            return replica.keep(desk) if _is_due(desk) else ""
    except leases.LeaseLost:
        return ""
    finally:
        lease.release()


def _is_due(desk: Desk) -> bool:
    at = replica.coming(desk, now())
    return at is not None and at <= now()
