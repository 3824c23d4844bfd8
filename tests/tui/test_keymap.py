"""Own keys: a file gives commands other keys; footer and help name them, and conflicts are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.home import Desk
from desk.permissions import Actor
from tests.support.frames import NOW
from tests.tui.screen import screen_text, settled, until
from tui.app import NightdeskApp
from tui.keymap import Keymap, conflicts, read


def keymap(tmp_path: Path, text: str) -> Keymap:
    (tmp_path / "keys.toml").write_text(text)
    return read(tmp_path)


async def test_a_command_has_the_key_of_the_file_and_no_other(
    desk: Desk, actor: Actor, tmp_path: Path
) -> None:
    own = keymap(tmp_path, '[keys]\n"tickets.filter" = "f6"\n"app.logs" = "f7, f12"\n')
    app = NightdeskApp(desk, actor, now=lambda: NOW, keymap=own)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "F6 find")
        await pilot.press("slash")
        await settled(pilot)
        assert "state:open owner:me" not in screen_text(app)
        await pilot.press("f6")
        await until(pilot, "state:open owner:me")
        await pilot.press("escape")
        await pilot.press("f12")
        await until(pilot, "[F7]Logs")


async def test_a_conflict_is_told_at_the_start(desk: Desk, actor: Actor, tmp_path: Path) -> None:
    own = keymap(tmp_path, '[keys]\n"tickets.filter" = "x"\n')
    app = NightdeskApp(desk, actor, now=lambda: NOW, keymap=own)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "Keys: x is the key of")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\n"tickets.open" = ' + "[" * 20_000, "recursion"),
        ("keys = " + "{a=" * 5_000, "recursion"),
        ('[keys]\n"tickets.filtre" = "f6"\n', "did you mean tickets.filter"),
        ('[keys]\n"tickets.filter" = "ctrl+"\n', "there is no key"),
        ('[keys]\n"tickets.filter" = 6\n', "takes a key in quotes"),
        ('[kys]\n"tickets.filter" = "f6"\n', "there is only [keys]"),
        ("[keys\n", "keys.toml line 1"),
        ('[keys]\n"tickets.filter" = "f9"\n', "f9 is the key of tickets.filter and of app.said"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in " ".join(conflicts(keymap(tmp_path, text), NightdeskApp.KEYS))


def test_what_is_right_is_no_conflict(tmp_path: Path) -> None:
    assert conflicts(read(tmp_path), NightdeskApp.KEYS) == []
    swapped = '[keys]\n"app.logs" = "2"\n"app.mailboxes" = "3"\n'
    assert conflicts(keymap(tmp_path, swapped), NightdeskApp.KEYS) == []
