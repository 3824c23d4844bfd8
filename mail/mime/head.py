"""The headers of a mail alone: its parts, which take longest to find, are found where they matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from mail.mime.headers import MAX_HEADER_BYTES, Charsets

if TYPE_CHECKING:
    from mail.mime.message import ParsedMail

_FIELD_BEGINS: Final = expression(rb"(?:\xef\xbb\xbf)?[!-9;-~]+[ \t]*:")


def parse_head(beginning: bytes, whole: Callable[[], ParsedMail]) -> ParsedMail:
    """Read a mail, of which the beginning is enough, down to its first empty line.

    Its headers say what they say in the whole of it. ``whole`` reads all: it is asked for what parts know of
    the charsets of headers that do not name theirs, and where headers do not begin and end as usual. Raises
    what that raises.
    """
    end = head_end(beginning)
    if end is None:
        return whole()
    from mail.mime import message  # 2 ms, which filters do without that look for the end alone

    head = message.parse(beginning[:end])
    head.root.headers.charsets = _OfTheWhole(whole)
    return head


def head_end(raw: bytes) -> int | None:
    """Return where the first empty line of a mail ends that begins with a header; None where none does."""
    if not _FIELD_BEGINS.match(raw):
        return None
    after = raw.find(b"\n\r\n", 0, MAX_HEADER_BYTES)
    bare = raw.find(b"\n\n", 0, MAX_HEADER_BYTES if after < 0 else after)
    if bare >= 0:
        return bare + 2
    return after + 3 if after >= 0 else None


class _OfTheWhole(Charsets):
    def __init__(self, whole: Callable[[], ParsedMail]) -> None:
        super().__init__()
        self._whole = whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole().root.headers.charsets or ())
