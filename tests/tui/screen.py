"""Reading the screen of an app under test as text, and comparing it with what it looked like before."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from textual._context import visible_screen_stack
from textual.pilot import Pilot

from tui.app import NightdeskApp

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
_BETWEEN_LOOKS = 0.04
"""Seconds; to look takes as long as to paint."""
SMALL_AND_LARGE = {"80x24": (80, 24), "160x50": (160, 50)}
"""For what is played anew at each size."""
EVERY_SIZE = {"80x24": (80, 24), "100x30": (100, 30), "160x50": (160, 50)}
"""For an app that is made larger and smaller."""


def screen_text(app: Any) -> str:
    """What the person sees, line by line, trailing blanks cut."""
    visible_screen_stack.set(app._background_screens)
    strips = app.screen._compositor.render_strips()
    rows = ["".join(segment.text for segment in strip) for strip in strips]
    return "\n".join(row.rstrip() for row in rows) + "\n"


def with_actions(app: NightdeskApp, *actions: str) -> None:
    """Let the app's agent do this and nothing else, also when the app asks again what they may do."""
    actor = app.actor._replace(actions=frozenset(actions))
    app.actor = actor
    app._renew = lambda: actor


async def settled(pilot: Pilot[Any], tries: int = 500) -> None:
    """Wait until nothing is being asked of the desk and the screen stands still."""
    before = ""
    for _ in range(tries):
        await pilot.pause(_BETWEEN_LOOKS)
        busy = [worker for worker in pilot.app.workers if not worker.is_finished]
        now = screen_text(pilot.app)
        if not busy and now == before:
            return
        before = now
    raise AssertionError(f"the screen never came to rest:\n{before}")


async def until(pilot: Pilot[Any], text: str, tries: int = 750) -> str:
    """Wait until `text` is on the screen; returns the screen."""
    for _ in range(tries):
        shown = screen_text(pilot.app)
        if text in shown:
            return shown
        await pilot.pause(_BETWEEN_LOOKS)
    raise AssertionError(f"{text!r} did not appear:\n{screen_text(pilot.app)}")


async def until_gone(pilot: Pilot[Any], text: str, tries: int = 750) -> str:
    """Wait until `text` is not on the screen any more; returns the screen."""
    for _ in range(tries):
        shown = screen_text(pilot.app)
        if text not in shown:
            return shown
        await pilot.pause(_BETWEEN_LOOKS)
    raise AssertionError(f"{text!r} stayed:\n{screen_text(pilot.app)}")


async def until_true(pilot: Pilot[Any], condition: Callable[[], bool], tries: int = 750) -> None:
    """Wait until something holds that no screen shows."""
    for _ in range(tries):
        if condition():
            return
        await pilot.pause(_BETWEEN_LOOKS)
    raise AssertionError(f"it never came to be:\n{screen_text(pilot.app)}")


async def until_told_from_now(pilot: Pilot[Any]) -> None:
    """Wait until what happens from now on is news to the app."""
    app = pilot.app
    assert isinstance(app, NightdeskApp)
    await until_true(pilot, lambda: app._told_until is not None)
    await settled(pilot)


def fits(pilot: Pilot[Any], size: tuple[int, int]) -> bool:
    """Whether the screen is as large as the terminal, and no line longer."""
    rows = screen_text(pilot.app).splitlines()
    return len(rows) == size[1] and max(map(cell_len, rows)) <= size[0]


async def at_every_size(
    pilot: Pilot[Any], sizes: Iterable[tuple[int, int]] = EVERY_SIZE.values()
) -> AsyncIterator[tuple[int, int]]:
    """Give one app each size after the other; no line is ever longer than the terminal."""
    for size in sizes:
        await pilot.resize_terminal(*size)
        await until_true(pilot, partial(fits, pilot, size))
        yield size


def same_as_before(text: str, name: str) -> None:
    """Compare with ``snapshots/NAME.txt``; SNAPSHOTS=write writes it anew."""
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(text, encoding="utf-8")
    width, height = (int(part) for part in name.rsplit("-", 1)[1].split("x"))
    lines = text.splitlines()
    assert len(lines) == height
    assert max(cell_len(line) for line in lines) <= width
    assert text == file.read_text(encoding="utf-8")
