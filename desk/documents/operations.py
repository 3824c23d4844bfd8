"""Settings, the log, notifications, what the doctor found, and keys that were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

# Python's own TypedDict says too little before 3.12 for an OpenAPI document to be made of it.
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from desk.alerts.notifications import NoticeLine
    from desk.alerts.recipients import NotificationLine
    from desk.logs import LogLine
    from desk.operations import doctor
    from desk.operations.key_rotation import Rekeyed
    from desk.settings import SettingLine
    from desk.tickets.purging import Purged


class Finding(TypedDict):
    """One thing that was looked at, and what would cure it."""

    area: str
    level: Literal["ok", "warning", "failure"]
    text: str
    cure: str | None


def finding(found: doctor.Finding) -> Finding:
    """Return what the doctor found."""
    return {"area": found.area, "level": found.level, "text": found.text, "cure": found.cure or None}


def purged(gone: Purged, *, dry_run: bool) -> dict[str, Any]:
    """Return what was purged, or would be: numbers of tickets, blobs with their bytes, counts of rows."""
    return {
        "dry_run": dry_run,
        "deleted": list(gone.deleted),
        "spam": list(gone.spam),
        "blobs": gone.blobs,
        "bytes": gone.size,
        "texts": list(gone.texts),
        "files": gone.files,
        "log_lines": gone.log_lines,
        "notices": gone.notices,
        "calls": gone.calls,
        "awaited": gone.awaited,
        "addresses": gone.addresses,
    }


def setting(line: SettingLine) -> dict[str, Any]:
    """Return a setting of the desk with its value."""
    return {
        "key": line.setting.key,
        "title": line.setting.words,
        "value": line.value,
        "default": line.setting.default,
        "unit": line.setting.unit or None,
        "help": line.setting.help,
    }


def log_line(line: LogLine) -> dict[str, Any]:
    """Return a line of the log."""
    return {
        "id": line.id,
        "at": line.at,
        "level": line.level,
        "source": line.source,
        "text": line.text,
        "detail": line.detail,
        "mailbox": line.mailbox,
        "ticket": line.ticket,
        "receipt": line.receipt_id,
    }


def notice(line: NoticeLine) -> dict[str, Any]:
    """Return what agents were to be told, and whom it was told."""
    return {
        "id": line.id,
        "ticket": line.ticket,
        "kind": line.kind,
        "at": line.at,
        "told": line.told,
        "trace": list(line.trace),
    }


def notification(line: NotificationLine) -> dict[str, Any]:
    """Return whom an event is told, in a part of the desk."""
    return {"event": line.event, "part": line.part, "whom": line.whom, "own": line.own}


def rekeyed(done: Rekeyed) -> dict[str, Any]:
    """Return how many secrets were sealed anew, and which ones no key opened."""
    return {"sealed": done.sealed, "lost": list(done.lost), "old_keys": done.kept_old}
