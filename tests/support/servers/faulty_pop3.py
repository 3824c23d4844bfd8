"""A POP3 server that misbehaves by script.

    with FaultyPop3([MAIL], {"UIDL": reply("-ERR unknown command")}) as server:
    with FaultyPop3([MAIL], {"half": drop()}) as server:      # hangs up in the middle of a mail

Steps: ``connect`` and the commands ``CAPA``, ``STLS``, ``USER``, ``PASS``, ``AUTH``, ``UIDL``, ``LIST``,
``STAT``, ``RETR``, ``DELE``, ``QUIT``, and ``half`` (half of a mail was sent; only for a fault that drops or
hangs).
Mail goes out exactly as given, only dots are stuffed (``stuffed=False``: not even these).
``server.left`` holds what is not deleted.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping

from tests.support.servers.fault import Fault, Line, LineClosed, ScriptedServer


class FaultyPop3(ScriptedServer):
    """``mails`` as bytes, ``uidls`` their ids (default: made up), ``capabilities`` the lines of CAPA."""

    def __init__(
        self,
        mails: Iterable[bytes] = (),
        faults: Mapping[str, Fault | Iterable[Fault]] | None = None,
        *,
        uidls: Iterable[str] | None = None,
        capabilities: Iterable[str] = ("USER", "UIDL", "TOP"),
        tls: ssl.SSLContext | None = None,
        stuffed: bool = True,
    ) -> None:
        super().__init__(faults, tls=tls)
        self.left = list(mails)
        self._uidls = list(uidls) if uidls is not None else [f"id{n}" for n in range(len(self.left))]
        self._capabilities = tuple(capabilities)
        self._stuffed = stuffed

    async def talk(self, line: Line) -> None:
        """One session."""
        await line.write((await line.step("connect") or "+OK ready").encode() + b"\r\n")
        marked: set[int] = set()
        while True:
            command = (await line.read_line()).decode("utf-8", "replace").strip()
            self.commands.append(command)
            verb, _, rest = command.partition(" ")
            verb = verb.upper()
            words = await line.step(verb, command)
            if words is not None:
                await line.write(words.encode() + b"\r\n")
            elif verb == "CAPA":
                await line.write(_listing(self._capabilities))
            elif verb == "UIDL":
                await line.write(_listing(f"{n} {uidl}" for n, uidl in enumerate(self._uidls, 1)))
            elif verb == "LIST":
                await line.write(_listing(f"{n} {len(raw)}" for n, raw in enumerate(self.left, 1)))
            elif verb == "RETR":
                await self._send(line, self.left[int(rest) - 1])
            elif verb == "STAT":
                await line.write(f"+OK {len(self.left)} {sum(map(len, self.left))}\r\n".encode())
            elif verb == "DELE":
                marked.add(int(rest) - 1)
                await line.write(b"+OK marked\r\n")
            elif verb == "QUIT":
                self.left = [raw for number, raw in enumerate(self.left) if number not in marked]
                self._uidls = [uidl for number, uidl in enumerate(self._uidls) if number not in marked]
                await line.write(b"+OK bye\r\n")
                raise LineClosed
            elif verb in ("USER", "PASS"):
                await line.write(b"+OK\r\n")
            else:
                await line.write(b"-ERR unknown command\r\n")

    async def _send(self, line: Line, raw: bytes) -> None:
        dot = b"." if self._stuffed else b""
        stuffed = b"\r\n".join(dot + row if row.startswith(b".") else row for row in raw.split(b"\r\n"))
        await line.write(b"+OK here it is\r\n" + stuffed[: len(stuffed) // 2])
        await line.step("half")
        await line.write(
            stuffed[len(stuffed) // 2 :] + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n"
        )


def _listing(rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\r\n" for row in ("+OK", *rows, ".")).encode()
