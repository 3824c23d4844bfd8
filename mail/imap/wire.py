"""How IMAP looks on the wire: the client on a socket of ours, answers taken apart, folder names, UID sets."""

from __future__ import annotations

import imaplib
import re
import socket
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from imap_tools.imap_utf7 import utf7_decode
from imap_tools.mailbox import BaseMailBox
from imap_tools.utils import encode_folder

from config.expressions import expression
from config.records import Record
from mail.mime.dates import parse_date

MAX_LITERAL: Final = 256 * 1024 * 1024
MAX_LINE: Final = 64 * 1024 * 1024
"""A SEARCH answers in one line: with a million UIDs it has 8 MB, imaplib's own limit is 1 MB."""
MAX_ANSWER: Final = 512 * 1024 * 1024
"""Bytes of all that is said to one command: a server that says more has no end, and memory has."""

_FETCH_BEGIN: Final = expression(rb"^\d+ \(")
_FLAGS: Final = expression(rb"FLAGS \([^)]*\)", re.IGNORECASE)
_UID: Final = expression(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE: Final = expression(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_INTERNALDATE: Final = expression(rb'INTERNALDATE "([^"]*)"', re.IGNORECASE)
_BODY: Final = expression(rb"\b(?:BODY\[\]|RFC822(?:\.PEEK)?|BINARY\[\])(?:<0>)? ~?\{\d+\}\Z", re.IGNORECASE)
"""The whole mail, also by the names that it has in other commands: some servers say those."""
_QUOTED: Final = expression(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_END: Final = expression(
    rb'(?:\s+(?:[A-Z][A-Z0-9.-]* (?:\([^)]*\)|"[^"]*"|[^\s()"]+)|(?=\))))*\s*\)\s*', re.IGNORECASE
)
"""Attributes that may follow a body, and the end of the answer."""
_LIST: Final = expression(rb'^\(([^)]*)\) (?:"((?:[^"\\]|\\.)*)"|NIL) (.*)$', re.DOTALL)
_NAMESPACE: Final = expression(rb'^\(\("((?:[^"\\]|\\.)*)" (?:"((?:[^"\\]|\\.)+)"|NIL)')
_ESCAPED: Final = expression(rb"\\(.)", re.DOTALL)


class Client(imaplib.IMAP4):
    """imaplib on a socket that is already connected (and, for security tls, already encrypted)."""

    _heard = 0
    """Bytes that the server said since the last command."""

    def __init__(self, link: socket.socket, host: str, port: int) -> None:
        self._link = link
        super().__init__(host, port)

    def _new_tag(self) -> bytes:
        self._heard = 0
        tag: bytes = super()._new_tag()  # type: ignore[misc]  # typeshed leaves out what begins with _
        return tag

    def _hear(self, data: bytes) -> bytes:
        self._heard += len(data)
        if self._heard > MAX_ANSWER:
            raise self.abort(f"the server said more than {MAX_ANSWER} bytes to one command")
        return data

    def readline(self) -> bytes:
        """Return one line, which may be long."""
        said: bytes = self.file.readline(MAX_LINE + 1)  # type: ignore[assignment]  # it is a binary file
        line = self._hear(said)
        if len(line) > MAX_LINE:
            raise self.abort(f"the server sends a line of more than {MAX_LINE} bytes")
        return line

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._link

    def ask_for_tls(self) -> None:
        """Say STARTTLS. Raises `imaplib.IMAP4.error` when it is refused."""
        typ, data = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error((data[-1] or b"").decode("utf-8", "replace"))

    def encrypt(self, secured: socket.socket) -> None:
        """Go on over TLS. What was received in clear and not yet read is thrown away (RFC 3501 6.2.1)."""
        self._link = secured
        self.open(self.host, self.port)
        self._tls_established = True
        self._get_capabilities()

    def read(self, size: int) -> bytes:
        """Read `size` bytes of a literal; a server that announces more than 256 MB is not believed."""
        if size > MAX_LITERAL:
            raise self.abort(f"the server announces a literal of {size} bytes")
        data = self._hear(super().read(size))
        if len(data) < size:
            raise self.abort(f"the server broke off {size - len(data)} bytes before the end of a literal")
        return data

    def came(self) -> list[Any]:
        """Return what answers to FETCH a command brought before it failed."""
        return list(self.untagged_responses.pop("FETCH", []))


class Box(BaseMailBox):
    """imap-tools' mailbox on a `Client` of ours: used to log in, never to fetch, flag, move or parse."""

    def __init__(self, client: Client) -> None:
        self._own_client = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._own_client


class FetchedMail(Record):
    """One mail as the server gave it. `internaldate` is UTC."""

    uid: int
    raw: bytes
    internaldate: datetime | None


class Folder(Record):
    """A line of LIST: the name as Unicode, the separator of levels, the flags in lower case."""

    name: str
    separator: str
    flags: frozenset[str]


def uid_set(uids: Iterable[int]) -> str:
    """Return ``1:3,7`` for 1, 2, 3, 7. The order is lost; IMAP does not keep it anyway."""
    runs: list[str] = []
    begin = last = 0
    for uid in sorted(set(uids)):
        if uid == last + 1 and begin:
            last = uid
            continue
        if begin:
            runs.append(f"{begin}:{last}" if last > begin else str(begin))
        begin = last = uid
    if begin:
        runs.append(f"{begin}:{last}" if last > begin else str(begin))
    return ",".join(runs)


def mails_in(data: list[Any], wanted: set[int]) -> list[FetchedMail]:
    """Return those mails of a FETCH answer of imaplib's that were asked for, have a body and came whole.

    An unsolicited FETCH (somebody set a flag meanwhile) may stand anywhere between; the attributes may
    come before or after the body; a second answer for one UID is ignored. An answer that the server broke
    off, or whose literal is longer or shorter than the server said, does not end as an answer does.
    """
    found: dict[int, FetchedMail] = {}
    for head, body, tail in _answers(data):
        uid = _number(_UID, head)
        if uid is None or uid not in wanted or uid in found or not body or not _END.fullmatch(tail):
            continue
        found[uid] = FetchedMail(uid, body, _date_in(head))
    return [found[uid] for uid in sorted(found)]


def _answers(data: list[Any]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield (attributes, body, what stands behind it) of each FETCH line.

    imaplib gives a literal as a tuple, with what stands before it, and the rest as bytes.
    """
    head, body, tail = b"", b"", b""
    for item in data:
        text = item[0] if isinstance(item, tuple) else item
        if not isinstance(text, bytes):
            continue
        if _FETCH_BEGIN.match(text):
            if head:
                yield head, body, tail
            head, body, tail = b"", b"", b""
        head += b" " + _FLAGS.sub(b"", text)
        tail += _FLAGS.sub(b"", text) if body else b""
        if isinstance(item, tuple) and not body and _BODY.search(text):
            body = item[1]
    if head:
        yield head, body, tail


def looks_in(data: list[Any], uid: int) -> tuple[int, datetime | None] | None:
    """Return RFC822.SIZE (0: not told) and INTERNALDATE from a FETCH answer; None if it is not there."""
    for head, *_ in _answers(data):
        if _number(_UID, head) == uid:
            return _number(_SIZE, head) or 0, _date_in(head)
    return None


def message_ids_in(data: list[Any], wanted: set[int]) -> dict[int, str]:
    """Return UID to Message-ID, from an answer to FETCH BODY[HEADER.FIELDS (MESSAGE-ID)]."""
    found: dict[int, str] = {}
    for item in data:
        if isinstance(item, tuple):
            uid, header = _number(_UID, item[0]), item[1].decode("ascii", "replace")
            value = " ".join(header.partition(":")[2].split())
            if uid in wanted and value:
                found[uid] = value
    return found


def _date_in(head: bytes) -> datetime | None:
    date = _INTERNALDATE.search(head)
    return parse_date(date[1].decode("ascii", "replace")) if date else None


def sizes_in(data: list[Any], wanted: set[int]) -> dict[int, int]:
    """Return UID to RFC822.SIZE from a FETCH answer."""
    sizes: dict[int, int] = {}
    for head, *_ in _answers(data):
        uid, size = _number(_UID, head), _number(_SIZE, head)
        if uid is not None and size is not None and uid in wanted:
            sizes[uid] = size
    return sizes


def _number(pattern: re.Pattern[bytes], head: bytes) -> int | None:
    hit = pattern.search(head)
    return int(hit[1]) if hit else None


def numbers_in(data: list[Any]) -> list[int]:
    """Return the numbers of SEARCH answers, sorted, each once."""
    found: set[int] = set()
    for item in data:
        if isinstance(item, bytes):
            found.update(int(word) for word in item.partition(b"(")[0].split() if word.isdigit())
    return sorted(found)


def encoded_folder(name: str) -> bytes:
    """Return a folder name quoted and in modified UTF-7 (RFC 3501 5.1.3), ready for a command."""
    return bytes(encode_folder(name))


def folder_in(item: Any) -> Folder | None:
    """Read one LIST answer, as imaplib gives it; None if it is none."""
    line = item[0] if isinstance(item, tuple) else item
    match = _LIST.match(line) if isinstance(line, bytes) else None
    if match is None:
        return None
    flags, separator, name = match.groups()
    if isinstance(item, tuple):
        name = item[1]
    elif (quoted := _QUOTED.match(name)) is not None:
        name = _ESCAPED.sub(rb"\1", quoted[1])
    return Folder(
        _decoded_name(name),
        _ESCAPED.sub(rb"\1", separator or b"").decode("ascii", "replace"),
        frozenset(flags.decode("ascii", "replace").lower().split()),
    )


def _decoded_name(name: bytes) -> str:
    try:
        return utf7_decode(name) if name.isascii() else name.decode("utf-8")
    except (ValueError, UnicodeError):
        return name.decode("utf-8", "replace")


def namespace_in(data: list[Any]) -> tuple[str, str]:
    """Return prefix and separator of the personal namespace (RFC 2342), empty if there is none."""
    first = data[0] if data else None
    match = _NAMESPACE.match(first) if isinstance(first, bytes) else None
    if match is None:
        return "", ""
    return (
        _decoded_name(_ESCAPED.sub(rb"\1", match[1])),
        _ESCAPED.sub(rb"\1", match[2] or b"").decode("ascii", "replace"),
    )
