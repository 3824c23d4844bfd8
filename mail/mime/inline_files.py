"""Files within the lines of a text: uuencode and yEnc."""

from __future__ import annotations

import binascii
import re
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.inert import one_line
from mail.mime.charset import decode

_BEGIN: Final = expression(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_YENC_BEGIN: Final = expression(rb"^=ybegin [^\r\n]{0,200}?\bname=([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_UU_END: Final = expression(rb"^(?:end|====)[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_YENC_END: Final = expression(rb"^=yend[^\r\n]*\r?(?:\n|\Z)", re.MULTILINE)
_MAX_FILES: Final = 100


class InlineFile(Record):
    """A file that stood in the lines of a text."""

    name: str
    data: bytes


def files_in(data: bytes) -> tuple[bytes, list[InlineFile]]:
    """Return the text without the files that its lines hold, and these. What is damaged stays in the text."""
    text: list[bytes] = []
    files: list[InlineFile] = []
    position = 0
    patterns = [pattern for pattern in (_BEGIN, _YENC_BEGIN) if pattern.search(data)]
    for _ in range(_MAX_FILES):
        begins = [found for pattern in patterns if (found := pattern.search(data, position))]
        if not begins:
            break
        begin = min(begins, key=lambda found: found.start())
        yenc = begin[0].startswith(b"=ybegin")
        if not yenc and not _code_begins(data, begin):
            text.append(data[position : begin.end()])
            position = begin.end()
            continue
        end = (_YENC_END if yenc else _UU_END).search(data, begin.end())
        if end is None:
            break
        lines = data[begin.end() : end.start()].lstrip(b"\r").removeprefix(b"\n")
        content = decode_yenc(lines) if yenc else _uudecoded(lines, begin[0].startswith(b"begin-base64"))
        if content is None:
            text.append(data[position : begin.end()])
            position = begin.end()
            continue
        text.append(data[position : begin.start()])
        files.append(InlineFile(one_line(decode(begin[1]).strip('"'), 255), content))
        position = end.end()
    return b"".join([*text, data[position:]]), files


def _code_begins(data: bytes, begin: re.Match[bytes]) -> bool:
    """Return whether the line below a begin line is code."""
    first = data[begin.end() + 1 : begin.end() + 200].partition(b"\n")[0]
    return begin[0].startswith(b"begin-base64") or _is_uu(first)


def _uudecoded(lines: bytes, base64: bool) -> bytes | None:
    """Return the bytes of uuencoded lines; None if these are words and no code."""
    if base64:
        try:
            return binascii.a2b_base64(lines)
        except binascii.Error:
            return None
    rows = [line for line in lines.splitlines() if line.strip()]
    if not rows or not all(_is_uu(row) for row in rows):
        return None
    return decode_uu_lines(rows)


def _is_uu(line: bytes) -> bool:
    line = line.rstrip()
    size = ((line[0] - 32) & 63) if line else 0
    need = (size + 2) // 3 * 4 + 1
    # Blanks at the end of a line are lost on the way, some programs add a checksum character.
    return bool(line) and 32 <= line[0] <= 96 and need - 4 <= len(line) <= need + 2 and max(line) <= 96


def decode_uu_lines(rows: list[bytes]) -> bytes:
    """Decode uuencoded lines without their begin and end; damaged ones are skipped."""
    done: list[bytes] = []
    for line in rows:
        try:
            done.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                done.append(binascii.a2b_uu(line[:size]))
            except binascii.Error:
                continue
    return b"".join(done)


def decode_uu(data: bytes) -> bytes:
    """Return a uuencoded file, with or without its begin line."""
    rows = data.splitlines()
    start = next((n + 1 for n, row in enumerate(rows) if row.startswith(b"begin ")), 0)
    kept: list[bytes] = []
    for row in rows[start:]:
        if row.strip() == b"end":
            break
        kept.append(row)
    return decode_uu_lines(kept)


_YENC_TABLE: Final = bytes((byte - 42) % 256 for byte in range(256))
_YENC_ESCAPE: Final = expression(rb"=(.)", re.DOTALL)


def decode_yenc(data: bytes) -> bytes:
    """Decode yEnc: each byte moved by 42, critical ones escaped by ``=`` and moved by 64 more."""
    lines = [line for line in data.split(b"\n") if not line.startswith((b"=ypart", b"=ybegin"))]
    bare = b"".join(line.rstrip(b"\r") for line in lines)
    return _YENC_ESCAPE.sub(lambda hit: bytes([(hit[1][0] - 64) % 256]), bare).translate(_YENC_TABLE)
