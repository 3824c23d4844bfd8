"""What goes for good: tickets that were long enough in the trash or spam, old texts, old rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from config.records import Record
from config.wording import counted
from desk import logs, settings
from desk.errors import Refused
from desk.permissions import Actor, require
from desk.tickets import lifecycle
from desk.tickets.lifecycle import ERASED
from models import blob_uses, blobs, deliveries, departments, listeners, messages, notices, tickets
from models import logs as log_rows
from models.engine import engine
from models.fields import utc_text
from models.transactions import transaction

_AT_ONCE = 200
_ALL = 2**62
_STRAY = timedelta(days=1)
"""A file without a blob is left alone for so long: whoever wrote it may be about to store its row."""
_AWAITED = timedelta(days=365)
"""What a mail answers is waited for until its ticket is closed for so long."""


class Purged(Record):
    """What went, or would go: numbers of tickets, and how many blobs with how many bytes.

    ``texts``: tickets whose texts were kept long enough. ``files``: left by a crash; ``log_lines``,
    ``notices``, ``calls``: older than the log is kept; ``awaited``: what mails of long closed tickets
    answer; ``addresses``: of mail that was sent for tickets that are gone.
    """

    deleted: tuple[str, ...]
    spam: tuple[str, ...]
    blobs: int
    size: int
    texts: tuple[str, ...] = ()
    files: int = 0
    log_lines: int = 0
    notices: int = 0
    calls: int = 0
    awaited: int = 0
    addresses: int = 0


def sweep(moment: datetime) -> None:
    """Purge what was in the trash, or spam, for longer than its days, and rows that nobody needs any more.

    Bytes without a row stay: they may be of the desk that a restore kept, or of one that has the same store.
    """
    purge_trash(moment)
    purge_spam(moment)
    erase_texts(moment)
    _purge_rows(moment)
    blobs.remove(_purge_unused())


def purge(actor: Actor, moment: datetime, *, whole_trash: bool = False) -> Purged:
    """Purge as `sweep` does, or all of the trash, the log, notices and calls of before, and stray bytes."""
    require(actor, "settings.edit")
    would = rehearsed(actor, moment, whole_trash=whole_trash)
    purge_trash(moment, whole=whole_trash)
    purge_spam(moment)
    erase_texts(moment)
    _purge_rows(moment)
    before = _log_limit(moment)
    for older in (log_rows.purge, notices.purge, listeners.purge_calls):
        _until_none(lambda older=older: older(before, _AT_ONCE))  # type: ignore[misc]
    blobs.remove([*_purge_unused(), *_strays(moment)])
    return would


def compact() -> None:
    """Write the database anew without what was deleted. Raises Refused while its log is read by others."""
    if not engine().compact():
        raise Refused(
            "the database's log is read by others now", "end the desk's other programs, then repeat"
        )


def rehearsed(actor: Actor, moment: datetime, *, whole_trash: bool = False) -> Purged:
    """Return what `purge` would purge; changes nothing."""
    require(actor, "settings.edit")
    deleted = _due("tickets.trash_days", tickets.old_trash, moment, _ALL, whole=whole_trash)
    spam = _due("tickets.spam_days", tickets.old_spam, moment, _ALL)
    texts = [each for each in _kept_long_enough(moment, _ALL) if each not in {*deleted, *spam}]
    gone = [*_with_merged([*deleted, *spam]), *texts]
    freed = sorted({*blob_uses.only_of(gone), *blob_uses.unused()})
    before = _log_limit(moment)
    return Purged(
        deleted=tuple(tickets.numbers(deleted)),
        spam=tuple(tickets.numbers(spam)),
        blobs=len(freed),
        size=blobs.size_of(freed),
        texts=tuple(tickets.numbers(texts)),
        files=len(_strays(moment)),
        log_lines=log_rows.older(before),
        notices=notices.older(before),
        calls=listeners.older_calls(before),
        awaited=len(messages.old_awaited(utc_text(moment - _AWAITED), _ALL)),
        addresses=len(deliveries.of_no_ticket(_ALL)),
    )


def purge_trash(moment: datetime, *, whole: bool = False) -> int:
    """Purge what is in the trash for longer than ``tickets.trash_days`` (0: never); returns how much."""
    count = _purge(lambda limit: _due("tickets.trash_days", tickets.old_trash, moment, limit, whole=whole))
    if count:
        logs.write("info", "purge", f"{counted(count, 'ticket')} of the trash purged")
    return count


def purge_spam(moment: datetime) -> int:
    """Purge what is spam for longer than ``tickets.spam_days`` (0: never); returns how many tickets."""
    count = _purge(lambda limit: _due("tickets.spam_days", tickets.old_spam, moment, limit))
    if count:
        days = int(settings.get("tickets.spam_days"))
        logs.write(
            "info",
            "purge",
            f"{counted(count, 'ticket was', 'tickets were')} spam for {counted(days, 'day')}: deleted",
        )
    return count


def erase_texts(moment: datetime) -> int:
    """Erase the texts of tickets that are closed for longer than their department keeps them.

    The days are ``tickets.keep_days``, or those of the department in ``tickets.keep_days_in``; returns how
    many tickets.
    """
    count = 0
    while _kept_long_enough(moment, 1):
        with transaction():
            found = _kept_long_enough(moment, _AT_ONCE)
            freed = blob_uses.only_of(found)
            lifecycle.texts_erased(found, ERASED, moment)
            files = blobs.empty(freed)
        blobs.remove(files)
        count += len(found)
    if count:
        logs.write(
            "info", "purge", f"the texts of {counted(count, 'ticket')} were kept long enough and are erased"
        )
    return count


def _kept_long_enough(moment: datetime, limit: int) -> list[int]:
    usual = int(settings.get("tickets.keep_days"))
    told = str(settings.get("tickets.keep_days_in"))
    if not usual and not told:
        return []
    own = {name.lower(): days for name, days in _said_of_departments(told)}
    found: list[int] = []
    for department in departments.every():
        days = own.get(department.name.lower(), usual)
        if days and len(found) < limit:
            before = utc_text(moment - timedelta(days=days))
            found += tickets.old_closed(department.id, before, limit - len(found))
    return found


def _said_of_departments(told: str) -> list[tuple[str, int]]:
    parts = [part.rpartition("=") for part in told.split(",") if "=" in part]
    return [(name.strip(), int(days)) for name, _, days in parts]


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


def _purge_rows(moment: datetime) -> None:
    """Forget what long closed tickets wait for, and the people of mail of tickets that are gone."""
    before = utc_text(moment - _AWAITED)
    while old := messages.old_awaited(before, _AT_ONCE):
        with transaction():
            lifecycle.awaited_no_more(old)
    while named := deliveries.of_no_ticket(_AT_ONCE):
        with transaction():
            for recipient_id, delivery_id in named:
                deliveries.name_nobody(recipient_id, delivery_id)


def _purge_unused() -> list[str]:
    """Empty the blobs that no row names; returns their files, for `models.blobs.remove`.

    A blob's row and the row that names it are of one transaction.
    """
    unused = blob_uses.unused()
    if not unused:
        return []
    with transaction():
        # What was named in the meantime stays.
        return blobs.empty(sorted(set(unused) & set(blob_uses.unused())))


def _until_none(delete: Callable[[], int]) -> None:
    while True:
        with transaction():
            if not delete():
                return


def _log_limit(moment: datetime) -> str:
    return utc_text(moment - timedelta(days=int(settings.get("logs.keep_days"))))


def _with_merged(ticket_ids: list[int]) -> list[int]:
    gone = dict.fromkeys(ticket_ids)
    while more := [each for each in tickets.merged_into(list(gone)) if each not in gone]:
        gone |= dict.fromkeys(more)
    return list(gone)


def _strays(moment: datetime) -> list[str]:
    return blobs.strays((moment - _STRAY).timestamp())
