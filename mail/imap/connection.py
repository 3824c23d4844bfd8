"""Opening an IMAP session: TCP, TLS, login, and every failure on that way as a `MailError`.

imap-tools logs in. `cut()` may be called from another thread, nothing else.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterable
from typing import Any, Final

from imap_tools.errors import UnexpectedCommandStatusError

from mail.account import IncomingAccount
from mail.errors import (
    LoginRefused,
    LoginUnavailable,
    MailError,
    ProtocolError,
    ServerGone,
    StarttlsMissing,
    TimedOut,
)
from mail.imap.wire import Box, Client
from mail.transport.connection import BlockingConnection
from mail.transport.login_refusal import cure, refusal

_LOGOUT_SECONDS: Final = 5.0


class ImapConnection(BlockingConnection):
    """A connection that speaks IMAP."""

    protocol = "an IMAP"
    tls_port = 993

    def __init__(self, account: IncomingAccount) -> None:
        super().__init__(account)
        self._client: Client | None = None

    def _greet(self, connected: socket.socket) -> None:
        account = self.account
        try:
            with self._translated("greet"):
                self._client = Client(connected, account.host, account.port)
        except ProtocolError as error:
            words = error.server_words.removeprefix("* ").strip("b'\"")
            if words.startswith(("* BYE", "BYE")):
                raise LoginUnavailable(f"{account.host} turns us away", server_words=words) from None
            raise
        except TimedOut:
            raise self._silent() from None
        except ServerGone as error:
            raise self._no_greeting(error) from None

    def _ask_for_tls(self) -> None:
        client = self._need_client()
        if "STARTTLS" not in client.capabilities:
            raise StarttlsMissing(f"{self.where} does not offer STARTTLS")
        with self._translated("starttls"):
            try:
                client.ask_for_tls()
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise StarttlsMissing(f"{self.host} refuses STARTTLS", server_words=str(error)) from None

    def _go_on_over(self, secured: ssl.SSLSocket) -> None:
        with self._translated("starttls"):
            self._need_client().encrypt(secured)

    def login(self) -> None:
        """Log in and learn what the server can do now that it knows us."""
        account, client = self.account, self._need_client()
        if client.state == "AUTH":  # PREAUTH
            return
        if account.auth == "oauth2":
            self._token_login(client)
            return
        user, password = account.user, self._password()
        if "LOGINDISABLED" in client.capabilities:
            raise LoginRefused(
                f"{account.host} takes no password on this connection",
                hint="Set security to tls or starttls, so that the password is not sent in clear.",
            )
        box = Box(client)
        with self._translated("login"):
            try:
                if (user + password).isascii():
                    box.login(user, password, initial_folder=None)
                else:
                    box.login_utf8(user, password, initial_folder=None)
            except UnexpectedCommandStatusError as error:
                raise self._login_error(words_of(error.command_result[1])) from None
            except imaplib.IMAP4.abort as error:
                self._broken = True
                raise LoginUnavailable(
                    f"{account.host} hung up at the login", server_words=str(error), secrets=[password]
                ) from None
            except imaplib.IMAP4.error as error:
                raise self._login_error(str(error)) from None
            self._learn_capabilities(client)

    def _token_login(self, client: Client) -> None:
        from mail.transport import sasl  # 4 ms, for logins by token

        with self._translated("login"):
            sasl.imap_login(client, self.account)
            self._learn_capabilities(client)

    def _login_error(self, words: str) -> MailError:

        account = self.account
        return refusal(account.host, account.user, words, secrets=[account.password.reveal()])

    @staticmethod
    def _learn_capabilities(client: Client) -> None:
        """Learn what the server can do; MOVE is announced only after the login, mostly in its answer."""
        _, told = client.response("CAPABILITY")
        words = told[-1] if told else None
        if isinstance(words, bytes):
            client.capabilities = tuple(words.decode("ascii", "replace").upper().split())
        else:
            _, data = client.capability()
            client.capabilities = tuple(words_of(data).upper().split())

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server can do, in upper case."""
        return frozenset(self._need_client().capabilities)

    def leave(self) -> None:
        """Log out."""
        self.close()

    def close(self) -> None:
        """Log out if the connection still works. Never raises, so that it hides no earlier error."""
        client, self._client = self._client, None
        if client is None or self._broken or self._link is None:
            self.cut()
            return
        try:
            self._link.settimeout(min(_LOGOUT_SECONDS, self.account.timeout))
            client.logout()
        except (imaplib.IMAP4.error, OSError, ValueError):
            pass
        self.cut()

    def _need_client(self) -> Client:
        if self._client is None:
            raise self._not_connected()
        return self._client

    def _raw_uid(self, command: str, *words: str) -> tuple[str, list[Any]]:
        typ, data = self._need_client().uid(command, *words)
        return typ, data

    def _uid(self, command: str, *words: str) -> list[Any]:
        typ, data = self._raw_uid(command, *words)
        if typ != "OK":
            raise ProtocolError(f"{self.account.host} refuses UID {command}", server_words=words_of(data))
        return data

    def _of_library(self, error: Exception, doing: str) -> MailError | None:
        if isinstance(error, imaplib.IMAP4.abort):
            words = str(error).rpartition("=> ")[2].removeprefix("socket error: ")
            return ServerGone(f"{self.host} hung up ({doing})", server_words=words, secrets=self._secrets)
        if isinstance(error, imaplib.IMAP4.error | UnexpectedCommandStatusError):
            return ProtocolError(
                f"{self.host} does not understand ({doing})",
                hint=cure(str(error)),
                server_words=str(error),
                secrets=self._secrets,
            )
        return None


def words_of(data: Iterable[Any]) -> str:
    """Return the server's words in an answer of imaplib."""
    parts = [item if isinstance(item, bytes) else b"" for item in data]
    return b" ".join(parts).decode("utf-8", "replace").strip()
