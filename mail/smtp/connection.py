"""Opening an SMTP session with aiosmtplib: TCP, TLS, login, every failure on that way as a `MailError`.

aiosmtplib's own default is to encrypt if the server happens to offer it; here the account decides.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from mail.account import OutgoingAccount
from mail.errors import (
    ConnectFailed,
    LoginRefused,
    LoginUnavailable,
    MailError,
    ProtocolError,
    ServerGone,
    StarttlsMissing,
    TimedOut,
)
from mail.smtp.dialogue import TalkingSmtp
from mail.transport import dialling, tls
from mail.transport.blocking import in_own_thread
from mail.transport.connection import Connection
from mail.transport.login_refusal import refusal

if TYPE_CHECKING:
    from mail.smtp.dialogue import Dialogue

_QUIT_SECONDS: Final = 5.0
_MECHANISM_UNKNOWN: Final = frozenset({500, 501, 502, 503, 504, 534})


class SmtpConnection(Connection[OutgoingAccount]):
    """A connection that speaks SMTP, as an async context manager."""

    protocol = "an SMTP"
    tls_port = 465

    def __init__(self, account: OutgoingAccount, dialogue: Dialogue | None = None) -> None:
        super().__init__(account)
        self.dialogue = dialogue
        self._smtp: aiosmtplib.SMTP | None = None
        self._dialled: socket.socket | None = None  # until asyncio owns it

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self) -> None:
        try:
            await self.connect()
            await self.secure()
            await self.login()
        except BaseException:
            self.cut()
            raise

    @property
    def usable(self) -> bool:
        """Whether the connection was still alive when last heard of."""
        return self._smtp is not None and self._smtp.is_connected

    async def connect(self, addresses: list[dialling.Address] | None = None) -> None:
        """Connect, and hear the server's greeting unless TLS comes first."""
        account = self.account
        connected = await in_own_thread(dialling.dial, account.host, account.port, account.timeout, addresses)
        connected.setblocking(False)
        self._dialled = connected
        context = None if account.security == "none" else await self._context()
        self._smtp = self._client(connected, context)
        if account.security != "tls":
            await self._greet(self._smtp)

    def _client(self, connected: socket.socket, context: ssl.SSLContext | None) -> aiosmtplib.SMTP:
        kind = aiosmtplib.SMTP
        if self.dialogue is not None:
            kind = TalkingSmtp
        account = self.account
        client = kind(
            hostname=account.host,
            sock=connected,
            use_tls=account.security == "tls",
            start_tls=False,
            tls_context=context,
            local_hostname=account.helo,
            timeout=account.timeout,
        )
        if self.dialogue is not None:
            client.dialogue = self.dialogue  # type: ignore[attr-defined]
        return client

    async def _context(self) -> ssl.SSLContext:
        return await asyncio.to_thread(tls.context, self.account.ca_file, self.account.fingerprint)

    async def secure(self) -> None:
        """Begin TLS as the account says, certificate verified or pinned; nothing for security none."""
        account, smtp = self.account, self._need_smtp()
        if account.security == "tls":
            await self._greet(smtp)
        elif account.security == "starttls":
            await self._starttls(smtp)
        if account.security != "none":
            found = self.tls_object
            if found is None:
                raise ServerGone(f"{account.host} closed the connection")
            tls.check_pin(found, account.fingerprint)

    @property
    def tls_object(self) -> ssl.SSLObject | None:
        """The encrypted connection, for whoever wants to show its certificate."""
        if not self.usable or self._smtp is None:
            return None
        found = self._smtp.get_transport_info("ssl_object")
        return found if isinstance(found, ssl.SSLObject) else None

    @property
    def size_limit(self) -> int | None:
        """Bytes of the largest mail that the server takes, if it says so (RFC 1870)."""
        told = self._smtp.esmtp_extensions.get("size", "") if self._smtp is not None else ""
        return int(told) if told.isdecimal() and int(told) else None

    async def _greet(self, smtp: aiosmtplib.SMTP) -> None:
        account, where = self.account, self.where
        self._dialled = None
        with self._translated("greet"):
            try:
                greeting = await smtp.connect()
                if self.dialogue is not None:
                    self.dialogue.theirs(greeting.code, greeting.message)
            except SMTPConnectResponseError as error:
                if self.dialogue is not None:
                    self.dialogue.theirs(error.code, error.message)
                raise ConnectFailed(
                    f"{where} turns us away",
                    hint="The server's words say why; it is tried again later.",
                    server_words=f"{error.code} {error.message}",
                ) from None
            except SMTPTimeoutError:
                raise self._silent() from None
            except SMTPConnectError as error:
                cause = error.__cause__
                if isinstance(cause, ssl.SSLError) or type(cause) is ConnectionResetError:
                    raise tls.translated(cause, account.host) from None
                raise ServerGone(f"{where} hung up before its greeting") from None

    async def _starttls(self, smtp: aiosmtplib.SMTP) -> None:
        account = self.account
        with self._translated("starttls"):
            await self._hello(smtp)
            if not smtp.supports_extension("starttls"):
                raise StarttlsMissing(f"{self.where} does not offer STARTTLS")
            try:
                if self.dialogue is not None:
                    self.dialogue.ours("STARTTLS")
                response = await smtp.starttls()
                if self.dialogue is not None:
                    self.dialogue.theirs(response.code, response.message)
            except SMTPResponseException as error:
                raise StarttlsMissing(
                    f"{account.host} refuses STARTTLS", server_words=f"{error.code} {error.message}"
                ) from None
            except ssl.SSLError as error:
                raise tls.translated(error, account.host) from None

    async def hello(self) -> list[str]:
        """Greet by name; what the server can do, in upper case. Once on a connection, `login` does it too."""
        smtp = self._need_smtp()
        with self._translated("hello"):
            if not smtp.supports_esmtp and smtp.last_helo_response is None:
                await self._hello(smtp)
        return [f"{name} {value}".strip().upper() for name, value in smtp.esmtp_extensions.items()]

    async def login(self) -> None:
        """Greet by name and log in, if the account has a login."""
        account, smtp = self.account, self._need_smtp()
        await self.hello()
        with self._translated("login"):
            if account.auth == "none":
                return
            if account.auth == "oauth2":
                from mail.transport import sasl  # 2 ms, for logins by token

                await sasl.smtp_login(smtp, account)
                return
            password = account.password.reveal() if account.password is not None else ""
            methods = self._methods(smtp)
            for method in methods:
                try:
                    await getattr(smtp, f"auth_{method.replace('-', '')}")(account.user, password)
                except SMTPAuthenticationError as error:
                    # Another mechanism only if this one is unknown: one try with a wrong password is enough.
                    if error.code in _MECHANISM_UNKNOWN and method != methods[-1]:
                        continue
                    raise self._login_error(error) from None
                except SMTPServerDisconnected as error:
                    raise LoginUnavailable(
                        f"{account.host} hung up at the login", server_words=str(error), secrets=[password]
                    ) from None
                return

    def _methods(self, smtp: aiosmtplib.SMTP) -> list[str]:
        encrypted = self.account.security != "none"
        order = ("plain", "login", "cram-md5") if encrypted else ("cram-md5", "plain", "login")
        methods = [method for method in order if method in smtp.server_auth_methods]
        if methods:
            return methods
        hint = "Set the login to none, or use the submission port (587 starttls, 465 tls)."
        if not encrypted:
            hint = "Set security to starttls or tls: many servers offer the login only then."
        offered = ", ".join(smtp.server_auth_methods)
        raise LoginRefused(
            f"{self.where} offers no login with a password",
            hint=hint,
            server_words=f"offered: {offered}" if offered else "",
        )

    def _login_error(self, error: SMTPAuthenticationError) -> MailError:

        account = self.account
        secrets = [account.password.reveal()] if account.password is not None else []
        words = f"{error.code} {error.message}"
        later = 400 <= error.code < 500
        return refusal(account.host, account.user, words, later=later, secrets=secrets)

    @staticmethod
    async def _hello(smtp: aiosmtplib.SMTP) -> None:
        try:
            await smtp.ehlo()
        except SMTPHeloError:
            if not smtp.is_connected:
                raise
            await smtp.helo()

    def _need_smtp(self) -> aiosmtplib.SMTP:
        if self._smtp is None:
            raise self._not_connected()
        return self._smtp

    async def close(self) -> None:
        """Say goodbye if the connection still works. Never raises, so that it hides no earlier error."""
        smtp = self._smtp
        if smtp is not None and smtp.is_connected:
            try:
                await smtp.quit(timeout=min(_QUIT_SECONDS, self.account.timeout))
            except (SMTPException, OSError, ValueError):
                pass
        self.cut()

    def cut(self) -> None:
        """Close the connection at once. Never raises."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()
        # Only a socket that asyncio does not know: it would go on to watch the number of a closed one,
        # which the next connection gets.
        unused, self._dialled = self._dialled, None
        if unused is not None:
            unused.close()

    def _of_library(self, error: Exception, doing: str) -> MailError | None:
        host, secrets = self.host, self._secrets
        if isinstance(error, SMTPResponseException):
            words = f"{error.code} {error.message}"
            return ProtocolError(f"{host} refuses ({doing})", server_words=words, secrets=secrets)
        if isinstance(error, SMTPTimeoutError | TimeoutError):
            return TimedOut(f"{host} did not answer in time ({doing})")
        if isinstance(error, SMTPServerDisconnected):
            return ServerGone(f"{host} hung up ({doing})", server_words=str(error))
        if isinstance(error, SMTPException):
            return ProtocolError(
                f"{host} does not understand ({doing})", server_words=error.message, secrets=secrets
            )
        if isinstance(error, ValueError | UnicodeError):
            return ProtocolError(
                f"this cannot be said to {host} ({doing})", server_words=str(error), secrets=secrets
            )
        return None
