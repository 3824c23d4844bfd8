"""The worker's LMTP door: where it listens, and who is connected.

LMTP knows no login. So the door is a Unix socket, whose mode says who may deliver, or a loopback port. One
process holds a desk's door; it needs no lease on the mailboxes, because a mail that comes twice is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.wording import host_and_port
from desk.errors import Refused, WrongUse
from mail.transport.crowd import Crowd, Full
from worker.lmtp.intake import LmtpIntake

if TYPE_CHECKING:
    from desk.home import Desk
    from worker.lmtp.session import LmtpSession

MAX_SESSIONS = 200
MAX_OF_ONE_PEER = 100
BACKLOG = 128
STANDBY_SECONDS = 1.0
_GOODBYE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: a path, or a loopback address and port."""

    path: Path | None = None
    mode: int = 0o660
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path is not None else f"tcp:{host_and_port(self.host, self.port)}"


def parse_endpoint(text: str, mode: int = 0o660) -> Endpoint:
    """Read ``unix:/path`` or ``tcp:127.0.0.1:2424``. Raises WrongUse."""
    kind, _, rest = text.partition(":")
    if kind == "unix" and rest.startswith("/"):
        return Endpoint(Path(rest), mode)
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and port.isdecimal() and 0 < int(port) < 65_536:
        host = host.strip("[]")
        if _is_loopback(host):
            return Endpoint(host=host, port=int(port))
        raise WrongUse(
            f"LMTP has no login, so it listens on this machine only, not at {host or 'every address'}",
            "name tcp:127.0.0.1:PORT or unix:/path",
        )
    raise WrongUse(f"'{text}' is no place to listen at", "name unix:/absolute/path or tcp:127.0.0.1:PORT")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def need_the_extra() -> None:
    """Raise ConfigError unless what LMTP needs is installed."""
    if find_spec("aiosmtpd") is None:
        raise ConfigError("LMTP needs the extra 'lmtp'", "install it: pip install '.[lmtp]' in the clone")


class LmtpListener:
    """The open door. ``failed`` is told of every fault that mail was turned away for."""

    def __init__(
        self, desk: Desk, endpoint: Endpoint, failed: Callable[[Exception], Awaitable[None]]
    ) -> None:
        self._endpoint = endpoint
        self._intake = LmtpIntake(desk, failed)
        self._sessions: set[LmtpSession] = set()
        self._crowd = Crowd["LmtpSession"](MAX_SESSIONS, MAX_OF_ONE_PEER, lambda session: not session.busy)
        self._server: asyncio.Server | None = None
        self._inode: tuple[int, int] | None = None
        self._lock = os.open(desk.paths.data / "lmtp.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._closing = False

    async def open(self, halt: asyncio.Event) -> bool:
        """Wait until no other process holds the door, then listen; False when ``halt`` came first.

        Raises Refused when it is not possible to listen there.
        """
        while not self._free():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(halt.wait(), STANDBY_SECONDS)
            if halt.is_set():
                return False
        await self._listen()
        return True

    async def _listen(self) -> None:
        from worker.lmtp.session import LmtpSession  # 14 ms, and an extra that may not be installed

        loop = asyncio.get_running_loop()

        def serve() -> LmtpSession:
            return LmtpSession(self._intake, self._opened, self._crowd.heard, self._closed)

        try:
            if self._endpoint.path is not None:
                listening = self._bound(self._endpoint.path)
                self._server = await loop.create_unix_server(serve, sock=listening, backlog=BACKLOG)
            else:
                self._server = await loop.create_server(
                    serve, self._endpoint.host, self._endpoint.port, backlog=BACKLOG
                )
        except OSError as error:
            raise Refused(
                f"LMTP cannot listen at {self._endpoint}: {error.strerror or error}",
                "choose another place with --lmtp, or make this one the desk user's to write to",
            ) from None

    async def close(self) -> None:
        """Listen no more, store and answer what has come, and say goodbye to who is connected."""
        self._closing = True
        if self._server is not None:
            self._server.close()
            self._remove()
        os.close(self._lock)
        await self._intake.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                while self._sessions:
                    for session in [each for each in self._sessions if not each.busy]:
                        session.leave("the worker ends")
                    await asyncio.sleep(0.01)

    def _free(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _opened(self, session: LmtpSession, peer: Hashable) -> bool:
        """Return whether the client may stay; one who said nothing for long may have to go for it."""
        self._sessions.add(session)
        if self._closing:
            return False
        try:
            goes = self._crowd.enter(session, peer)
        except Full:
            return False
        if goes is not None:
            goes.leave("others wait, and you said nothing for long")
        return True

    def _closed(self, session: LmtpSession) -> None:
        self._sessions.discard(session)
        self._crowd.leave(session)

    def _bound(self, path: Path) -> socket.socket:
        """Bind a socket under its final name in one step, so that clients find the old one or this one."""
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise Refused(f"{path} is there and is no socket", "name another path with --lmtp")
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(temporary))
            temporary.chmod(self._endpoint.mode)
            listening.listen(BACKLOG)
            status = temporary.stat()
            self._inode = (status.st_dev, status.st_ino)
            temporary.rename(path)
        except BaseException:
            listening.close()
            temporary.unlink(missing_ok=True)
            raise
        return listening

    def _remove(self) -> None:
        """Take the socket's name away, unless it is another worker's by now."""
        path = self._endpoint.path
        if path is None:
            return
        with contextlib.suppress(OSError):
            status = path.lstat()
            if (status.st_dev, status.st_ino) == self._inode:
                path.unlink()
