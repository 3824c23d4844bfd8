"""Sending mails over one SMTP connection, with a state for every recipient.

The line between "certainly not taken" and "nobody knows" is the final dot: a connection that breaks before
the dot has left gives ``deferred``, one that breaks after it gives ``uncertain``, which is never resent
without a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from config.expressions import expression
from mail.account import OutgoingAccount
from mail.compose.header import downgraded
from mail.errors import MailError
from mail.inert import masked, one_line
from mail.mime.address import envelope_form
from mail.smtp.connection import SmtpConnection

if TYPE_CHECKING:
    from mail.smtp.dialogue import Dialogue

__all__ = ["RecipientOutcome", "SendOutcome", "SmtpSession"]

_CHUNK: Final = 64 * 1024
_SLOWEST_BYTES_PER_SECOND: Final = 10_000
_LINE_END: Final = expression(rb"\r\n|\r|\n")
_LEADING_DOT: Final = expression(rb"(?m)^\.")

State = Literal["sent", "deferred", "failed", "uncertain"]
Stage = Literal["connect", "mail", "rcpt", "data", "dot", "done"]


@dataclass(frozen=True, slots=True)
class RecipientOutcome:
    """What became of one recipient; `code` and `words` are the server's, or None and ours."""

    state: State
    code: int | None
    words: str


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """Outcome per recipient, keyed by the address as given; `stage` is how far the mail got.

    `sender_refused`: the server took no envelope sender; with ``<>`` the account's own address may do.
    """

    recipients: dict[str, RecipientOutcome]
    stage: Stage
    sender_refused: bool = False


class _Refused(Exception):
    """The server answered a command with 4xx or 5xx."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


class SmtpSession(SmtpConnection):
    """A logged-in connection for many mails, one after the other.

    Opening raises `MailError`. `send` raises one only if it had to open the connection again and could not;
    then nothing was sent.
    """

    def __init__(self, account: OutgoingAccount, dialogue: Dialogue | None = None) -> None:
        super().__init__(account, dialogue)
        self._used = False
        self._transaction: _Transaction | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether the server may have the mail whose `send` was cancelled."""
        return self._transaction is not None and self._transaction.stage in ("dot", "done")

    async def send(
        self, envelope_from: str, recipients: Sequence[str], message: bytes, seconds: float | None = None
    ) -> SendOutcome:
        """Send one mail. `envelope_from` may be empty (the null sender ``<>``).

        `seconds` limits the whole mail (default: ten of the account's waits and a second per 10 kB); the
        answer to the final dot may take five waits. A cancelled call leaves the mail's fate open: `in_doubt`
        says whether it has to be treated as uncertain.
        """
        unique = list(dict.fromkeys(recipients))
        if not self.usable:
            await self._reopen()
        if seconds is None:
            seconds = self.account.timeout * 10 + len(message) / _SLOWEST_BYTES_PER_SECOND
        self._transaction = transaction = _Transaction(self, envelope_from, unique, message)
        fresh = not self._used
        self._used = True
        await transaction.run(seconds)
        if transaction.stage == "mail" and transaction.lost and not fresh:
            # The server closed the idle connection between two mails; nothing of this one was said.
            await self._reopen()
            self._transaction = transaction = _Transaction(self, envelope_from, unique, message)
            await transaction.run(seconds)
        return transaction.outcome()

    async def _reopen(self) -> None:
        self.cut()
        await self._open()

    def inert(self, words: str) -> str:
        """Return a server's words: in one line, without escapes, without our password."""
        secrets = [self.account.password.reveal()] if self.account.password is not None else []
        return one_line(masked(words, secrets))


class _Transaction:
    """One mail on its way: MAIL, RCPT for each, DATA, the bytes, the dot."""

    def __init__(self, session: SmtpSession, sender: str, recipients: list[str], message: bytes) -> None:
        self.session = session
        self.account = session.account
        self.smtp: aiosmtplib.SMTP = session._need_smtp()
        self.sender = sender
        self.recipients = recipients
        self.message = message if self.smtp.supports_extension("smtputf8") else _without_utf8(message)
        self.stage: Stage = "mail"
        self.lost = False
        self.sender_refused = False
        self.outcomes: dict[str, RecipientOutcome] = {}

    def outcome(self) -> SendOutcome:
        ordered = {one: self.outcomes[one] for one in self.recipients}
        return SendOutcome(ordered, self.stage, self.sender_refused)

    async def run(self, seconds: float) -> None:
        """Send the mail; afterwards every recipient has an outcome, whatever happened."""
        try:
            async with asyncio.timeout(seconds):
                await self._run()
        except _Refused as refusal:
            self.sender_refused = self.stage == "mail"
            await self._settle_refused(refusal)
        except (SMTPTimeoutError, TimeoutError):
            self._break_off(f"no answer from {self.account.host} in time")
        except asyncio.CancelledError:
            self.smtp.close()  # mid-dialogue: no other mail can follow on this line
            raise
        except (SMTPException, OSError) as error:
            words = error.message if isinstance(error, SMTPException) else str(error)
            self._break_off(f"the connection to {self.account.host} broke: {words}")

    async def _run(self) -> None:
        utf8 = self._needs_utf8()
        options = self._options(utf8)
        path = envelope_form(self.sender)
        if self.sender and not _is_sendable(path, utf8):
            self.sender_refused = True
            self._settle("failed", None, "the envelope sender is no address that this server can take")
            return
        await self._command(b"MAIL", b"FROM:<" + path.encode() + b">", *options)
        self.stage = "rcpt"
        accepted = [one for one in self.recipients if await self._recipient(one, utf8)]
        if not accepted:
            await self._reset()
            return
        self.stage = "data"
        await self._command(b"DATA", expected=354)
        await self._body()
        # From here on the server may have the mail.
        self.stage = "dot"
        response = await self._protocol().read_response(timeout=self.account.timeout * 5)
        if self.session.dialogue is not None:
            self.session.dialogue.ours(f"(the mail, {len(self.message)} bytes)")
            self.session.dialogue.theirs(response.code, response.message)
        if response.code // 100 not in (2, 4, 5):
            raise SMTPServerDisconnected(f"an answer that makes no sense: {response.code} {response.message}")
        if response.code >= 400:
            raise _Refused(response.code, response.message)
        self.stage = "done"
        self._settle("sent", response.code, response.message)

    async def _recipient(self, address: str, utf8: bool) -> bool:
        path = envelope_form(address)
        if not _is_sendable(path, utf8):
            words = "the server cannot take this address (no SMTPUTF8)" if path else "not an address"
            self.outcomes[address] = RecipientOutcome("failed", None, words)
            return False
        try:
            await self._command(b"RCPT", b"TO:<" + path.encode() + b">")
        except _Refused as refusal:
            self.outcomes[address] = self._refusal(refusal, recipient=True)
            if refusal.code == 421:
                raise SMTPServerDisconnected(refusal.words) from None
            return False
        return True

    async def _body(self) -> None:
        """Hand over everything up to and with the final dot; only a failure before the dot raises."""
        protocol = self._protocol()
        transport = protocol.transport
        if not isinstance(transport, asyncio.WriteTransport):
            raise SMTPServerDisconnected("Connection lost")
        # "Drained" shall mean that the kernel has it all, not that little enough is left.
        transport.set_write_buffer_limits(high=0)
        data = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", self.message))
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        for begin in range(0, len(data), _CHUNK):
            protocol.write(data[begin : begin + _CHUNK])
            async with asyncio.timeout(self.account.timeout):
                await protocol._drain_helper()
            if not protocol.is_connected:
                raise SMTPServerDisconnected("Connection lost")
        protocol.write(b".\r\n")

    async def _command(self, *words: bytes, expected: int = 250) -> None:
        response = await self.smtp.execute_command(*words)
        if response.code != expected and not (expected == 250 and response.code in (251, 252)):
            raise _Refused(response.code, response.message)

    def _protocol(self) -> SMTPProtocol:
        if self.smtp.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        return self.smtp.protocol

    def _needs_utf8(self) -> bool:
        if not self.smtp.supports_extension("smtputf8"):
            return False
        envelope = map(envelope_form, (self.sender, *self.recipients))
        head = self.message.partition(b"\r\n\r\n")[0]
        return not (all(path.isascii() for path in envelope) and head.isascii())

    def _options(self, utf8: bool) -> list[bytes]:
        options = []
        if self.smtp.supports_extension("size"):
            options.append(b"SIZE=%d" % len(self.message))
        if self.smtp.supports_extension("8bitmime") and (utf8 or not self.message.isascii()):
            options.append(b"BODY=8BITMIME")
        if utf8:
            options.append(b"SMTPUTF8")
        return options

    # What becomes of the recipients.

    async def _settle_refused(self, refusal: _Refused) -> None:
        outcome = self._refusal(refusal)
        self._settle(outcome.state, outcome.code, outcome.words)
        if self.stage != "dot":
            await self._reset()

    def _refusal(self, refusal: _Refused, recipient: bool = False) -> RecipientOutcome:
        code, words = refusal.code, self.session.inert(refusal.words)
        # RFC 5321 4.5.3.1.10: too many recipients is temporary also when a server says 552.
        too_many = recipient and code == 552 and words.startswith("5.5.3")
        state: State = "failed" if 500 <= code < 600 and not too_many else "deferred"
        return RecipientOutcome(state, code, words)

    def _break_off(self, words: str) -> None:
        self.lost = True
        self._settle("uncertain" if self.stage == "dot" else "deferred", None, words)
        self.smtp.close()

    def _settle(self, state: State, code: int | None, words: str) -> None:
        for one in self.recipients:
            self.outcomes.setdefault(one, RecipientOutcome(state, code, self.session.inert(words)))

    async def _reset(self) -> None:
        """Forget the envelope, so that the connection is good for the next mail."""
        if not self.smtp.is_connected:
            return
        try:
            await self.smtp.rset()
        except (SMTPException, OSError, MailError, SMTPResponseException):
            self.smtp.close()


def _without_utf8(message: bytes) -> bytes:
    head, blank, body = message.partition(b"\r\n\r\n")
    return downgraded(head) + blank + body


def _is_sendable(path: str, utf8: bool) -> bool:
    return bool(path) and (utf8 or path.isascii())
