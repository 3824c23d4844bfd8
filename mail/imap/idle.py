"""IMAP IDLE (RFC 2177): a session that is told of new mail, and needs no thread while it waits.

What it hears is a hint and nothing more: a server may tell late, twice or not at all, so whoever hears one
searches the folder by another session.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final

from mail.errors import MailError, ProtocolError, ServerGone
from mail.imap.session import ImapSession
from mail.inert import one_line
from mail.transport import dialling

__all__ = ["IdleMissing", "IdleSession"]

_GOODBYE_SECONDS: Final = 1.0
_LONGEST_LINE: Final = 64 * 1024
_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4))
"""A connection that a router forgot is noticed after four minutes."""
_WAITING: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class IdleMissing(MailError):
    """The server does not offer IDLE."""

    kind = "idle"
    temporary = False
    default_hint = "The mailbox is fetched by its schedule."


class IdleSession(ImapSession):
    """A logged-in session: `begin`, then `heard` whenever the socket is readable, `renew` now and then."""

    _tag = b""
    _rest = b""

    def begin(self) -> None:
        """Open the account's folder and idle. Errors: `IdleMissing`, `FolderMissing`, `connect`'s."""
        if "IDLE" not in self.capabilities:
            raise IdleMissing(f"{self.account.host} does not offer IDLE")
        self.select()
        for name, value in _KEEP_ALIVE:
            if self._link is not None and hasattr(socket, name):
                self._link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._idle()

    def renew(self) -> None:
        """Stop idling and begin again, before the server takes us for dead (RFC 2177: 29 minutes). Blocks."""
        connected, client = self._need_link(), self._need_client()
        with self._translated("idle"):
            connected.settimeout(self.account.timeout)
            client.send(b"DONE\r\n")
            while not self._line().startswith(self._tag):
                pass
        self._idle()

    def fileno(self) -> int:
        """Return the socket to watch."""
        return self._need_link().fileno()

    def heard(self) -> bool:
        """Return whether there may be new mail; never blocks. Errors: `ServerGone`, `ProtocolError`."""
        told = False
        while True:
            try:
                data = self._need_link().recv(65536)
            except _WAITING:
                return told
            except OSError as error:
                self._broken = True
                raise dialling.gone(error, self.account.host) from None
            if not data:
                self._broken = True
                raise ServerGone(f"{self.account.host} hung up (idle)")
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > _LONGEST_LINE:
                raise ProtocolError(f"{self.account.host} sends a line without an end (idle)")
            for line in lines:
                told = self._says_new(line) or told

    def close(self) -> None:
        """Say goodbye, as far as that needs no answer. Never raises."""
        connected, self._client = self._link, None
        if connected is not None and self._tag and not self._broken:
            try:
                connected.settimeout(_GOODBYE_SECONDS)
                connected.sendall(b"DONE\r\nbye LOGOUT\r\n")
            except (OSError, ValueError):
                pass
        self.cut()

    def _idle(self) -> None:
        client = self._need_client()
        with self._translated("idle"):
            self._tag = client._new_tag()
            client.send(self._tag + b" IDLE\r\n")
            while not (line := self._line()).startswith(b"+"):
                if line.startswith(self._tag):
                    words = line.decode("utf-8", "replace")
                    raise ProtocolError(f"{self.account.host} refuses IDLE", server_words=words)
        self._rest = b""
        self._need_link().setblocking(False)

    def _line(self) -> bytes:
        line: bytes = self._need_client().readline()
        if not line:
            self._broken = True
            raise ServerGone(f"{self.account.host} hung up (idle)")
        return line

    def _says_new(self, line: bytes) -> bool:
        words = line.upper().split()
        if words[:2] == [b"*", b"BYE"] or line.startswith(self._tag):
            self._broken = True
            said = one_line(line.decode("utf-8", "replace"), 200)
            raise ServerGone(f"{self.account.host} ended the session (idle)", server_words=said)
        return len(words) >= 3 and words[1].isdigit() and words[2] in (b"EXISTS", b"RECENT")

    def _need_link(self) -> socket.socket:
        if self._link is None:
            raise ServerGone(f"not connected to {self.account.host}")
        return self._link
