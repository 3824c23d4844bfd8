"""Files within the lines of a text: uuencode and yEnc."""

from __future__ import annotations

import binascii
import re
from html import unescape
from itertools import islice
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.inert import one_line
from mail.mime.charset import decode

_BEGIN: Final = expression(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_YENC_BEGIN: Final = expression(rb"^=ybegin [^\r\n]{0,200}?\bname=([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_UU_END: Final = expression(rb"^(?:end|====)[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_YENC_END: Final = expression(rb"^=yend[^\r\n]*\r?(?:\n|\Z)", re.MULTILINE)
_BASE64_LINE: Final = expression(rb"[A-Za-z0-9+/=]{1,1000}[ \t]*")
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
    end = _YENC_END.search(data)
    for begin in _begins(data):
        if begin.start() < position:
            continue
        if begin[0].startswith(b"=ybegin"):
            while end is not None and end.start() < begin.end():
                end = _YENC_END.search(data, end.end())
            found = _yenc_file(data, begin, end)
        else:
            found = _uu_file(data, begin)
        if found is None:
            continue
        content, stop = found
        text.append(data[position : begin.start()])
        files.append(InlineFile(_name(begin[1]), content))
        position = stop
    return b"".join([*text, data[position:]]), files


def plain_lines(page: bytes) -> bytes:
    """Return an HTML text whose lines of uuencoded files have no entities and no marks beside them."""
    lines: list[bytes] = []
    inside = False
    for line in page.replace(b">begin ", b">\nbegin ").split(b"\n"):
        if _BEGIN.match(line):
            inside = True
        elif inside and (line.strip() == b"end" or line.startswith(b"end<")):
            inside = False
            lines.append(b"end")
            line = line.strip()[3:]
        elif inside:
            code = unescape(line.decode("latin-1")).encode("latin-1", "replace").strip(b"\r")
            inside = not code or _is_uu(code)
            line = code if inside else line
        lines.append(line)
    return b"\n".join(lines)


def _name(given: bytes) -> str:
    """Return the name that stands on a begin line, without the folders it was in (RFC 2183 2.3)."""
    name = one_line(decode(given).strip('"'), 255)
    return re.split(r"[/\\]", name)[-1].strip() or "file"


def _begins(data: bytes) -> list[re.Match[bytes]]:
    """Return the first lines with which files begin, in order; each kind is looked for once."""
    found: list[re.Match[bytes]] = []
    for pattern in (_BEGIN, _YENC_BEGIN):
        found += islice(pattern.finditer(data), _MAX_FILES)
    return sorted(found, key=lambda begin: begin.start())[:_MAX_FILES]


def _yenc_file(data: bytes, begin: re.Match[bytes], end: re.Match[bytes] | None) -> tuple[bytes, int] | None:
    """Return the bytes of a yEnc file, and where it ends in the text; None without an end."""
    if end is None:
        return None
    return decode_yenc(data[begin.end() : end.start()].lstrip(b"\r").removeprefix(b"\n")), end.end()


def _uu_file(data: bytes, begin: re.Match[bytes]) -> tuple[bytes, int] | None:
    """Return the bytes of a uuencoded file, and where it ends in the text; None if it is words and no code.

    It is read as far as there is code: words below a begin line cost nothing.
    """
    base64 = begin[0].startswith(b"begin-base64")
    is_code = _BASE64_LINE.fullmatch if base64 else _is_uu
    rows: list[bytes] = []
    start = data.find(b"\n", begin.end()) + 1
    while 0 < start < len(data):
        if (end := _UU_END.match(data, start)) is not None:
            break
        stop = data.find(b"\n", start) + 1 or len(data)
        line = data[start:stop].strip(b"\r\n")
        if line.strip():
            if not is_code(line):
                return None
            rows.append(line)
        start = stop
    else:
        return None
    if not base64:
        return (decode_uu_lines(rows), end.end()) if rows else None
    try:
        return binascii.a2b_base64(b"".join(rows)), end.end()
    except binascii.Error:
        return None


def _is_uu(line: bytes) -> bool:
    line = line.rstrip()
    size = ((line[0] - 32) & 63) if line else 0
    need = (size + 2) // 3 * 4 + 1
    # Blanks at the end of a line are lost on the way, also if there is nothing else; some add a checksum.
    shortest = 1 if line[:1] == b"M" or len(line) == 1 else need - 4
    return bool(line) and 32 <= line[0] <= 96 and shortest <= len(line) <= need + 2 and max(line) <= 96


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
