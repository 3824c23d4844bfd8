"""A mail as received, read. Total: any bytes give a `ParsedMail`; only the bounds raise `TooComplex`.

Headers and structure are found at once (no copy of the body); text, attachments and dates are decoded when
they are first asked for. All text handed out is inert (`mail.inert.clean`).
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from config.properties import kept_property
from config.records import Record
from mail.inert import one_line
from mail.mime.address import Address, as_compared, parse_addresses
from mail.mime.dates import parse_date
from mail.mime.headers import decode_words
from mail.mime.part_text import html_of, text_of
from mail.mime.shown import Shown, name_of
from mail.mime.structure import WITHOUT_END, Node, parse_structure

if TYPE_CHECKING:
    from mail.mime.html.links import Link
    from mail.mime.quotes.pieces import Piece, Span


MAX_REFERENCES: Final = 500
_TAIL: Final = 65_536
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_HALF_LINE: Final = expression(rb"=[0-9A-Fa-f]?[ \t\r\n]*\Z")
_ID: Final = expression(r"<([^<>]{1,2000})>")
_SPACE: Final = expression(r"\s+")
_AROUND_ID: Final = expression(r"""^(?:[<"'(\[,;]|&lt;|%3[Cc])+|(?:[>"')\],;]|&gt;|%3[Ee])+$""")
"""What programs put around a Message-ID that has lost one of its brackets, or both."""


class Part(Record):
    """An attachment: `part` is its path in the mail ("2.1"); `size` (bytes) and `sha256` are of its content.

    `inline`: the sender meant it to be shown within the text (an image of an HTML mail).
    """

    name: str
    type: str
    part: str
    size: int
    sha256: str
    inline: bool


class _Text(Record):
    words: str
    from_html: bool
    quoted: tuple[Span, ...]
    links: tuple[Link, ...] = ()
    hidden_words: int = 0
    signed: tuple[Span, ...] = ()


def parse(raw: bytes, zone: Callable[[], tzinfo] = lambda: UTC) -> ParsedMail:
    """Read a mail; invitations say when in `zone`, which is asked for where there is one.

    Errors: `TooComplex` when it is over a bound of `mail.mime.structure` or `mail.mime.headers`.
    """
    if b"\n" not in raw and b"\r" in raw:
        mail = ParsedMail(raw.replace(b"\r", b"\n"), raw, zone)
        mail.defects.append("line ends are bare CR")
        return mail
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        mail = ParsedMail(raw.decode("utf-16", "replace").encode("utf-8", "replace"), raw, zone)
        mail.defects.append("saved as UTF-16")
        return mail
    return ParsedMail(raw, raw, zone)


class ParsedMail:
    """One mail. `raw` are the bytes as received; `defects` what was found broken, in words."""

    def __init__(self, readable: bytes, raw: bytes, zone: Callable[[], tzinfo]) -> None:
        self.raw = raw
        self._zone = zone
        self.defects: list[str] = []
        self.root: Node = parse_structure(readable, self.defects)

    @property
    def ends_early(self) -> bool:
        """Whether it ends where no mail ends, as one that was cut on its way.

        The last part of a multipart without its end (RFC 2046 5.1.1); of a single part: base64 within a group
        of four, quoted-printable within a line or a character, HTML that is not closed. Words that are cut
        tell nothing.
        """
        root = self.root
        if WITHOUT_END in self.defects or root.children:
            return WITHOUT_END in self.defects
        body = root.raw[root.start : root.end]
        if root.encoding == "base64":
            code = body.translate(None, b" \t\r\n")
            return len(code) % 4 != 0 and not code.translate(None, _BASE64)
        if root.encoding == "quoted-printable" and _HALF_LINE.search(body[-_TAIL:]):
            return True
        if root.type != "text/html" or b"<html" not in body[:_TAIL].lower():
            return False
        end = body[-_TAIL:].lower()
        return b"</html" not in end and b"</body" not in end

    def header(self, name: str) -> str | None:
        """Return the first field of that name, decoded, in one inert line."""
        found = self.headers(name)
        return found[0] if found else None

    def headers(self, name: str) -> list[str]:
        """Return all fields of that name, decoded, each in one inert line."""
        return self.root.headers.decoded(name)

    @property
    def header_names(self) -> list[str]:
        """Lower-case names of the header fields, in order, with repetitions."""
        return self.root.headers.names()

    def addresses(self, *names: str) -> list[Address]:
        """Return the addresses in all fields of these names; what is none has a name only."""
        return parse_addresses(text for name in names for text in self.root.headers.texts(name))

    def _ids(self, name: str) -> list[str]:
        text = " ".join(self.root.headers.texts(name))
        text = decode_words(text)
        found = [_made_id(inner) for inner in _ID.findall(text)]
        if not found:
            bare = (_AROUND_ID.sub("", word) for word in text.split())
            found = [_made_id(word) for word in bare if "@" in word]
        unique = list(dict.fromkeys(one for one in found if len(one) > 2))
        if len(unique) > MAX_REFERENCES:
            unique = unique[:1] + unique[1 - MAX_REFERENCES :]
        return unique

    @kept_property
    def message_id(self) -> str | None:
        """``<left@right>`` with its brackets, or None."""
        found = self._ids("message-id")
        if found:
            return found[0]
        bare = (self.header("message-id") or "").strip("<> ")
        return _made_id(bare) if bare else None

    @kept_property
    def in_reply_to(self) -> list[str]:
        """Message-IDs, with brackets."""
        return self._ids("in-reply-to")

    @kept_property
    def references(self) -> list[str]:
        """Message-IDs, with brackets, oldest first; at most 500 (the first and the newest)."""
        return self._ids("references")

    @kept_property
    def subject(self) -> str:
        """Decoded, one line; empty if there is none."""
        return one_line(self.header("subject") or "")

    @kept_property
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

    @kept_property
    def reply_to(self) -> list[Address]:
        """The addresses in Reply-To."""
        return [address for address in self.addresses("reply-to") if address.email]

    @kept_property
    def to(self) -> list[Address]:
        """The addresses in To."""
        return self.addresses("to")

    @kept_property
    def cc(self) -> list[Address]:
        """The addresses in Cc."""
        return self.addresses("cc")

    @kept_property
    def date(self) -> datetime | None:
        """The Date header, in UTC. Only to be shown: senders' clocks lie."""
        value = self.root.headers.text("date")
        return parse_date(value) if value else None

    @kept_property
    def received_at(self) -> datetime | None:
        """When the last server took it (the topmost Received header), in UTC."""
        value = self.root.headers.text("received")
        return parse_date(value.rpartition(";")[2].strip()) if value else None

    @kept_property
    def leaves(self) -> list[Node]:
        """Every part that has no parts, in order, multiparts taken apart."""
        return list(self.root.leaves())

    @kept_property
    def _shown(self) -> Shown:
        return Shown(self.root)

    @kept_property
    def _text(self) -> _Text:
        pieces: list[str] = []
        from_html = False
        quoted: list[Span] = []
        signed: list[Span] = []
        links: tuple[Link, ...] = ()
        hidden_words = 0
        for node in self._shown.texts:
            if node.type in ("text/html", "application/xhtml+xml"):
                from mail.mime.html.document import read_html  # 9 ms, for HTML mail

                read = read_html(html_of(node), len(links) + 1)
                text = read.text
                links += read.links
                hidden_words += read.hidden_words
                from_html = True
                above = sum(len(piece) + 2 for piece in pieces)
                quoted += [(above + begin, above + end) for begin, end in read.quotes]
                signed += [(above + begin, above + end) for begin, end in read.signatures]
            else:
                text = text_of(node, self._zone)
            if text.strip():
                pieces.append(text)
        words = "\n\n".join(pieces)
        return _Text(words, from_html, tuple(quoted), links, hidden_words, tuple(signed))

    @kept_property
    def text(self) -> str:
        """What a reader would read, inert: of alternatives one, all other inline text in order.

        Below the text of an HTML mail stands `mail.mime.html.appendix`: where its links lead, what is hidden.
        """
        read = self._text
        if not read.from_html:
            return read.words
        from mail.mime.html.appendix import appendix  # 0.4 ms, for HTML mail

        return "\n\n".join(filter(None, (read.words, appendix(read.links, read.hidden_words))))

    @property
    def read(self) -> list[Node]:
        """The parts whose words a reader sees, in order."""
        return self._shown.texts

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
        """Whether the text was laid out from HTML."""
        return self._text.from_html

    @property
    def quoted(self) -> tuple[Span, ...] | None:
        """What of `words` the sender's HTML marks as quoted; None for plain text."""
        return self._text.quoted if self._text.from_html else None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What of `words` is new, and what is quoted, signature or footer."""
        from mail.mime.quotes.pieces import Piece  # 0.3 ms, for what is quoted
        from mail.mime.quotes.reading import pieces_of  # 7 ms, for what is quoted

        try:
            return pieces_of(
                self.words, structure=self.quoted, subject=self.subject, signatures=self._text.signed
            )
        except Exception:  # whatever a stranger's text can bring about, all of it is shown
            return (Piece("new", 0, len(self.words)),)

    @kept_property
    def attachments(self) -> list[Part]:
        """Everything that is not text to be read, in order. Decodes each once to measure it."""
        parts = []
        for node, inline in self._shown.attached:
            data = node.decoded()
            parts.append(
                Part(
                    name_of(node, data),
                    node.type,
                    node.path,
                    len(data),
                    hashlib.sha256(data).hexdigest(),
                    inline,
                )
            )
        return parts

    def part(self, path: str) -> Node:
        """Return the part at `path`; raises `KeyError`."""
        for node in self.root.nodes():
            if node.path == path and (node.opened or not node.children):
                return node
        raise KeyError(path)

    def part_bytes(self, path: str) -> bytes:
        """Return the decoded bytes of the part at `path`; raises `KeyError`."""
        return self.part(path).decoded()


def _made_id(inner: str) -> str:
    return f"<{one_line(_SPACE.sub('', inner).removeprefix('mailto:'))}>"
