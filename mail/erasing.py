"""Taking a person out of texts and mails: their addresses, their names, and what others quote of them.

Addresses and whole names are found in whatever case and composition of letters, and as they are written in
links (``ana%40corp.example``). Near a person, where it is they who are meant, parts of their name and short
names count as well, and what they wrote.
"""

from __future__ import annotations

import email
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from email.header import Header
from email.message import Message
from typing import Any
from urllib.parse import quote, quote_plus

from config.expressions import expression
from config.records import Record
from mail.mime.charset import decode, decode_field
from mail.mime.domain import ascii_domain, unicode_domain
from mail.mime.headers import TooComplex, decode_words, parse_parameters
from mail.mime.html.document import html_to_text
from mail.mime.structure import parse_structure

NOBODY = "[erased]"
"""What stands where a name or a text stood."""

_AT = r"(?:@|%40|=40|&#64;|&#x40;|\(at\)|\[at\]|=)"
_WORDS = expression(r"[^\W_]+(?:['’-][^\W_]+)*")
_QUOTE = expression(r"[ \t]*[>|]")
_FEW, _MANY = 3, 5
"""So many words in a row of what they wrote make a line theirs: one that is quoted, and any other one."""
_LONG_LINE = 8
"""Letters of a line that is theirs wherever it stands."""
_BROKEN_BY_IT = frozenset(["dkim-signature", "arc-message-signature", "arc-seal", "x-google-dkim-signature"])
_ENCODED = expression(
    rb"=\?|base64|quoted-printable|quopri|uuencode|x-uue|utf-?16|=[0-9A-F]{2}|&#|%[0-9A-F]{2}", re.I
)


class Person(Record):
    """Whom to take out. ``near``: words that mean them only where they took part.

    ``address``: what stands where their addresses stood.
    """

    addresses: Sequence[str]
    names: Sequence[str]
    near: Sequence[str]
    address: str


class Eraser:
    """Finds a person in texts, and takes them out."""

    def __init__(self, person: Person, *, near: bool = False, wrote: Iterable[str] = ()) -> None:
        self._address = person.address
        self._addresses = _any_of(
            [form for each in person.addresses for form in _address_forms(each)],
            r"(?<![\w.+-])",
            r"(?![\w-]|\.\w)",
        )
        named = [*person.names, *(person.near if near else ())]
        self._names = _any_of([form for each in named for form in _forms(each)], r"(?<!\w)", r"(?!\w)")
        self._runs: set[tuple[str, ...]] = set()
        self._lines: set[str] = set()
        for text in map(_without_quotes, wrote):
            words = _folded_words(text)
            for length in (_FEW, _MANY):
                self._runs.update(_runs(words, length))
            self._lines.update(" ".join(_folded_words(line)) for line in text.split("\n"))

    def masked(self, text: str) -> str:
        """Return a text without the person's addresses and names."""
        if self._addresses is not None:
            text = self._addresses.sub(self._address, text)
        return text if self._names is None else self._names.sub(NOBODY, text)

    def masked_body(self, text: str) -> str:
        """Return what somebody wrote without the person, and without what is quoted of them."""
        if not self._runs and not self._lines:
            return self.masked(text)
        kept: list[str] = []
        for line in text.split("\n"):
            if not self._is_theirs(line):
                kept.append(self.masked(line))
            elif not kept or kept[-1] != NOBODY:
                kept.append(NOBODY)
        return "\n".join(kept)

    def _is_theirs(self, line: str) -> bool:
        words = _folded_words(line)
        if not words:
            return False
        quoted = _QUOTE.match(line) is not None
        whole = " ".join(words)
        if whole in self._lines and (quoted or len(whole) >= _LONG_LINE):
            return True
        return not self._runs.isdisjoint(_runs(words, _FEW if quoted else _MANY))

    def says(self, text: str) -> bool:
        """Whether a text has something of the person."""
        return self.masked_body(text) != text

    def found_in(self, raw: bytes) -> bool:
        """Whether a mail, or a file, has something of the person, however it is encoded."""
        if self.says(as_text(raw)):
            return True
        if _ENCODED.search(raw) is None:
            return False
        return any(self.says(text) for text in texts_of(raw))

    def masked_mail(self, raw: bytes) -> bytes:
        """Return a mail without the person; empty where that cannot be had.

        Its structure stays, so that its files are where they were. A part that is no text and names the
        person is emptied, an HTML part with something of theirs becomes plain lines.
        """
        try:
            root = email.message_from_bytes(raw)
            for part in root.walk():
                self._mask_headers(part)
                if not part.is_multipart():
                    self._mask_part(part)
            masked = re.sub(rb"\r?\n", b"\r\n", root.as_bytes())
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return b""
        return b"" if self.found_in(masked) else masked

    def masked_file(self, data: bytes) -> bytes:
        """Return a file that names the person without them, empty if it is no text."""
        try:
            return self.masked_body(data.decode()).encode()
        except UnicodeDecodeError:
            return b""

    def _mask_headers(self, part: Message) -> None:
        kept: list[tuple[str, Any]] = []
        for name, value in part.raw_items():
            if name.lower() in _BROKEN_BY_IT:
                continue
            text = _header_text(value)
            masked = self.masked(text)
            if masked == text:
                kept.append((name, value))
            elif masked.isascii():
                kept.append((name, masked))
            else:
                kept.append((name, Header(masked, "utf-8").encode()))
        for name in list(part.keys()):
            del part[name]
        for name, value in kept:
            part[name] = value
        for name, key in (("Content-Disposition", "filename"), ("Content-Type", "name")):
            self._mask_parameter(part, name, key)

    def _mask_parameter(self, part: Message, name: str, key: str) -> None:
        value = part.get(name)
        if value is None:
            return
        kind, parameters = parse_parameters(_header_text(value))
        given = parameters.get(key)
        if given is None or self.masked(given) == given:
            return
        del part[name]
        part[name] = kind
        for each, text in parameters.items():
            part.set_param(each, self.masked(text), header=name)

    def _mask_part(self, part: Message) -> None:
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes):
            return
        if not part.get_content_type().startswith("text/"):
            if self.says(as_text(data)):
                part.set_payload("")
            return
        text = decode(data, part.get_content_charset())
        if part.get_content_subtype() == "html":
            shown = html_to_text(text)
            if not (self.says(text) or self.says(html.unescape(text)) or self.says(shown)):
                return
            masked = f"<pre>{html.escape(self.masked_body(shown))}</pre>"
        else:
            masked = self.masked_body(text)
            if masked == text:
                return
        del part["Content-Transfer-Encoding"]
        part.set_payload(masked, "utf-8")


def _any_of(forms: Iterable[str], before: str, behind: str) -> re.Pattern[str] | None:
    wanted = sorted({form for form in forms if form}, key=lambda form: (-len(form), form))
    return re.compile(f"{before}(?:{'|'.join(wanted)}){behind}", re.IGNORECASE) if wanted else None


def _address_forms(address: str) -> list[str]:
    local, _, domain = address.rpartition("@")
    return [
        f"{before}{_AT}{behind}"
        for before in _forms(local)
        for behind in {*_forms(ascii_domain(domain)), *_forms(unicode_domain(domain))}
    ]


def _forms(text: str) -> list[str]:
    """Return the expressions of a text: its letters composed and not, blanks of any width between words."""
    found = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    found |= {quoted(each) for each in list(found) for quoted in (quote, quote_plus)}
    return [r"\s+".join(map(re.escape, each.split())) for each in sorted(found)]


def _folded_words(line: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(unicodedata.normalize("NFC", line))]


def _without_quotes(text: str) -> str:
    """Return what somebody wrote without what they quoted, which others wrote."""
    return "\n".join(line for line in text.split("\n") if not _QUOTE.match(line))


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def name_words(name: str) -> list[str]:
    """Return the words of a name that can mean a person by themselves."""
    return [word for word in _WORDS.findall(name) if len(word) > 1]


def as_text(raw: bytes) -> str:
    """Return bytes as they are read without being told how."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def texts_of(raw: bytes) -> Iterator[str]:
    """Yield what the headers and parts of a mail say, decoded; nothing of one that is too intricate."""
    try:
        root = parse_structure(raw, [])
    except TooComplex:
        return
    for node in root.nodes():
        for name in dict.fromkeys(node.headers.names()):
            yield from node.headers.decoded(name)
        yield node.given_name
        if node.is_multipart:
            continue
        data = node.decoded()
        if node.type == "message/rfc822":
            yield from texts_of(data)
        text = (
            decode(data, node.content_type[1].get("charset"))
            if node.type.startswith("text/")
            else as_text(data)
        )
        yield text
        if node.type == "text/html":
            yield html.unescape(text)
            yield html_to_text(text)


def _header_text(value: Any) -> str:
    raw = str(value).encode("utf-8", "surrogateescape") if not isinstance(value, bytes) else value
    return decode_words(decode_field(re.sub(rb"\r?\n[ \t]", b" ", raw)))
