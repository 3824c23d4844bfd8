"""Files that leave the desk and files that come in: a stranger's file name never decides where."""

from __future__ import annotations

import mimetypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

from config.expressions import expression
from config.files import ensure_dir
from config.paths import from_home
from desk.errors import DeskError
from desk.replies.draft_files import LARGEST
from mail.inert import one_line

_UNSAFE = expression(r"[^\w.,+=@() -]")
_RESERVED = {"", ".", ".."}


class FileTrouble(DeskError):
    """A file that cannot be written or read."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that is attached to an answer."""

    path: Path
    name: str
    type: str
    size: int


def safe_name(name: str) -> str:
    """Return a stranger's file name as a harmless one: no directory, no leading dot, no odd character."""
    last = one_line(name, 400).replace("\\", "/").rsplit("/", 1)[-1]
    clean = _UNSAFE.sub("_", last).strip(" .").lstrip("-")
    if clean in _RESERVED:
        return "attachment"
    while len(clean.encode()) > 160:
        stem, dot, end = clean.rpartition(".")
        clean = f"{stem[:-1]}{dot}{end}" if dot and len(end) < 12 and len(stem) > 1 else clean[:-1]
    return clean


def save(data: bytes, name: str, directory: Path) -> Path:
    """Write bytes to a new private file in `directory`, never over another one; returns where.

    Raises FileTrouble.
    """
    try:
        if not directory.is_dir():
            ensure_dir(directory, 0o700)
        for path in _places(directory, safe_name(name)):
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            return path
    except OSError as error:
        raise FileTrouble(f"{directory}: {error.strerror}", "choose another directory") from error
    raise FileTrouble(f"{directory} has too many files of that name", "choose another directory")


def _places(directory: Path, name: str) -> list[Path]:
    stem, dot, end = name.rpartition(".")
    if not dot or not stem:
        stem, dot, end = name, "", ""
    return [directory / name, *(directory / f"{stem}-{number}{dot}{end}" for number in range(1, 1000))]


def look_at(text: str, only_in: Path | None) -> LocalFile:
    """Return the file of a path; with `only_in` it has to be in that directory. Raises FileTrouble."""
    path = place(text) if only_in is None else only_in / text
    if only_in is not None and ("/" in text or text in _RESERVED or path.is_symlink()):
        raise FileTrouble(f"only files in {only_in} can be attached", "put the file there first")
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FileTrouble(f"{path} is no file", "give the path of a file")
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror}", "check the path") from error
    if size > LARGEST:
        raise FileTrouble(
            f"{path.name} has {size // 1_000_000} MB", f"at most {LARGEST // 1_000_000} MB go by mail"
        )
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return LocalFile(path, one_line(path.name, 200), kind, size)


def listed(directory: Path) -> list[LocalFile]:
    """Return the files of a directory that can be attached."""
    found = []
    try:
        names = sorted(
            entry.name for entry in directory.iterdir() if entry.is_file() and not entry.is_symlink()
        )
    except OSError:
        return []
    for name in names[:40]:
        try:
            found.append(look_at(name, directory))
        except FileTrouble:
            continue
    return found


def place(text: str) -> Path:
    """Return the path that a person typed; what is no whole path counts from their home.

    A whole path that was pasted behind the ``~/`` of a prompt is taken as it is.
    """
    typed = re.sub(r"^~/+(?=[/~])", "", text.strip().strip("'\""))
    return Path.home() / from_home(typed)


def read_text(path: str) -> str:
    """Return the text of the file whose path a person typed. Raises FileTrouble."""
    found = place(path)
    try:
        return found.read_text("utf-8")
    except OSError as error:
        raise FileTrouble(f"{found}: {error.strerror}", "check the path") from error
    except ValueError as error:
        raise FileTrouble(f"{found} is no text in UTF-8", "give the path of a text file") from error


def completions(text: str) -> list[str]:
    """Return the completions of a typed path, directories with a slash at the end. Blocks."""
    head, slash, start = text.rpartition("/")
    directory = place(head + slash)
    try:
        with os.scandir(directory) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(start)]
    except (OSError, ValueError):
        return []
    shown = [(name, is_dir) for name, is_dir in found if start or not name.startswith(".")]
    return sorted(f"{head}{slash}{name}{'/' * is_dir}" for name, is_dir in shown)


def directory_completions(text: str) -> list[str]:
    """Return the directories that complete a typed path. Blocks."""
    return [path for path in completions(text) if path.endswith("/")]


def home_text(path: Path) -> str:
    """Return a path as people write it, with ~ for their home."""
    try:
        return "~/" if path == Path.home() else f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
