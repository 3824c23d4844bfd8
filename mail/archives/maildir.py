"""Finds the mails of a Maildir, and files that hold one mail each."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class NotAMaildir(Exception):
    """The directory has neither ``cur`` nor ``new``."""


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file with one mail; ``name`` stays the same when it is moved or flagged."""

    name: str
    path: Path
    size: int
    modified: datetime


def maildir_files(directory: Path) -> list[MailFile]:
    """Return the mails in ``cur`` and ``new``, in the order of their names, which is that of delivery.

    Raises NotAMaildir, OSError.
    """
    folders = [directory / name for name in ("new", "cur") if (directory / name).is_dir()]
    if not folders:
        raise NotAMaildir
    found: dict[str, MailFile] = {}
    for each in (path for folder in folders for path in _files(folder)):
        name = each.name.partition(":")[0]
        with contextlib.suppress(FileNotFoundError):  # moved by whoever reads this Maildir
            found[name] = _mail(name, each)
    return sorted(found.values(), key=lambda file: (_delivered(file), file.name))


def read(file: MailFile) -> bytes:
    """Return its bytes, also when a Maildir's mail was moved or flagged since. Raises OSError."""
    try:
        return file.path.read_bytes()
    except FileNotFoundError:
        for moved in file.path.parent.parent.glob(f"cur/{glob.escape(file.name)}*"):
            if moved.name.partition(":")[0] == file.name:
                return moved.read_bytes()
        raise


def eml_files(path: Path) -> list[MailFile]:
    """Return the file itself, or every ``*.eml`` below the directory, by name. Raises OSError."""
    if not path.is_dir():
        path.stat()
        return [_mail(path.name, path)]
    found: list[MailFile] = []
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders.sort()
        found += [
            _mail(str((Path(folder) / name).relative_to(path)), Path(folder) / name)
            for name in sorted(names)
            if name.lower().endswith(".eml") and not name.startswith(".")
        ]
    return found


def delivered(file: MailFile) -> datetime:
    """Return when a Maildir's mail was delivered: its name says so, else its file's time."""
    try:
        return datetime.fromtimestamp(_delivered(file), UTC)
    except (ValueError, OverflowError, OSError):
        return file.modified


def _delivered(file: MailFile) -> int:
    seconds = file.name.partition(".")[0]
    return int(seconds) if seconds.isdecimal() and len(seconds) in (9, 10) else int(file.modified.timestamp())


def _files(folder: Path) -> Iterator[Path]:
    for each in os.scandir(folder):
        if not each.name.startswith(".") and each.is_file():
            yield Path(each.path)


def _mail(name: str, path: Path) -> MailFile:
    status = path.stat()
    return MailFile(name, path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _raise(error: OSError) -> None:
    raise error
