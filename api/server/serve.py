"""The server: sockets, TLS, uvicorn, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from api.server.app import make_app
from api.server.connection import BoundedConnection, Callers
from api.server.gate import Gate
from api.server.state import State
from config.wording import host_and_port
from desk.errors import DeskError
from desk.operations import hosts
from models.errors import DatabaseUnusable
from models.transactions import StatementFailed
from worker.service.notify import notify

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from api.server.options import ServeOptions
    from desk.home import Desk

MAX_HEAD = 16 * 1024
KEEP_ALIVE_SECONDS = 15
ENDING_SECONDS = 30
BACKLOG = 256


class CannotListen(DeskError):
    """The address or port cannot be had."""


class BadCertificate(DeskError):
    """The certificate or its key cannot be used."""

    exit_status = 78


def run(
    desk: Desk, options: ServeOptions, ready: Callable[[str], None], listener: socket.socket | None = None
) -> None:
    """Serve until SIGTERM or Ctrl-C; then the requests in hand are answered.

    `ready` is called with the URL once callers can connect, at the ``listener`` if there is one. Raises
    CannotListen, BadCertificate, or `models.errors.DatabaseUnusable` when the desk was upgraded meanwhile.
    """
    listener = listener or listen(options.host, options.port)
    try:
        context = tls_of(options)
        asyncio.run(_serve(desk, options, listener, context, ready))
    finally:
        listener.close()


async def _serve(
    desk: Desk,
    options: ServeOptions,
    listener: socket.socket,
    context: ssl.SSLContext | None,
    ready: Callable[[str], None],
) -> None:
    fatal: list[Exception] = []

    def leave(error: Exception) -> None:
        fatal.append(error)
        server.should_exit = True

    state = State(desk, options, leave)
    server = Server(config_of(Gate(make_app(state), state), context, options))
    announcing = asyncio.create_task(announce(server, listener, context, ready))
    telling = asyncio.create_task(_tell_hosts(state))
    try:
        await server.serve([listener])
    finally:
        notify("STOPPING=1")
        announcing.cancel()
        telling.cancel()
        await state.cron.end()
        await asyncio.to_thread(state.threads.close)
    if fatal:
        raise fatal[0]


async def announce(
    server: uvicorn.Server,
    listener: socket.socket,
    context: ssl.SSLContext | None,
    ready: Callable[[str], None],
) -> None:
    """Call ``ready`` with the URL once callers can connect."""
    while not server.started:
        await asyncio.sleep(0.02)
    host, port = listener.getsockname()[:2]
    ready(f"{'https' if context else 'http'}://{host_and_port(host, port)}")
    notify("READY=1")


async def _tell_hosts(state: State) -> None:
    """Let the desk's other hosts know of this one."""
    while True:
        with contextlib.suppress(
            StatementFailed, DatabaseUnusable, OSError
        ):  # a caller is told, if one comes
            await state.threads.write(hosts.note_programs, state.desk)
        await asyncio.sleep(hosts.NOTED_EVERY.total_seconds())


class Server(uvicorn.Server):
    """uvicorn's, but a signal that asked it to end is not raised again after it did."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have SIGTERM and Ctrl-C end it for the length of the block."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_end)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _asked_to_end(self) -> None:
        self.should_exit = True


def config_of(app: ASGIApp, context: ssl.SSLContext | None, options: ServeOptions) -> uvicorn.Config:
    """Return how the server runs an application."""
    callers = Callers(options.trusted_proxies)
    config = uvicorn.Config(
        app,
        http=partial(BoundedConnection, callers),  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=ENDING_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD,
        backlog=BACKLOG,
    )
    config.load()
    config.ssl = context
    return config


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}: {error.strerror}", "check --host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"cannot listen on {host} port {port}: {error.strerror}", "check --host and --port"
        ) from error
    return listener


def tls_of(options: ServeOptions) -> ssl.SSLContext | None:
    """Return how TLS is spoken, None without it. Raises BadCertificate."""
    if options.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise BadCertificate(
            f"the certificate {options.tls_cert} cannot be used: {error}",
            "--tls-cert takes the chain in PEM, --tls-key its key",
        ) from error
    return context
