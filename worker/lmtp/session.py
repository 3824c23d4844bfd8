"""One LMTP connection (RFC 2033), on aiosmtpd with what that leaves out.

aiosmtpd answers DATA once; here every recipient gets an answer of its own, after the commit. Lines may be of
any length, because a refused line comes back to the customer. Whatever is our fault is answered with 4xx, so
that the mail stays in the queue of the MTA.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import socket
import struct
from asyncio import LimitOverrunError
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from aiosmtpd.lmtp import LMTP

from config.expressions import expression
from config.spool import MAX_MAIL
from mail.inert import one_line

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope
    from aiosmtpd.smtp import Session as Facts

    from desk.intake.incoming import Outcome
    from worker.lmtp.intake import LmtpIntake

MAX_RECIPIENTS = 1000
IDLE_SECONDS = 300.0
_COMMAND_BYTES = 4096
_BUFFER_BYTES = 65_536
_CREDENTIALS = struct.Struct("3i")
"""Process, user and group of whoever connected."""
_ANGLE = expression(r"""\s*<((?:[^<>"\\]|"(?:[^"\\]|\\.)*"|\\.)*)>\s*(.*)""", re.DOTALL)
_NO_ROOM_CODES = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_ROOM = expression(r"(?i)disk.{0,20}full|no space|quota exceeded")

logging.getLogger("mail.log").addHandler(logging.NullHandler())
logging.getLogger("mail.log").propagate = False  # it would write what strangers sent to standard error


class LmtpSession(LMTP):
    """Serves one client. ``opened``, ``heard`` and ``closed`` tell the listener of it."""

    command_size_limit = _COMMAND_BYTES
    command_size_limits = defaultdict(lambda: _COMMAND_BYTES)  # noqa: RUF012  (the base class declares it so)
    line_length_limit = _BUFFER_BYTES

    def __init__(
        self,
        intake: LmtpIntake,
        opened: Callable[[LmtpSession, Hashable], bool],
        heard: Callable[[LmtpSession], None],
        closed: Callable[[LmtpSession], None],
    ) -> None:
        super().__init__(
            _Answers(intake),
            data_size_limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname() or "localhost",
            ident="Nightdesk LMTP",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._intake = intake
        self._opened = opened
        self._heard = heard
        self._closed_of = closed
        self.busy = False
        """A mail of this client is being stored, or its answers are being written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet a client, if there is room."""
        super().connection_made(transport)
        if not self._opened(self, _peer_of(transport)):
            self.leave("too many connections")

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        self._heard(self)
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client, who is gone."""
        self._closed_of(self)
        super().connection_lost(error)

    def leave(self, why: str) -> None:
        """Say goodbye for now."""
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(f"421 4.3.2 {why}\r\n".encode())
            transport.close()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take a mail and answer once for each recipient."""
        if await self.check_helo_needed("LHLO"):
            return
        envelope = self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        recipients = list(envelope.rcpt_tos)
        self.busy = True
        try:
            answers = await self._answers(content, envelope.mail_from or "", recipients)
            self.envelope = self._create_envelope()
            await self.push("\r\n".join(answers))
        finally:
            self.busy = False

    async def _content(self) -> bytearray | None:
        """Return what stands before the dot that is alone on its line; None when that is too much."""
        content = bytearray()
        size = 0
        begins = True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except LimitOverrunError as over:
                piece = await self._reader.read(over.consumed)
            if begins and piece == b".\r\n":
                return content if size <= MAX_MAIL else None
            if begins and piece[:1] == b".":
                piece = piece[1:]
            begins = piece[-2:] == b"\r\n"
            if size // 2**20 != (size + len(piece)) // 2**20:
                self._reset_timeout()
            size += len(piece)
            if size <= MAX_MAIL:
                content += piece
            else:
                content.clear()

    async def _answers(self, content: bytearray | None, sender: str, recipients: list[str]) -> list[str]:
        if content is None:
            return ["552 5.3.4 Error: the mail is larger than the size that was announced"] * len(recipients)
        path = "<>" if sender == "<>" else f"<{one_line(sender, 1000)}>"
        raw = f"Return-Path: {path}\r\n".encode("utf-8", "surrogateescape") + content
        content.clear()
        try:
            taken = await self._intake.take(raw, recipients)
        except Exception as error:
            return [refused_for_now(error)] * len(recipients)
        return [_accepted(each) for each in taken]

    async def handle_exception(self, error: Exception) -> str:
        """Put the mail off: nothing that breaks here is the sender's fault."""
        return refused_for_now(error)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Split off an address. Less strict than the standard: a refused one would be a bounce."""
        angle = _ANGLE.match(arg)
        address, rest = angle.groups() if angle else (arg.strip().partition(" ")[::2])
        if address.startswith("@") and ":" in address:  # a source route
            address = address.partition(":")[2]
        return address or "<>", rest


def _peer_of(transport: asyncio.BaseTransport) -> Hashable:
    """Return whose connection it is: a user of this machine at a Unix socket, else an address."""
    connected = transport.get_extra_info("socket")
    if connected is not None and connected.family == socket.AF_UNIX:
        told = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(told)[1])
    peer = transport.get_extra_info("peername")
    return peer[0] if peer else None


class _Answers:
    """What aiosmtpd asks between the commands."""

    def __init__(self, intake: LmtpIntake) -> None:
        self._intake = intake

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Facts, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Facts, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Facts, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == "<>":
            return "553 5.1.3 Error: no address"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Error: too many recipients"
        try:
            ours = await self._intake.is_ours(address)
        except Exception as error:
            return refused_for_now(error)
        if ours is None:
            return "451 4.3.5 This desk has no mailbox yet"
        if not ours:
            return "550 5.1.2 This desk takes no mail for that domain"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"


def refused_for_now(error: BaseException) -> str:
    """Return the answer to a fault of ours: the mail is to come again."""
    text = str(error)
    if _NO_ROOM.search(text) or getattr(error, "errno", None) in _NO_ROOM_CODES:
        return "452 4.3.1 No room on the desk's disk, come again later"
    if "locked" in text or "busy" in text:
        return "451 4.3.0 The desk's database is busy, come again later"
    return f"451 4.3.0 The desk cannot take mail now ({type(error).__name__}), come again later"


def _accepted(taken: Outcome) -> str:
    ticket = f", ticket {taken.ticket_number}" if taken.ticket_number else ""
    said = f"250 2.0.0 receipt {taken.receipt_id}: {taken.verdict}{ticket}"
    return said.encode("ascii", "replace").decode()
