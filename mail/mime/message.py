"""A mail as received, read. Total: any bytes give a `ParsedMail`; only the bounds raise `TooComplex`.

Headers and structure are found at once (no copy of the body); text, attachments and dates are decoded when
they are first asked for. All text handed out is inert (`mail.inert.clean`).
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from mail.inert import clean, one_line
from mail.mime.address import Address, as_compared, parse_addresses
from mail.mime.charset import codec_for, decode
from mail.mime.dates import parse_date
from mail.mime.flowed import unflow
from mail.mime.headers import TooComplex, decode_words
from mail.mime.structure import Node, parse_structure

if TYPE_CHECKING:
    from mail.mime.html.links import Link
    from mail.mime.quotes.pieces import Piece, Span


MAX_REFERENCES: Final = 500
_ID: Final = re.compile(r"<([^<>]{1,2000})>")
_SPACE: Final = re.compile(r"\s+")
_META_CHARSET: Final = re.compile(rb"(?i)<meta[^<>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})")
_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/x-patch": ".patch",
    "text/x-diff": ".diff",
    "text/markdown": ".md",
    "text/rfc822-headers": ".txt",
    "text/xml": ".xml",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/msword": ".doc",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "application/rtf": ".rtf",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
}


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment: `part` is its path in the mail ("2.1"); `size` (bytes) and `sha256` are of its content.

    `inline`: the sender meant it to be shown within the text (an image of an HTML mail).
    """

    name: str
    type: str
    part: str
    size: int
    sha256: str
    inline: bool


class _Text(NamedTuple):
    words: str
    from_html: bool
    quoted: tuple[Span, ...]
    links: tuple[Link, ...] = ()
    hidden_words: int = 0


def parse(raw: bytes) -> ParsedMail:
    """Read a mail.

    Errors: `TooComplex` when it is over a bound of `mail.mime.structure` or `mail.mime.headers`.
    """
    if b"\n" not in raw and b"\r" in raw:
        mail = ParsedMail(raw.replace(b"\r", b"\n"), raw)
        mail.defects.append("line ends are bare CR")
        return mail
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        mail = ParsedMail(raw.decode("utf-16", "replace").encode("utf-8", "replace"), raw)
        mail.defects.append("saved as UTF-16")
        return mail
    return ParsedMail(raw, raw)


class ParsedMail:
    """One mail. `raw` are the bytes as received; `defects` what was found broken, in words."""

    def __init__(self, readable: bytes, raw: bytes) -> None:
        self.raw = raw
        self.defects: list[str] = []
        self.root: Node = parse_structure(readable, self.defects)

    def header(self, name: str) -> str | None:
        """The first field of that name, decoded, in one inert line."""
        found = self.headers(name)
        return found[0] if found else None

    def headers(self, name: str) -> list[str]:
        """All fields of that name, decoded, each in one inert line."""
        return self.root.headers.decoded(name)

    @property
    def header_names(self) -> list[str]:
        """Lower-case names of the header fields, in order, with repetitions."""
        return self.root.headers.names()

    def addresses(self, *names: str) -> list[Address]:
        """The addresses in all fields of these names; what is none has a name only."""
        return parse_addresses(text for name in names for text in self.root.headers.texts(name))

    def _ids(self, name: str) -> list[str]:
        text = " ".join(self.root.headers.texts(name))
        text = decode_words(text)
        found = [_made_id(inner) for inner in _ID.findall(text)]
        if not found:
            found = [_made_id(word) for word in text.split() if "@" in word]
        unique = list(dict.fromkeys(one for one in found if len(one) > 2))
        if len(unique) > MAX_REFERENCES:
            unique = unique[:1] + unique[1 - MAX_REFERENCES :]
        return unique

    @cached_property
    def message_id(self) -> str | None:
        """``<left@right>`` with its brackets, or None."""
        found = self._ids("message-id")
        if found:
            return found[0]
        bare = (self.header("message-id") or "").strip("<> ")
        return _made_id(bare) if bare else None

    @cached_property
    def in_reply_to(self) -> list[str]:
        """Message-IDs, with brackets."""
        return self._ids("in-reply-to")

    @cached_property
    def references(self) -> list[str]:
        """Message-IDs, with brackets, oldest first; at most 500 (the first and the newest)."""
        return self._ids("references")

    @cached_property
    def subject(self) -> str:
        """Decoded, one line; empty if there is none."""
        return one_line(self.header("subject") or "")

    @cached_property
    def sender(self) -> Address:
        """Whom From names, else Sender, Reply-To, Return-Path; both parts empty if nobody is named.

        Of several it is the one that Sender names too (RFC 5322 3.6.2), else none of them for sure.
        """
        several = self.addresses("from")
        if len({as_compared(each.email) for each in several}) > 1:
            sent_by = [as_compared(each.email) for each in self.addresses("sender")]
            named = (each for each in several if each.email and as_compared(each.email) in sent_by)
            return next(named, Address(one_line(", ".join(map(str, several)), 320), ""))
        for name in ("from", "sender", "reply-to", "return-path"):
            found = self.addresses(name)
            for address in found:
                if address.email:
                    return address
            if found and name == "from" and any(address.is_doubtful for address in found):
                return found[0]  # no other field says who that is
            if found and name == "from" and not any(n in self.root.headers for n in ("sender", "reply-to")):
                return found[0]
        return Address("", "")

    @cached_property
    def reply_to(self) -> list[Address]:
        return [address for address in self.addresses("reply-to") if address.email]

    @cached_property
    def to(self) -> list[Address]:
        return self.addresses("to")

    @cached_property
    def cc(self) -> list[Address]:
        return self.addresses("cc")

    @cached_property
    def date(self) -> datetime | None:
        """The Date header, in UTC. Only to be shown: senders' clocks lie."""
        value = self.root.headers.text("date")
        return parse_date(value) if value else None

    @cached_property
    def received_at(self) -> datetime | None:
        """When the last server took it (the topmost Received header), in UTC."""
        value = self.root.headers.text("received")
        return parse_date(value.rpartition(";")[2].strip()) if value else None

    @cached_property
    def leaves(self) -> list[Node]:
        """Every part that has no parts, in order, multiparts taken apart."""
        return list(self.root.leaves())

    @cached_property
    def _shown(self) -> _Shown:
        shown = _Shown()
        shown.walk(self.root)
        return shown

    @cached_property
    def _text(self) -> _Text:
        pieces: list[str] = []
        from_html = False
        quoted: list[Span] = []
        links: tuple[Link, ...] = ()
        hidden_words = 0
        for node in self._shown.texts:
            if node.type == "text/html":
                from mail.mime.html.document import read_html

                read = read_html(_html_of(node), len(links) + 1)
                text = read.text
                links += read.links
                hidden_words += read.hidden_words
                from_html = True
                above = sum(len(piece) + 2 for piece in pieces)
                quoted += [(above + begin, above + end) for begin, end in read.quotes]
            else:
                text = _plain_of(node)
            if text:
                pieces.append(text)
        return _Text("\n\n".join(pieces), from_html, tuple(quoted), links, hidden_words)

    @cached_property
    def text(self) -> str:
        """What a reader would read, inert: of alternatives one, all other inline text in order.

        Below the text of an HTML mail stands `mail.mime.html.appendix`: where its links lead, what is hidden.
        """
        read = self._text
        if not read.from_html:
            return read.words
        from mail.mime.html.appendix import appendix

        return "\n\n".join(filter(None, (read.words, appendix(read.links, read.hidden_words))))

    @property
    def words(self) -> str:
        """`text` without what this program says below it."""
        return self._text.words

    @property
    def links(self) -> tuple[Link, ...]:
        """Where the links of an HTML mail lead, by the numbers in its text."""
        return self._text.links

    @property
    def text_is_from_html(self) -> bool:
        return self._text.from_html

    @property
    def quoted(self) -> tuple[Span, ...] | None:
        """What of `words` the sender's HTML marks as quoted; None for plain text."""
        return self._text.quoted if self._text.from_html else None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What of `words` is new, and what is quoted, signature or footer."""
        from mail.mime.quotes.reading import pieces_of

        return pieces_of(self.words, structure=self.quoted, subject=self.subject)

    @cached_property
    def attachments(self) -> list[Part]:
        """Everything that is not text to be read, in order. Decodes each once to measure it."""
        parts = []
        for node, inline in self._shown.attached:
            data = node.decoded()
            parts.append(
                Part(
                    _name_of(node, data),
                    node.type,
                    node.path,
                    len(data),
                    hashlib.sha256(data).hexdigest(),
                    inline,
                )
            )
        return parts

    def part(self, path: str) -> Node:
        """The part at `path`. Errors: `KeyError`."""
        for leaf in self.leaves:
            if leaf.path == path:
                return leaf
        raise KeyError(path)

    def part_bytes(self, path: str) -> bytes:
        """The decoded bytes of the part at `path`. Errors: `KeyError`."""
        return self.part(path).decoded()


def _made_id(inner: str) -> str:
    return f"<{one_line(_SPACE.sub('', inner))}>"


def _plain_of(node: Node) -> str:
    parameters = node.content_type[1]
    text = clean(decode(node.decoded(), parameters.get("charset"), _witnesses(node)))
    if parameters.get("format", "").lower() == "flowed":
        text = unflow(text, parameters.get("delsp", "").lower() == "yes")
    return text.strip("\n")


def _html_of(node: Node) -> str:
    data = node.decoded()
    label = node.content_type[1].get("charset")
    if (label is None or codec_for(label) is None) and not data.isascii():
        declared = _META_CHARSET.search(data, 0, 4096)
        label = declared[1].decode("ascii") if declared else None
        if (codec_for(label or "") or "").startswith("utf-16"):
            label = None  # it was read as ASCII, so it cannot be true
    return decode(data, label, _witnesses(node))


def _witnesses(node: Node) -> tuple[str, ...]:
    return node.headers.charsets.labels if node.headers.charsets is not None else ()


def _name_of(node: Node, data: bytes) -> str:
    if node.given_name:
        return node.given_name
    if node.type in ("message/rfc822", "message/global"):
        inner = _inner_subject(data)
        if inner:
            return f"{one_line(inner.replace('/', '-'), 120)}.eml"
    return f"part-{node.path}{_EXTENSIONS.get(node.type, '.bin')}"


def _inner_subject(data: bytes) -> str:
    from mail.mime.headers import parse_headers

    try:
        headers, _ = parse_headers(data, 0, len(data), [])
    except TooComplex:
        return ""
    return decode_words(headers.text("subject") or "")


class _Shown:
    """What of a mail is read as text and what is attached, by its structure (RFC 2046, 2387)."""

    def __init__(self) -> None:
        self.texts: list[Node] = []
        self.attached: list[tuple[Node, bool]] = []

    def walk(self, node: Node) -> None:
        if not node.children:
            self._leaf(node)
        elif node.type == "multipart/alternative":
            chosen = _best(node.children)
            for child in node.children:
                if child is chosen:
                    self.walk(child)
                else:
                    self._not_chosen(child)
        elif node.type == "multipart/related":
            self._related(node)
        else:
            for child in node.children:
                self.walk(child)

    def _related(self, node: Node) -> None:
        start = node.content_type[1].get("start", "").strip("<> ")
        root = node.children[0]
        for child in node.children:
            if start and (child.headers.text("content-id") or "").strip("<> ") == start:
                root = child
                break
        self.walk(root)
        for child in node.children:
            if child is root:
                continue
            if child.children:
                self.walk(child)
            else:
                self.attached.append((child, child.disposition != "attachment"))

    def _not_chosen(self, node: Node) -> None:
        for leaf in node.leaves():
            same_text_again = leaf.type in ("text/plain", "text/html", "text/x-amp-html", "text/watch-html")
            if not same_text_again or leaf.given_name or leaf.disposition == "attachment":
                inside_html = leaf.parent is not None and leaf.parent.type == "multipart/related"
                self.attached.append((leaf, inside_html and leaf.disposition != "attachment"))

    def _leaf(self, node: Node) -> None:
        kind = "text/plain" if node.type.startswith("multipart/") else node.type
        if kind not in ("text/plain", "text/html") or node.disposition == "attachment":
            inline = node.disposition == "inline" and not node.type.startswith("message/")
            self.attached.append((node, inline))
        elif node.given_name and (self.texts or self.attached):
            self.attached.append((node, node.disposition == "inline"))
        else:
            self.texts.append(node)


def _best(children: list[Node]) -> Node:
    """The alternative to read in a terminal: plain text if it says anything, else HTML, else the first."""
    for wanted in ("text/plain", "text/html"):
        for child in children:
            if any(leaf.type == wanted and _says_something(leaf) for leaf in _inline_leaves(child)):
                return child
    return children[0]


def _inline_leaves(node: Node) -> list[Node]:
    return [leaf for leaf in node.leaves() if leaf.disposition != "attachment"]


def _says_something(node: Node) -> bool:
    return bool(node.raw[node.start : min(node.end, node.start + 4096)].strip())
