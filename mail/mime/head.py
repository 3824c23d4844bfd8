"""The headers of a mail alone: its parts, which take longest to find, are found where they matter."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator

from mail.mime import message
from mail.mime.headers import MAX_HEADER_BYTES, Charsets, headers_begin
from mail.mime.message import ParsedMail


def parse_head(raw: bytes, whole: Callable[[], ParsedMail]) -> ParsedMail:
    """Read a mail down to its first empty line; its headers say what they say in the whole of it.

    ``whole`` reads all of it. It is asked for what parts know of the charsets of headers that do not name
    theirs, and where headers do not end in an empty line. Raises what that raises.
    """
    end = head_end(raw)
    if end is None or raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return whole()
    head = message.parse(raw[:end])
    head.root.headers.charsets = _OfTheWhole(whole)
    return head


def head_end(raw: bytes) -> int | None:
    """Return where the first empty line ends below which there are no headers; None where there is none."""
    begin = headers_begin(raw)
    most = begin + MAX_HEADER_BYTES
    after = raw.find(b"\n\r\n", begin, most)
    bare = raw.find(b"\n\n", begin, most if after < 0 else after)
    if bare >= 0:
        return bare + 2
    return after + 3 if after >= 0 else None


class _OfTheWhole(Charsets):
    def __init__(self, whole: Callable[[], ParsedMail]) -> None:
        super().__init__()
        self._whole = whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole().root.headers.charsets or ())
