"""What goes for good: tickets that were long enough in the trash or spam, and bytes that nobody names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from config.records import Record
from desk import logs, settings
from desk.errors import Refused
from desk.permissions import Actor, require
from desk.tickets import lifecycle
from models import blob_uses, blobs, tickets
from models.engine import engine
from models.fields import utc_text
from models.transactions import transaction

_AT_ONCE = 200
_ALL = 2**62
_STRAY = timedelta(days=1)
"""A file without a blob is left alone for so long: whoever wrote it may be about to store its row."""


class Purged(Record):
    """What went, or would go: numbers of tickets, and how many blobs with how many bytes."""

    deleted: tuple[str, ...]
    spam: tuple[str, ...]
    blobs: int
    size: int


def sweep(moment: datetime) -> None:
    """Purge what was in the trash, or spam, for longer than its days."""
    purge_trash(moment)
    purge_spam(moment)


def purge(actor: Actor, moment: datetime, *, whole_trash: bool = False) -> Purged:
    """Purge as `sweep` does, or all of the trash, and what a crash or a withdrawn answer left of blobs."""
    require(actor, "settings.edit")
    would = rehearsed(actor, moment, whole_trash=whole_trash)
    purge_trash(moment, whole=whole_trash)
    purge_spam(moment)
    unused = blob_uses.unused()
    with transaction():
        # What was named in the meantime stays.
        files = blobs.empty(sorted(set(unused) & set(blob_uses.unused())))
    blobs.remove([*files, *_strays(moment)])
    return would


def compact() -> None:
    """Write the database anew without what was deleted. Raises Refused while its log is read by others."""
    if not engine().compact():
        raise Refused(
            "the database's log is read by others just now", "end other programs of the desk, and repeat"
        )


def rehearsed(actor: Actor, moment: datetime, *, whole_trash: bool = False) -> Purged:
    """Return what `purge` would purge; changes nothing."""
    require(actor, "settings.edit")
    deleted = _due("tickets.trash_days", tickets.old_trash, moment, _ALL, whole=whole_trash)
    spam = _due("tickets.spam_days", tickets.old_spam, moment, _ALL)
    freed = [*blob_uses.only_of(_with_merged([*deleted, *spam])), *blob_uses.unused()]
    return Purged(
        tuple(tickets.numbers(deleted)), tuple(tickets.numbers(spam)), len(freed), blobs.size_of(freed)
    )


def purge_trash(moment: datetime, *, whole: bool = False) -> int:
    """Purge what is in the trash for longer than ``tickets.trash_days`` (0: never); returns how much."""
    count = _purge(lambda limit: _due("tickets.trash_days", tickets.old_trash, moment, limit, whole=whole))
    if count:
        logs.write("info", "purge", f"{count} tickets of the trash are purged")
    return count


def purge_spam(moment: datetime) -> int:
    """Purge what is spam for longer than ``tickets.spam_days`` (0: never); returns how many tickets."""
    count = _purge(lambda limit: _due("tickets.spam_days", tickets.old_spam, moment, limit))
    if count:
        days = int(settings.get("tickets.spam_days"))
        logs.write("info", "purge", f"{count} tickets were spam for {days} days and are deleted")
    return count


def _due(
    setting: str,
    older: Callable[[str, int], list[int]],
    moment: datetime,
    limit: int,
    *,
    whole: bool = False,
) -> list[int]:
    days = int(settings.get(setting))
    if whole:
        return older("9", limit)
    return older(utc_text(moment - timedelta(days=days)), limit) if days else []


def _purge(due: Callable[[int], list[int]]) -> int:
    count = 0
    while due(1):
        with transaction():
            found = due(_AT_ONCE)
            files = blobs.empty(lifecycle.purged(found))
        blobs.remove(files)
        count += len(found)
    return count


def _with_merged(ticket_ids: list[int]) -> list[int]:
    gone = dict.fromkeys(ticket_ids)
    while more := [each for each in tickets.merged_into(list(gone)) if each not in gone]:
        gone |= dict.fromkeys(more)
    return list(gone)


def _strays(moment: datetime) -> list[str]:
    return blobs.strays((moment - _STRAY).timestamp())
