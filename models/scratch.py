"""Scratch space beside the database, and what killed processes left of it.

A directory in use is locked by its process; one that is not is nobody's, and may go.
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from config.files import fsync_dir

PREFIXES = ("backup-", "restore-", "init-")
HALF_WRITTEN_SECONDS = 3600
"""A file is written under a temporary name for seconds; one so old is a dead process's."""


@contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a directory (0700) for the block in ``parent``; ``prefix`` is one of `PREFIXES`."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        handle = _locked(folder)
        # Between its making and its locking somebody may have taken it for a dead one's.
        if handle is not None and folder.exists():
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Write a new file (0600) that takes the place of ``target`` when the block ends well, durably.

    What killed processes left beside it is removed.
    """
    for dead in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        handle = _locked(dead)
        if handle is not None:
            dead.unlink(missing_ok=True)
            os.close(handle)
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    handle = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(target)
        fsync_dir(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def left_over(data: Path) -> list[Path]:
    """Return what killed processes left in a data directory: scratch directories and half written files."""
    found = []
    for folder in sorted(each for prefix in PREFIXES for each in data.glob(f"{prefix}*") if each.is_dir()):
        handle = _locked(folder)
        if handle is not None:
            os.close(handle)
            found.append(folder)
    before = time.time() - HALF_WRITTEN_SECONDS
    for pattern in (".*.tmp", "blobs/*/*/*/.*.tmp"):
        for file in sorted(data.glob(pattern)):
            with suppress(FileNotFoundError):
                if file.is_file() and file.stat().st_mtime < before:
                    found.append(file)
    return found


def sweep(data: Path) -> None:
    """Remove what `left_over` names; what cannot be removed stays, and the doctor tells of it."""
    for each in left_over(data):
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            with suppress(OSError):
                each.unlink()


def _locked(path: Path) -> int | None:
    """Return a handle that holds the file or directory, or None when another process does."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
