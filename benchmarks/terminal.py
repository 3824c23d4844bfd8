"""A program in a pseudo terminal: what it paints, how soon, in how many bytes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


class Terminal:
    """Runs a command in a pty of the given size; use as a context manager."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, columns: int = 120, rows: int = 40
    ) -> None:
        self._command = list(command)
        self._env = dict(env) | {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        self._size = struct.pack("HHHH", rows, columns, 0, 0)
        self.pid = 0
        self._fd = -1
        self.began = 0.0

    def __enter__(self) -> Self:
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, self._size)
            os.execvpe(self._command[0], self._command, self._env)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, self._size)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
            self.read(0.05)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def read(self, seconds: float) -> bytes:
        """Return what arrives within so many seconds."""
        painted = b""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            ready, _, _ = select.select([self._fd], [], [], left)
            if ready:
                try:
                    painted += os.read(self._fd, 65536)
                except OSError:
                    break
        return painted

    def until(self, text: bytes, patience: float = 60.0) -> float:
        """Return the seconds from the start until ``text`` was painted."""
        painted = b""
        while text not in painted:
            if time.perf_counter() - self.began > patience:
                raise TimeoutError(f"{text!r} was not painted; the last was {painted[-400:]!r}")
            painted += self.read(0.002)
        return time.perf_counter() - self.began

    def press(self, key: bytes, patience: float = 2.0) -> float:
        """Return the seconds from a key to the first byte painted for it."""
        began = time.perf_counter()
        os.write(self._fd, key)
        ready, _, _ = select.select([self._fd], [], [], patience)
        waited = time.perf_counter() - began
        if not ready:
            raise TimeoutError(f"nothing was painted for {key!r}")
        return waited

    def resident(self) -> int:
        """Resident bytes of the program itself, without its children."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024
