"""The doctor: looks at everything a desk needs, and says what is wrong and what cures it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from config.clock import now
from config.errors import ConfigError, SecretUnavailable
from config.paths import masked_url
from config.spool import SUFFIX
from config.wording import counted
from desk import settings
from desk.acknowledged import LIMITS
from desk.errors import DeskError
from desk.fetching import triggers, withheld
from desk.mailboxes import accounts, registry, routes
from desk.mailboxes.lists import MailboxLine
from desk.mailboxes.wording import state_words
from desk.operations import hook_files, hosts, owners, replica, rule_file, spool_state
from desk.outbox import deliveries as desk_deliveries
from desk.permissions import FILTER
from desk.schedules import parse
from desk.staff import groups
from mail.errors import MailError
from mail.inert import one_line
from models import agents, blobs, deliveries, events, filters, leases, listeners, receipts, scratch
from models import logs as log_rows
from models import mailboxes as mailbox_rows
from models.engine import engine
from models.errors import StoreAway, StoreNotNamed, StoreOfAnother
from models.fields import utc_text, utc_time
from models.opening import check_in_place, schemas

if TYPE_CHECKING:
    from config.paths import DeskPaths
    from desk.home import Desk
    from mail.probe import Step

Level = Literal["ok", "warning", "failure"]

LOOKED_AT = 2000
"""So many stored mails are read if not all are to be: a second or two."""
STALE_AFTER = timedelta(days=3)
STUCK_AFTER = timedelta(hours=4)
"""A mail that is due for so long and has a way out is stuck."""
WITHHELD_NAMED = 5
ODD_NAMED = 20
"""So many odd files of the spool are named; of more, only the number."""
SPOOLED_AFTER = timedelta(hours=1)
"""Piped mail that waits so long is taken in by nobody."""
FETCHED_LATELY = timedelta(hours=1)
"""Somebody fetches without being the worker (cron), if a mailbox was tried within this time."""
_REPLICA_LATE = timedelta(hours=1)
"""A moment that is due for so long is made by nobody."""
_SKEW = 5.0
"""Seconds; leases are counted in minutes."""
_SKEWED = "nightdesk host list says whose clock is ahead; there: timedatectl set-ntp true"
_MEGABYTE = 1 << 20
_LOW_DISK = 1024 * _MEGABYTE
_NO_DISK = 100 * _MEGABYTE
_BUILT_IN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `cure` says what to do; empty when nothing."""

    area: str
    level: Level
    text: str
    cure: str = ""


def examine(desk: Desk, live: bool = True, *, every_mail: bool = False) -> Iterator[Finding]:
    """Look at everything and yield what was found, as it is found; never raises for what is broken.

    With `live` each account is tried at its server (seconds for each mailbox). With `every_mail` all stored
    mail is read (minutes for a million), else the newest and some of the older by chance.
    """
    for area, look in (
        ("configuration", _configuration),
        ("permissions", lambda desk: _permissions(desk.paths)),
        ("database", _database),
        ("store", _store),
        ("database", lambda desk: _stored_mail(desk, every_mail)),
        ("server", _server),
        ("replica", _replica),
        ("clock", _clock),
        ("disk", lambda desk: _disk(desk.paths)),
        ("left over", _left_over),
        ("worker", _worker),
        ("hosts", _hosts),
        ("trigger", _triggers),
        ("outbox", _outbox),
        ("quarantine", _quarantine),
        ("spool", lambda desk: _spool(desk.paths)),
        ("rules", _rules),
        ("filters", _filters),
        ("agents", _agents),
        ("owners", _owners),
        ("groups", _groups),
        ("listeners", _listeners),
    ):
        yield from _safely(area, look, desk)
    yield from _safely("mailboxes", _mailboxes, desk, live)


def without_database(paths: DeskPaths) -> Iterator[Finding]:
    """Yield what can be seen of a desk that cannot be opened, and what waits on this host meanwhile."""
    for area, look in (("permissions", _permissions), ("disk", _disk)):
        yield from _safely(area, look, paths)
    for found in _safely("spool", _spool, paths):
        waits = found.level == "failure"
        yield replace(found, level="warning", cure="it comes in once the desk opens") if waits else found


def vital(desk: Desk) -> Iterator[Finding]:
    """Yield the part of `examine` that costs so little that a probe may ask for it every few seconds."""
    for area, look in (
        ("database", _in_place),
        ("disk", lambda desk: _disk(desk.paths)),
        ("worker", _worker),
        ("replica", _replica),
        ("outbox", _outbox),
        ("quarantine", _quarantine),
    ):
        yield from _safely(area, look, desk)
    yield from _safely("mailboxes", _mailboxes, desk, False)


def _mailboxes(desk: Desk, live: bool) -> Iterator[Finding]:
    lines = registry.entries(desk)
    if not lines:
        yield Finding("mailboxes", "warning", "there is no mailbox", "nightdesk mailbox add ADDRESS ...")
    for line in lines:
        yield from _safely(f"mailbox {line.address}", _freshness, desk, line)
        yield from _safely(f"mailbox {line.address}", _login, desk, line)
        if live:
            yield from _safely(f"mailbox {line.address}", _accounts, desk, line)


def _safely(area: str, look: Callable[..., Iterator[Finding]], *given: Any) -> Iterator[Finding]:
    """One part that breaks is a finding, and stops only itself."""
    try:
        yield from look(*given)
    except Exception as error:
        hint = one_line(str(getattr(error, "hint", ""))) or "nightdesk doctor --debug"
        yield Finding(area, "failure", one_line(f"{type(error).__name__}: {error}"), hint)


def _configuration(desk: Desk) -> Iterator[Finding]:
    path = desk.paths.config_file
    if path.is_file():
        yield Finding("configuration", "ok", f"{path} (found by {desk.paths.found_by})")
    else:
        yield Finding("configuration", "warning", f"there is no {path}: defaults hold", "nightdesk init")
    try:
        yield Finding("configuration", "ok", f"time zone {desk.zone.key}")
        _ = desk.message_secret
    except ConfigError as error:
        yield Finding("configuration", "failure", str(error), error.hint)
    if not settings.get("mail.fetching"):
        text = "fetching is switched off"
        yield Finding("configuration", "warning", text, "nightdesk settings set mail.fetching on")
    default = str(settings.get("mail.default_outgoing"))
    if default and routes.default_outgoing() is None:
        text = f"the default outgoing mailbox {default} cannot send"
        yield Finding(
            "configuration", "failure", text, "nightdesk settings set mail.default_outgoing ADDRESS"
        )


def _permissions(paths: DeskPaths) -> Iterator[Finding]:
    problems = paths.problems()
    for problem in problems:
        yield Finding("permissions", "failure", str(problem), problem.hint)
    if not problems:
        yield Finding("permissions", "ok", f"{paths.home} is closed to others")


def _in_place(desk: Desk) -> Iterator[Finding]:
    """Nothing, unless this program still has a file open that is no longer the desk's."""
    check_in_place()
    yield from ()


def _database(desk: Desk) -> Iterator[Finding]:
    path = desk.paths.shown_database
    version, known = schemas()
    if version != known:
        yield Finding("database", "failure", f"schema {version}, this program knows {known}", "upgrade")
    found = engine().damage()
    if not found:
        size = engine().size() // _MEGABYTE
        yield Finding("database", "ok", f"{path} is sound ({size} MB, schema {version})")
    else:
        yield Finding(
            "database",
            "failure",
            one_line(f"{path} is damaged: {'; '.join(map(str, found))}"),
            "stop all work and restore a backup: nightdesk restore FILE",
        )


def _server(desk: Desk) -> Iterator[Finding]:
    """Yield what a desk on a server has beside one in a file."""
    if not desk.paths.server_url:
        return
    from models.postgres.features import clock_skew, server  # 100 ms: psycopg
    from models.postgres.fitness import unfit

    if (wrong := unfit()) is not None:
        yield Finding("server", "failure", wrong.reason, wrong.hint)
    lacking = ", and not the large mails in the store" if desk.settings.blobs else ""
    yield Finding("server", "ok", f"{server()}; its own backups have all that is in its rows{lacking}")
    skew = clock_skew()
    if abs(skew) > _SKEW:
        text = f"this host's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
        yield Finding("server", "warning", text, "let both keep time: timedatectl set-ntp true")


def _replica(desk: Desk) -> Iterator[Finding]:
    """Yield how the replica does, where the settings name one."""
    if not desk.settings.replica:
        return
    url = replica.url_of(desk)
    if url is None:
        text = "the setting replica is for a desk in a file: this one is in PostgreSQL"
        yield Finding("replica", "warning", text, "take it out of config.toml; see docs/scaling.md")
        return
    shown, known = replica.replica_of(url).shown, replica.state()
    made = f"its newest moment is of {_shown(desk, known.made)}" if known.made else "it has no moment yet"
    if known.failing_since is not None:
        text = f"{shown} gets none since {_shown(desk, known.failing_since)}: {known.error}; {made}"
        yield Finding("replica", "failure", text, known.hint or "nightdesk backup URL says what is wrong")
    elif known.made is None or (replica.coming(desk, now()) or known.made) < now() - _REPLICA_LATE:
        cure = "systemctl start nightdesk-worker, or nightdesk --fetch-once from cron: they make the moments"
        yield Finding("replica", "warning", f"{shown}: {made}", cure)
    else:
        yield Finding("replica", "ok", f"{shown}: {made}")


def _store(desk: Desk) -> Iterator[Finding]:
    if not desk.settings.blobs:
        return
    from models.stores import Store  # 3 ms, for a desk with a store

    store = Store(desk.settings.blobs)
    try:
        owner = store.marked_by()
    except StoreAway as error:
        yield Finding("store", "failure", str(error), error.hint)
    else:
        if owner not in (None, desk.desk_id):
            text = f"{store.shown} keeps another desk's mail: nothing of this one is stored there"
            yield Finding("store", "failure", text, StoreOfAnother.hint)
            return
        try:
            store.try_writing()
        except StoreAway as error:
            text = f"nothing can be stored now, large mail waits: {error}"
            yield Finding("store", "failure", text, "make room there, and let this host write and remove")
            return
        yield Finding(
            "store", "ok", f"{store.shown}; a backup does not have what is in it: let it keep versions"
        )


def _stored_mail(desk: Desk, every_mail: bool) -> Iterator[Finding]:
    """Yield whether stored mail is there and holds what came in."""
    missing, damaged = 0, []
    folder = (
        masked_url(desk.settings.blobs.partition("?")[0]) if desk.settings.blobs else str(blobs.directory())
    )
    stored = blobs.count()
    chosen = None if every_mail or stored <= LOOKED_AT else blobs.some(LOOKED_AT)
    at_least = "" if chosen is None else "at least "
    try:
        for name, trouble in blobs.examine(chosen):
            if trouble == "missing":
                missing += 1
            else:
                damaged.append(name)
    except StoreNotNamed as error:
        yield Finding("store", "failure", str(error), error.hint)
        return
    except StoreAway:  # which is a finding of its own
        at_least = "at least "
    if missing:
        text = f"{at_least}{counted(missing, 'stored mail is', 'stored mails are')} missing in {folder}"
        yield Finding("database", "failure", text, f"put them back from a backup of {folder}")
    if damaged:
        mails = counted(len(damaged), "stored mail has", "stored mails have")
        text = f"{at_least}{mails} other bytes than came in, the first is {damaged[0]}"
        cure = (
            "no backup is made of a damaged desk: put the files back from an older one, or restore it;"
            " nightdesk backup --with-damaged-mail NEW_FILE keeps the rest until then"
        )
        if desk.paths.server_url:
            cure = "put them back: older versions in the store, or rows of an older dump of the server"
        yield Finding("database", "failure", text, cure)
    if chosen is not None:
        text = (
            f"{len(chosen)} of {stored} stored mails were read, the newest and some of the older ones;"
            " nightdesk doctor --full reads all"
        )
        yield Finding("database", "ok", text)


def _left_over(desk: Desk) -> Iterator[Finding]:
    found = scratch.left_over(desk.paths.data)
    if found:
        what = "a file or directory" if len(found) == 1 else f"{len(found)} files or directories"
        text = f"killed programs left {what} in {desk.paths.data}: {found[0].name}"
        yield Finding("left over", "warning", text, "the next nightdesk backup or worker removes them")


def _clock(desk: Desk) -> Iterator[Finding]:
    moment = now()
    cure = "set the clock: timedatectl set-ntp true"
    newest = max(events.latest() or "", log_rows.newest() or "")
    if newest and utc_time(newest) > moment + timedelta(minutes=5):
        later = newest[:16].replace("T", " ")
        text = f"it is {moment:%Y-%m-%d %H:%M} UTC, but something happened at {later} UTC"
        if _is_as_the_server(desk):
            yield Finding("clock", "warning", f"{text}: another host's clock was ahead", _SKEWED)
        else:
            yield Finding("clock", "failure", text, cure)
    elif moment < _BUILT_IN:
        text = f"it cannot be {moment:%Y-%m-%d}"
        yield Finding("clock", "failure", text, cure)
    else:
        shown = moment.astimezone(desk.zone)
        yield Finding("clock", "ok", f"{shown:%Y-%m-%d %H:%M} in {desk.zone.key}")


def _is_as_the_server(desk: Desk) -> bool:
    """Whether this host's clock goes as that of the server, which is that of all hosts."""
    if not desk.paths.server_url:
        return False
    from models.postgres.features import clock_skew  # 100 ms: psycopg

    return abs(clock_skew()) <= _SKEW


def _disk(paths: DeskPaths) -> Iterator[Finding]:
    usage = shutil.disk_usage(paths.data)
    free = f"{usage.free // _MEGABYTE:,} MB free on the file system of {paths.data}".replace(",", " ")
    cure = "make room, or move the desk's home to a larger disk"
    if usage.free < _NO_DISK:
        yield Finding("disk", "failure", free, cure)
    elif usage.free < _LOW_DISK or usage.free < usage.total * 0.03:
        yield Finding("disk", "warning", free, cure)
    else:
        yield Finding("disk", "ok", free)


def _worker(desk: Desk) -> Iterator[Finding]:
    if leases.alive(leases.WORKER):
        yield Finding("worker", "ok", "a worker fetches and sends")
        return
    attempt = mailbox_rows.last_attempt()
    if attempt is not None and utc_time(attempt) > now() - FETCHED_LATELY:
        yield Finding("worker", "ok", f"no worker now; mail was fetched at {_shown(desk, utc_time(attempt))}")
        return
    if any(_comes_again(each) for each in triggers.seen(desk)):
        yield Finding("worker", "ok", "no worker now; something starts a fetch again and again")
        return
    yield Finding(
        "worker",
        "warning",
        "nobody fetches mail or sends answers",
        "systemctl enable --now nightdesk-worker, or nightdesk --fetch-once from cron, or leave the app open",
    )


def _hosts(desk: Desk) -> Iterator[Finding]:
    """Yield the hosts that work for the desk, where there may be several, and those that are drained."""
    found = hosts.lines()
    versions = {each.version for each in found if each.worker}
    for each in found:
        works = ("leads" if each.leads else "works") if each.worker else "has no worker"
        text = (
            f"{each.name}: version {each.version}, {works}, seen {_shown(desk, each.seen)},"
            f" clock {each.skew:+.1f} s, {counted(len(each.leases), 'lease')},"
            f" {counted(each.spooled, 'piped mail waits', 'piped mails wait')}"
        )
        if each.drained is not None:
            since = f"{text}; drained since {_shown(desk, each.drained)}"
            yield Finding("hosts", "warning", since, f"nightdesk host drain {each.name} --off")
        elif not desk.paths.server_url:
            continue
        elif abs(each.skew) > _SKEW:
            yield Finding("hosts", "warning", text, f"on {each.name}: timedatectl set-ntp true")
        elif each.worker and len(versions) > 1:
            yield Finding("hosts", "warning", text, "install the same version on every host")
        elif each.spooled and not each.worker:
            yield Finding("hosts", "warning", text, f"on {each.name}: systemctl start nightdesk-worker")
        else:
            yield Finding("hosts", "ok", text)


def _triggers(desk: Desk) -> Iterator[Finding]:
    """Yield what makes this desk fetch, and when each last did."""
    found = triggers.seen(desk)
    for each in found:
        ran = f"last ran {_shown(desk, each.last_run)}"
        state = "at work" if each.at_work or _comes_again(each) else "not at work"
        yield Finding("trigger", "ok", f"{triggers.KINDS[each.kind]}: {state}, {ran}")
    never = triggers.KINDS.keys() - {each.kind for each in found}
    if never:
        names = "; ".join(words for kind, words in triggers.KINDS.items() if kind in never)
        yield Finding("trigger", "ok", f"never ran: {names}")


def _comes_again(trigger: triggers.Trigger) -> bool:
    return trigger.kind in triggers.COME_AGAIN and trigger.last_run > now() - FETCHED_LATELY


def _outbox(desk: Desk) -> Iterator[Finding]:

    counts = desk_deliveries.counts()
    late = deliveries.late_mailboxes(utc_text(now() - STUCK_AFTER))
    for mailbox_id in late:
        address = None if mailbox_id is None else mailbox_rows.address_of(mailbox_id)
        name = address or "no mailbox"
        if routes.outgoing_for(mailbox_id) is None:
            cure = f"nightdesk mailbox edit {name} --smtp-host HOST, or settings set mail.default_outgoing"
            yield Finding("outbox", "failure", f"mail of {name} has no way out and stays queued", cure)
        else:
            text = f"mail of {name} is due for more than {STUCK_AFTER.seconds // 3600} hours"
            yield Finding("outbox", "failure", text, "is a worker running? nightdesk worker")
    trouble = ", ".join(f"{counts[state]} {state}" for state in ("failed", "uncertain") if counts[state])
    if trouble:
        cure = "nightdesk outbox list, then retry or cancel"
        yield Finding("outbox", "warning", f"{trouble}: recipients that did not get their mail", cure)
    if not late and not trouble:
        queued = counts["queued"] + counts["deferred"] + counts["sending"]
        yield Finding("outbox", "ok", f"{queued} waiting to leave")


def _quarantine(desk: Desk) -> Iterator[Finding]:
    count = receipts.quarantined()
    if count:
        cure = "nightdesk receipt list --verdict quarantined, then nightdesk receipt retry ID"
        yield Finding("quarantine", "warning", f"{counted(count, 'mail')} could not be understood", cure)
    else:
        yield Finding("quarantine", "ok", "every mail was understood")


def _rules(desk: Desk) -> Iterator[Finding]:
    """Yield where the desk is not as the file of its rules says, if there is one."""
    path = str(settings.get("rules.file"))
    if not path:
        return
    steps = rule_file.drift(desk, FILTER, rule_file.read(Path(path).read_text("utf-8")))
    odd = [step for step in steps if step.outcome != "unchanged"]
    for step in odd[:ODD_NAMED]:
        words = {
            "added": "is only in the file",
            "left out": "is only in the file",
            "changed": f"differs in {', '.join(step.changes)}",
        }
        text = f"{step.kind} {one_line(step.name, 60)} {words.get(step.outcome, 'is not in the file')}"
        yield Finding("rules", "warning", text, f"nightdesk rules import {path}, or rules export > {path}")
    if len(odd) > ODD_NAMED:
        yield Finding("rules", "warning", f"{len(odd) - ODD_NAMED} more rules differ from {path}")
    if not odd:
        yield Finding("rules", "ok", f"the desk is as {path} says")


def _filters(_desk: Desk) -> Iterator[Finding]:
    """Yield the filters that can close nothing, as customers are told of nothing."""
    off = [each for each in LIMITS if settings.get(each) == 0]
    for each in filters.every() if off else ():
        if each.active and any(action.startswith("close-after:") for action in each.actions):
            name = one_line(each.name, 60)
            why = f"{name} closes no ticket: {off[0]} is 0, so no customer can be told before"
            cure = f"nightdesk settings set {off[0]} 5, or nightdesk filter edit '{name}' --disabled"
            yield Finding("filters", "warning", why, cure)


def _agents(_desk: Desk) -> Iterator[Finding]:
    """Complain where agents work, and none has an address that tickets could be told at."""
    people = [each for each in agents.every() if each.active]
    if people and not any(each.email for each in people):
        why = "no agent has a mail address: of new tickets, answers and what is overdue nobody is mailed"
        yield Finding("agents", "warning", why, f"nightdesk agent edit {people[0].login} --email ADDRESS")


def _owners(_desk: Desk) -> Iterator[Finding]:
    """Yield the rules that give tickets to agents who cannot have them, and the tickets of who left."""
    found = list(owners.at_odds())
    for name, why in found[:ODD_NAMED]:
        cure = "name another agent there, or nightdesk agent edit LOGIN --in DEPARTMENT=ROLE"
        yield Finding("owners", "warning", f"{name}: {why}", cure)
    if len(found) > ODD_NAMED:
        yield Finding("owners", "warning", f"{len(found) - ODD_NAMED} more rules give tickets away in vain")
    for login, count in owners.left_behind():
        why = f"{counted(count, 'open ticket')} of {login}, who is switched off"
        cure = f"nightdesk ticket list owner:{login}, then nightdesk ticket assign NUMBER LOGIN"
        yield Finding("owners", "warning", why, cure)


def _listeners(desk: Desk) -> Iterator[Finding]:
    """Yield programs that are never run, and webhooks and push addresses that fail or were switched off."""
    for why in hook_files.never_run(desk)[:ODD_NAMED]:
        cure = f"{desk.paths.hooks}: docs/webhooks.md says which files are run"
        yield Finding("listeners", "warning", f"in hooks/ {why}", cure)
    failing = [each for each in listeners.every() if each.failing_since is not None]
    for each in failing:
        name = f"{each.kind} {each.name}"
        state = "fails" if each.active else "failed and is switched off"
        yield Finding("listeners", "warning", f"{name} {state}", f"nightdesk {each.kind} log '{each.name}'")
    known = [each for each in listeners.every() if each.active and each not in failing]
    if known:
        yield Finding(
            "listeners", "ok", f"{counted(len(known), 'listener hears', 'listeners hear')} of what happens"
        )


def _groups(_desk: Desk) -> Iterator[Finding]:
    given = groups.groups()
    odd = groups.drift()
    for text in odd[:ODD_NAMED]:
        yield Finding("groups", "warning", text, "it changes when they begin next: nightdesk group list")
    if len(odd) > ODD_NAMED:
        yield Finding("groups", "warning", f"{len(odd) - ODD_NAMED} more agents are not as their groups say")
    if given and not odd:
        yield Finding(
            "groups", "ok", f"agents have what {counted(len(given), 'group')} of the system gave them"
        )


def _spool(paths: DeskPaths) -> Iterator[Finding]:

    spool = paths.spool
    state = spool_state.look(spool)
    waiting = counted(state.waiting, "piped mail waits", "piped mails wait")
    if state.oldest > SPOOLED_AFTER.total_seconds():
        minutes = int(state.oldest // 60)
        text = f"{waiting} in {spool}, the oldest for {counted(minutes, 'minute')}"
        yield Finding("spool", "failure", text, "is a worker running? nightdesk --fetch-once takes them in")
    elif not state.odd:
        yield Finding("spool", "ok", f"{waiting} in {spool}")
    for why in state.odd[:ODD_NAMED]:
        yield Finding(
            "spool", "warning", f"in {spool} is no mail of a pipe: {why}", "look at it, then remove it"
        )
    if len(state.odd) > ODD_NAMED:
        more = counted(
            len(state.odd) - ODD_NAMED, "more file that is no mail", "more files that are no mails"
        )
        text = f"in {spool}: {more} of a pipe"
        yield Finding("spool", "warning", text, f"see who may write there: ls -lU {spool}")
    if state.halves:
        text = f"{counted(state.halves, 'pipe was', 'pipes were')} ended midway; the MTA kept the mail"
        yield Finding(
            "spool", "warning", text, f"they are removed after a day, or by hand: {spool}/.*{SUFFIX}"
        )


def _freshness(desk: Desk, line: MailboxLine) -> Iterator[Finding]:

    area = f"mailbox {line.address}"
    if not line.enabled:
        if line.incoming.protocol != "none":
            cure = f"nightdesk mailbox enable {line.address}"
            yield Finding(area, "warning", "fetching is switched off", cure)
        return
    if warning := parse(line.incoming.schedule).warning:
        yield Finding(area, "warning", f"schedule '{line.incoming.schedule}': {warning}")
    since = line.last_success or utc_time(mailbox_rows.created_at(line.id) or utc_text(now()))
    days = STALE_AFTER.days
    cure = line.last_error_hint or f"nightdesk --fetch-once --mailbox {line.address}"
    if now() - since > STALE_AFTER:
        last = _shown(desk, line.last_success) if line.last_success else "never"
        error = f"; {line.last_error}" if line.last_error else ""
        yield Finding(area, "failure", f"no successful fetch for {days} days (last: {last}){error}", cure)
    elif line.alerted is not None:
        yield Finding(
            area,
            "failure",
            f"{counted(line.error_count, 'failed try', 'failed tries')}: {line.last_error}",
            cure,
        )
    elif line.error_count:
        tries = counted(line.error_count, "failed try", "failed tries")
        yield Finding(area, "warning", f"{tries}: {line.last_error}", cure)
    elif line.last_success is None:
        yield Finding(area, "warning", "not fetched yet", cure)
    else:
        left = counted(line.waiting, "mail waits", "mails wait")
        waiting = f", {left} at the server" if line.waiting else ""
        yield Finding(area, "ok", f"last fetched {_shown(desk, line.last_success)}{waiting}")
    for each in line.withheld[:WITHHELD_NAMED]:
        text = f"{withheld.title(each)} stays at the server since {_shown(desk, each.since)}: {each.why}"
        cure = f"look at it there; to try it now: nightdesk --fetch-once --mailbox {line.address}"
        yield Finding(area, "warning", text, cure)
    if len(line.withheld) > WITHHELD_NAMED:
        more = counted(len(line.withheld) - WITHHELD_NAMED, "more mail stays", "more mails stay")
        text = f"{more} at the server"
        yield Finding(area, "warning", text, f"nightdesk mailbox show {line.address}")
    if line.incoming.idle and line.idle_error:
        yield Finding(area, "warning", f"the server does not tell of new mail: {line.idle_error}")


def _login(desk: Desk, line: MailboxLine) -> Iterator[Finding]:
    """Yield the OAuth2 login, if it has one."""
    token = line.token
    if token is None:
        return
    area, again = f"mailbox {line.address}", f"nightdesk mailbox login {line.address}"
    words = state_words(token.state, token, lambda moment: _shown(desk, moment) if moment else "a while")
    match token.state:
        case "none":
            yield Finding(area, "failure", f"OAuth2: {words}", again)
        case "refused":
            yield Finding(area, "failure", f"OAuth2: the login is {words}: {token.error}", again)
        case "failing":
            yield Finding(area, "warning", f"OAuth2: the login {words}: {token.error}", token.error_hint)
        case "ending":
            yield Finding(area, "warning", f"OAuth2: the login {words}", again)
        case _:
            owner = f" as {token.owner}" if token.owner else ""
            yield Finding(area, "ok", f"OAuth2: {words} at {token.provider}{owner}")


def _accounts(desk: Desk, line: MailboxLine) -> Iterator[Finding]:
    from mail import probe  # 13 ms, for a test of the accounts

    mailbox = registry.get(line.address)
    if line.enabled:
        yield from _steps(
            line, "incoming", lambda: probe.check_incoming(accounts.incoming_account(desk, mailbox))
        )
    if line.outgoing_enabled:
        yield from _steps(
            line, "outgoing", lambda: probe.check_outgoing(accounts.outgoing_account(desk, mailbox))
        )


def _steps(line: MailboxLine, side: str, test: Callable[[], Iterator[Step]]) -> Iterator[Finding]:
    """Yield the steps of a connection test as one finding: the first that failed, or that all went well."""
    area = f"mailbox {line.address}"
    done: list[str] = []
    try:
        for step in test():
            if step.ok is False:
                words = f" ({step.words})" if step.words else ""
                flag = "--smtp-fingerprint" if side == "outgoing" else "--fingerprint"
                pin = f"nightdesk mailbox edit {line.address} {flag} {step.pin}"
                cure = f"{step.cure} It shows {step.certificate}; to pin it: {pin}" if step.pin else step.cure
                yield Finding(area, "failure", f"{side}: {step.name}: {step.detail}{words}", cure)
                return
            if step.ok:
                done.append(step.name)
    except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
        yield Finding(area, "failure", f"{side}: {one_line(str(error))}", one_line(error.hint))
        return
    yield Finding(area, "ok", f"{side}: {', '.join(done)} work")


def _shown(desk: Desk, moment: datetime) -> str:
    return f"{moment.astimezone(desk.zone):%Y-%m-%d %H:%M}"
