"""Whatever is pressed, the app lives on, Esc leads out, and the screen is what a new start would show.

``MONKEY=10000`` plays so many actions, over seeds that are printed; ``MONKEY_SEED=17`` plays that one again,
and both together so many from that seed on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from config import clock as real_clock
from desk.home import Desk
from desk.permissions import Actor
from desk.user_commands import running
from models.presence import Presence
from tests.tui.monkey import Clock, Monkey, apps, calm, faults
from tests.tui.screen import until

SIZES = {"80x24": (80, 24), "160x50": (160, 50)}
A_TURN = 300
"""Actions of one seed."""
ACTIONS = int(os.environ.get("MONKEY", "0"))
SEED = os.environ.get("MONKEY_SEED", "")


def turns() -> list[tuple[int, str]]:
    """The seeds to play, each with its size; by default one a size."""
    if SEED and not ACTIONS:
        return [(int(SEED), size) for size in SIZES]
    first, count = int(SEED or 1), max(len(SIZES), -(-ACTIONS // A_TURN))
    return [(seed, list(SIZES)[seed % len(SIZES)]) for seed in range(first, first + count)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clock:
    """One moving clock for app and desk, and a home of the monkey's own."""
    moving = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith("desk.") and getattr(module, "now", None) is real_clock.now:
            monkeypatch.setattr(module, "now", moving)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    # What a monkey types behind | is run by nobody.
    monkeypatch.setattr(running.Run, "wait", lambda run: running.Outcome(run._argv, 0, "", 0.0))
    return moving


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("seed", "size"), turns())
async def test_random_actions_leave_a_living_app_that_shows_what_is_so(
    desk: Desk, actor: Actor, clock: Clock, seed: int, size: str
) -> None:
    monkey = Monkey(seed, clock)
    starts = apps(desk, actor, clock)
    app = next(starts)
    print(f"seed {seed} at {size}")
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "#1041")
        await monkey.play(pilot, desk, A_TURN)
        clock.tick(3600)
        await monkey.go_home(pilot, SIZES[size])
        app._tick()
        shown = await calm(pilot)
        assert faults(app) == [], str(monkey)
    # A test ends an app without its leaving, which says that nobody has a ticket open any more.
    Presence.delete().execute()
    again = next(starts)
    async with again.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "[1]Tickets")
        await calm(pilot)
        again._tick()
        fresh = await calm(pilot)
        assert shown.splitlines() == fresh.splitlines(), f"{monkey}\n{shown}\na new start shows\n{fresh}"
