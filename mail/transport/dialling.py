"""The way to a server: name, address, TCP, TLS. Blocking."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mail.errors import ConnectFailed, MailError, ResolveFailed, ServerGone, TimedOut
from mail.transport import tls

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of `host`, in the order in which to try them. Errors: `ResolveFailed`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "not a host name"
        raise ResolveFailed(f"{host} cannot be resolved", server_words=words or "") from None
    return [(family, address) for family, _, _, _, address in found]


def dial(host: str, port: int, timeout: float, addresses: list[Address] | None = None) -> socket.socket:
    """Return a connected socket whose every wait ends after `timeout` seconds.

    All addresses are tried within that time. Errors: `ResolveFailed`, `ConnectFailed`, `TimedOut`.
    """
    end = time.monotonic() + timeout
    last: MailError | None = None
    for family, address in addresses if addresses is not None else resolve(host, port):
        left = end - time.monotonic()
        if left <= 0:
            break
        link = socket.socket(family, socket.SOCK_STREAM)
        try:
            link.settimeout(left)
            link.connect(address)
        except OSError as error:
            link.close()
            last = _connect_error(error, host, port)
            continue
        link.settimeout(timeout)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return link
    raise last or TimedOut(f"{host} port {port} did not answer within {timeout:g} s")


def _connect_error(error: OSError, host: str, port: int) -> MailError:
    where = f"{host} port {port}"
    if isinstance(error, TimeoutError):
        return TimedOut(
            f"{where} did not answer", hint="Check host and port, and whether a firewall is between."
        )
    if isinstance(error, ConnectionRefusedError):
        return ConnectFailed(
            f"{where} refuses the connection",
            hint="Nothing listens on that port: check the port, and whether the server runs.",
        )
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return ConnectFailed(f"{where} cannot be reached", hint="Check this machine's network and routing.")
    return ConnectFailed(f"{where} cannot be connected", server_words=error.strerror or str(error))


def secure(
    link: socket.socket,
    host: str,
    hold: Callable[[socket.socket], None],
    *,
    ca_file: Path | None = None,
    fingerprint: str | None = None,
) -> ssl.SSLSocket:
    """Wrap a connected socket in verified TLS. Closes it on failure. Errors: `TlsFailed`, `TimedOut`.

    `hold` is given the wrapped socket before the handshake, so that another thread can cut that too.
    """
    wrapped: ssl.SSLSocket | None = None
    try:
        context = tls.context(ca_file, fingerprint)
        wrapped = context.wrap_socket(link, server_hostname=host, do_handshake_on_connect=False)
        hold(wrapped)
        wrapped.do_handshake()
        tls.check_pin(wrapped, fingerprint)
    except TimeoutError:
        _close(wrapped or link)
        raise TimedOut(
            f"{host} did not finish the TLS handshake", hint="Check that the port is the TLS port."
        ) from None
    except (OSError, ValueError, AttributeError) as error:
        # ValueError: a host name that no certificate can hold; AttributeError: cut by another thread.
        _close(wrapped or link)
        raise tls.translated(error, host) from None
    except MailError:
        _close(wrapped or link)
        raise
    return wrapped


def _close(link: socket.socket) -> None:
    with suppress(OSError):
        link.close()


def silent(host: str, port: int, security: str, *, tls_port: int) -> TimedOut:
    """Return a connection on which no greeting came; `tls_port`: the protocol's port that begins with TLS."""
    if security == "tls":
        hint = "Check that the port is right; if it is, the server hangs, and it is tried again later."
    elif port == tls_port:
        hint = f"Port {tls_port} begins with TLS: set security to tls."
    else:
        hint = f"Check the port: one that begins with TLS (like {tls_port}) is silent until security is tls."
        hint += " If the port is right, the server hangs; it is tried again later."
    return TimedOut(f"{host} port {port} says nothing", hint=hint)


def gone(error: BaseException, host: str) -> MailError:
    """Return a socket error in the middle of a conversation as a `MailError`."""
    if isinstance(error, TimeoutError):
        return TimedOut(f"{host} did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return tls.translated(error, host)
    words = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return ServerGone(f"the connection to {host} broke", server_words=words)
