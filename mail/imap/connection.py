"""Opening an IMAP session: TCP, TLS, login, and every failure on that way as a `MailError`.

imap-tools logs in. `cut()` may be called from another thread, nothing else.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

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
    TlsFailed,
)
from mail.imap.wire import Box, Client
from mail.transport import connection

_LOGOUT_SECONDS: Final = 5.0


class ImapLink:
    """A logged-in connection as a context manager; `connect`, `secure`, `login` are its steps one by one."""

    def __init__(self, account: IncomingAccount) -> None:
        self.account = account
        self._link: socket.socket | None = None
        self._cut = False
        self._client: Client | None = None
        self._broken = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The three steps of opening.

    def open(self) -> None:
        """All three."""
        try:
            self.connect()
            self.secure()
            self.login()
        except BaseException:
            self.cut()
            raise

    @property
    def host(self) -> str:
        """The server's name."""
        return self.account.host

    def _hold(self, connected: socket.socket) -> None:
        """Use this socket from now on; one that comes after the connection was cut is closed."""
        self._link = connected
        if self._cut:
            self.cut()
            raise ServerGone(f"the connection to {self.account.host} was cut")

    def connect(self, addresses: list[connection.Address] | None = None) -> None:
        """TCP, and the server's greeting unless TLS comes first."""
        account = self.account
        connected = connection.dial(account.host, account.port, account.timeout, addresses)
        self._hold(connected)
        if account.security != "tls":
            self._greet(connected)

    def secure(self) -> None:
        """TLS as the account says, certificate verified or pinned; nothing for security none."""
        account = self.account
        if account.security == "tls":
            self._greet(self._encrypted())
        elif account.security == "starttls":
            self._starttls()

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
            raise connection.silent(account.host, account.port, account.security, tls_port=993) from None
        except ServerGone as error:
            if account.security == "tls":
                raise
            raise ServerGone(
                f"{account.host} port {account.port} does not greet as an IMAP server",
                hint="If this is the TLS port (993), set security to tls.",
                server_words=error.server_words,
            ) from None

    def _starttls(self) -> None:
        account, client = self.account, self._need_client()
        if "STARTTLS" not in client.capabilities:
            raise StarttlsMissing(f"{account.host} port {account.port} does not offer STARTTLS")
        with self._translated("starttls"):
            try:
                client.ask_for_tls()
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise StarttlsMissing(f"{account.host} refuses STARTTLS", server_words=str(error)) from None
            client.encrypt(self._encrypted())

    def _encrypted(self) -> ssl.SSLSocket:
        account = self.account
        if self._link is None:
            raise ServerGone(f"not connected to {account.host}")
        return connection.secure(
            self._link, account.host, self._hold, ca_file=account.ca_file, fingerprint=account.fingerprint
        )

    def login(self) -> None:
        """Log in and learn what the server can do now that it knows us."""
        account, client = self.account, self._need_client()
        user, password = account.user, account.password.reveal()
        if client.state == "AUTH":  # PREAUTH
            return
        if account.auth == "oauth2":
            self._token_login(client)
            return
        if any(ord(char) < 32 for char in user + password):
            raise LoginRefused(
                "user name or password holds a control character",
                hint="Set them again without line ends and tabs.",
            )
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
        from mail.transport import sasl

        with self._translated("login"):
            sasl.imap_login(client, self.account)
            self._learn_capabilities(client)

    def _login_error(self, words: str) -> MailError:
        from mail.transport.login_refusal import refusal

        account = self.account
        return refusal(account.host, account.user, words, secrets=[account.password.reveal()])

    @staticmethod
    def _learn_capabilities(client: Client) -> None:
        """Servers announce MOVE only after the login; most of them do so in its answer."""
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

    @property
    def tls_link(self) -> ssl.SSLSocket | None:
        """The encrypted socket, for whoever wants to show its certificate."""
        return self._link if isinstance(self._link, ssl.SSLSocket) else None

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

    def cut(self) -> None:
        """Close the socket at once; a call blocked in another thread then fails. Never raises."""
        self._cut = True
        connected, self._link = self._link, None
        if connected is None:
            return
        try:
            connected.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass
        try:
            connected.close()
        except OSError:
            pass

    def _need_client(self) -> Client:
        if self._client is None:
            raise ServerGone(f"not connected to {self.account.host}")
        return self._client

    def _raw_uid(self, command: str, *words: str) -> tuple[str, list[Any]]:
        typ, data = self._need_client().uid(command, *words)
        return typ, data

    def _uid(self, command: str, *words: str) -> list[Any]:
        typ, data = self._raw_uid(command, *words)
        if typ != "OK":
            raise ProtocolError(f"{self.account.host} refuses UID {command}", server_words=words_of(data))
        return data

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Everything that imaplib, sockets and TLS can raise as a `MailError`."""
        host, secrets = self.account.host, [self.account.password.reveal()]
        try:
            yield
        except MailError as error:
            self._broken = self._broken or isinstance(error, ServerGone | TimedOut | TlsFailed)
            raise
        except imaplib.IMAP4.abort as error:
            self._broken = True
            words = str(error).rpartition("=> ")[2].removeprefix("socket error: ")
            raise ServerGone(f"{host} hung up ({doing})", server_words=words, secrets=secrets) from None
        except (imaplib.IMAP4.error, UnexpectedCommandStatusError) as error:
            from mail.transport.login_refusal import cure

            raise ProtocolError(
                f"{host} does not understand ({doing})",
                hint=cure(str(error)),
                server_words=str(error),
                secrets=secrets,
            ) from None
        except OSError as error:
            self._broken = True
            raise connection.gone(error, host) from None
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            # imaplib on an answer that breaks the grammar, or on a socket that `cut` closed.
            self._broken = True
            raise ProtocolError(
                f"{host} sent an answer that makes no sense ({doing})",
                server_words=str(error),
                secrets=secrets,
            ) from None


def words_of(data: Iterable[Any]) -> str:
    """Return the server's words in an answer of imaplib."""
    parts = [item if isinstance(item, bytes) else b"" for item in data]
    return b" ".join(parts).decode("utf-8", "replace").strip()
