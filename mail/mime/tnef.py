"""winmail.dat: the attachments and the text that Outlook wraps into TNEF (MS-OXTNEF). One pass, bounded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from compressed_rtf import decompress

from mail.inert import one_line
from mail.mime.charset import codec_for, decode
from mail.mime.rtf import html_in_rtf

MAGIC: Final = b"\x78\x9f\x3e\x22"

_MAX_FILES: Final = 200
_MAX_PROPERTIES: Final = 5000
_MAX_COMPRESSED: Final = 1024 * 1024
_BODY, _CODEPAGE, _MESSAGE_PROPERTIES = 0x0002800C, 0x00069007, 0x00069003
_RENDERING, _TITLE, _DATA, _FILE_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_INTERFACE: Final = 16
"""Bytes before an object: what kind of one it is."""
_MANY: Final = 0x1000
# Bytes that a value of a fixed size takes; the others have their size before them.
_FIXED: Final = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_VARIABLE: Final = frozenset({0x000D, 0x001E, 0x001F, 0x0102})
_UNICODE: Final = 0x001F
_TEXT_BODY, _RTF_BODY, _HTML_BODY = 0x1000, 0x1009, 0x1013
_BODY_CODEPAGE: Final = 0x3FDE
_LONG_NAME, _NAME, _CONTENT, _MIME_TYPE = 0x3707, 0x3704, 0x3701, 0x370E


@dataclass(frozen=True, slots=True)
class TnefPart:
    """An attachment, or the text of the mail if it has no name; text is UTF-8."""

    type: str
    name: str
    data: bytes


@dataclass(slots=True)
class _File:
    title: str = ""
    long_name: str = ""
    type: str = ""
    data: bytes = b""


@dataclass(slots=True)
class _Mail:
    codec: str = "cp1252"
    plain: str = ""
    html: bytes = b""
    html_codec: str = ""
    rtf: bytes = b""
    files: list[_File] = field(default_factory=list)


def read_tnef(data: bytes) -> list[TnefPart]:
    """Return the parts of a winmail.dat, the text first; those that can be read of one that is cut."""
    if not data.startswith(MAGIC):
        return []
    found = _Mail()
    try:
        for name, content in _attributes(data):
            _take(found, name, content)
    except struct.error:
        pass  # cut off: what came before is there
    return list(_parts(found))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 9 <= len(data):
        level, name, size = struct.unpack_from("<BII", data, position)
        if level not in (1, 2):
            return
        position += 9
        yield name, data[position : position + size]
        position += size + 2  # a checksum follows


def _take(found: _Mail, name: int, content: bytes) -> None:
    if name == _CODEPAGE and len(content) >= 4:
        found.codec = codec_for(f"cp{struct.unpack_from('<I', content)[0]}") or found.codec
    elif name == _BODY:
        found.plain = _text(content, found.codec)
    elif name == _MESSAGE_PROPERTIES:
        for key, kind, value in _properties(content):
            if key == _RTF_BODY:
                found.rtf = value
            elif key == _HTML_BODY and kind == _UNICODE:
                found.html, found.html_codec = _string(value, kind, "").encode("utf-8", "replace"), "utf-8"
            elif key == _HTML_BODY:
                found.html = value
            elif key == _BODY_CODEPAGE and len(value) == _FIXED[0x0003]:
                found.html_codec = codec_for(f"cp{struct.unpack('<I', value)[0]}") or ""
            elif key == _TEXT_BODY and not found.plain:
                found.plain = _string(value, kind, found.codec)
    elif name == _RENDERING and len(found.files) < _MAX_FILES:
        found.files.append(_File())
    elif not found.files:
        return
    elif name == _TITLE:
        found.files[-1].title = _text(content, found.codec)
    elif name == _DATA:
        found.files[-1].data = content
    elif name == _FILE_PROPERTIES:
        for key, kind, value in _properties(content):
            if key == _LONG_NAME:
                found.files[-1].long_name = _string(value, kind, found.codec)
            elif key == _NAME and not found.files[-1].title:
                found.files[-1].title = _string(value, kind, found.codec)
            elif key == _MIME_TYPE:
                found.files[-1].type = _string(value, kind, found.codec)
            elif key == _CONTENT and not found.files[-1].data:
                is_mail = value[_INTERFACE:].startswith(MAGIC)
                found.files[-1].data = value[_INTERFACE:] if is_mail else value
                found.files[-1].type = "application/ms-tnef" if is_mail else found.files[-1].type


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield key, type and first value of the MAPI properties in a block."""
    count = min(struct.unpack_from("<I", data)[0], _MAX_PROPERTIES)
    position = 4
    for _ in range(count):
        kind, key = struct.unpack_from("<HH", data, position)
        position += 4
        if key >= 0x8000:
            position = _behind_name(data, position)
        several = bool(kind & _MANY)
        kind &= ~_MANY
        values = 1
        if several or kind in _VARIABLE:
            values = struct.unpack_from("<I", data, position)[0]
            position += 4
        if kind in _FIXED:
            yield key, kind, data[position : position + _FIXED[kind]]
            position += _FIXED[kind] * values
            continue
        if kind not in _VARIABLE:
            return
        for number in range(min(values, _MAX_PROPERTIES)):
            size = struct.unpack_from("<I", data, position)[0]
            position += 4
            if number == 0:
                yield key, kind, data[position : position + size]
            position += size + -size % 4


def _behind_name(data: bytes, position: int) -> int:
    """Return where a named property goes on behind its name."""
    named_by_text = struct.unpack_from("<I", data, position + 16)[0]
    position += 20
    if not named_by_text:
        return position + 4
    size: int = struct.unpack_from("<I", data, position)[0]
    return position + 4 + size + -size % 4


def _parts(found: _Mail) -> Iterator[TnefPart]:
    if found.html.strip(b"\x00 \r\n"):
        html = _text(found.html, found.html_codec or found.codec)
        yield TnefPart("text/html; charset=utf-8", "", html.encode("utf-8", "replace"))
    elif found.plain.strip():
        yield TnefPart("text/plain; charset=utf-8", "", found.plain.encode("utf-8", "replace"))
    elif found.rtf:
        rtf = _decompressed(found.rtf)
        html = html_in_rtf(rtf)
        if html.strip():
            yield TnefPart("text/html; charset=utf-8", "", html.encode("utf-8", "replace"))
        elif rtf:
            yield TnefPart("text/rtf", "", rtf)
    for number, one in enumerate(found.files, 1):
        if one.data:
            name = one_line(one.long_name or one.title, 255) or f"part-{number}.bin"
            kind = one.type if one.type.isascii() and one.type.count("/") == 1 and " " not in one.type else ""
            yield TnefPart(kind or "application/octet-stream", name, one.data)


def _decompressed(data: bytes) -> bytes:
    """Decompress RTF (MS-OXRTFCP); empty if it is broken."""

    if len(data) > _MAX_COMPRESSED:
        return b""
    try:
        return bytes(decompress(data))
    except Exception:  # the library raises whatever a stranger's bytes make it raise
        return b""


def _string(value: bytes, kind: int, codec: str) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\x00")
    return _text(value, codec)


def _text(value: bytes, codec: str) -> str:
    return decode(value.rstrip(b"\x00"), codec)
