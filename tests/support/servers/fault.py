"""What a scripted server does wrong, and the thread in which it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Fault:
    """One misbehaviour at one step of a dialogue. Make it with the functions below.

    reply: said in place of the normal answer (None: the normal answer).
    delay: seconds before the answer. hang: no answer until ``release()``, then the line is closed.
    hold: no answer until ``release()``, then the normal one.
    drop: the line is closed (after ``reply`` if there is one). times: how often (None: always).
    only: only if this text is in the command (an address, a UID).
    dribble: ``reply`` once, then this again and again, a byte or a line at a time, for ever.
    """

    reply: str | None = None
    delay: float = 0.0
    hang: bool = False
    hold: bool = False
    drop: bool = False
    times: int | None = None
    only: str = ""
    dribble: bytes = b""
    seen: int = field(default=0, init=False)

    def strikes(self, command: str) -> bool:
        """Whether it happens now; counts."""
        if self.only.lower() not in command.lower() or (self.times is not None and self.seen >= self.times):
            return False
        self.seen += 1
        return True


def reply(words: str, *, times: int | None = None, only: str = "") -> Fault:
    """Answer with these words instead."""
    return Fault(reply=words, times=times, only=only)


def hang(*, times: int | None = None, only: str = "") -> Fault:
    """Take the command and never answer."""
    return Fault(hang=True, times=times, only=only)


def hold() -> Fault:
    """Answer properly, but not before ``release()``."""
    return Fault(hold=True)


def drop(words: str | None = None, *, times: int | None = None, only: str = "") -> Fault:
    """Close the line without an answer, or after these words."""
    return Fault(reply=words, drop=True, times=times, only=only)


def slow(seconds: float, *, times: int | None = None, only: str = "") -> Fault:
    """Answer properly, but late."""
    return Fault(delay=seconds, times=times, only=only)


def dribble(piece: bytes, *, begin: str | None = None, only: str = "") -> Fault:
    """Say `begin`, then `piece` every tenth of a second, without an end."""
    return Fault(reply=begin, dribble=piece, only=only)


class LineClosed(Exception):
    """The dialogue is over."""


class Line:
    """One connection: lines and bytes in and out, and the faults of its server."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        faults: Faults,
        released: asyncio.Event,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._faults = faults
        self._released = released

    async def read_line(self) -> bytes:
        """The next line with its end; LineClosed if the other side hung up."""
        line = await self._reader.readline()
        if not line:
            raise LineClosed
        return line

    async def read_exactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Become the server of a TLS handshake."""
        await self._writer.start_tls(context)

    async def silence(self) -> None:
        """Say nothing until the script is released."""
        await self._released.wait()
        raise LineClosed

    async def step(self, name: str, command: str = "") -> str | None:
        """Do what the script says for this step; words to say in place of the normal answer, or None.

        LineClosed if the script ends the line here.
        """
        for fault in self._faults.get(name, ()):
            if not fault.strikes(command):
                continue
            await asyncio.sleep(fault.delay)
            if fault.hold:
                await self._released.wait()
            if fault.hang:
                await self._released.wait()
                raise LineClosed
            if fault.dribble:
                if fault.reply is not None:
                    await self.write(fault.reply.encode() + b"\r\n")
                while not self._released.is_set():
                    await self.write(fault.dribble)
                    await asyncio.sleep(0.1)
                raise LineClosed
            if fault.drop:
                if fault.reply is not None:
                    await self.write(fault.reply.encode() + b"\r\n")
                raise LineClosed
            return fault.reply
        return None


Faults = dict[str, list[Fault]]


class ScriptedServer:
    """A server at ``host`` and ``port``, in a thread while in its ``with``; ``commands`` are those it got."""

    host = "127.0.0.1"

    def __init__(
        self,
        faults: Mapping[str, Fault | Iterable[Fault]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = 0
        self.commands: list[str] = []
        self.connections = 0
        self._faults: Faults = {
            step: [fault] if isinstance(fault, Fault) else list(fault)
            for step, fault in (faults or {}).items()
        }
        self._tls = tls
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None
        self._released: asyncio.Event | None = None

    async def talk(self, line: Line) -> None:
        """The dialogue of one connection."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name=type(self).__name__, daemon=True
        )
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell(self._ending)
        if self._thread:
            self._thread.join(10)

    def release(self) -> None:
        """Close every connection that hangs, and hang no more."""
        self._tell(self._released)

    def count(self, command: str) -> int:
        """How often a command came that starts with these words (upper or lower case)."""
        return sum(1 for each in self.commands if each.upper().startswith(command.upper()))

    def _tell(self, event: asyncio.Event | None) -> None:
        if self._loop and event:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(event.set)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending, self._released = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._serve, self.host, 0, ssl=self._tls, limit=1 << 26)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ending.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        assert self._released
        gone = (
            LineClosed,
            ConnectionError,
            asyncio.IncompleteReadError,
            ssl.SSLError,
            asyncio.CancelledError,
        )
        with contextlib.suppress(*gone):
            await self.talk(Line(reader, writer, self._faults, self._released))
        with contextlib.suppress(*gone):
            writer.close()
            await writer.wait_closed()
