"""What an import reads: an mbox, a Maildir, or files with one mail each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from config.expressions import expression
from config.spool import MAX_MAIL
from desk.doors.imports.ledger import Ledger, mark_at
from desk.errors import Refused
from mail.archives.maildir import MailFile, NotAMaildir, delivered, eml_files, maildir_files, read
from mail.archives.mbox import NotAnMbox, read_mbox
from mail.mime.dates import parse_date
from models.imports import SourceKind

_HEAD_BYTES = 65_536
_RECEIVED = expression(rb"(?mi)^received[ \t]*:")
_DATE = expression(rb"(?mi)^date[ \t]*:[ \t]*([^\r\n]{1,200})")
_HEAD_END = expression(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Found:
    """One mail of a source. ``raw`` is None when it cannot be read: `trouble` says why.

    ``moment``: when it arrived, for a mail that no server stamped. ``position`` and ``mark`` are those behind
    it in an mbox, ``name`` its file's elsewhere. ``size``: bytes of the source that it takes up.
    """

    raw: bytes | None
    moment: datetime | None
    size: int
    place: str
    position: int | None = None
    mark: str = ""
    name: str = ""
    trouble: str = ""


class Source(Protocol):
    """Something with mails in it. ``total`` and ``before``: bytes in all, and those taken in earlier runs."""

    total: int
    before: int

    def mails(self) -> Iterator[Found]:
        """Return what was not taken in yet, in the source's order."""


def open_source(kind: SourceKind, path: Path, ledger: Ledger) -> Source:
    """Open a source of mails; raises Refused for what is none, OSError for what cannot be read."""
    if kind == "mbox":
        if path.is_dir():
            raise Refused(f"{path} is a directory, no mbox", "name the file; or import maildir, import eml")
        return _Mbox(path, ledger)
    try:
        files = maildir_files(path) if kind == "maildir" else eml_files(path)
    except NotAMaildir:
        raise Refused(
            f"{path} is no Maildir: it has neither cur nor new", "name the directory that holds them"
        ) from None
    except NotADirectoryError:
        raise Refused(f"{path} is no directory", "name the directory with cur and new") from None
    return _Files(files, ledger.names(), delivered if kind == "maildir" else None)


class _Mbox:
    """Read from where the last run came to; from its beginning when it was rewritten since."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._path = path
        with path.open("rb") as file:
            if ledger.position and not _continues(file, ledger):
                ledger.start_again()
        self.before = ledger.position
        self.total = path.stat().st_size

    def mails(self) -> Iterator[Found]:
        with self._path.open("rb") as file, self._path.open("rb") as again:
            try:
                for mail in read_mbox(file, self.before, MAX_MAIL):
                    yield Found(
                        mail.raw,
                        _moment(mail.raw, mail.moment) if mail.raw is not None else None,
                        mail.end - mail.start,
                        f"byte {mail.start}",
                        position=mail.end,
                        mark=mark_at(again, mail.end),
                        trouble="" if mail.raw is not None else f"larger than {MAX_MAIL} bytes",
                    )
            except NotAnMbox:
                raise Refused(
                    f"{self._path} is no mbox: it does not begin with a line 'From ...'",
                    "a file with one mail is imported with: nightdesk import eml",
                ) from None


class _Files:
    def __init__(
        self, files: list[MailFile], taken: set[str], moment: Callable[[MailFile], datetime] | None
    ) -> None:
        self._files = [file for file in files if file.name not in taken]
        self._moment = moment
        self.total = sum(file.size for file in files)
        self.before = self.total - sum(file.size for file in self._files)

    def mails(self) -> Iterator[Found]:
        for file in self._files:
            raw, trouble = None, ""
            try:
                if file.size <= MAX_MAIL:
                    raw = read(file)
                else:
                    trouble = f"larger than {MAX_MAIL} bytes"
            except OSError as error:
                trouble = error.strerror or str(error)
            moment = None
            if raw is not None:
                moment = _moment(raw, self._moment(file) if self._moment else None, file.modified)
            yield Found(raw, moment, file.size, file.name, name=file.name, trouble=trouble)


def _continues(file: BinaryIO, ledger: Ledger) -> bool:
    """Whether the mbox is what it was up to there, and a mail begins there: the last one may have grown."""
    if mark_at(file, ledger.position) != ledger.mark:
        return False
    following = file.read(_HEAD_BYTES).lstrip(b"\r\n")
    return not following or following.startswith(b"From ")


def _moment(raw: bytes, stamp: datetime | None, last: datetime | None = None) -> datetime | None:
    """When a mail came that has no Received line: the store's word, else its Date, else the file's time."""
    end = _HEAD_END.search(raw, 0, _HEAD_BYTES)
    head = raw[: end.start() if end else _HEAD_BYTES]
    if _RECEIVED.search(head):
        return None
    dated = _DATE.search(head)
    return stamp or (parse_date(dated[1].decode("ascii", "replace")) if dated else None) or last
