"""Reading what a caller sends: bounded in size before it is read, and in time while it is."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Hashable

from starlette.requests import Request

from api.server.access import key_in
from api.server.refusals import Refusal

IDLE_SECONDS = 20.0
"""A caller who sends nothing for so long is cut off."""
LEAST_BYTES_A_SECOND = 8 * 1024
AT_ONCE = 8
"""Bodies that are read into memory at the same time."""
OF_ONE_CALLER = 3
"""Of them with one key, or without one from one address."""
PATIENCE_SECONDS = 20.0


class CallerLeft(Exception):
    """The connection ended before the body did: there is nobody to answer."""


class TooLarge(Refusal):
    """More bytes than are taken."""

    def __init__(self, limit: int, status: int = 413) -> None:
        size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit} bytes"
        super().__init__(status, f"Request body too large: at most {size} are taken", "send less")


class Bodies:
    """Reads bodies, a few at a time, and never all of them for one caller."""

    def __init__(self) -> None:
        self._room = asyncio.Condition()
        self._reading: Counter[Hashable] = Counter()

    async def read(self, request: Request, limit: int, *, too_large: int = 413) -> bytes:
        """Read the body; raises Refusal (`too_large`: the status for more than `limit` bytes), CallerLeft."""
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise Refusal(415, "Unsupported data format: send the body without Content-Encoding")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > limit:
            raise TooLarge(limit, too_large)
        who = key_in(request.headers) or request.scope.get("nightdesk.address")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._room:
                await self._room.wait_for(lambda: self._has_room_for(who))
                self._reading[who] += 1
        except TimeoutError:
            raise Refusal(429, "Too many requests at once, try again", retry_after=5) from None
        try:
            return await _read(request, limit, too_large)
        finally:
            self._reading[who] -= 1
            self._reading += Counter()  # forgets who reads no more
            async with self._room:
                self._room.notify_all()

    def _has_room_for(self, who: Hashable) -> bool:
        return self._reading.total() < AT_ONCE and self._reading[who] < OF_ONE_CALLER


async def _read(request: Request, limit: int, too_large: int) -> bytes:
    chunks: list[bytes] = []
    size, begun = 0, time.monotonic()
    while True:
        left = begun + IDLE_SECONDS + size / LEAST_BYTES_A_SECOND - time.monotonic()
        try:
            message = await asyncio.wait_for(request.receive(), max(min(left, IDLE_SECONDS), 0))
        except TimeoutError:
            raise Refusal(408, "The request body came too slowly", retry_after=5) from None
        if message["type"] == "http.disconnect":
            raise CallerLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit, too_large)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
