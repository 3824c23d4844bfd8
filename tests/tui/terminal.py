"""A real terminal for the app: a pty, a screen that understands it, and every byte that was sent."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte

ROOT = Path(__file__).parents[2]

KEYS = {
    "enter": "\r",
    "escape": "\x1b[27u",  # as a terminal says it of which no key is the beginning of another
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "space": " ",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f8": "\x1b[19~",
    "backspace": "\x7f",
    "home": "\x1b[H",
    "pagedown": "\x1b[6~",
}


class Terminal:
    """The app of a desk in a pty of `columns` x `lines`. `sent` is all that it wrote so far."""

    def __init__(
        self,
        home: Path,
        columns: int = 80,
        lines: int = 24,
        environ: Mapping[str, str] | None = None,
        *,
        ignore_hangup: bool = False,
        program: Sequence[str] = ("-m", "nightdesk"),
        executable: str = sys.executable,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = bytearray()
        env = {
            name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "COLORTERM")
        }
        env |= {
            "TERM": "xterm-256color",
            "NIGHTDESK_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "ESCDELAY": "20",
            **(environ or {}),
        }
        self._child: Any = pexpect.spawn(
            executable,
            list(program),
            env=env,
            dimensions=(lines, columns),
            timeout=1,
            echo=False,
            ignore_sighup=ignore_hangup,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    def text(self) -> str:
        """The screen as the person sees it."""
        # Not `screen.display`: pyte stumbles over a combining mark that was painted on nothing.
        rows, columns = range(self.screen.lines), range(self.screen.columns)
        return "\n".join("".join(self.screen.buffer[y][x].data for x in columns).rstrip() for y in rows)

    def pump(self, seconds: float = 0.05) -> bool:
        """Take what the app wrote within some time; False when it has ended."""
        try:
            data = self._child.read_nonblocking(65_536, seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.sent += data
        # pyte reads private CSI with an intermediate byte as something else: it is told nothing of them.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]", self._without_keyboard, data))
        return True

    @staticmethod
    def _without_keyboard(found: re.Match[bytes]) -> bytes:
        return b"" if found[0][2:3] in b"<>=" or found[0][-1:] in b"u$p" else found[0]

    def wait(self, text: str, seconds: float = 90) -> str:
        """Wait until `text` is on the screen; returns the screen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if text in self.text():
                return self.text()
            if not self.pump():
                break
        if text in self.text():
            return self.text()
        raise AssertionError(f"{text!r} did not appear:\n{self.text()}")

    def wait_gone(self, text: str, seconds: float = 90) -> str:
        """Wait until `text` is not on the screen any more."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and text in self.text():
            if not self.pump():
                break
        assert text not in self.text(), f"{text!r} stayed:\n{self.text()}"
        return self.text()

    def quiet(self, seconds: float = 0.3, most: float = 10) -> str:
        """Wait until nothing was written for some time."""
        until = time.monotonic() + most
        while time.monotonic() < until:
            before = len(self.sent)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if not self.pump():
                    return self.text()
            if len(self.sent) == before:
                break
        return self.text()

    def press(self, *keys: str) -> None:
        """Press keys: names of `KEYS`, ``ctrl+x``, or characters."""
        for key in keys:
            self._child.send(KEYS.get(key) or (chr(ord(key[5]) & 0x1F) if key.startswith("ctrl+") else key))
            self.pump(0.02)

    def escape(self, times: int = 1) -> None:
        """Press Esc, and see what it did."""
        for _ in range(times):
            self.press("escape")
            self.quiet(0.25, 3)

    def back_to(self, text: str, other: str) -> None:
        """Press Esc until `text` is on the screen and `other` is not, however slow that shows."""
        for _ in range(5):
            self.escape()
            if text in self.text() and other not in self.text():
                return
        self.wait(text)
        self.wait_gone(other)

    def type(self, text: str) -> None:
        """Type text."""
        self._child.send(text)
        self.pump(0.05)

    def hang_up(self) -> None:
        """What sshd does when the line is lost: SIGHUP to the app, then the terminal is gone."""
        os.kill(self.pid, signal.SIGHUP)

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)

    def lose(self) -> None:
        """Take the terminal away without a word."""
        os.close(self._child.child_fd)

    def ended(self, seconds: float = 90) -> int | None:
        """Wait for the end; returns the exit status (-n: killed by signal n), None if it lives on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.pump()
            except (OSError, ValueError):
                pass
            if not self._child.isalive():
                killed = self._child.signalstatus
                return int(self._child.exitstatus) if killed is None else -int(killed)
        return None

    def close(self) -> None:
        """End the app, whatever it does and however long the machine takes to end it."""
        try:
            self._child.close(force=True)
        except (OSError, pexpect.ExceptionPexpect):  # the second: it lives a moment after SIGKILL
            self._child.kill(signal.SIGKILL)
            self._child.wait()
