"""Who has a desk open: a lock file beside the database, shared by openers, held alone by restores and moves.

The lock belongs to an open file and ends with it, so a process that dies holds nothing. The lock file itself
is never removed: two processes that hold locks on two files of one name would not see each other.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.errors import DatabaseHeld, RestoreInterrupted

PATIENCE_SECONDS = 2.0
"""How long an opener waits for a restore, and a restore for a short verb."""

_PAUSE_SECONDS = 0.05


def share(database: Path) -> IO[bytes]:
    """Hold the desk open beside others, until the returned file is closed.

    Raises DatabaseHeld while somebody holds it alone, RestoreInterrupted after a restore that did not end.
    """
    lock = _open(database)
    if not _locked(lock, fcntl.LOCK_SH):
        lock.close()
        moved = any(each.startswith("nightdesk move ") for each in holders(database))
        raise DatabaseHeld(database, "moved" if moved else "restored")
    if half_restored(database).exists():
        lock.close()
        raise RestoreInterrupted(database)
    return lock


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Hold the desk so that nobody else has it open. Raises DatabaseHeld while somebody has."""
    with _open(database) as lock:
        if not _locked(lock, fcntl.LOCK_EX):
            raise DatabaseHeld(database)
        yield


def half_restored(database: Path) -> Path:
    """Return the path of the marker file that exists while a restore puts its files in place."""
    return _beside(database, ".restoring")


def holders(database: Path) -> list[str]:
    """Return who has the desk open on this machine, as the kernel reports it: 'nightdesk serve (pid 7)'."""
    try:
        inode = os.stat(_beside(database, ".lock")).st_ino  # noqa: PTH116
        table = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    fields = [line.split() for line in table]
    pids = {each[4] for each in fields if len(each) > 5 and each[5].rpartition(":")[2] == str(inode)}
    return sorted(f"{_command(pid)} (pid {pid})" for pid in pids - {str(os.getpid()), "-1", "0"})


def _beside(database: Path, suffix: str) -> Path:
    """Return a file beside the real database: whoever came by a link shares it."""
    return Path(os.path.realpath(database) + suffix)


def _open(database: Path) -> IO[bytes]:
    return os.fdopen(
        os.open(_beside(database, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", 0
    )


def _locked(lock: IO[bytes], kind: int) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


def _command(pid: str) -> str:
    """Return the verb a process runs; its other arguments are nobody's business."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return "a program"
    for place, word in enumerate(words):
        if Path(word).name == "nightdesk":
            return " ".join(["nightdesk", *words[place + 1 : place + 2]]).strip()
    return Path(words[0]).name or "a program"
