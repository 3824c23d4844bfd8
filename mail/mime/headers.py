"""A block of mail headers: found by one pass over the bytes, decoded when somebody asks.

Tolerant of what is sent in the wild (RFC 5322, 2047, 2231 and their abuse); never raises, except
`TooComplex` for a block over the bound.
"""

from __future__ import annotations

import binascii
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from config.expressions import expression
from config.properties import kept_property
from mail.inert import clean, one_line, without_direction_marks
from mail.mime.charset import codec_for, decode, decode_field

MAX_HEADER_BYTES: Final = 256 * 1024

_FIELD: Final = expression(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*)")
_LINE: Final = expression(rb"[^\n]*(?:\n|\Z)")
_KNOWN: Final = expression(
    rb"(?i)(?:from|to|cc|bcc|subject|date|message-id|mime-version|in-reply-to|references|reply-to|sender|"
    rb"received|return-path|delivered-to|content-[a-z-]+|dkim-signature|x-[!-9;-~]+|list-[a-z-]+|user-agent|"
    rb"auto-submitted|precedence|importance|priority|thread-[a-z]+|authentication-results|arc-[a-z-]+)[ \t]*:"
)
_BOM: Final = b"\xef\xbb\xbf"
_MAX_BANNER_LINES: Final = 5
_LINE_ENDS: Final = b"\r\n"


class TooComplex(Exception):
    """The mail is over a bound of the parser. It is kept raw and quarantined, never dropped."""

    kind = "too_complex"
    hint = "The mail is kept as received; open it as raw text, or raise the bound and retry."


class Headers:
    """Header fields in their order, looked up by lower-case name."""

    __slots__ = ("_ascii", "_fields", "_plain", "_values", "charsets")

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        self._fields = fields
        self._values: dict[str, list[bytes]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)
        self._ascii: dict[str, list[str]] = {}  # what is read alike whatever its charset
        self._plain: dict[str, list[str]] = {}  # what was decoded and says the same whatever its charset
        self.charsets: Charsets | None = None  # those of the mail, asked about raw 8-bit values

    def raw(self, name: str) -> list[bytes]:
        """Return all values of a field, unfolded, as sent."""
        return [_unfolded(value) for value in self._values.get(name.lower(), ())]

    def first(self, name: str) -> bytes | None:
        """Return the first value of a field, unfolded, as sent."""
        values = self._values.get(name)
        return None if values is None else _unfolded(values[0])

    def text(self, name: str) -> str | None:
        """Return the first value as 8-bit text: encoded words are still encoded."""
        value = self.first(name)
        return None if value is None else self._decoded(value)

    def _decoded(self, value: bytes) -> str:
        if value.isascii():
            return decode_field(value)
        return decode_field(value, (*_labels([self]), *(self.charsets or ())))

    def texts(self, name: str) -> list[str]:
        """Return all values as 8-bit text: encoded words are still encoded."""
        name = name.lower()
        known = self._ascii.get(name)
        if known is None:
            values = self.raw(name)
            known = [self._decoded(value) for value in values]
            if values and all(map(bytes.isascii, values)):
                self._ascii[name] = known
        return list(known)

    def decoded(self, name: str) -> list[str]:
        """Return all values, decoded and inert, one line each."""
        name = name.lower()
        if name not in self._values:
            return []
        known = self._plain.get(name)
        if known is None:
            texts = self.texts(name)
            known = [self._shown(text) for text in texts]
            if not any("=?" in text or not text.isascii() for text in texts):
                self._plain[name] = known
        return list(known)

    def _shown(self, text: str) -> str:
        words = decode_words(text, self.charsets or ())
        return one_line(without_direction_marks(words), MAX_HEADER_BYTES)

    def names(self) -> list[str]:
        """Return the names of all fields, in lower case, in order."""
        return [field for field, _ in self._fields]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def those_of(self, names: Iterable[str]) -> list[str]:
        """Return which of some fields there are."""
        return [name for name in names if name in self._values]


def _unfolded(value: bytes) -> bytes:
    return value.strip().translate(None, _LINE_ENDS)


class Charsets:
    """The charset labels that a mail names anywhere, in order: witnesses for the text that names none.

    They are looked for when somebody asks for the first: few texts need one.
    """

    def __init__(self) -> None:
        self.blocks: list[Headers] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    @kept_property
    def _labels(self) -> list[str]:
        return _labels(self.blocks[:_MAX_ASKED])


_MAX_ASKED: Final = 50
_NAMING_FIELDS: Final = ("content-type", "subject", "from", "to", "content-disposition")
_NAMED: Final = expression(
    rb"(?i)charset[ \t]{0,4}=[ \t]{0,4}[\"']?([a-z0-9_:.+-]{2,40})"
    rb"|=\?([a-z0-9_:.+-]{2,40})(?:\*[a-z-]{0,20})?\?[bq]\?"
)


def _labels(blocks: Iterable[Headers]) -> list[str]:
    found: dict[str, None] = {}
    for block in blocks:
        for field in _NAMING_FIELDS:
            for value in block.raw(field)[:3]:
                for named in _NAMED.finditer(value[:10_000]):
                    found[(named[1] or named[2]).decode("ascii").lower()] = None
    return list(found)


def headers_begin(raw: bytes) -> int:
    """Return where the headers of a mail begin: behind a byte order mark, blank lines and a banner.

    Only where two fields stand right behind them, the first one known; all else is a text without headers.
    """
    position = begin = len(_BOM) if raw.startswith(_BOM) else 0
    for _ in range(_MAX_BANNER_LINES):
        first = _FIELD.match(raw, position)
        if first is not None or raw.startswith((b"From ", b">From "), position):
            if first is None or position == begin:
                return position
            known = _KNOWN.match(raw, position) and _FIELD.match(raw, first.end())
            return position if known else begin
        line = _LINE.match(raw, position)
        if line is None or line.end() == position:
            break
        position = line.end()
    return begin


def parse_headers(raw: bytes, start: int, end: int, defects: list[str]) -> tuple[Headers, int]:
    """Return the header block at `start` and the offset at which the body begins; raises `TooComplex`."""
    fields: list[tuple[str, bytes]] = []
    position = start
    stop = min(end, start + MAX_HEADER_BYTES)
    match = _FIELD.match
    while position < stop:
        found = match(raw, position, stop)
        if found is not None:
            name, value = found.groups()
            fields.append((name.decode("ascii").lower(), value))
            position = found.end()
            continue
        if raw.startswith(b"\r\n", position):
            return Headers(fields), position + 2
        if raw.startswith(b"\n", position):
            return Headers(fields), position + 1
        line = _LINE.match(raw, position, stop)
        after = line.end() if line is not None else stop
        if not fields and raw.startswith((b"From ", b">From "), position):
            position = after  # an mbox line that a delivery agent left in
            continue
        if fields and (again := _headers_again(raw, after, stop)) is not None:
            defects.append("a line in the headers is not a header")
            position = again
            continue
        if fields:
            defects.append("no blank line between headers and body")
        return Headers(fields), position
    if stop < end:
        raise TooComplex(f"headers over {MAX_HEADER_BYTES // 1024} kB")
    return Headers(fields), position


_MAX_STRAY_LINES: Final = 8


def _headers_again(raw: bytes, after: int, stop: int) -> int | None:
    """Return where the headers go on behind a line that is none, or None if the body has begun.

    A single line needs a known field behind it; several (a value that lost its indentation) need two.
    """
    if _KNOWN.match(raw, after, stop):
        return after
    for _ in range(_MAX_STRAY_LINES):
        line = _LINE.match(raw, after, stop)
        if line is None or not line[0].strip() or line.end() >= stop:
            return None
        after = line.end()
        if _KNOWN.match(raw, after, stop):
            field = _FIELD.match(raw, after, stop)
            more = field is not None and (
                _KNOWN.match(raw, field.end(), stop) or raw.startswith((b"\n", b"\r\n"), field.end())
            )
            return after if more else None
    return None


def decode_words(text: str, others: Iterable[str] = ()) -> str:
    """Decode RFC 2047 encoded words anywhere in `text`; what is not one stays as it is.

    `others`: charsets of the same mail, asked where a word's own is unknown or does not fit.
    """
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending: list[bytes] = []
    charset = ""

    def flush() -> None:
        if pending:
            pieces.append(decode(b"".join(pending), charset, others))
            pending.clear()

    position = 0
    last_end = text.rfind("?=")  # past it no word can end: keeps hostile text linear
    begin = text.find("=?")
    while 0 <= begin < last_end:
        word = _encoded_word(text, begin)
        if word is None:
            begin = text.find("=?", begin + 2)
            continue
        label, data, after = word
        between = text[position:begin]
        if not pending or between.strip():
            flush()
            pieces.append(between)
        elif label != charset:
            flush()
        charset = label
        pending.append(data)
        position = after
        begin = text.find("=?", position)
    flush()
    pieces.append(text[position:])
    return "".join(pieces)


def _encoded_word(text: str, begin: int) -> tuple[str, bytes, int] | None:
    first = text.find("?", begin + 2, begin + 80)
    if first < 0 or text[first + 2 : first + 3] != "?":
        return None
    label = text[begin + 2 : first].split("*")[0].strip().lower()
    if not label or " " in label:
        return None
    encoding = text[first + 1].lower()
    if encoding not in "bq":
        return None
    content_at = first + 3
    end = text.find("?=", content_at)
    if end < 0:
        return None
    content = text[content_at:end].encode("utf-8", "replace")
    if encoding == "b":
        return label, decode_base64(content), end + 2
    return label, binascii.a2b_qp(content.replace(b" ", b"_"), header=True), end + 2


_BASE64_NOISE: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)


_URL_SAFE: Final = expression(rb"(?:[A-Za-z0-9_=]-?|[\r\n])+")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def decode_base64(data: bytes) -> bytes:
    """Decode base64 however damaged: foreign characters are skipped, a missing tail is accepted."""
    if (b"-" in data or b"_" in data) and _URL_SAFE.fullmatch(data):
        data = data.translate(_FROM_URL_SAFE)
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        bare = data.translate(None, _BASE64_NOISE)
        pad = bare.find(b"=")
        if pad >= 0:
            bare = bare[:pad]
        bare = bare[: len(bare) - (len(bare) % 4 == 1)]
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))


_PARAMETER: Final = expression(r""";\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
_MORE_OF_NAME: Final = expression(r"(?:;[^;=\"]{0,200}){1,8}(?<=\.)[A-Za-z0-9]{1,5}\"?(?=\s*(?:;|\Z))")
_NO_SEMICOLON: Final = expression(r"\s*[a-zA-Z0-9/.+_-]{1,100}(?=\s+[a-zA-Z0-9*-]{1,40}=)")
_PERCENT: Final = expression(rb"%([0-9A-Fa-f]{2})")
_LABELLED: Final = expression(r"""([^'"%\s]{0,40})(?:'[A-Za-z0-9-]{0,40}'|(["']))(.*)""", re.DOTALL)
_ESCAPED: Final = expression(r"\\(.)", re.DOTALL)
_OFTEN: Final = 60
"""Characters of a field without a boundary or a file's name of its own, which stands in one mail alone."""


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Read ``type/subtype; name=value`` as lower-case main value and parameters (RFC 2045, 2231, 2047).

    Continuations and percent-encoding are resolved; encoded words in values are decoded, as senders use them.
    """
    if len(value) > _OFTEN:
        return _parameters(value)
    main, parameters = _parameters_often(value)
    return main, parameters.copy()


@functools.lru_cache(maxsize=512)
def _parameters_often(value: str) -> tuple[str, dict[str, str]]:
    """Read a field once: "text/plain; charset=utf-8" stands in most mails."""
    return _parameters(value)


def _parameters(value: str) -> tuple[str, dict[str, str]]:
    words = value.split(None, 1)
    if len(words) > 1 and ";" not in words[0] and (forgotten := _NO_SEMICOLON.match(value)) is not None:
        value = value[: forgotten.end()] + ";" + value[forgotten.end() :]
    at = value.find(";")
    parameters: dict[str, str] = {}
    if at < 0:
        return value.strip().lower(), parameters
    main = value[:at].strip().lower()
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    plain = '"' not in value and "name" not in value.lower()
    for name, content in _plain_pairs(value, at) if plain else _pairs(value, at):
        if content.startswith('"'):
            content = content[1:-1] if len(content) > 1 and content.endswith('"') else content[1:]
            if "\\" in content:
                content = _ESCAPED.sub(r"\1", content)
        base, star, rest = name.partition("*")
        if not star:
            parameters.setdefault(base, decode_words(content))
            continue
        encoded = rest == "" or rest.endswith("*")
        number = rest.rstrip("*")
        index = int(number) if number.isdecimal() and len(number) < 4 else 0
        sections.setdefault(base, {}).setdefault(index, (encoded, content))
    for base, parts in sections.items():
        parameters[base] = _joined(parts)
    return main, parameters


def _pairs(value: str, at: int) -> Iterator[tuple[str, str]]:
    """Yield the names of parameters, in lower case, and what is given, from a semicolon on."""
    for found in _PARAMETER.finditer(value, at):
        name = found[1].lower()
        content = found[2].strip()
        if name in ("name", "filename") and not (len(content) > 1 and content.endswith('"')):
            # What has a semicolon and no quotes is as long as it takes to come to an extension.
            more = _MORE_OF_NAME.match(value, found.end())
            content += more[0].rstrip() if more is not None else ""
        yield name, content


def _plain_pairs(value: str, at: int) -> Iterator[tuple[str, str]]:
    """Yield the same where nothing is in quotes and no file has a name, as in most fields."""
    for each in value[at + 1 :].split(";"):
        name, equals, content = each.partition("=")
        if equals and len(name.split()) == 1:
            yield name.strip().lower(), content.strip()


def _joined(parts: dict[int, tuple[bool, str]]) -> str:
    label = ""
    data = b""
    for position, index in enumerate(sorted(parts)):
        encoded, content = parts[index]
        if encoded and position == 0:
            label, content = _labelled(content)
        raw = content.encode("utf-8", "replace")
        data += _PERCENT.sub(lambda hit: bytes([int(hit[1], 16)]), raw) if encoded else raw
    return clean(decode_words(decode(data, label or None)))


def _labelled(content: str) -> tuple[str, str]:
    """Return charset and rest of ``utf-8'en'rest``, also with other quotes there (RFC 2231 4)."""
    found = _LABELLED.fullmatch(content)
    if found is None:
        return "", content
    label, odd_quote, rest = found.groups()
    if odd_quote and not codec_for(label):
        return "", content
    return label, rest.removesuffix('"') if odd_quote == '"' else rest
