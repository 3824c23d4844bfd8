"""How the spool stands, for the doctor: looks, takes nothing, and hinders nobody who does."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from config.spool import MAX_HEAD, NotSpooled, check_file, names, read_head
from mail.inert import one_line

HALF_WRITTEN_AFTER = 3600.0
"""Seconds; no MTA waits longer for a pipe."""


@dataclass(frozen=True, slots=True)
class SpoolState:
    """Mails that wait, seconds since the oldest came, files that no pipe left (with why), and halves."""

    waiting: int
    oldest: float
    odd: tuple[str, ...]
    halves: int


def look(spool: Path) -> SpoolState:
    """Look at every file once. Raises OSError when the directory cannot be read."""
    now = time.time()
    waiting, oldest = 0, 0.0
    odd: list[str] = []
    for name in names(str(spool)):
        try:
            status = os.lstat(spool / name)
            check_file(status)
            read_head(_beginning(spool / name), status.st_size)
        except FileNotFoundError:
            continue
        except NotSpooled as why:
            odd.append(one_line(f"{name}: {why}", 200))
        except OSError as error:
            odd.append(one_line(f"{name}: {error.strerror}", 200))
        except Exception as fault:  # whatever a stranger's file can bring about is that file's alone
            odd.append(one_line(f"{name}: {type(fault).__name__}: {fault}", 200))
        else:
            waiting += 1
            oldest = max(oldest, now - status.st_mtime)
    halves = sum(now - _age(path) > HALF_WRITTEN_AFTER for path in spool.glob(".*"))
    return SpoolState(waiting, oldest, tuple(sorted(odd)), halves)


def _beginning(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return os.read(handle, MAX_HEAD)
    finally:
        os.close(handle)


def _age(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()
