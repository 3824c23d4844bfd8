"""Every text that names a key names the one that works: with a person's own keys, theirs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from desk.home import Desk
from desk.permissions import Actor
from tests.support.frames import NOW
from tests.tui.screen import settled, until
from tui import screens
from tui.app import NightdeskApp
from tui.commands import Command
from tui.desk_screen import DeskScreen
from tui.key_names import Keys, key_called, key_label
from tui.keymap import Keymap
from tui.widgets.hints import Hints
from tui.widgets.status_line import StatusLine
from tui.widgets.top_bar import TopBar

SOURCES = sorted((Path(__file__).parents[2] / "tui").rglob("*.py"))
KEY = re.compile(
    r"(?<![\w:/=.'{<@#\\-])(?!s\))(?:[b-zB-HJ-Z]|\^[A-Z]|F\d{1,2}|spc|\[ \]|\[ and \])(?=[ .,;:)]|$)"
)
"""What looks like a key in a text."""
FIXED = {
    "Move: j k ↓ ↑   g G first, last   PgUp PgDn page   ^D ^U half a page": "the lists' own",
    "t test again   Esc close": "the window's own",
    "y copy the address   c copy the code   w another way   Esc give up": "the window's own",
    "y copy the address   w another way   Enter after pasting   Esc give up": "the window's own",
    "y copy the address   w another way   Esc give up": "the window's own",
    "r try again   w another way   Esc give up": "the window's own",
    "Before the number: N unread  * marked  @ yours  w a colleague writes  o has it open\n^42: pinned": "",
    "P  State ": "a title",
    "under 4 h": "hours",
    " s to undo)": "seconds",
    "(o) ": "a button",
    "a command that prints the password, e.g. pass show mail/noc": "an abbreviation",
    'words begin so  "stand together"  -not there  a OR b  ( )  #440 number:440': "the language",
    "C.UTF-8": "a name",
    "4 h to 1 day": "hours",
}
"""Texts that may have what looks like a key, and why."""
MOVING = {("j/k", "scroll"), ("j/k", "move"), ("0-9", "go to")}


def every_command() -> dict[str, Command]:
    return {
        command.id: command
        for node in (NightdeskApp, *screens.every())
        for command in getattr(node, "KEYS", ())
    }


def told_keys() -> Iterator[tuple[str, str, str]]:
    """Return where a text names the key of a command, which command, and its usual key."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and len(node.args) == 2
                and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) == "key"
            ):
                first, second = node.args
                if isinstance(first, ast.Constant) and isinstance(second, ast.Constant):
                    yield f"{path.name}:{node.lineno}", str(first.value), str(second.value)


def test_a_text_names_the_key_that_its_command_has_without_a_file() -> None:
    commands = every_command()
    wrong = []
    for place, command_id, usual in told_keys():
        found = commands.get(command_id)
        known = {"Enter": "ret", "space": "spc"}.get(usual, usual)
        if found is None:
            wrong.append(f"{place}: there is no command {command_id}")
        elif known not in {found.label, *map(key_label, found.keys)}:
            wrong.append(f"{place}: {usual} is not the key of {command_id}")
    assert not wrong
    assert sum(1 for _ in told_keys()) > 80


def test_no_text_has_a_key_written_into_it() -> None:
    written = []
    for path in SOURCES:
        if path.name in ("key_names.py", "pastes.py"):
            continue
        tree = ast.parse(path.read_text())
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        asked = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and (getattr(node.func, "id", "") or getattr(node.func, "attr", ""))
            in ("key", "Binding", "command", "MenuItem", "compile", "expression")
            for part in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if id(node) in docs | asked or len(text.strip()) < 2 or text in FIXED:
                    continue
                if KEY.search(text) and not re.search(r"%[a-zA-Z]|[\x1b\\]", text):
                    written.append(f"{path.name}:{node.lineno}: {text!r}")
    assert not written


@pytest.mark.parametrize("key", ["ctrl+r", "f10", "enter", "escape", "shift+tab", "slash", "x", "X", "space"])
def test_a_key_is_found_again_by_what_it_is_called(key: str) -> None:
    assert key_called(key_label(key)) == key


def test_what_is_no_single_key_is_none() -> None:
    assert [key_called(label) for label in ("j/k", "letter", "0-9", "[ ]", "")] == [None] * 5


def test_without_a_file_a_text_names_the_usual_key() -> None:
    assert Keys()("tickets.filter", "/") == "/"
    assert Keys({"tickets.filter": "ctrl+f,f6"})("tickets.filter", "/") == "^F"


@pytest.fixture
def strange(desk: Desk, actor: Actor) -> NightdeskApp:
    """The app with another key for every command: F21, F22 and so on."""
    own = {command_id: f"f{number}" for number, command_id in enumerate(every_command(), 21)}
    return NightdeskApp(desk, actor, now=lambda: NOW, keymap=Keymap(own))


def footer(app: NightdeskApp) -> tuple[tuple[str, str], ...]:
    """Return the keys that the last line tells now."""
    below = next(each for each in reversed(app.screen_stack) if isinstance(each, DeskScreen))
    hints = below.query_one(Hints)
    if hints._mode is not None:
        return hints._mode
    return tuple(pair for _, pair in hints._hinted(True))


def assert_told_rightly(app: NightdeskApp) -> None:
    usual = {pair for pair in footer(app) if not re.fullmatch(r"F\d{2,3}", pair[0])} - MOVING
    assert not usual, (app.screen, usual)
    for line in app.screen.query(StatusLine):
        assert not KEY.search(line._left), line._left


async def walk(pilot: Pilot[int], *commands: str) -> None:
    for each in commands:
        assert await pilot.app.run_command(each), each  # type: ignore[attr-defined]
        await settled(pilot)
        assert_told_rightly(pilot.app)  # type: ignore[arg-type]


async def test_footer_marks_panes_and_windows_tell_ones_own_keys(strange: NightdeskApp) -> None:
    async with strange.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await settled(pilot)
        assert_told_rightly(strange)
        await walk(pilot, "tickets.mark", "tickets.back", "tickets.pane", "tickets.pane")
        await walk(pilot, "tickets.open", "thread.headers", "thread.attachments", "attachments.back")
        await walk(pilot, "ticket.reply", "compose.review", "review.cancel", "compose.close", "thread.back")


PLACES = ("mailboxes", "logs", "dashboard", "settings", "outbox", "quarantine", "admin", "filters", "search")


async def test_every_place_tells_ones_own_keys(strange: NightdeskApp) -> None:
    async with strange.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        for place in PLACES:
            await walk(pilot, f"app.{place}")
            for bar in strange.screen.query(TopBar):
                assert not re.search(r"[ \[][1-7][ \]]?(Tick|Mail|Log|Dash|Set|Out|Quar)", str(bar.render()))


async def test_where_letters_are_text_no_letter_is_told_as_a_key(app: NightdeskApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        for keys in (("g",), ("2", "n"), ("9", "n")):
            await pilot.press("escape", *keys)
            await until(pilot, "F1 help")
            await settled(pilot)
            assert not [pair for pair in footer(app) if len(pair[0]) == 1]
            await pilot.press("question_mark")
            await settled(pilot)
            assert isinstance(app.screen, DeskScreen)
            await pilot.press("f1")
            await until(pilot, "Help - ")
            await pilot.press("escape", "escape")
            await settled(pilot)
            if app.screen.is_modal:
                await pilot.press("y")
