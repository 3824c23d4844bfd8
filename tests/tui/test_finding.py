"""What is looked for is found: keys in the help, tickets by number, and answers as they will be read."""

from __future__ import annotations

import pytest

from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until
from tui.app import NightdeskApp
from tui.text.markdown import markdown_lines
from tui.widgets.status_line import StatusLine


def as_text(text: str, width: int = 40) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in markdown_lines(text, width)]


def styled(text: str) -> dict[str, str]:
    return {piece.strip(): style for row in markdown_lines(text, 60) for piece, style in row if piece.strip()}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\nlines", ["plain", "lines"]),
        ("- one\n- two\n\nend", ["- one", "- two", "", "end"]),
        ("3. three\n4. four\n   - deep", ["3. three", "4. four", "   - deep"]),
        ("> quoted\n> more", ["> quoted", "> more"]),
        ("```\nx  y\n  z\n```", ["x  y", "  z"]),
        ("# Title\ntext", ["Title", "", "text"]),
        ("see [the page](https://a.example/x)", ["see the page <https://a.example/x>"]),
        ("a\n\n---\nb", ["a", "", "─" * 40, "", "b"]),
        ("2*3*4 and snake_case_name", ["234 and snake_case_name"]),
        ("<b>no html</b>", ["<b>no html</b>"]),
        ("word " * 12, ["word " * 7 + "word", "word word word word"]),
        ("\x1b[31mred", ["\u241b[31mred"]),
    ],
)
def test_markdown_is_shown_as_the_customer_reads_it(text: str, shown: list[str]) -> None:
    if "\x1b" in text:
        assert "\x1b" not in "".join(as_text(text))
    else:
        assert as_text(text) == shown


def test_bold_is_bold_and_code_is_code() -> None:
    assert styled("It is **on it** and `x -y`, *really*") == {
        "It": "",
        "is": "",
        "on": "bold",
        "it": "bold",
        "and": "",
        "x": "accent",
        "-y": "accent",
        ",": "",
        "really": "italic",
    }


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_preview_of_an_answer_shows_no_signs_of_markdown_and_the_whole_cc(
    app: NightdeskApp, size: str
) -> None:
    people = ", ".join(f"person{number}@customer.example" for number in range(8))
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        app.screen.query_one("#cc").value = people  # type: ignore[attr-defined]
        app.screen.query_one("#body").text = "We are **on it**."  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("w")
        text = await until(pilot, "We are on it.")
        assert "person7@customer.example" in text


async def test_the_palette_and_the_filter_go_to_a_ticket_by_its_number(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            for typed in ("1027", "#1027"):
                await pilot.press("3")
                await until(pilot, "[3]Logs")
                await pilot.press("colon", *typed, "enter")
                assert "Mailbox quota 98%" in await until(pilot, "msg 1/1")
                await pilot.press("q")
                await until(pilot, "[3]Logs")
            await pilot.press("1")
            await until(pilot, "All open")
            await pilot.press("colon", *"#77", "enter")
            await until(pilot, "There is no ticket #77")
            app.screen.query_one(StatusLine).end_flash()
            await pilot.press("slash", *"#990", "enter")
            assert "Old laptop pickup" in await until(pilot, "msg 1/1")
            await pilot.press("q")
            await until(pilot, "All open")


async def test_help_says_that_more_follows_and_puts_a_typed_key_first(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "note by")
        await pilot.press("question_mark")
        text = await until(pilot, " more")
        assert "↓ " in text
        await pilot.press("H")
        await until(pilot, ">H ")
        await until(pilot, "H  headers: Show the header lines")


async def test_brackets_are_told_apart_in_the_help(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("question_mark")
        await until(pilot, "Help - Tickets")
        await pilot.press(*"view")
        async for _ in at_every_size(pilot):
            text = await until(pilot, "next view")
            assert any("[ " in row and "previous view" in row for row in text.splitlines())
            assert any("] " in row and "next view" in row for row in text.splitlines())


async def test_esc_ends_a_search_before_it_leaves_the_thread(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await pilot.press("enter")
            await until(pilot, "note by")
            await pilot.press("slash", *"Porto", "enter")
            await until(pilot, "match 1 of 1")
            await pilot.press("escape")
            await settled(pilot)
            assert "note by" in screen_text(app)
            await pilot.press("escape")
            await until(pilot, "All open")
            await until(pilot, "#1041")
