"""One HTTP request that carries a document to a server: verified TLS, bounded time, no way around the host.

Blocking. The address that was looked at is the one that is connected, so that a name which resolves to
something else a moment later changes nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from config.wording import host_and_port
from mail.errors import MailError, ServerGone
from mail.inert import one_line
from mail.transport import tls
from mail.transport.blocking import within
from mail.transport.dialling import Address, dial, gone, resolve
from mail.transport.reach import is_public

LONGEST_ANSWER: Final = 4_096
"""Bytes of an answer that are read."""
_WORDS: Final = 200
_WORDS_SECONDS: Final = 2.0
"""So long the words of an answer are waited for: what became of the document its status has said before."""
_PORTS: Final = {"https": 443, "http": 80}
_KEEPS_METHOD: Final = (307, 308)


class Answer(NamedTuple):
    """What a server answered: the status, and its first words in one inert line."""

    status: int
    words: str


class _Sending(NamedTuple):
    """What is sent, until when (of the monotonic clock), by which connections."""

    body: bytes
    headers: Mapping[str, str]
    seconds: float
    until: float
    to_private: bool
    ca_file: Path | None
    links: list[socket.socket]


class NotThere(MailError):
    """The address is one that nothing is sent to."""


def place_of(url: str) -> str:
    """Return as much of an address as may be shown: without a query, and without a password."""
    found = _split(url)
    port = None if found.port == _PORTS[found.scheme] else found.port
    return f"{found.scheme}://{host_and_port(found.hostname or '', port)}{found.path}"


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    to_private: bool,
    ca_file: Path | None = None,
) -> Answer:
    """POST a document and return what was answered; at most one redirect within the same host is followed.

    ``to_private``: whether addresses of private networks and this machine may be reached. Errors:
    `MailError`, one of them for time that ran out.
    """
    sending = _Sending(body, headers, seconds, time.monotonic() + seconds, to_private, ca_file, [])
    try:
        return within(seconds, _post, url, sending)
    except TimeoutError:
        # Its thread would read on for as long as the server goes on answering bit by bit.
        for link in sending.links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        raise


def _post(url: str, sending: _Sending) -> Answer:
    answer, location = _ask(_split(url), sending)
    if answer.status not in _KEEPS_METHOD or not location:
        return answer
    target = _split(urljoin(url, location))
    if (target.scheme, target.hostname, target.port) != _origin(_split(url)):
        return Answer(answer.status, f"redirects to another host: {one_line(place_of(target.geturl()), 120)}")
    return _ask(target, sending)[0]


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port


def _split(url: str) -> SplitResult:
    try:
        found = urlsplit(url.strip())
        if found.port == 0:
            raise ValueError(found.port)
    except ValueError:
        raise NotThere(f"{one_line(url, 60)} is no address", hint="Write https://host/path.") from None
    if not (found.hostname or "").isascii():
        raise NotThere("the host has letters that are not ASCII", hint=_in_ascii(found.hostname or ""))
    plain = url.isascii() and url.isprintable() and " " not in url.strip()
    if found.scheme not in _PORTS or not found.hostname or not plain:
        raise NotThere("the address is not https://host/path", hint="Write https://host/path.")
    if found.username is not None:
        raise NotThere(
            "the address has a user's name in it", hint="A webhook is signed; it needs no password."
        )
    return found


def _in_ascii(host: str) -> str:
    from mail.mime.domain import dns_name  # 0.2 ms, for a host that is refused

    name = dns_name(host)
    return f"Write {name} instead." if name else "Write it as it is in the DNS: xn--..."


def _ask(url: SplitResult, sending: _Sending) -> tuple[Answer, str]:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    link: socket.socket = dial(host, port, sending.seconds, _allowed(host, port, sending.to_private))
    sending.links.append(link)
    connection = http.client.HTTPConnection(host, port, timeout=sending.seconds)
    try:
        if url.scheme == "https":
            context = tls.context(sending.ca_file)
            link = context.wrap_socket(link, server_hostname=host, do_handshake_on_connect=False)
            sending.links.append(link)
            link.do_handshake()
        connection.sock = link
        path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        connection.request("POST", path, sending.body, dict(sending.headers))
        response = connection.getresponse()
        words = _first_words(response, link, (sending.until - time.monotonic()) / 2)
        return Answer(response.status, one_line(words, _WORDS)), response.headers.get("Location", "")
    except ssl.SSLError as error:
        raise tls.translated(error, host) from None
    except (OSError, ValueError) as error:
        raise gone(error, host) from None
    except http.client.HTTPException as error:
        raise ServerGone(f"{host} answers no HTTP", server_words=type(error).__name__) from None
    finally:
        connection.close()
        link.close()


def _first_words(response: http.client.HTTPResponse, link: socket.socket, seconds: float) -> str:
    """Return what comes of an answer's text in that time; that it stops, or never ends, says nothing."""
    read, until = b"", time.monotonic() + min(seconds, _WORDS_SECONDS)
    with suppress(OSError, ValueError, http.client.HTTPException):
        while len(read) < LONGEST_ANSWER and (left := until - time.monotonic()) > 0:
            link.settimeout(left)
            piece = response.read1(LONGEST_ANSWER - len(read))
            if not piece:
                break
            read += piece
    return read.decode("utf-8", "replace")


def _allowed(host: str, port: int, to_private: bool) -> list[Address]:
    addresses = resolve(host, port)
    if to_private:
        return addresses
    kept = [each for each in addresses if is_public(str(each[1][0]))]
    if not kept:
        raise NotThere(
            f"{host} is in a private network or this machine itself",
            hint="nightdesk settings set webhooks.private on lets webhooks reach such addresses.",
        )
    return kept
