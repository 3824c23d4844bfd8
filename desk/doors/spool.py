"""Takes the mail that pipes left in the spool (see `config.spool`), each exactly once.

Whoever takes a file holds a lock on it until it is gone, so that two processes take two files. The names of
a batch are stored in the transaction that stores its mails: a file that outlived a crash between commit and
removal is only removed. Strangers may write to the directory, so nothing in it is believed: links, pipes,
what is not a spooled mail, and whatever fails for a reason of its own, are left alone and reported.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from config.expressions import expression
from config.records import Record
from config.spool import HALF_KEPT, MAX_HEAD, NotSpooled, check_file, halves, names, read_head
from config.wording import counted
from desk.intake.arrivals import Arrival
from mail.inert import one_line
from models import settings
from models.errors import DatabaseUnusable
from models.transactions import DatabaseFailed, transaction

if TYPE_CHECKING:
    from threading import Event

    from desk.home import Desk
    from desk.intake.incoming import Outcome

TAKEN = "spool.taken"
"""Setting: names of files whose mail is stored, newest last; some of them may still be there."""

BATCH = 50
BATCH_BYTES = 32 * 2**20
"""A batch ends with the mail that reaches this size."""

_CAREFULLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_KEPT_NAMES = 64
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What no file is to blame for: it is tried again."""

ODD = "spool.odd"
"""Setting: what was logged of files that are no mails, so that it is not logged at each run."""
_NAMED = 100
"""So many odd files are named in the log; of more, only the number."""

_RECEIVED = expression(rb"(?mi)^received[ \t]*:")
_HEADER_BYTES = 65_536


class Drained:
    """What one pass over the spool did."""

    def __init__(self) -> None:
        self.taken: list[Outcome] = []
        self.errors: list[str] = []


class _Held(Record):
    """A file that is ours to take: its lock is held as long as `handle` is open."""

    name: str
    handle: int
    arrival: Arrival
    size: int


class Spool:
    """The spool of one desk. A process keeps one, which remembers what it has complained about."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._path = str(desk.paths.spool)
        # On a server the spools of several hosts share the settings.
        self._taken = f"{TAKEN} {os.uname().nodename}:{self._path}" if desk.paths.server_url else TAKEN
        self._odd: dict[str, str] = {}

    def waiting(self) -> bool:
        """Whether there is something to take; no database."""
        return any(name not in self._odd for name in names(self._path))

    def drain(self, stop: Event | None = None) -> Drained:
        """Take everything in, oldest first, batch by batch, until `stop` is set.

        Raises OSError or DatabaseFailed when disk or database fail; what was not taken stays.
        """
        drained = Drained()
        there = set(names(self._path))
        self._odd = {name: why for name, why in self._odd.items() if name in there}
        found = deque(sorted(there - self._odd.keys()))
        try:
            while found and not (stop is not None and stop.is_set()):
                with ExitStack() as open_files:
                    held = self._next_batch(found, open_files)
                    drained.taken += self._take(held, drained.errors) if held else []
        finally:
            self._report()
        if drained.taken:
            from desk import logs  # 5 ms, where the spool holds something

            count = len(drained.taken)
            logs.write("info", "pipe", f"{count} {'mail' if count == 1 else 'mails'} taken from the spool")
        return drained

    def take(self, name: str) -> Outcome | None:
        """Take one file in; None when somebody else does, or it is not to be taken."""
        with ExitStack() as open_files:
            held = self._next_batch(deque([name]), open_files)
            taken = self._store(held) if held else []
        self._report()
        return taken[0] if taken else None

    def remove_halves(self, older_than: float = HALF_KEPT) -> int:
        """Remove what killed pipes left half written so many seconds ago; returns how many files."""
        removed = 0
        for name in halves(self._path, older_than):
            with suppress(OSError):
                os.unlink(f"{self._path}/{name}")  # noqa: PTH108
                removed += 1
        return removed

    def _next_batch(self, coming: deque[str], open_files: ExitStack) -> list[_Held]:
        held: list[_Held] = []
        size = 0
        while coming and len(held) < BATCH and size < BATCH_BYTES:
            found = self._hold(coming.popleft())
            if found is not None:
                open_files.callback(os.close, found.handle)
                held.append(found)
                size += found.size
        return self._without_stored(held)

    def _hold(self, name: str) -> _Held | None:
        """Open, lock and read a file; None when there is nothing to take."""
        try:
            handle = os.open(f"{self._path}/{name}", _CAREFULLY)
        except OSError as error:
            if error.errno in _OURS:
                raise
            if error.errno == errno.ELOOP:
                self._complain(name, "it is a link")
            elif error.errno != errno.ENOENT:
                self._complain(name, (error.strerror or str(error)).lower())
            return None
        held = None
        try:
            held = self._read(name, handle)
        except NotSpooled as odd:
            self._complain(name, str(odd))
        except MemoryError:
            self._complain(name, "it fits into no memory")
        except BlockingIOError:
            pass
        except Exception as fault:  # whatever a stranger's file can bring about is that file's alone
            if isinstance(fault, OSError) and fault.errno in _OURS:
                raise
            self._complain(name, f"reading it failed: {type(fault).__name__}: {fault}")
        finally:
            if held is None:
                os.close(handle)
        return held

    def _read(self, name: str, handle: int) -> _Held:
        """Read a mail; raises NotSpooled, or BlockingIOError when somebody else has it, or had it."""
        check_file(os.fstat(handle))
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(handle)
        if status.st_nlink == 0:
            raise BlockingIOError
        check_file(status)
        facts, start = read_head(os.pread(handle, MAX_HEAD, 0), status.st_size)
        mail = _rest_of(handle, start, status.st_size - start)
        return _Held(name, handle, _arrival(mail, facts), status.st_size)

    def _complain(self, name: str, why: str) -> None:
        self._odd.setdefault(name, why)

    def _report(self) -> None:
        """Log what is odd, each file once however many runs see it; of a flood only how many there are."""
        before = _told()
        if not self._odd and not before["count"]:
            return
        odd = {name.encode("utf-8", "backslashreplace").decode(): why for name, why in self._odd.items()}
        named = [name for name in before["names"] if name in odd]
        fresh = sorted(odd.keys() - set(named))[: _NAMED - len(named)]
        count = len(odd)
        if not fresh and count == before["count"]:
            return
        from desk import logs  # 5 ms, where the spool holds something

        with transaction():
            for name in fresh:
                why = f"{one_line(name, 100)}: {one_line(odd[name])}"
                logs.write("warning", "pipe", f"left alone in the spool: {why}")
            if count > _NAMED and count != before["count"]:
                files = counted(count, "file is no mail and is", "files are no mails and are")
                text = f"{files} left alone in the spool: nightdesk doctor"
                logs.write("warning", "pipe", text)
            settings.store(ODD, {"names": [*named, *fresh], "count": count})

    def _without_stored(self, held: list[_Held]) -> list[_Held]:
        """Remove files whose mail is stored already."""
        stored = set(self._stored())
        for each in held:
            if each.name in stored:
                self._remove(each)
        return [each for each in held if each.name not in stored]

    def _take(self, held: list[_Held], errors: list[str]) -> list[Outcome]:
        try:
            return self._store(held)
        except (DatabaseUnusable, DatabaseFailed, OSError):
            raise
        except Exception as error:  # a fault of ours: it may stop its own mail, not the others
            if len(held) == 1:
                self._complain(held[0].name, f"storing it failed: {type(error).__name__}: {error}")
                errors.append(one_line(f"{held[0].name} stays in the spool: {type(error).__name__}: {error}"))
                return []
        return [taken for each in held for taken in self._take([each], errors)]

    def _store(self, held: Sequence[_Held]) -> list[Outcome]:
        from desk.intake import pipeline  # 47 ms, for mail that comes in

        stored = [each.name for each in held]
        arrivals = [_with_mailbox(each.arrival) for each in held]
        taken = pipeline.take(self._desk, arrivals, check=lambda: self._remember(stored))
        for each in held:
            self._remove(each)
        return taken

    def _remember(self, new: list[str]) -> None:
        """Note the names, in the transaction that stores their mails; forget those that are surely gone."""
        stored = self._stored()
        if len(stored) > _KEPT_NAMES:
            self._sync()
            stored = [name for name in stored if os.path.lexists(f"{self._path}/{name}")]
        names_now = json.dumps(stored + new)
        settings.store_text(self._taken, names_now)

    def _remove(self, held: _Held) -> None:
        """Remove a file whose mail is stored; one that stays is known by its name and not taken again."""
        try:
            os.unlink(f"{self._path}/{held.name}")  # noqa: PTH108
        except FileNotFoundError:
            pass
        except OSError as error:
            self._complain(held.name, f"its mail is stored, but it stays: {error.strerror or error}")

    def _stored(self) -> list[str]:
        text = settings.stored_text(self._taken)
        return [] if text is None else list(json.loads(text))

    def _sync(self) -> None:
        handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _told() -> dict[str, Any]:
    """Return what was logged of odd files by this run or an earlier one."""
    told = settings.stored(ODD)
    return told if isinstance(told, dict) else {"names": [], "count": 0}


def mailbox_of(recipient: str) -> int | None:
    """Return the mailbox with this address or alias, exactly or with its plus-tag left out; else None."""
    from desk.own_addresses import read_own_addresses  # 8 ms, where the spool holds something

    return read_own_addresses().mailbox_of(recipient)


def _rest_of(handle: int, start: int, size: int) -> bytes:
    """Return the mail, in one piece of memory. Raises NotSpooled when its owner cuts it short meanwhile."""
    mail = os.pread(handle, size, start)
    while len(mail) < size and (more := os.pread(handle, size - len(mail), start + len(mail))):
        mail += more
    if len(mail) < size:
        raise NotSpooled("it is not complete")
    return mail


def _arrival(mail: bytes, facts: dict[str, str]) -> Arrival:
    recipient = one_line(facts.get("recipient", ""), 320)
    if facts.get("sender") == "<>" and b"\nreturn-path:" not in b"\n" + mail[:_HEADER_BYTES].lower():
        # As a server writes it down that delivers for good: nobody answers a mail of the null sender.
        mail = (b"Return-Path: <>\r\n" if b"\r\n" in mail[:_HEADER_BYTES] else b"Return-Path: <>\n") + mail
    return Arrival(mail, "pipe", internaldate=_moment(mail, facts), recipient=recipient.strip("<> ").lower())


def _with_mailbox(arrival: Arrival) -> Arrival:

    return arrival._replace(mailbox_id=mailbox_of(arrival.recipient)) if arrival.recipient else arrival


def _moment(mail: bytes, facts: dict[str, str]) -> datetime | None:
    """When it was piped, for a mail that no server stamped."""
    if _RECEIVED.search(mail, 0, _HEADER_BYTES):
        return None
    try:
        return datetime.fromtimestamp(float(facts.get("received", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None
