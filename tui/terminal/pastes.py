"""Pastes that come over a bad line: with their end mark torn or lost, with escape sequences inside.

Textual waits for the end mark for ever, and takes what stands behind a torn one for keys.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from config.expressions import expression
from config.records import Record

START, END = "\x1b[200~", "\x1b[201~"

QUIET_SECONDS = 1.0
"""A paste without an end mark is over when nothing came for so long."""
KEYS_SECONDS = 4.0
"""It is over, too, when for so long only single keys came."""
KEY_GAP_SECONDS = 0.15
"""What comes so soon after what was before it is no key that a person pressed."""
MARK_SECONDS = 1.0
"""So long the rest of a torn start mark is waited for."""
DOUBT_SECONDS = 15.0
"""So long after a paste without an end mark whatever is more than one key is taken for its rest."""

_ONE_KEY = expression(r"\x1b?[^\x1b]|\x1b|\x1bO.|\x1b\[[0-9;:?<]*[ -/]*[@-~]", re.DOTALL)
_KEY_IN_PASTE = expression(r"\x1b\[(?:27;(?P<xterm>\d+);)?(?P<code>\d+)(?:[;:](?P<kitty>\d+))?[\d;:]*[u~]")
_SEQUENCE = expression(
    r"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC up to their end
    r"|\x1bO.?"  # SS3
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
_CONTROL = expression(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Pasted(Record):
    """The text of a paste: its lines end with a newline, nothing in it steers a terminal."""

    text: str


def pasted_text(raw: str) -> str:
    """Return what a paste says: keys that stand in it as CSI-u written out, other sequences left out."""
    text = _SEQUENCE.sub("", _KEY_IN_PASTE.sub(_written, raw))
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _written(found: re.Match[str]) -> str:
    """Return the character of a key sequence; line ends and tabs come as control with j, m or i, too."""
    if found[0].endswith("~") and found["xterm"] is None:
        return ""
    code, modifiers = int(found["code"]), int(found["xterm"] or found["kitty"] or 1) - 1
    if modifiers & 4:
        return {"j": "\n", "m": "\n", "i": "\t"}.get(chr(code).lower() if code < 0x110000 else "", "")
    return chr(code) if code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000 else ""


class PasteReader:
    """Splits what a terminal sends into pastes and the rest, whatever the connection does to the marks."""

    def __init__(self, escape_seconds: float = 0.1, now: Callable[[], float] = time.monotonic) -> None:
        self._escape_seconds = escape_seconds
        self._now = now
        self._held = ""
        self._pasting = False
        self._paste = ""
        self._late = ""
        self._after_key = False
        self._last_read = self._last_bulk = self._escaped = float("-inf")
        self._doubt_until = float("-inf")

    def feed(self, data: str) -> Iterator[str | Pasted]:
        """Take what was read and return what is complete."""
        now = self._now()
        alone = _ONE_KEY.fullmatch(data) is not None
        is_key = alone and (self._after_key or now - self._last_read >= KEY_GAP_SECONDS)
        self._after_key = is_key and not self._pasting
        self._last_read = now
        if not (self._pasting and is_key):
            self._last_bulk = now
        data = self._held + self._without_late_mark(data)
        self._held = ""
        if data.startswith(START[1:]) and now - self._escaped < 2 * MARK_SECONDS:
            data = "\x1b" + data
        if not self._pasting and now < self._doubt_until and not is_key and START not in data:
            self._begin()
        while data:
            if self._pasting:
                known = max(0, len(self._paste) - len(END))
                self._paste += data
                at = self._paste.find(END, known)
                if at < 0:
                    return
                data = self._paste[at + len(END) :]
                self._paste = self._paste[:at]
                yield self._end()
                self._doubt_until = float("-inf")
            else:
                before, mark, behind = data.partition(START)
                if mark:
                    self._begin()
                else:
                    self._held = _torn(data, START)
                    before = data[: len(data) - len(self._held)]
                if before:
                    yield before
                data = behind

    def tick(self) -> Iterator[str | Pasted]:
        """Return what is complete because nothing came for a while; call it a few times a second."""
        now = self._now()
        waited = now - self._last_read
        if self._held and waited >= (self._escape_seconds if self._held == "\x1b" else MARK_SECONDS):
            held, self._held = self._held, ""
            if held == "\x1b":
                self._escaped = now
            yield held
        if self._pasting and (waited >= QUIET_SECONDS or now - self._last_bulk >= KEYS_SECONDS):
            torn = _torn(self._paste, END)
            self._paste = self._paste[: len(self._paste) - len(torn)]
            self._late = END[len(torn) :] if torn else ""
            self._doubt_until = now + DOUBT_SECONDS
            yield self._end()

    def _begin(self) -> None:
        self._pasting, self._paste = True, ""

    def _end(self) -> Pasted:
        text, self._paste, self._pasting = self._paste, "", False
        return Pasted(pasted_text(text))

    def _without_late_mark(self, data: str) -> str:
        """Return what was read without the rest of an end mark whose beginning ended a paste."""
        late, self._late = self._late, ""
        if not late or self._now() >= self._doubt_until:
            return data
        if data.startswith(late):
            self._doubt_until = float("-inf")
            return data[len(late) :]
        if late.startswith(data):
            self._late = late[len(data) :]
            return ""
        return data


def _torn(data: str, mark: str) -> str:
    """Return the end of `data` that may be the beginning of a mark."""
    return next((mark[:size] for size in range(len(mark) - 1, 0, -1) if data.endswith(mark[:size])), "")
