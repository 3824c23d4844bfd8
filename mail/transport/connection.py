"""What all connections to mail servers share: the steps of opening one, its failures in words, its end."""

from __future__ import annotations

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from mail.account import Account, IncomingAccount
from mail.errors import (
    LoginRefused,
    MailError,
    ProtocolError,
    ServerGone,
    TimedOut,
    TlsFailed,
)
from mail.transport import dialling

A = TypeVar("A", bound=Account)

_NONSENSE = (ValueError, TypeError, AttributeError, IndexError, UnicodeError)
"""What a library raises on an answer that breaks the grammar, or on a socket that another thread closed."""


class Connection(ABC, Generic[A]):
    """A connection to a mail server; `connect`, `secure`, `login` are its steps one by one."""

    protocol: ClassVar[str]
    tls_port: ClassVar[int]
    """Where the protocol begins with TLS."""

    def __init__(self, account: A) -> None:
        self.account: A = account
        self._broken = False
        """No answer is to be expected any more."""

    @property
    def host(self) -> str:
        """Return the server's name."""
        return self.account.host

    @property
    def where(self) -> str:
        """Return name and port, for a message."""
        return f"{self.account.host} port {self.account.port}"

    @property
    def _secrets(self) -> list[str]:
        return [self.account.password.reveal()] if self.account.password is not None else []

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Have everything that libraries, sockets and TLS can raise come out as a `MailError`."""
        try:
            yield
        except MailError as error:
            self._broken = self._broken or isinstance(error, ServerGone | TimedOut | TlsFailed)
            raise
        except Exception as error:
            told = self._told(error, doing)
            if told is None:
                raise
            self._broken = self._broken or isinstance(told, ServerGone | TimedOut | TlsFailed)
            raise told from None

    def _told(self, error: Exception, doing: str) -> MailError | None:
        told = self._of_library(error, doing)
        if told is not None:
            return told
        if isinstance(error, OSError):
            return dialling.gone(error, self.host)
        if isinstance(error, _NONSENSE):
            self._broken = True
            return ProtocolError(
                f"{self.host} sent an answer that makes no sense ({doing})",
                server_words=str(error),
                secrets=self._secrets,
            )
        return None

    @abstractmethod
    def _of_library(self, error: Exception, doing: str) -> MailError | None:
        """Translate an error of the protocol's own library; None for what is none."""

    def _silent(self) -> TimedOut:
        """Say that no greeting came."""
        account = self.account
        return dialling.silent(account.host, account.port, account.security, tls_port=self.tls_port)

    def _no_greeting(self, error: ServerGone) -> ServerGone:
        """Say that it hung up instead of greeting."""
        if self.account.security == "tls":
            return error
        return ServerGone(
            f"{self.where} does not greet as {self.protocol} server",
            hint=f"If this is the TLS port ({self.tls_port}), set security to tls.",
            server_words=error.server_words,
        )

    def _not_connected(self) -> ServerGone:
        return ServerGone(f"not connected to {self.host}")


class BlockingConnection(Connection[IncomingAccount]):
    """A logged-in connection as a context manager. `cut` may be called from another thread, nothing else."""

    def __init__(self, account: IncomingAccount) -> None:
        super().__init__(account)
        self._link: socket.socket | None = None
        self._cut = False
        self._uses = 0
        self._use = threading.Lock()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect, encrypt, log in."""
        try:
            self.connect()
            self.secure()
            self.login()
        except BaseException:
            self.cut()
            raise

    def connect(self, addresses: list[dialling.Address] | None = None) -> None:
        """Connect, and hear the server's greeting unless TLS comes first."""
        account = self.account
        with self._in_use():
            connected = dialling.dial(account.host, account.port, account.timeout, addresses)
            self._hold(connected)
            if account.security != "tls":
                self._greet(connected)

    def secure(self) -> None:
        """Begin TLS as the account says, certificate verified or pinned; do nothing for security none."""
        with self._in_use():
            if self.account.security == "tls":
                self._greet(self._encrypted())
            elif self.account.security == "starttls":
                self._ask_for_tls()
                self._go_on_over(self._encrypted())

    @abstractmethod
    def login(self) -> None:
        """Log in, and learn what the server can do now that it knows us."""

    @abstractmethod
    def leave(self) -> None:
        """Take leave of the server, changing nothing. Never raises."""

    @abstractmethod
    def close(self) -> None:
        """End the session. Never raises, so that it hides no earlier error."""

    @abstractmethod
    def _greet(self, connected: socket.socket) -> None:
        """Hear the greeting, and make the protocol's client on the socket."""

    @abstractmethod
    def _ask_for_tls(self) -> None:
        """Say STARTTLS or STLS. Errors: `StarttlsMissing`."""

    @abstractmethod
    def _go_on_over(self, secured: ssl.SSLSocket) -> None:
        """Let the client speak over TLS; what was received in clear and not yet read is thrown away."""

    @property
    def tls_link(self) -> ssl.SSLSocket | None:
        """Return the encrypted socket, for whoever wants to show its certificate."""
        return self._link if isinstance(self._link, ssl.SSLSocket) else None

    def cut(self) -> None:
        """End the connection at once; a call blocked in another thread then fails. Never raises."""
        with self._use:
            self._cut = True
            used = self._uses > 0
            connected = self._link
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass
        if not used:
            self._release()

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        with self._in_use(), super()._translated(doing):
            yield

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep the socket's number while a thread reads it.

        Were it closed, the next socket of the program would get the number, and its bytes would be read here.
        """
        with self._use:
            self._uses += 1
        try:
            yield
        finally:
            with self._use:
                self._uses -= 1
                over = self._cut and self._uses == 0
            if over:
                self._release()

    def _release(self) -> None:
        connected, self._link = self._link, None
        if connected is not None:
            try:
                connected.close()
            except OSError:
                pass

    def _password(self) -> str:
        """Return the password, if it and the user's name can be said. Errors: `LoginRefused`."""
        password = self.account.password.reveal()
        if any(ord(char) < 32 for char in self.account.user + password):
            raise LoginRefused(
                "user name or password holds a control character",
                hint="Set them again without line ends and tabs.",
            )
        return password

    def _hold(self, connected: socket.socket) -> None:
        """Use this socket from now on; one that comes after the connection was cut is closed."""
        self._link = connected
        if self._cut:
            self.cut()
            raise ServerGone(f"the connection to {self.host} was cut")

    def _encrypted(self) -> ssl.SSLSocket:
        account = self.account
        return dialling.secure(
            self._need_link(),
            account.host,
            self._hold,
            ca_file=account.ca_file,
            fingerprint=account.fingerprint,
        )

    def _need_link(self) -> socket.socket:
        if self._link is None or self._cut:
            raise self._not_connected()
        return self._link
