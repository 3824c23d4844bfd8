"""A line to a server that can be cut: what is said over it goes nowhere, and nobody is told."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Sequence


class Cable:
    """Forwards connections of its own port, on loopback or another address, to one on loopback."""

    def __init__(self, port: int, at: str = "127.0.0.1", own_port: int = 0) -> None:
        self._to, self._at = port, (at, own_port)
        self._whole = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def cut(self) -> None:
        """Let nothing through from now on; connections stay open."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """Break off what hung, and let new connections through."""

        def mended() -> None:
            for writer in self._writers:
                writer.transport.abort()
            self._whole.set()

        self._loop.call_soon_threadsafe(mended)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._whole.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, *self._at))
        self.port = int(server.sockets[0].getsockname()[1])
        ready.set()
        self._loop.run_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(back)
            await asyncio.gather(self._forward(reader, back), self._forward(there, writer))
        except OSError:
            writer.transport.abort()
        finally:
            self._writers.discard(writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.transport.abort()
        finally:
            self._writers.discard(writer)


def serve_forever(address: str, ports: Sequence[int]) -> None:
    """Forward these ports of loopback to the same ones at an address."""

    async def serve() -> None:
        for port in ports:
            await asyncio.start_server(functools.partial(_joined, address, port), "127.0.0.1", port)
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _joined(
    address: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        there, back = await asyncio.open_connection(address, port)
    except OSError:
        writer.transport.abort()
        return

    async def forward(source: asyncio.StreamReader, goal: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                goal.write(data)
                await goal.drain()
            goal.write_eof()
        except OSError:
            goal.transport.abort()

    await asyncio.gather(forward(reader, back), forward(there, writer))
    for each in (writer, back):
        each.close()
