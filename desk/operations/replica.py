"""A desk in a file keeps a replica of itself: when its settings say, by whoever works for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from config.clock import now, waits
from config.errors import ConfigError
from config.paths import masked_url
from config.records import Record
from desk import logs, schedules, settings
from desk.alerts.health_mail import send_to_admins
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
_TIMES = ("made", "tried", "failing_since", "alerted")


class ReplicaState(Record):
    """How the replica does: when its newest moment was made, and since when and why none is."""

    made: datetime | None = None
    tried: datetime | None = None
    tries: int = 0
    failing_since: datetime | None = None
    alerted: datetime | None = None
    """When the admins were told."""
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
    times = {name: utc_time(kept[name]) for name in _TIMES if kept.get(name)}
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
    again = _again(known)
    if known.tries and again is not None:
        at = max(at, again) if waits(again, moment, _LONGEST_PAUSE) else at
    return at


def keep(desk: Desk) -> str:
    """Make a moment now, and forget those that are kept long enough; returns why not, '' when it is made.

    What went wrong is written to the log once, and so is its end; when it lasts, the admins are mailed, by
    the bounds that mailboxes have. For who holds the lease of it alone.
    """
    from models.backup import BackupError  # 20 ms, for a desk that keeps one

    url, begun = url_of(desk), now()
    if url is None:
        return ""
    try:
        make(desk, url, int(settings.get("backups.keep_days")))
    except (BackupError, ConfigError, OSError) as error:
        return _note_failure(desk, url, error, begun)
    known, made = state(), ReplicaState(made=begun)
    with transaction():
        if known.tries:
            logs.write("info", "backup", "the replica is kept again")
        if known.alerted is not None:
            _alert(desk, "replica_works", url, made._replace(failing_since=known.failing_since))
        _store(made)
    return ""


def _note_failure(desk: Desk, url: str, error: Exception, begun: datetime) -> str:
    """Write down that there is no moment, and mail the admins when that lasts; returns why there is none."""
    known, words = state(), one_line(str(error), 300)
    hint = one_line(getattr(error, "hint", ""), 300)
    new = known._replace(
        tried=begun, tries=known.tries + 1, failing_since=known.failing_since or begun, error=words, hint=hint
    )
    with transaction():
        if not known.tries:
            logs.write("error", "backup", f"the replica does not get this moment of the desk: {words}")
        if known.alerted is None and _lasts(new, begun):
            new = new._replace(alerted=begun)
            _alert(desk, "replica_failing", url, new)
        _store(new)
    return words


def _lasts(known: ReplicaState, moment: datetime) -> bool:
    hours, tries = int(settings.get("alerts.after_hours")), int(settings.get("alerts.after_failures"))
    since = known.failing_since or moment
    return bool(tries and known.tries >= tries) or bool(hours and since <= moment - timedelta(hours=hours))


def _alert(desk: Desk, name: str, url: str, known: ReplicaState) -> None:
    def shown(moment: datetime | None) -> str:
        return "-" if moment is None else f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}"

    facts = {
        "store": one_line(_shown_store(url), 200),
        "since": shown(known.failing_since),
        "newest": shown(known.made),
        "tries": known.tries,
        "error": known.error,
        "advice": known.hint or "nightdesk doctor",
        "next": shown(_again(known)),
    }
    send_to_admins(desk, name, {"replica": facts})


def _shown_store(url: str) -> str:
    try:
        return replica_of(url).shown
    except ConfigError:
        return masked_url(url)


def _again(known: ReplicaState) -> datetime | None:
    """Return when one that failed is tried again."""
    if known.tried is None:
        return None
    return known.tried + timedelta(minutes=_PAUSES[min(max(known.tries, 1), len(_PAUSES)) - 1])


def make(desk: Desk, url: str, keep_days: int) -> tuple[Kept, int]:
    """Add the desk as it is now to a store, forget what is older than so many days (0: nothing).

    Returns what it cost, and how many moments were forgotten. Raises BackupError, ConfigError, OSError.
    """
    from models.backup import Files, forget, replicate  # 20 ms, for a desk that keeps one

    replica = replica_of(url)
    kept = replicate(Files(desk.paths.database, desk.paths.key, desk.paths.blobs), replica, desk.desk_id)
    return kept, forget(replica, now() - timedelta(days=keep_days)) if keep_days else 0


def _store(new: ReplicaState) -> None:
    """Write it down, in the caller's transaction."""
    values = {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in new._asdict().items()
        if value
    }
    stored.store(_STATE, values)
