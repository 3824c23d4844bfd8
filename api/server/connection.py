"""The connection: uvicorn's, with a bound on the time that a request's head may take, and on their number."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from desk.staff.api_keys import Network, address_of
from mail.transport.crowd import Crowd, Full

HEAD_SECONDS = 15.0
MAX_CONNECTIONS = 400
MAX_OF_ONE_PEER = 100
_ONE_SITE = 64
"""Bits of an IPv6 address that tell one site from another: within it everybody has as many as they like."""


class Callers:
    """All connections of a server. `proxies`: networks whose hosts speak for many callers."""

    def __init__(self, proxies: Sequence[Network]) -> None:
        self._proxies = proxies
        self._crowd = Crowd[BoundedConnection](MAX_CONNECTIONS, MAX_OF_ONE_PEER, BoundedConnection.waits)

    def enter(self, caller: BoundedConnection, host: str) -> bool:
        """Let a caller in, if need be in place of one who said nothing for long; whether there was room."""
        address = address_of(host)
        peer = address
        if isinstance(address, ipaddress.IPv6Address):
            peer = ipaddress.ip_network((address, _ONE_SITE), strict=False).network_address
        proxy = address is not None and any(address in network for network in self._proxies)
        try:
            goes = self._crowd.enter(caller, peer, counted=not proxy)
        except Full:
            return False
        if goes is not None:
            goes.transport.abort()
        return True

    def heard(self, caller: BoundedConnection) -> None:
        """Note that the caller sent something."""
        self._crowd.heard(caller)

    def leave(self, caller: BoundedConnection) -> None:
        """Note that the caller is gone."""
        self._crowd.leave(caller)


class BoundedConnection(H11Protocol):
    """A caller who connects and sends no request, or its head byte by byte, is cut off."""

    _deadline: asyncio.TimerHandle | None = None
    _refused = False

    def __init__(self, callers: Callers, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._callers = callers

    def connection_made(self, transport: Any) -> None:
        """Note that somebody called."""
        peer = transport.get_extra_info("peername")
        if not self._callers.enter(self, peer[0] if peer else ""):
            self._refused = True
            transport.abort()
            return
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Note that something came."""
        if self._refused:
            return
        self._callers.heard(self)
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the caller left, or was cut off."""
        self._unwatch()
        self._callers.leave(self)
        if not self._refused:
            super().connection_lost(exc)

    def waits(self) -> bool:
        """Return whether no request is being read or answered."""
        return self.conn.their_state is h11.IDLE

    def _watch(self) -> None:
        if not self.waits():
            self._unwatch()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._cut_off)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut_off(self) -> None:
        self._deadline = None
        if self.waits():
            self.transport.abort()
