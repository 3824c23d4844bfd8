"""Reads mbox files of every dialect, mail by mail, in constant memory.

A mail begins at a line ``From sender date``. Lines of its text that begin so are quoted with ``>``: mboxrd
quotes the quoted ones too, mboxo does not, some programs quote none. So a line begins a mail only if it
carries a date, or is what programs without one write, and stands where one can begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final

from config.expressions import expression

_PIECE: Final = 1 << 20
_MONTHS: Final = {name: place for place, name in enumerate(
    b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
)}  # fmt: skip
_DATED: Final = expression(
    rb"^From .{0,900}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"
    rb"(?:(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2})"
    rb"|(?P<day2>\d{1,2}) +(?P<month2>[A-Z][a-z]{2})(?: +(?P<year2>\d{4}))?)"
    rb",? +(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?P<rest>[^\r\n]{0,60})"
)
_UNDATED: Final = expression(rb"^From (?:-|[^\s@]+@[^\s@]+)?[ \t]*\r?\n$")
_HEADER: Final = expression(rb"^(?:[!-9;-~]+[ \t]*:|>From )")
_QUOTED: Final = expression(rb"^>+From ")
_TO_QUOTE: Final = expression(rb">*From ")
_YEAR: Final = expression(rb"(?<!\d)((?:19|20)\d\d)(?!\d)")
_ZONE: Final = expression(rb"([+-])(\d\d)(\d\d)(?!\d)")


class NotAnMbox(Exception):
    """The file does not begin as an mbox does."""


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail of a file. ``raw`` is None when it is larger than was allowed.

    ``start`` is the byte at which its ``From`` line begins, ``end`` the one behind it; ``moment`` is what the
    ``From`` line says about its arrival, in UTC.
    """

    raw: bytes | None
    start: int
    end: int
    moment: datetime | None


def into_mbox(mail: BinaryIO, moment: datetime, target: BinaryIO) -> None:
    """Write a mail into an mbox file (RFC 4155, mboxrd) in pieces: it reads back as it was, with LF."""
    date = moment.astimezone(UTC).strftime("%a %b %e %H:%M:%S %Y")
    target.write(f"From nightdesk {date}\n".encode())
    begins, held, ends = True, b"", 0
    while piece := mail.readline(_PIECE):
        # What ends a line may be cut in two, and the ends of the last lines are not written.
        text = held + piece
        held, whole = b"", text[-1:] == b"\n"
        if whole:
            text = text[:-1].removesuffix(b"\r")
        elif text[-1:] == b"\r":
            text, held = text[:-1], b"\r"
        if text:
            ends = _end_lines(ends, target)
            target.write(b">" + text if begins and _TO_QUOTE.match(text) else text)
        begins = whole or (begins and not text)
        ends += whole
    if held:
        _end_lines(ends, target)
    target.write(held + b"\n\n")


def _end_lines(count: int, target: BinaryIO) -> int:
    while count:
        some = min(count, _PIECE)
        target.write(b"\n" * some)
        count -= some
    return 0


def read_mbox(file: BinaryIO, start: int, limit: int) -> Iterator[StoredMail]:
    """Yield the mails from the byte ``start`` on, which is 0 or the ``end`` of a mail.

    Line ends stay as they are in the file. ``limit``: bytes of the largest mail that is read. Raises
    NotAnMbox.
    """
    file.seek(start)
    lines = _Lines(file, start)
    while lines.here and not lines.here.strip():
        lines.advance()
    if not lines.here:
        return
    if not lines.here.startswith(b"From "):
        raise NotAnMbox
    while lines.here:
        yield _next_mail(lines, limit)


def _next_mail(lines: _Lines, limit: int) -> StoredMail:
    start, moment = lines.position, moment_of(lines.here)
    lines.advance()
    parts: list[bytes] = []
    size = 0
    after_blank = False
    begins = True
    while lines.here:
        if begins and begins_mail(lines.here, lines.coming, after_blank):
            break
        line = lines.here
        after_blank = begins and not line.strip(b"\r\n")
        if begins and line[:1] == b">" and _QUOTED.match(line):
            line = b"" if not parts else line[1:]
        begins = line[-1:] == b"\n" or not line
        size += len(line)
        if size <= limit:
            parts.append(line)
        else:
            parts = [b""]
        lines.advance()
    if parts and after_blank:
        parts.pop()
    return StoredMail(b"".join(parts) if size <= limit else None, start, lines.position, moment)


def begins_mail(line: bytes, following: bytes, after_blank: bool) -> bool:
    """Return whether a line begins a mail, by itself and the line after it."""
    if not line.startswith(b"From "):
        return False
    headed = _HEADER.match(following) is not None
    if _DATED.match(line) is not None:
        return after_blank or headed
    return after_blank and headed and _UNDATED.match(line) is not None


def moment_of(line: bytes) -> datetime | None:
    """Return the date of a ``From`` line; without a zone it is taken for UTC."""
    found = _DATED.match(line)
    if found is None:
        return None
    year = found["year2"] or next(iter(_YEAR.findall(found["rest"])), None)
    zone = _ZONE.search(found["rest"])
    try:
        moment = datetime(
            int(year or 0),
            _MONTHS[found["month"] or found["month2"]],
            int(found["day"] or found["day2"]),
            int(found["hour"]),
            int(found["minute"]),
            min(int(found["second"] or 0), 59),
            tzinfo=UTC,
        )
        if zone is not None:
            ahead = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
            moment += ahead if zone[1] == b"-" else -ahead
    except (ValueError, KeyError, OverflowError):
        return None
    return moment


class _Lines:
    """The line here and the one that comes, of which very long ones come in pieces."""

    def __init__(self, file: BinaryIO, position: int) -> None:
        self._file = file
        self.position = position
        """Of the first byte of the line here."""
        self.here = file.readline(_PIECE)
        self.coming = file.readline(_PIECE)

    def advance(self) -> None:
        self.position += len(self.here)
        self.here, self.coming = self.coming, self._file.readline(_PIECE)
