"""What makes this desk fetch: a worker, the app, cron, a timer, a call by HTTP; and when each last did.

Each has a file in data/triggers whose time of change is that of its last run, because a fetch that finds
nothing writes no row. It holds who ran, so that a worker at work can be told from one that is gone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from config.records import Record
from models import leases

if TYPE_CHECKING:
    from desk.home import Desk

VARIABLE = "NIGHTDESK_TRIGGER"
"""Says which of `KINDS` calls; the HTTP server and the timer's unit set it."""

TriggerKind = Literal["worker", "app", "timer", "cron", "http", "ssh", "hand"]
KINDS: Final[Mapping[TriggerKind, str]] = {
    "worker": "nightdesk worker",
    "app": "the open app's own worker",
    "timer": "a systemd timer",
    "cron": "cron, or another program without a terminal",
    "http": "a call by HTTP",
    "ssh": "a task over SSH",
    "hand": "somebody at a terminal",
}
COME_AGAIN = frozenset({"timer", "cron", "http", "ssh"})
"""Those that end after each run, and are at work all the same."""


class Trigger(Record):
    """One that ran at least once. ``at_work``: it is a worker that works for the desk now."""

    kind: TriggerKind
    last_run: datetime
    at_work: bool


def note(desk: Desk, kind: TriggerKind) -> None:
    """Remember that this process, which is of this kind, fetches now. Never raises."""
    path = desk.paths.data / "triggers"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path / kind, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, leases.owner_id().encode())
        finally:
            os.close(handle)
    except OSError:  # a full disk must not keep mail from being fetched
        return


def seen(desk: Desk) -> list[Trigger]:
    """Return every trigger that ever ran, in the order of `KINDS`."""
    holder = leases.holder(leases.WORKER)
    found = []
    for kind in KINDS:
        path = desk.paths.data / "triggers" / kind
        try:
            changed, owner = path.stat().st_mtime, path.read_text("utf-8", "replace")
        except OSError:
            continue
        found.append(Trigger(kind, datetime.fromtimestamp(changed, UTC), owner == holder))
    return found


def kind_of_caller(environ: Mapping[str, str]) -> TriggerKind:
    """Return who started a process of this environment to fetch once: timer, cron, http, ssh or hand."""
    told = environ.get(VARIABLE, "")
    for kind in KINDS:
        if told == kind:
            return kind
    if _has_terminal():
        return "hand"
    if "SSH_CONNECTION" in environ:
        return "ssh"
    return "timer" if "INVOCATION_ID" in environ else "cron"


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
