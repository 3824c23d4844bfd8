"""Prompts: Tab completes and never leaves, Esc always leads out, and what is typed is seen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

import tui
from desk.home import Desk
from desk.tickets import query
from tests.tui.screen import (
    EVERY_SIZE,
    SMALL_AND_LARGE,
    at_every_size,
    screen_text,
    settled,
    until,
    until_true,
)
from tui import files
from tui.app import NightdeskApp
from tui.ticket_actions import MATTER_PROMPTS
from tui.widgets.entry import Entry, FormRow
from tui.widgets.line_input import LineInput
from tui.widgets.status_line import StatusLine


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


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_tab_in_attach_completes_and_keeps_the_keys(app: NightdeskApp, size: str, home: Path) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
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


async def test_what_is_refused_is_asked_again_with_what_was_typed(app: NightdeskApp) -> None:
    rows = {
        "t": "x" * 41,
        "mm": "77",
        "ml": "eats 1041",
        "mr": "nobody{",
        "mc": "tom@corp.example eve",
        "M": "1h99 {} a note",
        "Z": "never",
        "d": "{}",
        "Ta": "call @nobody",
        # The checklist is open now.
        "a": "@ana",
    }
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "#1041")
        for keys, typed in rows.items():
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            asked = app.screen.query_one(LineInput)
            await pilot.press(*typed, "enter")
            await until(pilot, " !! ")
            await until_true(pilot, lambda: (asked.asking, asked.text) == (True, typed))  # noqa: B023  (at once)
            await pilot.press("escape")
            app.screen.query_one(StatusLine).end_flash()


async def test_several_names_are_told(app: NightdeskApp, home: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        await pilot.press("f2", "s", "tab")
        await until(pilot, "~/scr")
        await pilot.press("tab")
        await until(pilot, "screenshots/  scripts/")


async def test_a_prompt_that_is_left_is_gone_and_esc_leads_out(app: NightdeskApp, home: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            for leave in ("mouse", "key"):
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


async def test_a_long_line_is_read_where_it_is_typed(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        for field in ("to", "cc", "subject"):
            app.screen.query_one(f"#{field}", Input).value = ", ".join(
                f"person{number}@customer-{number}.example" for number in range(9)
            )
        await pilot.press("f3")
        await settled(pilot)
        async for _ in at_every_size(pilot, ((60, 20), *EVERY_SIZE.values())):
            await settled(pilot)
            text = screen_text(app)
            assert text.count("customer-") >= 3
            assert "person8@customer-8.example" in text
            assert "▋" not in text


class Asking(App[None]):
    """A prompt, and a field of a form."""

    def compose(self) -> ComposeResult:
        """Yield both, and something else that may have the keys."""
        yield LineInput()
        yield FormRow(" Note [", Entry("first " + "word " * 60 + "last", id="note"), "]")
        yield Entry("other", id="other")


async def test_a_long_value_is_seen_where_its_cursor_is() -> None:
    app = Asking()
    async with app.run_test(size=(80, 24)) as pilot:
        line, note = app.query_one(LineInput), app.query_one("#note", Entry)
        await until(pilot, "first word")
        for width in (80, 100, 160, 60):
            await pilot.resize_terminal(width, 24)
            line.ask("Save in:", "/srv/" + "very-long-directory/" * 20 + "the-end")
            await until(pilot, "the-end")
            assert "first word" in screen_text(app)
            await pilot.resize_terminal(width - 20, 24)
            await until(pilot, "directory/the-end")
            note.focus()
            await until(pilot, "word last")
            await pilot.press("home")
            await until(pilot, "first word")
            await pilot.press("end")
            await until(pilot, "word last")
            app.query_one("#other").focus()
            await until(pilot, "first word")


async def test_the_footer_tells_the_keys_of_what_takes_them(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for size in at_every_size(pilot):
            await footer_follows(app, pilot, size)


async def footer_follows(app: NightdeskApp, pilot: Pilot[int], size: tuple[int, int]) -> None:
    """See what the footer tells of the list, a prompt, marks, a menu and the preview."""
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
    if size[0] < 100:
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
