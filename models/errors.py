"""What can be wrong with a desk's database, and what a person does about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class DatabaseUnusable(Exception):
    """The database cannot be used; ``hint`` says what to do."""

    exit_status = 78

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DatabaseMissing(DatabaseUnusable):
    """There is no database where the configuration says it is."""

    def __init__(self, path: Path | str, hint: str = "create one with: nightdesk init") -> None:
        super().__init__(f"no desk at {path}", hint)


class DriverMissing(DatabaseUnusable):
    """A desk in PostgreSQL takes a library that is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "the database is PostgreSQL, and psycopg is not installed",
            "install it: pip install '.[postgres]' in the clone",
        )


class DatabaseTooNew(DatabaseUnusable):
    """The file was written by a newer Nightdesk."""


class DatabaseDamaged(DatabaseUnusable):
    """The file holds no desk, or not a whole one."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"the database {path} is damaged: {what}", RESTORE_HINT)


class DatabaseReplaced(DatabaseUnusable):
    """The file this process works with is no longer the desk's: it was replaced or removed."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was replaced or removed while this program ran",
            "start Nightdesk again to work with what is there now",
        )


class DatabaseHeld(DatabaseUnusable):
    """A restore or a move works on the desk alone."""

    exit_status = 75

    def __init__(self, path: Path, what: str = "restored") -> None:
        super().__init__(f"{path} is being {what}", "try again in a moment")


class RestoreInterrupted(DatabaseUnusable):
    """A restore ended between two of its steps, so that the files in place may not belong together."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"a restore of {path} was interrupted", "run it again to its end: nightdesk restore FILE"
        )


class DatabaseMoved(DatabaseUnusable):
    """The desk is in another database now; this one is kept as it was."""

    def __init__(self, shown: str, where: str) -> None:
        super().__init__(
            f"the desk moved from {shown} to {where}",
            "set database in config.toml to that on every host; this one is kept as it was",
        )


class MoveUnfinished(DatabaseUnusable):
    """A move was broken off; nobody writes until it goes on, or is given up."""

    exit_status = 75

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            "run it again to its end: nightdesk move URL; or, from the old desk, nightdesk move --give-up",
        )


class DeskAtWork(Exception):
    """Somebody works with the desk, which has to be alone for this; ``hint`` says what to end."""

    exit_status = 1

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"the desk is at work ({', '.join(names) or 'somebody has it open'})")
        self.hint = (
            "end what works with it on every host: systemctl stop nightdesk-worker, nightdesk serve, the app"
        )


class NotStorable(ValueError):
    """A value that no database keeps: a number too large, or half of a sign; ``hint`` says what to do."""

    exit_status = 2

    def __init__(self, error: Exception) -> None:
        if isinstance(error, UnicodeError):
            super().__init__("a text has signs that are no Unicode")
            self.hint = "type them again, or convert the text to UTF-8"
        else:
            super().__init__("a number is too large")
            self.hint = f"at most {2**63 - 1}"


class StoreAway(OSError):
    """The store of large blobs does not answer, is full, or lets nobody in: it may work later."""

    exit_status = 75
    hint = "see whether the store answers and lets this host in; nothing is lost meanwhile"


class StoreNotNamed(StoreAway):
    """Bytes are in a store, and this host's configuration has none."""

    exit_status = 78
    hint = "write the setting blobs into config.toml as the other hosts have it"

    def __init__(self) -> None:
        super().__init__("large mail of this desk is in an object store, and this host is not told in which")


class StoreOfAnother(StoreAway):
    """The store keeps another desk's blobs, which a purge would take for strays of this one."""

    exit_status = 78
    hint = "give each desk a store of its own: another prefix in the setting blobs"


RESTORE_HINT = "restore a backup: nightdesk restore FILE"


_BROKEN_OFF = (
    *("terminating connection", "server closed the connection", "connection has been closed"),
    *("connection is closed", "connection already closed", "connection is lost", "consuming input failed"),
    *("could not receive data", "could not send data", "SSL SYSCALL error"),
)
_TOO_BUSY = (
    "deadlock detected",
    "statement timeout",
    "could not serialize",
    "out of memory",
    "out of shared memory",
)
_LATER = (
    *("locked", "busy", "lock timeout", "read-only transaction"),
    *(*_BROKEN_OFF, *_TOO_BUSY),
)
"""What a database says of itself, and not of what it was asked."""


def may_pass(error: BaseException) -> bool:
    """Whether what the database says may be over soon, so that the same works later."""
    return _says(error, _LATER)


def _says(error: BaseException, words: Sequence[str]) -> bool:
    text = str(error)
    return any(each in text for each in words)


def explain(error: BaseException) -> tuple[str, str]:
    """Return what an error of the database means in plain words, and what to do about it."""
    return known_fault(error) or (
        f"the database refused: {error}",
        "see nightdesk doctor, or run it again with --debug",
    )


def known_fault(error: BaseException) -> tuple[str, str] | None:
    """Return it of a fault of the database itself, or of a value; None for what may be a fault of ours."""
    text = str(error)
    if isinstance(error, NotStorable):
        return text, error.hint
    if "locked" in text or "busy" in text or "lock timeout" in text:
        return "the database is locked by another program", "try again in a moment"
    if "out of range" in text:
        return "a number is too large", f"at most {2**63 - 1}"
    if "full" in text:
        return "the disk is full", "make room and run it again; nothing was half written"
    if "No space left" in text:
        return "the database's disk is full", "make room on its server; nothing was half written"
    if _says(error, _BROKEN_OFF):
        return (
            f"the connection to the database broke off: {text}",
            "see whether its server runs, and whether this was done; then do it again",
        )
    if _says(error, _TOO_BUSY):
        return f"the database has too much to do: {text}", "try again in a moment"
    if "disk I/O" in text:
        return f"the database's disk fails: {text}", "see whether it is full (df) or broken (dmesg)"
    if "readonly" in text:
        return "the database cannot be written", "run as the desk's owner; see nightdesk doctor"
    if is_damage(error):
        return f"the database is damaged: {text}", RESTORE_HINT
    if "permission denied" in text:
        return (
            f"the database's user may not: {text}",
            "name the owner of the database and its tables in its URL",
        )
    if "read-only transaction" in text:
        return f"the database takes no changes: {text}", "see at its server why: a full disk, or a standby"
    return None


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is no sound database."""
    text = str(error)
    return "not a database" in text or "malformed" in text
