"""A connection that another thread cuts: whoever reads it hears the end, and never another socket's bytes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from config.secrets import Secret
from mail.account import IncomingAccount
from mail.errors import MailError
from mail.imap.session import ImapSession
from mail.pop3.session import Pop3Session
from mail.transport import tls
from tests.support.servers.child import wait_until

PATIENCE = 30.0


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that lets everybody in and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.mark.parametrize("session_type", [ImapSession, Pop3Session])
def test_the_number_of_a_cut_socket_is_kept_until_its_reader_is_gone(
    session_type: type[ImapSession | Pop3Session],
    silent_server: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, leave = threading.Event(), threading.Event()
    held: list[ssl.SSLSocket] = []
    raised: list[BaseException] = []

    class Slow(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            held.append(self)
            reading.set()
            assert leave.wait(PATIENCE)
            super().do_handshake(block)

    def context(*_given: object) -> ssl.SSLContext:
        made = ssl.create_default_context()
        made.sslsocket_class = Slow
        return made

    monkeypatch.setattr(tls, "context", context)
    port = silent_server.getsockname()[1]
    session = session_type(IncomingAccount("127.0.0.1", port, "tls", "u", Secret("p"), timeout=PATIENCE))

    def work() -> None:
        try:
            session.open()
        except MailError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert reading.wait(PATIENCE)
    session.cut()
    assert held[0].fileno() != -1, "the next socket of the program would get this number"
    leave.set()
    thread.join(PATIENCE)
    assert len(raised) == 1
    assert held[0].fileno() == -1


def test_a_reader_hears_the_end_at_once(silent_server: socket.socket) -> None:
    port = silent_server.getsockname()[1]
    session = ImapSession(IncomingAccount("127.0.0.1", port, "none", "u", Secret("p"), timeout=PATIENCE))

    def work() -> None:
        with pytest.raises(MailError):
            session.open()

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: session._link is not None, "the connection")
    session.cut()
    thread.join(PATIENCE / 2)
    assert not thread.is_alive()
    assert session._link is None


def test_a_connection_that_nobody_reads_is_closed_at_once(silent_server: socket.socket) -> None:
    port = silent_server.getsockname()[1]
    session = ImapSession(IncomingAccount("127.0.0.1", port, "tls", "u", Secret("p"), timeout=PATIENCE))
    session.connect()
    link = session._link
    assert link is not None
    session.cut()
    assert link.fileno() == -1
