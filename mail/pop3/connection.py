"""Opening a POP3 session (RFC 1939, 2449, 2595): TCP, TLS, login, and every failure as a `MailError`.

poplib speaks the plain commands; what it cannot do (RETR without a limit on the line, SASL with a token,
STLS with a pinned certificate) goes to the same socket directly. `cut()` may be called from another thread.
"""

from __future__ import annotations

import base64
import poplib
import socket
import ssl
from typing import Final

from mail.account import IncomingAccount
from mail.errors import (
    LoginUnavailable,
    MailError,
    ProtocolError,
    ServerGone,
    StarttlsMissing,
    TimedOut,
)
from mail.transport import sasl
from mail.transport.connection import BlockingConnection
from mail.transport.login_refusal import refusal

MAX_LINE: Final = 64 * 1024
MAX_MAIL: Final = 256 * 1024 * 1024
MAX_ANSWER: Final = 1024 * 1024
"""Bytes of an answer that is no mail and no list of mails."""


class Client(poplib.POP3):
    """poplib on a socket that is already connected (and, for security tls, already encrypted)."""

    _heard = 0
    """Bytes of an answer to a command of poplib's own."""

    def __init__(self, connected: socket.socket, host: str, port: int) -> None:
        self._link = connected
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._link

    def _putcmd(self, line: str) -> None:
        self._heard = 0
        super()._putcmd(line)  # type: ignore[misc]  # typeshed leaves out what begins with _

    def _getline(self) -> tuple[bytes, int]:
        line, octets = super()._getline()  # type: ignore[misc]
        self._heard += octets
        if self._heard > MAX_ANSWER:
            raise poplib.error_proto(f"more than {MAX_ANSWER} bytes without an end")
        return line, octets

    def say(self, line: bytes) -> None:
        """Send one line."""
        self.sock.sendall(line + b"\r\n")

    def hear(self) -> bytes:
        """Read one line of an answer, without its end. EOFError if the server hung up."""
        line = self.file.readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            if len(line) > MAX_LINE:
                raise poplib.error_proto(f"a line of more than {MAX_LINE} bytes")
            raise EOFError
        return bytes(line.rstrip(b"\r\n"))

    def ask(self, line: bytes) -> bytes:
        """Return the words of a +OK; error_proto with the words of a -ERR."""
        self.say(line)
        return self.good(self.hear())

    def ask_in_step(self, line: bytes) -> bytes:
        """Do what `ask` does; ValueError for what is no answer: a mail came that ended before its end.

        A server that stuffs no dots (RFC 1939 3) goes on with such a mail where an answer is expected.
        """
        self.say(line)
        answer = self.hear()
        if not answer.startswith((b"+OK", b"-ERR")):
            raise ValueError(answer[:200].decode("utf-8", "replace"))
        return self.good(answer)

    @staticmethod
    def good(answer: bytes) -> bytes:
        """Return the words of an answer that is +OK; error_proto if it is not."""
        if not answer.startswith(b"+OK"):
            raise poplib.error_proto(answer)
        return answer[3:].strip()

    def body(self) -> bytes:
        """Return the dot-ended lines after a +OK, byte for byte, without the dots that were put in front.

        Only a dot between two CRLFs ends it: mail may hold bare line feeds.
        """
        parts: list[bytes] = []
        size = 0
        at_start = True
        while True:
            line = self.file.readline(MAX_LINE)
            if not line:
                raise EOFError
            if at_start and line.startswith(b"."):
                if line == b".\r\n":
                    return b"".join(parts)
                line = line[1:]
            at_start = line.endswith(b"\r\n")
            parts.append(line)
            size += len(line)
            if size > MAX_MAIL:
                raise ValueError(f"more than {MAX_MAIL} bytes without an end")

    def encrypt(self, secured: ssl.SSLSocket) -> None:
        """Go on over TLS. What was received in clear and not yet read is thrown away (RFC 2595 2.1)."""
        self.file.close()
        self.sock = secured
        self.file = secured.makefile("rb")


class Pop3Connection(BlockingConnection):
    """A connection that speaks POP3."""

    protocol = "a POP3"
    tls_port = 995

    def __init__(self, account: IncomingAccount) -> None:
        super().__init__(account)
        self.capabilities: dict[str, list[str]] = {}
        self._client: Client | None = None

    def _greet(self, connected: socket.socket) -> None:
        account = self.account
        try:
            with self._translated("greet"):
                self._client = Client(connected, account.host, account.port)
        except ProtocolError as error:
            words = error.server_words
            if words.upper().startswith("-ERR"):
                raise LoginUnavailable(f"{account.host} turns us away", server_words=words) from None
            raise ProtocolError(
                f"{self.where} does not greet as a POP3 server",
                hint="Check protocol and port: 995 (tls) and 110 (starttls) are POP3, 993 and 143 are IMAP.",
                server_words=words,
            ) from None
        except TimedOut:
            raise self._silent() from None
        except ServerGone as error:
            raise self._no_greeting(error) from None
        self._learn_capabilities()

    def _ask_for_tls(self) -> None:
        client = self._need_client()
        if self.capabilities and "STLS" not in self.capabilities:
            raise StarttlsMissing(f"{self.where} does not offer STLS", hint=_STLS_HINT)
        with self._translated("stls"):
            try:
                client.ask(b"STLS")
            except poplib.error_proto as error:
                raise StarttlsMissing(
                    f"{self.host} refuses STLS", hint=_STLS_HINT, server_words=words_of(error)
                ) from None

    def _go_on_over(self, secured: ssl.SSLSocket) -> None:
        self._need_client().encrypt(secured)
        self._learn_capabilities()

    def login(self) -> None:
        """Log in with password or token. Errors: `LoginRefused`, `LoginUnavailable`, and the token's."""
        with self._translated("login"):
            if self.account.auth == "oauth2":
                self._token_login()
            else:
                self._password_login()
            self._learn_capabilities()

    def _password_login(self) -> None:
        account, client = self.account, self._need_client()
        user, password = account.user, self._password()
        try:
            if "USER" in self.capabilities or "PLAIN" not in self._mechanisms():
                client.ask(b"USER " + user.encode())
                client.ask(b"PASS " + password.encode())
            else:  # RFC 2449 6.3: without USER the command is not there
                client.ask(b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()))
        except poplib.error_proto as error:
            raise refusal(account.host, user, words_of(error), secrets=[password]) from None
        except EOFError:
            self._broken = True
            raise LoginUnavailable(f"{account.host} hung up at the login") from None

    def _token_login(self) -> None:
        account, client = self.account, self._need_client()
        mechanism = sasl.chosen(self._mechanisms(), account.host)

        def attempt(token: str) -> None:
            exchange = sasl.BearerExchange(mechanism, account.user, token, account.host, account.port)
            # The two-step form: with the token the command would be longer than RFC 2449's 255 octets.
            client.say(b"AUTH " + mechanism.encode("ascii"))
            answer = client.hear()
            while answer.startswith(b"+") and not answer.startswith(b"+OK"):
                reply = exchange.answer(_unbase64(answer[1:].strip()))
                client.say(base64.b64encode(reply))
                answer = client.hear()
            try:
                client.good(answer)
            except poplib.error_proto as error:
                raise exchange.refused(account.host, words_of(error)) from None

        sasl.with_token(sasl.token_of(account), attempt)

    def _mechanisms(self) -> list[str]:
        return self.capabilities.get("SASL", [])

    def _learn_capabilities(self) -> None:
        """Ask with CAPA (RFC 2449); a server without it is taken to know RFC 1939, no more."""
        client = self._need_client()
        with self._translated("capa"):
            try:
                told = client.capa()
            except poplib.error_proto:
                told = {}
        self.capabilities = {name.upper(): [word.upper() for word in words] for name, words in told.items()}

    def close(self) -> None:
        """End the session so that nothing is deleted. Never raises."""
        self._client = None
        self.cut()

    def _need_client(self) -> Client:
        if self._client is None:
            raise self._not_connected()
        return self._client

    def _of_library(self, error: Exception, doing: str) -> MailError | None:
        gone = ServerGone(f"{self.host} hung up ({doing})")
        if isinstance(error, EOFError):
            return gone
        if isinstance(error, poplib.error_proto):
            words = words_of(error)
            if words in ("-ERR EOF", "line too long"):  # poplib's own words
                return gone
            return ProtocolError(f"{self.host} refuses ({doing})", server_words=words, secrets=self._secrets)
        return None


_STLS_HINT: Final = "Use security tls on port 995, or ask the server's admin to offer STLS."


def words_of(error: Exception) -> str:
    """Return the server's words in an error of poplib."""
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text
