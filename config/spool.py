"""The spool: a directory where every user may leave a mail, and where only the desk's owner may look.

One file is one mail, behind a head that says who it is for. A file is complete, on disk and under its final
name, or it does not exist. This module is imported by a process that an MTA starts for each mail: it imports
next to nothing.

The head (UTF-8, version 1), an empty line, the mail as it came:

    nightdesk-spool 1
    size: 00000000000000001234      bytes of the mail, 20 digits; question marks until it is complete
    received: 1763633764.123        seconds since 1970
    recipient: support@example.test and further `name: value` lines
"""

from __future__ import annotations

# Importing pathlib takes as long as all the rest.
# ruff: noqa: PTH104, PTH108, PTH116
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SUFFIX = ".mail"
"""Final names end so; names that begin with a dot are being written."""

MAX_MAIL = 256 * 2**20
"""Bytes; no MTA passes on so much unless it is told to."""
MAX_HEAD = 16_384
HALF_KEPT = 86_400.0
"""Seconds after which what a killed pipe left half written is removed: its MTA has kept the mail."""
_MAX_VALUE = 1000
_FIRST_LINE = b"nightdesk-spool 1\n"
_UNKNOWN_SIZE = b"?" * 20
_OWNERS = 0o600
_STRANGERS = 0o644
"""Readable for the desk's owner, and for nobody who does not know the random name."""


class NotTaken(Exception):
    """There is no mail to spool, or it is larger than anything the desk reads."""


class NotSpooled(Exception):
    """A file that no writer of this version left: `str()` says what is odd about it."""


def write(spool: str, facts: Mapping[str, str], mail: Iterable[bytes]) -> str:
    """Leave one mail in the directory, durably, and return the file's name.

    `facts` become lines of the head. Raises OSError (no such directory, disk full), or NotTaken for a mail
    without a byte or of more than `MAX_MAIL`; then nothing is left behind.
    """
    chunks = iter(mail)
    first = next(chunks, b"")
    if not first:
        raise NotTaken("there is no mail on standard input")
    name = f"{time.time_ns():016x}-{os.urandom(12).hex()}{SUFFIX}"
    temporary = f"{spool}/.{name}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write_all(handle, _head(facts) + first)
        size = len(first)
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_MAIL:
                raise NotTaken(f"the mail is larger than {MAX_MAIL} bytes")
            _write_all(handle, chunk)
        os.pwrite(handle, b"%020d" % size, len(_FIRST_LINE) + len(b"size: "))
        os.fchmod(handle, _OWNERS if os.stat(spool).st_uid == os.geteuid() else _STRANGERS)
        os.fsync(handle)
        os.rename(temporary, f"{spool}/{name}")
        _sync_name(spool, handle)
    except BaseException:
        _remove(temporary)
        raise
    finally:
        os.close(handle)
    return name


def names(spool: str) -> Iterator[str]:
    """Yield the files in the directory that are complete, in no order; none where there is no directory."""
    try:
        with os.scandir(spool) as found:
            yield from (each.name for each in found if each.name.endswith(SUFFIX) and each.name[0] != ".")
    except FileNotFoundError:
        return


def halves(spool: str, older_than: float) -> list[str]:
    """Return the files that a killed writer left half written so many seconds ago."""
    before = time.time() - older_than
    try:
        with os.scandir(spool) as found:
            return [
                each.name
                for each in found
                if each.name[0] == "." and each.name.endswith(SUFFIX) and each.is_file(follow_symlinks=False)
                if each.stat(follow_symlinks=False).st_mtime < before
            ]
    except FileNotFoundError:
        return []


def read_head(data: bytes, size: int) -> tuple[dict[str, str], int]:
    """Return the facts of a head, and where the mail begins, in a file of `size` bytes that begins so.

    Raises NotSpooled.
    """
    head, end, _ = data[:MAX_HEAD].partition(b"\n\n")
    if not end or not data.startswith(_FIRST_LINE):
        raise NotSpooled("it does not begin as a spooled mail of version 1 does")
    facts: dict[str, str] = {}
    for line in head[len(_FIRST_LINE) :].split(b"\n"):
        name, _, value = line.decode("utf-8", "replace").partition(": ")
        facts.setdefault(name, value)
    start = len(head) + len(end)
    told = facts.get("size", "")
    if len(told) > len(_UNKNOWN_SIZE) or not told.isdecimal() or int(told) != size - start:
        raise NotSpooled("it is not complete")
    return facts, start


def _head(facts: Mapping[str, str]) -> bytes:
    lines = [_FIRST_LINE, b"size: ", _UNKNOWN_SIZE, b"\nreceived: %.3f\n" % time.time()]
    for name, value in facts.items():
        inert = "".join(each if each.isprintable() else "?" for each in value[:_MAX_VALUE])
        lines.append(f"{name}: {inert}\n".encode("utf-8", "replace"))
    lines.append(b"\n")
    return b"".join(lines)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync_name(spool: str, handle: int) -> None:
    """Make the new name survive a power cut.

    Only who may list a directory can open it to sync it; others sync the file once more, which on a
    journalling file system takes the rename along.
    """
    try:
        directory = os.open(spool, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        os.fsync(handle)
        return
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _remove(temporary: str) -> None:
    try:
        os.unlink(temporary)
    except OSError:
        pass


def check_file(status: os.stat_result) -> None:
    """Raise NotSpooled for what no pipe left: a link, a FIFO, a second name of some file, a giant."""
    if stat.S_ISLNK(status.st_mode):
        raise NotSpooled("it is a link")
    if not stat.S_ISREG(status.st_mode):
        raise NotSpooled("it is no ordinary file")
    if status.st_nlink > 1:
        raise NotSpooled("it has a second name elsewhere")
    if status.st_size > MAX_MAIL + MAX_HEAD:
        raise NotSpooled(f"it has {status.st_size} bytes")
