"""`nightdesk pipe --remote URL`: a mail host without a desk hands its mail to one elsewhere, by HTTP.

With --spool the mail is on disk here before anything is sent, and stays until the desk has it: that is 0.
Without, the MTA's queue is the spool: 75 unless the desk has the mail. A mail that is sent twice, because
this host crashed in between, is known to the desk.
"""

from __future__ import annotations

import fcntl
import http.client
import io
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from config import spool as spools
from mail.transport.blocking import within
from nightdesk.pipe import envelope

DONE = 0
TERMINAL = 64
TRY_AGAIN = 75

SECONDS = 60.0
"""How long the desk may be silent."""
LONGEST_SECONDS = 300.0
"""How long the desk may take for a mail, with the time for its bytes, whatever it says meanwhile."""
FLUSH_SECONDS = 30.0
"""How long a call goes on with what earlier ones left: an MTA waits for it."""

_CHUNK = 65_536
_SLOWEST = 50_000
"""Bytes a second of a slow line."""
_IN_MEMORY = 1 << 20
_RECEIPT = "X-Nightdesk-Receipt"
_LATER = frozenset({408, 425, 429})


class Usage(Exception):
    """The arguments make no sense."""


class Away(Exception):
    """The desk cannot be reached, or cannot take mail now."""


class Refused(Exception):
    """The desk does not take this, however often it is asked."""


@dataclass(slots=True)
class Options:
    """What the arguments say."""

    remote: str = ""
    key_file: str = ""
    ca_file: str = ""
    spool: str = ""
    to: str = ""


_VALUES = {
    "--remote": "remote",
    "--key-file": "key_file",
    "--ca-file": "ca_file",
    "--spool": "spool",
    "--to": "to",
}


def run(argv: Sequence[str], say: Callable[[str], None], report: Callable[[str], None]) -> int:
    """Hand over the mail on standard input, or with --flush what waits; returns the exit status.

    ``say`` is for who calls it by hand, ``report`` for the system's log. Raises whatever is wrong here.
    """
    options, flush = _read(argv)
    if not flush and os.isatty(0):
        return TERMINAL
    desk = RemoteDesk(options.remote, _key(options.key_file), options.ca_file)
    if options.spool:
        _become_its_owner(options.spool)
        if not flush:
            line, mail = envelope.split_from_line(_standard_input())
            name = spools.write(options.spool, envelope.facts(options.to, os.environ, line), mail)
            say(f"in the spool as {name}")
        try:
            left = _send_waiting(desk, options.spool, say, report)
        except OSError as error:
            report(f"mail waits in {options.spool}: {error.strerror or error}")
            left = True
        return TRY_AGAIN if flush and left else DONE
    try:
        say(_send_at_once(desk, options))
    except (Away, Refused) as error:
        report(f"the mail stays with the MTA: {error}")
        return TRY_AGAIN
    return DONE


class RemoteDesk:
    """The desk behind an URL. Its certificate is verified, by ``ca_file`` where it has a private one."""

    def __init__(self, url: str, key: str, ca_file: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise Usage(f"{url} is no http URL")
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise Usage("without TLS everybody on the way reads mail and key: use https")
        self._tls = ssl.create_default_context(cafile=ca_file or None) if parts.scheme == "https" else None
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path or "/"
        self._key = key

    def post(self, facts: Mapping[str, str], mail: IO[bytes], size: int) -> str:
        """Hand one mail over; returns what the desk said. Raises Away or Refused."""
        first = mail.read(_CHUNK)
        head = _trace_fields(facts, b"\r\n" if b"\r\n" in first[:4096] else b"\n")
        headers = {
            "Content-Type": "message/rfc822",
            "Content-Length": str(len(head) + size),
            "X-API-Key": self._key,
            "User-Agent": "nightdesk-pipe",
        }
        try:
            seconds = LONGEST_SECONDS + size / _SLOWEST
            answer, said = within(seconds, self._asked, _pieces(head + first, mail), headers)
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{self._host}: {type(error).__name__}: {error}") from None
        if answer.status == 201 or answer.headers.get(_RECEIPT):
            return f"taken: {said}"
        words = f"{self._host} answered {answer.status}: {said[:300]}"
        if answer.status >= 500 or answer.status in _LATER:
            raise Away(words)
        raise Refused(words)

    def _asked(self, body: Iterator[bytes], headers: dict[str, str]) -> tuple[http.client.HTTPResponse, str]:
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read(2000).decode("utf-8", "replace").strip()
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=SECONDS)
        return http.client.HTTPSConnection(self._host, self._port, timeout=SECONDS, context=self._tls)


def _read(argv: Sequence[str]) -> tuple[Options, bool]:
    options, flush, verb = Options(), False, False
    rest = iter(argv)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in _VALUES:
            given = value if equals else next(rest, None)
            if not given:
                raise Usage(f"{name} needs a value")
            setattr(options, _VALUES[name], given)
        elif argument == "--flush":
            flush = True
        elif argument == "pipe" and not verb:
            verb = True
        elif argument not in ("--verbose", "-v", "--qmail", "--debug"):
            raise Usage(f"pipe --remote knows no {argument}")
    if not options.key_file:
        raise Usage("--remote needs --key-file with the desk's API key")
    if flush and not options.spool:
        raise Usage("--flush needs --spool")
    return options, flush


def _key(file: str) -> str:
    key = Path(file).read_text("ascii").strip()
    if not key.isprintable() or not key or " " in key:
        raise Usage(f"{file} holds no key")
    return key


def _become_its_owner(spool: str) -> None:
    """Leave mail, as root, as the user that the others are, who must be able to read it."""
    owner = Path(spool).stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        from nightdesk.owner import become  # 1.4 ms, for a piped mail

        become(owner)


def _standard_input() -> Iterator[bytes]:
    while chunk := os.read(0, _CHUNK):
        yield chunk


def _send_at_once(desk: RemoteDesk, options: Options) -> str:
    line, mail = envelope.split_from_line(_standard_input())
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        size = 0
        for chunk in mail:
            size += file.write(chunk)
            if size > spools.MAX_MAIL:
                raise Refused(f"the mail is larger than {spools.MAX_MAIL} bytes")
        if not size:
            raise Refused("there is no mail on standard input")
        file.seek(0)
        return desk.post(envelope.facts(options.to, os.environ, line), file, size)


def _send_waiting(
    desk: RemoteDesk, spool: str, say: Callable[[str], None], report: Callable[[str], None]
) -> bool:
    """Send what is in the spool, oldest first; whether something is left."""
    begun, left = time.monotonic(), False
    for name in sorted(spools.names(spool)):
        if time.monotonic() - begun > FLUSH_SECONDS:
            return True
        try:
            told = _send_file(desk, f"{spool}/{name}")
        except Away as error:
            report(f"mail waits in {spool}: {error}")
            return True
        except (Refused, spools.NotSpooled) as error:
            report(f"{name} stays in {spool}: {error}")
            left = True
        else:
            say(told)
    return left


def _send_file(desk: RemoteDesk, path: str) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "somebody else sent it"
    with io.FileIO(handle) as file:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "somebody else sends it"
        status = os.fstat(handle)
        if status.st_nlink == 0:
            return "somebody else sent it"
        facts, start = spools.read_head(os.pread(handle, spools.MAX_HEAD, 0), status.st_size)
        file.seek(start)
        told = desk.post(facts, io.BufferedReader(file), status.st_size - start)
        Path(path).unlink()
    return told


def _trace_fields(facts: Mapping[str, str], end: bytes) -> bytes:
    """Return the envelope as a mail's own lines: the desk reads them and does not count them to the mail."""
    lines = []
    if sender := facts.get("sender"):
        lines.append(f"Return-Path: <{sender.strip('<>')}>")
    if recipient := facts.get("recipient"):
        lines.append(f"Delivered-To: {recipient}")
    inert = ["".join(each if each.isprintable() else "?" for each in line[:900]) for line in lines]
    return b"".join(line.encode("utf-8", "replace") + end for line in inert)


def _pieces(first: bytes, mail: IO[bytes]) -> Iterator[bytes]:
    yield first
    while chunk := mail.read(_CHUNK):
        yield chunk
