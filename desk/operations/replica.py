"""A desk in a file keeps a replica of itself: when its settings say, by whoever works for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from config.clock import now, waits
from config.errors import ConfigError
from config.records import Record
from desk import logs, schedules, settings
from mail.inert import one_line
from models import settings as stored
from models.fields import utc_text, utc_time
from models.stores import Store, is_url
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from models.replicas import Kept, Replica

_STATE = "backups.state"
"""Setting that holds how the last moments went."""
_PAUSES = (1, 2, 5, 10, 30, 60)
"""Minutes until one that failed is tried again."""
_LONGEST_PAUSE = timedelta(minutes=_PAUSES[-1])


class ReplicaState(Record):
    """How the replica does: when its newest moment was made, and since when and why none is."""

    made: datetime | None = None
    tried: datetime | None = None
    tries: int = 0
    failing_since: datetime | None = None
    error: str = ""
    hint: str = ""


def url_of(desk: Desk) -> str | None:
    """Return the URL of the store that keeps the desk's moments; None where the settings name none."""
    where = desk.settings.replica
    if not where or desk.paths.server_url:
        return None
    return where if is_url(where) else f"file://{quote(where)}"


def replica_of(url: str) -> Replica:
    """Return the replica in a store. Raises ConfigError for what is no URL of one."""
    from models.replicas import Replica  # 5 ms, for a desk that keeps one

    return Replica(Store(url, "the store of backups"))


def state() -> ReplicaState:
    """Return how it does."""
    kept: dict[str, Any] = stored.stored(_STATE) or {}
    times = {name: utc_time(kept[name]) for name in ("made", "tried", "failing_since") if kept.get(name)}
    return ReplicaState(
        **times, tries=kept.get("tries", 0), error=kept.get("error", ""), hint=kept.get("hint", "")
    )


def coming(desk: Desk, moment: datetime) -> datetime | None:
    """Return when the next moment is to be made, which may be past; None where there is no replica."""
    if url_of(desk) is None:
        return None
    known = state()
    at = moment
    if known.made is not None and known.made <= moment:
        at = schedules.parse(str(settings.get("backups.schedule"))).next_after(known.made, desk.zone)
    if known.tries and known.tried is not None:
        again = known.tried + timedelta(minutes=_PAUSES[min(known.tries, len(_PAUSES)) - 1])
        at = max(at, again) if waits(again, moment, _LONGEST_PAUSE) else at
    return at


def keep(desk: Desk) -> str:
    """Make a moment now, and forget those that are kept long enough; returns why not, '' when it is made.

    What went wrong is told once, and so is its end. For who holds the lease of it alone.
    """
    from models.backup import BackupError  # 20 ms, for a desk that keeps one

    url, begun = url_of(desk), now()
    if url is None:
        return ""
    try:
        make(desk, url, int(settings.get("backups.keep_days")))
    except (BackupError, ConfigError, OSError) as error:
        known = state()
        words = one_line(str(error), 300)
        if not known.tries:
            logs.write("error", "backup", f"the replica does not get this moment of the desk: {words}")
        since = known.failing_since or begun
        hint = one_line(getattr(error, "hint", ""), 300)
        _store(ReplicaState(known.made, begun, known.tries + 1, since, words, hint))
        return words
    if state().tries:
        logs.write("info", "backup", "the replica is kept again")
    _store(ReplicaState(made=begun))
    return ""


def make(desk: Desk, url: str, keep_days: int) -> tuple[Kept, int]:
    """Add the desk as it is now to a store, forget what is older than so many days (0: nothing).

    Returns what it cost, and how many moments were forgotten. Raises BackupError, ConfigError, OSError.
    """
    from models.backup import Files, forget, replicate  # 20 ms, for a desk that keeps one

    replica = replica_of(url)
    kept = replicate(Files(desk.paths.database, desk.paths.key, desk.paths.blobs), replica, desk.desk_id)
    return kept, forget(replica, now() - timedelta(days=keep_days)) if keep_days else 0


def _store(new: ReplicaState) -> None:
    values = {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in new._asdict().items()
        if value
    }
    with transaction():
        stored.store(_STATE, values)
