"""A client that speaks LMTP line by line, and the door it speaks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from desk.home import Desk
from worker.lmtp.listener import Endpoint, LmtpListener


class Client:
    """One connection. Answers are lists of lines, without line ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def at(cls, path: Path) -> Client:
        """Connect and say LHLO."""
        client = cls(*await asyncio.open_unix_connection(str(path)))
        await client.answer()
        client.hello = await client.ask("LHLO mx.test")
        return client

    hello: list[str]

    async def answer(self) -> list[str]:
        """The next reply, however many lines it has."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = await asyncio.wait_for(self._reader.readline(), 30)
            assert line, "the connection ended"
            lines.append(line.decode().rstrip("\r\n"))
        return lines

    async def ask(self, command: str) -> list[str]:
        """Send a command, return its reply."""
        self.write(command.encode() + b"\r\n")
        return await self.answer()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)

    async def deliver(
        self, raw: bytes, recipients: Sequence[str], sender: str = "ann@client.test"
    ) -> dict[str, str]:
        """One mail; the last word on every recipient."""
        assert (await self.ask(f"MAIL FROM:<{sender}>"))[0][:3] == "250"
        said = {each: (await self.ask(f"RCPT TO:<{each}>"))[0] for each in recipients}
        accepted = [each for each in recipients if said[each][0] == "2"]
        if not accepted:
            await self.ask("RSET")
            return said
        assert (await self.ask("DATA"))[0][:3] == "354"
        self.write(stuffed(raw))
        for each in accepted:
            said[each] = (await self.answer())[0]
        return said

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def stuffed(raw: bytes) -> bytes:
    """The mail as it goes over the wire, with its end."""
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    return b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines) + b".\r\n"


@asynccontextmanager
async def listening(
    desk: Desk, path: Path, faults: list[Exception] | None = None
) -> AsyncIterator[LmtpListener]:
    """An open door at ``path``."""

    async def failed(error: Exception) -> None:
        if faults is not None:
            faults.append(error)

    listener = LmtpListener(desk, Endpoint(path), failed)
    await listener.open(asyncio.Event())
    try:
        yield listener
    finally:
        await listener.close()
