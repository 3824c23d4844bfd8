"""What osTicket's own scripts and wget put on the wire, and what they make of the answer.

The requests are those of libcurl, LWP and wget as the scripts call them; the exit statuses are osTicket's
documented table for MTAs.
"""

from __future__ import annotations

import re

from tests.support.served import Served

_STATUS_LINE = re.compile(rb"HTTP/.* ([0-9]+) .*")
_EXITS = {201: 0, 400: 66, 401: 77, 403: 77, 415: 65, 416: 65, 417: 65, 501: 65, 503: 69}
TEMPORARY = 75


def automail_php(served: Served, key: str, mail: bytes, path: str = "/api/tickets.email") -> int:
    """The PHP script for remote piping: curl with CURLOPT_POSTFIELDS and without Expect."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {served.host}:{served.port}\r\n"
        f"User-Agent: osTicket API Client v1.14\r\nAccept: */*\r\nX-API-Key: {key}\r\n"
        f"Content-Length: {len(mail)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return _exit_of(_send(served, head.encode() + mail))


def automail_pl(served: Served, key: str, mail: bytes, path: str = "/api/tickets.email") -> int:
    """The Perl script: LWP with Content_Type text/plain."""
    head = (
        f"POST {path} HTTP/1.1\r\nTE: deflate,gzip;q=0.3\r\nConnection: TE, close\r\n"
        f"Host: {served.host}:{served.port}\r\nUser-Agent: osTicket API Client v1.14\r\n"
        f"Content-Length: {len(mail)}\r\nContent-Type: text/plain\r\nX-API-Key: {key}\r\n\r\n"
    )
    return _exit_of(_send(served, head.encode() + mail))


def rcron_php(served: Served, key: str, path: str = "/api/tasks/cron") -> int:
    """The PHP script for remote cron: an empty POST; anything but 200 is a failure."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {served.host}:{served.port}\r\n"
        f"User-Agent: osTicket API Client v1.7\r\nAccept: */*\r\nX-API-Key: {key}\r\n"
        "Content-Length: 0\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return 0 if _status_of(_send(served, head.encode())) == 200 else 1


def wget(served: Served, key: str, path: str = "/api/cron.php") -> int:
    """The documentation's cron line: wget -q -O /dev/null --user-agent=KEY URL."""
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {served.host}:{served.port}\r\nUser-Agent: {key}\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: Keep-Alive\r\n\r\n"
    )
    return 0 if _status_of(_send(served, head.encode())) == 200 else 8


def _send(served: Served, request: bytes) -> bytes:
    """Send everything, then read one answer."""
    with served.connect() as connection:
        connection.sendall(request)
        found = b""
        while not _is_whole(found):
            piece = connection.recv(65536)
            if not piece:
                break
            found += piece
        return found


def _is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(separator) and length is not None and len(body) >= int(length[1])


def _status_of(answer: bytes) -> int:
    found = _STATUS_LINE.search(answer)
    return int(found[1]) if found else 0


def _exit_of(answer: bytes) -> int:
    return _EXITS.get(_status_of(answer), TEMPORARY)
