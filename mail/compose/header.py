"""Header fields as bytes, folded and encoded (RFC 5322, 2047, 2231). No input can start a second field."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from config.expressions import expression
from mail.inert import one_line
from mail.mime.address import Address, envelope_form, parse_addresses

_FIELD_NAME: Final = expression(r"[A-Za-z0-9-]{1,70}")
_MESSAGE_ID: Final = expression(r"<[!-;=?-~]{1,900}>")
_ATOMS: Final = expression(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIDTH: Final = 76
_WORD_BYTES: Final = 42  # base64 of it and =?utf-8?b??= stay under the 75 characters of RFC 2047


def field(name: str, value: bytes) -> bytes:
    """Return one header field.

    `value` comes from the functions below. Errors: `ValueError` for a bad name.
    """
    if not _FIELD_NAME.fullmatch(name):
        raise ValueError(f"not the name of a header field: {one_line(name, 80)!r}")
    return name.encode("ascii") + b": " + value + b"\r\n"


def text(value: str, used: int = 20) -> bytes:
    """Write unstructured text in any script; `used` columns of the first line are taken."""
    value = one_line(value, 4000)
    if value.isascii() and "=?" not in value and max(map(len, value.split(" "))) < 900:
        return _folded(value.split(" "), used).encode("ascii")
    return _encoded_words(value, used)


def _folded(words: list[str], used: int) -> str:
    lines, line = [], ""
    for word in words:
        if line and used + len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded_words(value: str, used: int) -> bytes:
    words, chunk, room = [], b"", max(_WORD_BYTES - used, 6)
    for char in value:
        data = char.encode("utf-8", "replace")
        if chunk and len(chunk) + len(data) > room:
            words.append(chunk)
            chunk, room = b"", _WORD_BYTES
        chunk += data
    words.append(chunk)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in words)


def addresses(people: Iterable[Address]) -> bytes:
    """Return a list of addresses, one a line; empty if none of them can stand in a header."""
    shown = [one for one in map(_address, people) if one]
    return b",\r\n ".join(shown)


def _address(person: Address) -> bytes:
    email = envelope_form(person.email).encode()
    if not email:
        return b""
    name = one_line(person.name, 300)
    if not name:
        return email
    if not name.isascii() or "=?" in name:
        shown = _encoded_words(name, 20)
    elif _ATOMS.fullmatch(name):
        shown = name.encode("ascii")
    else:
        shown = b'"' + re.sub(r'(["\\])', r"\\\1", name).encode("ascii") + b'"'
    return shown + b" <" + email + b">"


def downgraded(fields: bytes) -> bytes:
    """Write header fields for a server without SMTPUTF8: UTF-8 addresses are only shown (RFC 6857 3.1.8)."""
    if fields.isascii():
        return fields
    return b"\r\n".join(
        one if one.isascii() else _downgraded(one) for one in re.split(rb"\r\n(?![ \t])", fields)
    )


def _downgraded(one: bytes) -> bytes:
    name, _, value = one.partition(b":")
    written = value.replace(b"\r\n", b"").decode("utf-8", "replace")
    if name.lower() not in (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc"):
        return name + b": " + text(written, len(name) + 2)
    shown = [
        _address(person) if envelope_form(person.email).isascii() else _encoded_words(str(person), 20) + b":;"
        for person in parse_addresses([written])
    ]
    return name + b": " + b",\r\n ".join(filter(None, shown))


def message_ids(ids: Iterable[str]) -> bytes:
    """Write Message-IDs, one a line; what is none is left out."""
    return b"\r\n ".join(one.strip().encode("ascii") for one in ids if _MESSAGE_ID.fullmatch(one.strip()))


def date(moment: datetime) -> bytes:
    """Return a date with its zone; a naive one is taken as UTC."""
    offset = moment.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year:04d} "
        f"{moment:%H:%M:%S} {sign}{hours:02d}{minutes:02d}"
    ).encode("ascii")


def parameter(name: str, value: str) -> bytes:
    """Write ``; name=value``: quoted if ASCII, else percent-encoded in sections (RFC 2231)."""
    value = one_line(value, 255)
    if value.isascii() and len(value) < 200:
        quoted = re.sub(r'(["\\])', r"\\\1", value)
        return f';\r\n {name}="{quoted}"'.encode("ascii")
    sections: list[str] = [""]
    for char in value:
        coded = char if char.isascii() and char.isalnum() else _percent(char)
        if len(sections[-1]) + len(coded) > 60:
            sections.append("")
        sections[-1] += coded
    if len(sections) == 1:
        return f";\r\n {name}*=utf-8''{sections[0]}".encode("ascii")
    lines = [
        f"{name}*{number}*={'' if number else 'utf-8' + chr(39) * 2}{part}"
        for number, part in enumerate(sections)
    ]
    return "".join(f";\r\n {line}" for line in lines).encode("ascii")


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))
