"""A monkey at the keyboard: random keys, words, pastes, clicks and sizes from a seed, and the way home."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from textual import events
from textual.pilot import Pilot, WaitForScreenTimeout

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.permissions import Actor
from desk.staff import preferences
from tests.support.frames import NOW
from tests.tui.screen import screen_text
from tui.app import NightdeskApp
from tui.screens.tickets.screen import TicketsScreen
from tui.screens.tickets.views_bar import ViewsBar
from tui.terminal.pastes import pasted_text
from tui.widgets.confirm import Confirm
from tui.widgets.status_line import StatusLine

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTVWXYZ0123456789-/[]{}*?:!+@.,#=~ "
NAMED = (
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown", "home"),
    *("end", "backspace", "space", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10"),
    *("ctrl+s", "ctrl+p", "ctrl+l", "ctrl+d", "ctrl+u", "ctrl+r", "ctrl+n", "ctrl+c", "delete"),
)
WORDS = (
    "state:open",
    "#1042",
    "1039",
    "ana@corp.example",
    "~/",
    "every 5 minutes",
    "printer",
    "vpn -old",
    "yes",
    "Mars/Olympus",
    "~nobody/file",
    "nan",
    "9" * 25,
    "every -1 minutes",
    "2026-13-45",
)
PASTES = (
    "x",
    "two lines\r\nand a last one\n",
    "\x1b[31mred\x1b[0m\x1b[13;2u and a tab\t",
    "\u30d7\u30ea\u30f3\u30bf\u30fc",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u0928\u092e\u0938\u094d\u0924\u0947",
    "q y x " * 400,
    "Ana Prado <ana@corp.example>, jo@corp.example",
)
SIZES = ((80, 24), (160, 50), (100, 30), (60, 16), (50, 12))
WITH_FILES = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\nHello, see https://c0rp.example/vpn and http://other.example/\r\n"
    "--b\r\nContent-Type: text/csv; name=hosts.csv\r\nContent-Disposition: attachment\r\n\r\n"
    f"host;words\r\ndb01;{'far ' * 30}\r\ndb02;near\r\n"
    "--b\r\nContent-Type: text/plain; name=empty.txt\r\nContent-Disposition: attachment\r\n\r\n\r\n--b--\r\n"
)
"""What a mail has of the windows that open over a thread: links, a table, a file of nothing."""
OWN_FAULT = "This did not work: "
"""How the line begins that tells of a fault of ours."""
HOMEWARD = 60
"""So many times Esc leads out of anywhere, at most."""


class Clock:
    """A clock that moves with every action, for app and desk alike."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float = 1) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


class Monkey:
    """Presses what the seed says; `done` tells it again."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.seed = seed
        self.done: list[str] = []
        self._chance = random.Random(seed)
        self._clock = clock
        self._mails = 0

    def __str__(self) -> str:
        return f"seed {self.seed}, {len(self.done)} actions, the last: {' '.join(self.done[-60:])}"

    async def play(self, pilot: Pilot[Any], desk: Desk, actions: int) -> None:
        """Do so many actions."""
        for _ in range(actions):
            await self._act(pilot, desk)
            self._clock.tick()
            assert pilot.app.is_running, str(self)

    async def _act(self, pilot: Pilot[Any], desk: Desk) -> None:
        dice = self._chance.random()
        try:
            if dice < 0.93:
                key = self._chance.choice((*LETTERS, *NAMED))
                self.done.append(key)
                await pilot.press(key)
            elif dice < 0.95:
                word = self._chance.choice(WORDS)
                self.done.append(repr(word))
                await pilot.press(*word)
            elif dice < 0.97:
                width, height = pilot.app.size
                place = (self._chance.randrange(width), self._chance.randrange(height))
                self.done.append(f"click{place}")
                await pilot.click(offset=place, times=self._chance.choice((1, 1, 2)))
            elif dice < 0.975:
                text = self._chance.choice(PASTES)
                self.done.append(f"paste{text[:12]!r}")
                await self._paste(pilot, text)
            elif dice < 0.985:
                size = self._chance.choice(SIZES)
                self.done.append(f"size{size}")
                await pilot.resize_terminal(*size)
            else:
                self._mails += 1
                self.done.append("mail")
                self._mail_comes(desk)
        except WaitForScreenTimeout:
            pass

    async def _paste(self, pilot: Pilot[Any], text: str) -> None:
        pilot.app.post_message(events.Paste(pasted_text(text)))
        await pilot.pause()

    def _mail_comes(self, desk: Desk) -> None:
        raw = (
            f"From: Tom <tom{self.seed}@corp.example>\r\nTo: support@corp.example\r\n"
            f"Subject: mail {self._mails} of the monkey\r\n"
            f"Message-ID: <m{self.seed}.{self._mails}@corp.example>\r\n{WITH_FILES}"
        )
        pipeline.take(desk, [Arrival(raw=raw.encode(), door="import", mailbox_id=None)])

    async def go_home(self, pilot: Pilot[Any], size: tuple[int, int]) -> None:
        """Lead out of anywhere with Esc, y where it asks; then to the first list as it is at the start."""
        await pilot.resize_terminal(*size)
        # Esc may lead to another place where a form is open, in which 1 is text.
        for _ in range(3):
            await self._leave_windows(pilot)
            if pilot.app.current_mode == "tickets":
                break
            await _pressed(pilot, "escape", "escape", "1")
            await calm(pilot)
        await self._leave_windows(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, TicketsScreen), f"no way to the list from {screen}: {self}"
        await _pressed(pilot, "escape", "escape", "escape", "escape", "escape")
        for _ in range(20):
            if screen.query_one(ViewsBar).view == "open":
                break
            await _pressed(pilot, "]")
        await _pressed(pilot, "O", "u")
        await calm(pilot)
        await _pressed(pilot, "end", "home")
        await calm(pilot)

    async def _leave_windows(self, pilot: Pilot[Any]) -> None:
        for _ in range(HOMEWARD):
            if len(pilot.app.screen_stack) == 1:
                break
            await _pressed(pilot, "escape")
            if isinstance(pilot.app.screen, Confirm):
                # A form asks whether what was typed is given up.
                await _pressed(pilot, "y")
        assert len(pilot.app.screen_stack) == 1, f"no way out of {pilot.app.screen}: {self}"


async def _pressed(pilot: Pilot[Any], *keys: str) -> None:
    try:
        await pilot.press(*keys)
    except WaitForScreenTimeout:
        pass


async def calm(pilot: Pilot[Any], tries: int = 400) -> str:
    """Wait until nothing is asked of the desk and the screen stands still, without what is flashed."""
    before, same = "", 0
    for _ in range(tries):
        await pilot.pause(0.03)
        for line in pilot.app.screen.query(StatusLine):
            line.end_flash()
            line.notice("")
        now = screen_text(pilot.app)
        busy = [worker for worker in pilot.app.workers if not worker.is_finished]
        same = same + 1 if now == before and not busy else 0
        if same >= 5:
            return now
        before = now
    return before


def faults(app: NightdeskApp) -> list[str]:
    """Return what the app said of faults of its own."""
    return [flash.text for _, flash in app.said if flash.text.startswith(OWN_FAULT)]


def apps(desk: Desk, actor: Actor, clock: Callable[[], datetime]) -> Iterator[NightdeskApp]:
    """Make apps on one desk, one after the other, each with what the agent has chosen by then."""
    while True:
        app = NightdeskApp(desk, actor, now=clock, columns=preferences.columns(actor))
        app.host = "bastion1"
        app.action_leave = lambda: None  # type: ignore[method-assign]
        yield app
