"""Fetches as a person sees them: ask for one now, watch it run. A worker does the fetching."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.clock import now
from config.records import Record
from desk.errors import NotFound
from models import fetch_runs, mailboxes
from models.fields import utc_text, utc_time
from models.transactions import transaction


class FetchView(Record):
    """One mailbox's present or latest fetch.

    `phase` is ``waiting`` (asked for, no worker took it yet), ``connecting``, ``fetching``, ``done`` or
    ``failed``. `outcome` has the keys of the fetch summary (fetched, tickets, replies, errors, ...).
    """

    mailbox_id: int
    phase: str
    started: datetime | None
    updated: datetime | None
    found: int
    done: int
    outcome: dict[str, Any]

    @property
    def running(self) -> bool:
        """Whether there is something to wait for."""
        return self.phase in ("waiting", "connecting", "fetching")


def request(mailbox_id: int) -> None:
    """Ask the worker to fetch this mailbox now, whatever its schedule or back-off says.

    Raises NotFound for one that was removed.
    """
    with transaction():
        if mailboxes.in_use_by_id(mailbox_id) is None:
            raise NotFound("that mailbox is not there any more", "nightdesk mailbox list")
        fetch_runs.request(mailbox_id, utc_text(now()))


def requested() -> list[int]:
    """Return the mailboxes somebody asked for, in the order of asking."""
    return fetch_runs.requested()


def watch(mailbox_id: int) -> FetchView | None:
    """Return the present or latest fetch of a mailbox that brought something or was asked for, or None."""
    state = fetch_runs.state(mailbox_id)
    return None if state is None else _view(state)


def watch_all() -> dict[int, FetchView]:
    """Return what `watch` does for every mailbox, by its id; those without a fetch are left out."""
    return {state.mailbox_id: _view(state) for state in fetch_runs.states()}


def _view(state: fetch_runs.FetchState) -> FetchView:
    return FetchView(
        state.mailbox_id,
        "waiting" if state.requested else state.phase,
        None if state.started is None else utc_time(state.started),
        None if state.updated is None else utc_time(state.updated),
        state.found,
        state.done,
        state.outcome,
    )


def begin(mailbox_id: int) -> bool:
    """Take the request for this mailbox, if there is one: the fetch it asks for begins now."""
    if not fetch_runs.is_requested(mailbox_id):
        return False
    with transaction():
        fetch_runs.begin(mailbox_id, "connecting", 0, utc_text(now()))
    return True


def announce(mailbox_id: int, found: int) -> None:
    """Say how many mails this fetch has to bring."""
    with transaction():
        fetch_runs.begin(mailbox_id, "fetching", found, utc_text(now()))


def advance(mailbox_id: int, done: int) -> None:
    """Say how many of them are stored, inside the transaction that stores them."""
    fetch_runs.advance(mailbox_id, done, utc_text(now()))


def finish(mailbox_id: int, outcome: dict[str, Any], *, failed: bool) -> None:
    """Say how it ended; a fetch that was not asked for and found nothing leaves no trace here."""
    phase = "failed" if failed else "done"
    with transaction():
        fetch_runs.finish(mailbox_id, phase, outcome["fetched"], outcome, utc_text(now()))
