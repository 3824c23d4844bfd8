"""Prompts: Tab completes and never leaves, Esc always leads out, and what is typed is seen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.widgets import Input

import tui
from desk.home import Desk
from desk.tickets import query
from tests.tui.screen import EVERY_SIZE, screen_text, settled, until
from tui import files
from tui.app import NightdeskApp
from tui.ticket_actions import MATTER_PROMPTS
from tui.widgets.line_input import LineInput


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two files and two directories."""
    home = tmp_path / "home"
    (home / "scripts").mkdir(parents=True)
    (home / "screenshots").mkdir()
    (home / "scripts" / "fix.sh").write_text("true\n")
    (home / "report.txt").write_text("x\n")
    (home / ".hidden").write_text("x\n")
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.mark.parametrize("size", EVERY_SIZE)
async def test_tab_in_attach_completes_and_keeps_the_keys(app: NightdeskApp, size: str, home: Path) -> None:
    async with app.run_test(size=EVERY_SIZE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        to = app.screen.query_one("#to", Input).value
        await pilot.press("f2", *"scri", "tab")
        await until(pilot, "~/scripts/")
        await pilot.press("tab")
        await until(pilot, "~/scripts/fix.sh")
        await pilot.press("tab", "shift+tab", "X")
        await settled(pilot)
        assert "fix.shX" in screen_text(app)
        assert app.screen.query_one("#to", Input).value == to
        await pilot.press("backspace", "enter")
        await until(pilot, "Attached fix.sh")


async def test_several_names_are_told(app: NightdeskApp, home: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        await pilot.press("f2", "s", "tab")
        await until(pilot, "~/scr")
        await pilot.press("tab")
        await until(pilot, "screenshots/  scripts/")


@pytest.mark.parametrize("leave", ["mouse", "key"])
async def test_a_prompt_that_is_left_is_gone_and_esc_leads_out(
    app: NightdeskApp, home: Path, leave: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        await pilot.press("f2")
        await until(pilot, "Attach:")
        if leave == "mouse":
            await pilot.click("#subject")
        else:
            await pilot.press("f3")
        await settled(pilot)
        assert not app.screen.query_one(LineInput).asking
        await pilot.press("escape")
        await until(pilot, "#1041")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~//srv/log.txt", "/srv/log.txt"),
        ("~/~/a", "{home}/a"),
        ("'/tmp/a b'", "/tmp/a b"),
        ("a", "{home}/a"),
    ],
)
def test_a_whole_path_pasted_behind_the_tilde_is_taken_as_it_is(home: Path, typed: str, meant: str) -> None:
    assert str(files.place(typed)) == meant.format(home=home)


async def test_tab_in_the_filter_completes_its_words(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("slash", *"sta", "tab")
        await pilot.press("tab")
        await settled(pilot)
        assert app.screen.query_one(LineInput).asking
        await pilot.press(*"e:wai", "tab")
        await until(pilot, "state:waiting")
        await pilot.press("enter")
        await until(pilot, "[All open 3]")


def test_the_filter_knows_what_a_word_may_become(desk: Desk) -> None:
    assert query.completions("printer st") == ["printer state:", "printer status:"]
    assert query.completions("!owner:j") == ["!owner:jo"]
    assert query.completions("state:open,wa") == ["state:open,waiting"]
    assert query.completions("p:u") == ["p:urgent"]
    assert query.completions("nothing:x") == []


@pytest.mark.parametrize("size", ["60x20", *EVERY_SIZE])
async def test_a_long_line_is_read_where_it_is_typed(app: NightdeskApp, size: str) -> None:
    columns, lines = (int(part) for part in size.split("x"))
    async with app.run_test(size=(columns, lines)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        for field in ("to", "cc", "subject"):
            app.screen.query_one(f"#{field}", Input).value = ", ".join(
                f"person{number}@customer-{number}.example" for number in range(9)
            )
        await pilot.press("f3")
        await settled(pilot)
        await pilot.press("home", "end")
        await settled(pilot)
        text = screen_text(app)
        print(text)
        assert text.count("customer-") >= 3
        assert "person8@customer-8.example" in text
        assert "▋" not in text


@pytest.mark.parametrize("size", EVERY_SIZE)
async def test_the_footer_tells_the_keys_of_what_takes_them(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=EVERY_SIZE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "ret open")
        await pilot.press("slash")
        assert "Tab complete" in (await until(pilot, "Esc cancel"))
        await pilot.press("escape")
        await until(pilot, "ret open")
        await pilot.press("space", "space")
        text = await until(pilot, "x close 2")
        assert "Esc unmark" in text
        assert "ret open" not in text
        await pilot.press("s")
        await until(pilot, "letter picks")
        await pilot.press("escape")
        await until(pilot, "x close 2")
        await pilot.press("escape")
        await until(pilot, "ret open")
        await pilot.press("tab")
        text = await until(pilot, "j/k scroll")
        assert "Tab list" in text
        if EVERY_SIZE[size][0] < 100:
            await until(pilot, "━━ #1039")
        await pilot.press("tab")
        await until(pilot, "ret open")
        await settled(pilot)
        assert "━" not in screen_text(app)


def test_no_prompt_hides_its_example_at_80_columns() -> None:
    """Prompt and example of every `ask` with words of its own, and of the prompts of `m`."""
    found = [*MATTER_PROMPTS.values()]
    for file in Path(tui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "ask"
            ):
                named = {each.arg: each.value for each in node.keywords}
                asked, example = node.args[0] if node.args else None, named.get("placeholder")
                if isinstance(asked, ast.Constant) and isinstance(example, ast.Constant):
                    found.append((str(asked.value), str(example.value)))
    assert len(found) > 8
    assert [each for each in found if len(each[0]) + len(each[1]) > 80 - 4] == []
