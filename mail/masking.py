"""Secrets hidden in what a server says, in whatever form it repeats them.

A server that refuses a command likes to quote it: as an IMAP string, in Python's or C's notation, as part of
a URL, of HTML, in base64 or hex, wrapped at the end of a line. The text is therefore read the way a person
could read it: escapes undone, quotes and blanks left out, letters in one case; what then holds the secret is
hidden. Rather too much is hidden than too little.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from config.expressions import expression

MASK: Final = "********"

_PERCENT: Final = rb"%([0-9a-f]{2})"
_PRINTABLE: Final = rb"=([0-9a-f]{2})|=[ \t]*\r?\n"
_BACKSLASH: Final = (
    rb"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]{1,6})\}|\\U([0-9a-f]{8})"
    rb"|\\([0-3][0-7]{2})(?![0-9])|(\\)\\|\\[nrtfv]"
)
_ENTITY: Final = rb"&#x([0-9a-f]{1,6});|&#([0-9]{1,7});|&([a-z]{2,8});"
_EVERYTHING: Final = rb"|".join([_PERCENT, _PRINTABLE, _BACKSLASH, _ENTITY])
_MOST: Final = 65_536
_PASSES: Final = 4
"""An escape may be escaped again, by each program that the words went through."""
_SURE: Final = 3
"""Bytes that a secret must keep when quotes and blanks are left out; with less all words would be hidden."""

_LEFT_OUT: Final = frozenset(b"\"'\\`? \t\r\n\v\f\0\x7f") | frozenset(range(32))
_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_BLANK: Final = frozenset(b" \t\r\n")
_HEX_RUN: Final = expression(rb"(?:(?:0x)?[0-9a-f]{2}[\s:,-]*){3,}", re.IGNORECASE)
_HEX_PAIR: Final = expression(rb"(?:0x)?([0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Bytes, and for each of them the characters of the text that it was read from."""

    data: bytes
    spans: list[tuple[int, int]]


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text`, at most 64 KiB of it, without the secrets, whatever form they stand there in."""
    hidden = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    if not hidden or not text:
        return text
    text = text[:_MOST]
    for secret in hidden:
        text = text.replace(secret, MASK)
    marks = bytearray(len(text))
    for reading, undo in _readings(text):
        for secret in hidden:
            _mark_plain(reading, _plain_forms(secret, undo), marks)
        encoded = [form for secret in hidden for form in _encodings(secret)]
        _mark_base64(reading, encoded, marks)
        _mark_hex(reading, encoded, marks)
    return _hide(text, marks)


def _hide(text: str, marks: bytearray) -> str:
    if 1 not in marks:
        return text
    parts, at = [], 0
    for run in re.finditer(rb"\x01+", bytes(marks)):
        parts += [text[at : run.start()], MASK]
        at = run.end()
    return "".join([*parts, text[at:]])


_Undo = Callable[[_Reading], _Reading]


def _readings(text: str) -> Iterator[tuple[_Reading, _Undo]]:
    """Yield the text as it is, with each kind of escape undone, and with all of them."""
    raw = _read(text)
    yield raw, lambda reading: reading
    for kind in (_PERCENT, _PRINTABLE, _BACKSLASH, _ENTITY, _EVERYTHING):
        escape = re.compile(kind, re.IGNORECASE)
        undone = _undone(raw, escape)
        if undone.data != raw.data:
            yield undone, lambda reading, escape=escape: _undone(reading, escape)  # type: ignore[misc]


def _read(text: str) -> _Reading:
    data = bytearray()
    spans: list[tuple[int, int]] = []
    for place, character in enumerate(text):
        found = character.encode("utf-8", "surrogatepass")
        if not _is_invisible(character):
            data += found
            spans += [(place, place + 1)] * len(found)
    return _Reading(bytes(data), spans)


def _is_invisible(character: str) -> bool:
    """Return whether `mail.inert` removes it, or shows U+FFFD in its place."""
    if character.isascii():
        return False

    return character == "\ufffd" or unicodedata.category(character) in ("Cf", "Cc", "Cs", "Cn")


def _undone(reading: _Reading, escape: re.Pattern[bytes]) -> _Reading:
    for _ in range(_PASSES):
        data = bytearray()
        spans: list[tuple[int, int]] = []
        at = 0
        for found in escape.finditer(reading.data):
            data += reading.data[at : found.start()]
            spans += reading.spans[at : found.start()]
            meant = _meant(found)
            data += meant
            whole = (reading.spans[found.start()][0], reading.spans[found.end() - 1][1])
            spans += [whole] * len(meant)
            at = found.end()
        if not at:
            break
        reading = _Reading(bytes(data + reading.data[at:]), spans + reading.spans[at:])
    return reading


def _meant(escape: re.Match[bytes]) -> bytes:
    """Return the bytes that an escape stands for."""
    whole = escape[0].lower()
    digits = next((group for group in escape.groups() if group is not None), b"")
    if not digits:
        return b"\n"
    if digits == b"\\":
        return b"\\"
    if whole.startswith((b"%", b"=", b"\\x")):
        return bytes([int(digits, 16)])
    if whole.startswith((b"\\u", b"&#x")):
        return _character(int(digits, 16))
    if whole.startswith(b"&#"):
        return _character(int(digits))
    if whole.startswith(b"\\"):
        return bytes([int(digits, 8)])
    from html.entities import name2codepoint  # 1.0 ms, for a secret within HTML

    named = name2codepoint.get(digits.decode()) or name2codepoint.get(digits.decode().lower())
    return _character(named) if named else escape[0].replace(b"&", b"")


def _character(code: int) -> bytes:
    return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b""


def _encodings(secret: str) -> list[bytes]:
    """Return the secret as bytes, in the character sets that a server may use."""
    utf8 = secret.encode("utf-8", "surrogatepass")
    found = [utf8, secret.encode("utf-16-le", "surrogatepass")]
    if not secret.isascii():
        found += [secret.encode("latin-1", "ignore"), secret.encode("cp1252", "ignore")]
    return [each for each in dict.fromkeys(found) if len(each) >= min(_SURE, len(utf8))]


def _plain_forms(secret: str, undo: _Undo) -> set[bytes]:
    """Return the secret as it is read in a text of which the same escapes were undone."""
    spelled = {secret, secret.replace(" ", "+")}
    if not secret.isascii():
        spelled |= {secret.upper(), secret.lower()}
        misread = secret.encode("utf-8", "surrogatepass")
        spelled |= {misread.decode("latin-1"), misread.decode("cp1252", "ignore")}
        spelled |= {secret.encode("ascii", "ignore").decode(), secret.encode("ascii", "replace").decode()}
        seven = secret.encode("utf-7", "ignore").decode()
        spelled |= {seven, seven.replace("+", "&")}
    readings = [_read(each) for each in spelled]
    if not secret.isascii():
        readings += [_Reading(each, []) for each in (*_encodings(secret), _halves(secret))]
    forms = {_calm(each.data) for each in readings}
    for each in readings:
        with_spans = _Reading(each.data, [(0, 0)] * len(each.data))
        forms.add(_calm(undo(with_spans).data))
    least = min(_SURE, len(secret))
    return {form for form in forms if len(form) >= least}


def _halves(secret: str) -> bytes:
    """Return the secret as an escape of two halves is undone: each half of a UTF-16 pair for itself."""
    pairs = secret.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(pairs[at : at + 2], "big") for at in range(0, len(pairs), 2)]
    return b"".join(_character(unit) for unit in units)


def _calm(data: bytes) -> bytes:
    return bytes(byte for byte in data.lower() if byte not in _LEFT_OUT)


def _mark_plain(reading: _Reading, forms: set[bytes], marks: bytearray) -> None:
    places = [place for place, byte in enumerate(reading.data) if byte not in _LEFT_OUT]
    calm = bytes(reading.data[place] for place in places).lower()
    for form in forms:
        at = calm.find(form)
        while at >= 0:
            _mark(reading, places[at], places[at + len(form) - 1] + 1, marks)
            at = calm.find(form, at + 1)


def _mark_base64(reading: _Reading, wanted: list[bytes], marks: bytearray) -> None:
    """Mark tokens that hold a secret in base64 (RFC 4648 4 and 5), wrapped or not, with others or alone."""
    run: list[int] = []
    for place, byte in enumerate(reading.data):
        if byte in _BASE64:
            run.append(place)
        elif byte not in _BLANK:
            _mark_base64_run(reading, run, wanted, marks)
            run = []
    _mark_base64_run(reading, run, wanted, marks)


def _mark_base64_run(reading: _Reading, run: list[int], wanted: list[bytes], marks: bytearray) -> None:

    if len(run) < 4:
        return
    letters = bytes(reading.data[place] for place in run).translate(bytes.maketrans(b"-_", b"+/"))
    for skipped in range(4):
        rest = letters[skipped:]
        rest = rest[: len(rest) - (len(rest) % 4 == 1)]
        decoded = binascii.a2b_base64(rest + b"=" * (-len(rest) % 4))
        for form in wanted:
            if skipped and len(form) <= _SURE:
                continue
            at = decoded.find(form)
            while at >= 0:
                first = run[skipped + at * 4 // 3]
                last = run[min(skipped + -(-(at + len(form)) * 4 // 3), len(run)) - 1]
                _mark(reading, *_token(reading.data, first, last), marks)
                at = decoded.find(form, at + 1)


def _token(data: bytes, first: int, last: int) -> tuple[int, int]:
    """Return the whole words around these places, with the padding behind them."""
    while first and data[first - 1] in _BASE64:
        first -= 1
    last += 1
    while last < len(data) and (data[last] in _BASE64 or data[last] == ord("=")):
        last += 1
    return first, last


def _mark_hex(reading: _Reading, wanted: list[bytes], marks: bytearray) -> None:
    """Mark runs of hex digits, with or without separators, that hold a secret."""
    forms = [form.lower() for form in wanted]
    for run in _HEX_RUN.finditer(reading.data):
        for skipped in (0, 1):
            pairs = list(_HEX_PAIR.finditer(reading.data, run.start() + skipped, run.end()))
            decoded = bytes(int(pair[1], 16) for pair in pairs).lower()
            for form in forms:
                at = decoded.find(form)
                if at >= 0:
                    _mark(reading, run.start(), pairs[at + len(form) - 1].end(), marks)


def _mark(reading: _Reading, first: int, end: int, marks: bytearray) -> None:
    start, stop = reading.spans[first][0], reading.spans[end - 1][1]
    marks[start:stop] = b"\x01" * (stop - start)
