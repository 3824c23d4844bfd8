"""The parts of a mail: found by searching boundaries in the raw bytes, decoded only on demand.

Works on slices of one `bytes`; nothing is copied until a part is asked for. Multiparts are split, attached
mails (message/rfc822) are leaves. Bounds: 500 parts, 50 levels, 256 kB of headers a part, 50 MB decoded.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

from config.expressions import expression
from mail.inert import one_line
from mail.mime.containers import Inner, files_out_of, holds_files, opened, wraps
from mail.mime.headers import (
    Charsets,
    Headers,
    TooComplex,
    decode_base64,
    headers_begin,
    parse_headers,
    parse_parameters,
)

WITHOUT_END: Final = "a multipart without its end"
MAX_PARTS: Final = 500
MAX_DEPTH: Final = 50
MAX_DECODED_BYTES: Final = 50 * 1024 * 1024

_PAGE: Final = expression(rb"(?i)\s{0,200}(?:<\?xml[^>]{0,200}>\s{0,20})?<(?:!doctype html|html)\b")
"""What a program sends that forgot to say that it is HTML."""
_NAME_ALONE: Final = expression(r"\s*[\w*-]{1,40}\s*=")
_COMMA: Final = expression(r"^(\s*\w{1,40})\s*,\s*(?=[\w*-]{1,40}\s*=)")
_SLASH: Final = expression(r"\s*/\s*")
_TYPE: Final = expression(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_SIGNATURES: Final = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_GUESSED_BOUNDARY: Final = expression(rb"^--(?!-*\s)([!-~][ -~]{0,69}?)[ \t]*\r?$", re.MULTILINE)
_AFTER_BOUNDARY: Final = expression(rb"(--)?[ \t]*(\r?\n|\r|\Z)")


class Node:
    """A part of a mail. `path` counts from 1 as IMAP does ("2.1"); the root of a multipart has path "".

    Its headers begin at `begin` of `raw`, its body at `start`.
    `opened`: it is no multipart but a wrapper (winmail.dat, signed data, a text with files) that was opened.
    """

    __slots__ = (
        "_content_type",
        "_decoded",
        "_disposition",
        "_encoding",
        "begin",
        "children",
        "default_type",
        "end",
        "headers",
        "opened",
        "parent",
        "path",
        "raw",
        "start",
    )

    def __init__(self, raw: bytes, headers: Headers, start: int, end: int, path: str) -> None:
        self.raw = raw
        self.headers = headers
        self.begin = self.start = start
        self.end = end
        self.path = path
        self.children: list[Node] = []
        self.parent: Node | None = None
        self.default_type = "text/plain"
        self.opened = False
        self._content_type: tuple[str, dict[str, str]] | None = None
        self._disposition: tuple[str, dict[str, str]] | None = None
        self._encoding: str | None = None
        self._decoded: bytes | None = None

    @property
    def content_type(self) -> tuple[str, dict[str, str]]:
        """``type/subtype`` and parameters; what is missing or makes no sense is text/plain (RFC 2045 5.2)."""
        if self._content_type is None:
            value = self.headers.text("content-type")
            if value is None:
                is_page = self.default_type == "text/plain" and _PAGE.match(self.raw, self.start, self.end)
                self._content_type = ("text/html" if is_page else self.default_type, {})
            else:
                kind, parameters = parse_parameters(value)
                if " " in kind:
                    kind = _SLASH.sub("/", kind).partition(" ")[0]
                if not _TYPE.fullmatch(kind):
                    kind = "multipart/mixed" if kind == "multipart" else "text/plain"
                if kind == "application/octet-stream":
                    kind = self._told_by(parameters)
                self._content_type = (kind[:127], parameters)
        return self._content_type

    def _told_by(self, parameters: dict[str, str]) -> str:
        """Return the type of a part that calls itself mere bytes, where S/MIME tells more."""
        if "smime-type" in parameters:
            return "application/pkcs7-mime"
        if self.parent is not None and self.parent.type == "multipart/signed":
            protocol = self.parent.content_type[1].get("protocol", "").lower()
            if protocol in _SIGNATURES and self.parent.children[0] is not self:
                return protocol
        return "application/octet-stream"

    @property
    def type(self) -> str:
        """The media type, in lower case."""
        return self.content_type[0]

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline`` or empty."""
        return self._disposed()[0]

    def _disposed(self) -> tuple[str, dict[str, str]]:
        if self._disposition is None:
            value = self.headers.text("content-disposition")
            if value is not None and _NAME_ALONE.match(value):
                value = f"attachment; {value}"
            elif value is not None:
                value = _COMMA.sub(r"\1; ", value, count=1)
            self._disposition = ("", {}) if value is None else parse_parameters(value)
        return self._disposition

    @property
    def given_name(self) -> str:
        """The file name that the sender gave, inert, or empty."""
        for value in (
            self._disposed()[1].get("filename"),
            self.content_type[1].get("name"),
            self._disposed()[1].get("name"),
        ):
            if value:
                return one_line(_as_meant(value), 255)
        return ""

    @property
    def encoding(self) -> str:
        """The transfer encoding, in lower case; empty if none is named."""
        if self._encoding is None:
            value = self.headers.first("content-transfer-encoding")
            if value is None:
                return ""
            said = _COMMENT.sub(b" ", value).partition(b";")[0].strip().strip(b"\"'")
            name = said.decode("ascii", "replace").lower().replace("_", "-").replace(" ", "-")
            self._encoding = _NAMES_OF_ENCODINGS.get(name, name)
        return self._encoding

    @property
    def is_multipart(self) -> bool:
        """Whether it has parts."""
        return bool(self.children)

    def leaves(self) -> Iterator[Node]:
        """Return the parts that have no parts, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def nodes(self) -> Iterator[Node]:
        """Return this part and all within it, in order."""
        yield self
        for child in self.children:
            yield from child.nodes()

    def expected_size(self) -> int:
        """Return an upper bound of the decoded size, without decoding."""
        size = self.end - self.start
        return size * 3 // 4 + 3 if self.encoding == "base64" else size

    def decoded(self) -> bytes:
        """Return the bytes of the part, transfer encoding removed. Never raises."""
        if self._decoded is not None:
            return self._decoded
        decoded = self._decode()
        if self.end - self.start < _SMALL_TEXT and self.type.startswith("text/"):
            self._decoded = decoded  # a text is asked for again: what it says, which alternative says more
        return decoded

    def _decode(self) -> bytes:
        data = self.raw[self.start : self.end]
        encoding = self.encoding
        if encoding == "base64":
            return data if self.type.startswith("text/") and _is_plain(data) else decode_base64(data)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(_BLANKS_AT_END.sub(b"=", data) if _BLANKS_AT_END.search(data) else data)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            from mail.mime.inline_files import decode_uu  # 0.6 ms, for uuencoded parts

            return decode_uu(data)
        if encoding in ("x-yencode", "yencode", "x-yenc", "yenc"):
            from mail.mime.inline_files import decode_yenc_part  # 0.6 ms, for parts in yEnc

            return decode_yenc_part(data)
        return data


def _as_meant(name: str) -> str:
    """Return a file name without single quotes around it, and with the letters that percent signs write."""
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1]
    name = _EXTENDED.sub("", name)
    if "%" not in name:
        return name
    from urllib.parse import unquote  # 1.4 ms, for names with percent signs

    try:
        said = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return said if name.isascii() and not said.isascii() else name


def _is_plain(data: bytes) -> bool:
    """Return whether what is said to be base64 are lines of words with blanks between."""
    if data.find(b" ", 0, _PLAIN_LOOK) < 0:
        return False
    words = _WORDS.findall(data, 0, _PLAIN_LOOK)
    return bool(words) and 2 * len(words) >= data.count(b"\n", 0, _PLAIN_LOOK)


_COMMENT: Final = expression(rb"\([^()]{0,100}\)")
_NAMES_OF_ENCODINGS: Final = {
    "quopri": "quoted-printable",
    "quotedprintable": "quoted-printable",
    "quoted-printible": "quoted-printable",
    "qp": "quoted-printable",
    "base-64": "base64",
    "b64": "base64",
}
_EXTENDED: Final = expression(
    r"^(?i:utf-8|iso-8859-1|windows-1252)'[a-zA-Z-]{0,10}'(?=\S{0,900}%[0-9A-F]{2})"
)
"""The beginning of an extended value (RFC 5987) in one that is none."""
_BLANKS_AT_END: Final = expression(rb"=[ \t]{1,80}(?=\r?\n)")
"""Behind a soft line break: added on the way (RFC 2045 6.7)."""
_WORDS: Final = expression(rb"^[^\r\n]*\w[,.:;!?]? \w[^\r\n]*", re.MULTILINE)
_PLAIN_LOOK: Final = 2000


def parse_structure(raw: bytes, defects: list[str]) -> Node:
    """Return the tree of a mail; raises `TooComplex`, for the bounds only."""
    begin = headers_begin(raw)
    if begin:
        defects.append("something stands before the headers")
    headers, body = parse_headers(raw, begin, len(raw), defects)
    root = Node(raw, headers, body, len(raw), "1")
    _Splitter(defects).split(root, 0)
    if root.children and not root.opened:
        root.path = ""
    _share_charsets(root)
    size = sum(leaf.expected_size() for leaf in root.leaves())
    if size > MAX_DECODED_BYTES:
        raise TooComplex(f"{size // 2**20} MB decoded, over {MAX_DECODED_BYTES // 2**20} MB")
    return root


class _Splitter:
    def __init__(self, defects: list[str]) -> None:
        self.defects = defects
        self.parts = 0
        self.unwrapped = 0

    def split(self, node: Node, depth: int) -> None:
        """Find the parts of `node`; its own bytes may be encoded, against RFC 2045 6.4, or be a wrapper's."""
        if not node.type.startswith("multipart/"):
            self._open(node, depth)
            return
        if depth >= MAX_DEPTH:
            raise TooComplex(f"parts nested deeper than {MAX_DEPTH}")
        source, pieces = self._found(node)
        prefix = f"{node.path}." if depth else ""
        for number, (start, end) in enumerate(pieces, 1):
            self._count()
            headers, body = parse_headers(source.raw, start, end, self.defects)
            child = Node(source.raw, headers, min(body, end), end, f"{prefix}{number}")
            child.begin = start
            child.parent = node
            if node.type == "multipart/digest":
                child.default_type = "message/rfc822"
            node.children.append(child)
            self.split(child, depth + 1)

    def _found(self, node: Node) -> tuple[Node, list[tuple[int, int]]]:
        """Return the slices of the parts of a multipart, and the node whose bytes they are slices of."""
        boundary = (node.content_type[1].get("boundary") or "").rstrip().encode("utf-8", "replace")
        pieces = self._pieces(node, boundary) if boundary else []
        if pieces and not _encoded_again(node, pieces):
            return node, pieces
        if node.encoding in _ENCODINGS:
            data = node.decoded()
            self._unwrapping(len(data))
            decoded = Node(data, node.headers, 0, len(data), node.path)
            inner = self._pieces(decoded, boundary) if boundary else []
            if inner:
                self.defects.append(f"a multipart in {node.encoding}")
                return decoded, inner
        if pieces:
            return node, pieces
        guess = self._guess(node)
        pieces = self._pieces(node, guess) if guess else []
        self.defects.append("the boundary was guessed" if pieces else "a multipart without parts")
        return node, pieces

    def _open(self, node: Node, depth: int) -> None:
        """Open what is a wrapper of its own."""
        kind = node.type
        inner: list[Inner] = []
        if kind in ("text/plain", "text/html"):
            if _has_files(node):
                inner = files_out_of(node.decoded(), kind, node.content_type[1].get("charset"))
        elif kind.startswith("application/") and wraps(kind, node.given_name):
            data = node.decoded()
            self._unwrapping(len(data))
            inner = opened(kind, data, node.given_name)
        if not inner:
            return
        if depth >= MAX_DEPTH:
            raise TooComplex(f"parts nested deeper than {MAX_DEPTH}")
        node.opened = True
        for number, found in enumerate(inner, 1):
            self._count()
            self._unwrapping(len(found.data))
            headers, body = found.headers, 0
            if headers is None:
                headers, body = parse_headers(found.data, 0, len(found.data), self.defects)
            child = Node(found.data, headers, body, len(found.data), f"{node.path}.{number}")
            child.parent = node
            node.children.append(child)
            if found.headers is None:
                self.split(child, depth + 1)
            elif child.type.startswith("application/"):
                self._open(child, depth + 1)

    def _count(self) -> None:
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise TooComplex(f"more than {MAX_PARTS} parts")

    def _unwrapping(self, size: int) -> None:
        self.unwrapped += size
        if self.unwrapped > 4 * MAX_DECODED_BYTES:
            raise TooComplex(f"over {4 * MAX_DECODED_BYTES // 2**20} MB in wrappers")

    def _pieces(self, node: Node, boundary: bytes) -> list[tuple[int, int]]:
        """Return the slices between the boundary lines of `node`; the last may lack its end."""
        raw, end = node.raw, node.end
        mark = b"--" + boundary
        pieces: list[tuple[int, int]] = []
        begin = -1
        position = node.start
        while True:
            at = raw.find(mark, position, end)
            if at < 0:
                break
            position = at + len(mark)
            if at > node.start and raw[at - 1] not in b"\n\r":
                continue
            tail = _AFTER_BOUNDARY.match(raw, position, end)
            if tail is None:
                continue
            if begin >= 0:
                pieces.append((begin, max(begin, _before_line_end(raw, at))))
                if len(pieces) > MAX_PARTS:
                    raise TooComplex(f"more than {MAX_PARTS} parts")
            if tail[1]:
                return pieces
            begin = position = tail.end()
        if begin >= 0:
            self.defects.append(WITHOUT_END)
            pieces.append((begin, end))
        return pieces

    def _guess(self, node: Node) -> bytes | None:
        found = _GUESSED_BOUNDARY.search(node.raw, node.start, min(node.end, node.start + 65_536))
        if found is None:
            return None
        name = found[1]
        again = node.raw.find(b"\n--" + name, found.end(), node.end)
        return name if again >= 0 else None


def _before_line_end(raw: bytes, at: int) -> int:
    """Leave out the line end before a boundary, which belongs to the boundary (RFC 2046 5.1.1)."""
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1


_ENCODINGS: Final = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode"})


def _encoded_again(node: Node, pieces: list[tuple[int, int]]) -> bool:
    """Return whether the headers of the parts themselves are quoted-printable."""
    if node.encoding not in ("quoted-printable", "quopri"):
        return False
    return any(
        b"=3D" in node.raw[start : min(end, start + 300)].split(b"\n\n")[0] for start, end in pieces[:5]
    )


def _has_files(node: Node) -> bool:
    """Return whether a text may hold uuencoded or yEncoded files, told without decoding it."""
    if node.encoding == "base64":
        return node.end - node.start < _SMALL_TEXT and holds_files(node.decoded())
    return any(node.raw.find(mark, node.start, node.end) >= 0 for mark in (b"begin ", b"begin-base64 "))


_SMALL_TEXT: Final = 1024 * 1024


def _share_charsets(root: Node) -> None:
    charsets = Charsets()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        node.headers.charsets = charsets
        charsets.blocks.append(node.headers)
        nodes += reversed(node.children)
