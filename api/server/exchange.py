"""One request and its answer, as they pass between the server and the application.

A caller who is refused while still sending must be able to read why: a connection that is closed with
unread data in it is reset, and the answer is lost. So after an early answer the rest is read and thrown away,
for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.types import Message, Receive, Scope, Send

LINGER_SECONDS = 20.0
SEND_SECONDS = 60.0
"""A caller who does not read the answer for so long is cut off."""

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class Exchange:
    """Stands between; `linger_bytes`: so much of an unwanted body is read and dropped."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, linger_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._linger_bytes = linger_bytes
        self._expects = any(name == b"expect" for name, _ in scope["headers"])
        self._all_read = not _announces_body(scope)
        self.status = 0
        self.sent = 0

    async def receive(self) -> Message:
        """Return the next piece of the request."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._all_read = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a piece of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_HEADERS]
            if not self._all_read:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            if not message.get("more_body", False) and not self._all_read and not self._expects:
                await self._pass_on({**message, "more_body": True})
                await self._linger()
                message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._pass_on(message)

    async def _pass_on(self, message: Message) -> None:
        await asyncio.wait_for(self._send(message), SEND_SECONDS)

    async def _linger(self) -> None:
        until, left = time.monotonic() + LINGER_SECONDS, self._linger_bytes
        with contextlib.suppress(TimeoutError):
            while not self._all_read and left > 0:
                rest = max(until - time.monotonic(), 0)
                message = await asyncio.wait_for(self.receive(), rest)
                left -= len(message.get("body", b""))


def _announces_body(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0") != b""):
            return True
    return False
