"""Files within the lines of a text: uuencode and yEnc."""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.inert import one_line
from mail.mime.charset import decode

_BEGIN: Final = expression(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_YENC_BEGIN: Final = expression(rb"^=ybegin [^\r\n]{0,200}?\bname=([^\r\n]{1,255}?)[ \t]*\r?$", re.MULTILINE)
_YENC_FACT: Final = expression(rb"\b([a-z0-9]+)=([0-9A-Fa-f]+)")
_BREAK: Final = expression(rb"<br[ \t]*/?>[ \t]*\r?$", re.IGNORECASE)
_UU_END: Final = expression(rb"^(?:end|====)[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_YENC_END: Final = expression(rb"^=yend[^\r\n]*\r?(?:\n|\Z)", re.MULTILINE)
_BASE64_LINE: Final = expression(rb"[A-Za-z0-9+/=]{1,1000}[ \t]*")
_MAX_FILES: Final = 100


class InlineFile(Record):
    """A file that stood in the lines of a text."""

    name: str
    data: bytes


class _Piece(Record):
    """A file, or a part of one: which of how many (0: of none, or not told), and what it says of itself."""

    name: str
    data: bytes
    part: int = 0
    total: int = 0
    size: int = 0
    crc: int | None = None
    is_whole: bool = True


def files_in(data: bytes) -> tuple[bytes, list[InlineFile]]:
    """Return the text without the files that its lines hold, and these. What is damaged stays in the text."""
    text: list[bytes] = []
    files: list[_Piece] = []
    position = 0
    end = _YENC_END.search(data)
    for begin in _begins(data):
        if begin.start() < position:
            continue
        if begin[0].startswith(b"=ybegin"):
            while end is not None and end.start() < begin.end():
                end = _YENC_END.search(data, end.end())
            if end is None:
                continue
            files.append(_yenc_file(data, begin, end))
            stop = end.end()
        else:
            found = _uu_file(data, begin)
            if found is None:
                continue
            content, stop = found
            files.append(_Piece(_name(begin[1]), content))
        text.append(data[position : begin.start()])
        position = stop
    return b"".join([*text, data[position:]]), list(_put_together(files))


def plain_lines(page: bytes) -> bytes:
    """Return an HTML text whose lines of encoded files have no entities and no marks beside them."""
    lines: list[bytes] = []
    inside = ""
    for line in page.replace(b">begin ", b">\nbegin ").replace(b">=ybegin ", b">\n=ybegin ").split(b"\n"):
        bare = _BREAK.sub(b"", line)
        if _BEGIN.match(bare):
            inside, line = "uu", bare
        elif bare.startswith(b"=ybegin "):
            inside, line = "yEnc", _without_entities(bare)
        elif inside == "yEnc" and line.startswith(b"=yend"):
            inside = ""
            said, mark, rest = line.partition(b"<")
            lines.append(said)
            line = mark + rest
        elif inside == "uu" and (bare.strip() == b"end" or line.startswith(b"end<")):
            inside = ""
            lines.append(b"end")
            line = line.strip()[3:]
        elif inside == "yEnc":
            line = _without_entities(bare)
        elif inside:
            code = _without_entities(bare)
            inside = "uu" if not code or _is_uu(code) else ""
            line = code if inside else line
        lines.append(line)
    return b"\n".join(lines)


def _without_entities(line: bytes) -> bytes:
    return unescape(line.decode("latin-1")).encode("latin-1", "replace").strip(b"\r")


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


def _yenc_file(data: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> _Piece:
    """Return a yEnc file, or its part, and whether size and checksum say that it is whole."""
    told = dict(_YENC_FACT.findall(begin[0].partition(b"name=")[0]))
    closed = dict(_YENC_FACT.findall(end[0]))
    part = _number(told.get(b"part"))
    size = _number(closed.get(b"size"), _number(told.get(b"size")))
    crc = closed.get(b"pcrc32" if part else b"crc32")
    code = data[begin.end() : end.start()].lstrip(b"\r").removeprefix(b"\n")
    content = decode_yenc(code)
    is_whole = _fits(content, size, crc)
    if not is_whole and (again := _from_utf8(code)) is not None and _fits(decode_yenc(again), size, crc):
        content, is_whole = decode_yenc(again), True
    whole_crc = closed.get(b"crc32")
    return _Piece(
        _name(begin[1]),
        content,
        part,
        _number(told.get(b"total")),
        _number(told.get(b"size")),
        int(whole_crc, 16) if whole_crc else None,
        is_whole,
    )


def _fits(content: bytes, size: int, crc: bytes | None) -> bool:
    return size in (0, len(content)) and (crc is None or int(crc, 16) == zlib.crc32(content))


def _from_utf8(code: bytes) -> bytes | None:
    """Return what a server took for Latin letters and wrote as UTF-8, in its bytes; None if it is no such."""
    try:
        return code.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return None


def _number(digits: bytes | None, otherwise: int = 0) -> int:
    return int(digits) if digits is not None and digits.isdigit() and len(digits) < 16 else otherwise


def _put_together(found: list[_Piece]) -> Iterator[InlineFile]:
    """Yield files whole; a part whose others are in other mails is named one, as is what came damaged."""
    files: dict[tuple[str, int], dict[int, _Piece]] = {}
    for one in found:
        if one.part and one.total:
            files.setdefault((one.name, one.total), {})[one.part] = one
    for one in found:
        parts = files.get((one.name, one.total), {})
        if not one.part:
            yield _marked(one.name, one.data, one.is_whole)
        elif not parts or not len(parts) == max(parts) == one.total:
            place = f"part {one.part} of {one.total}" if one.total else f"part {one.part}"
            yield _marked(f"{one.name} ({place})", one.data, one.is_whole)
        elif one is next(iter(parts.values())):
            whole = [parts[number] for number in sorted(parts)]
            data = b"".join(each.data for each in whole)
            fits = one.size in (0, len(data)) and whole[-1].crc in (None, zlib.crc32(data))
            yield _marked(one.name, data, fits and all(each.is_whole for each in whole))


def _marked(name: str, data: bytes, is_whole: bool) -> InlineFile:
    return InlineFile(name if is_whole else f"{name} (damaged)", data)


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


def decode_yenc_part(data: bytes) -> bytes:
    """Return a part that calls yEnc its transfer encoding: what is in its frame, or all of it."""
    files = files_in(data)[1]
    return files[0].data if files else decode_yenc(data)
