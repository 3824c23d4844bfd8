"""A canned answer is picked while one types, seen as it will be written, and its places are not forgotten."""

from __future__ import annotations

import pytest
from textual.widgets import TextArea

from desk import canned_answers
from desk.home import Desk
from desk.permissions import Actor
from tests.tui.scenes import begin_answer
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_gone
from tui.app import NightdeskApp


@pytest.fixture(autouse=True)
def kept(desk: Desk, actor: Actor) -> None:
    canned_answers.add(
        actor,
        "VPN profile",
        'Hello {{ requester.name }},\n\nuse {{ cursor("profile") }} until {{ cursor("day") }}.\n',
        folder="Network",
    )
    canned_answers.add(actor, "Goodbye", "Thank you, and goodbye.")
    canned_answers.add(actor, "Printer", "Please send us a picture.", folder="Hardware")


@pytest.mark.parametrize("size", SIZES)
async def test_it_filters_as_one_types_and_shows_the_text(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await begin_answer(pilot)
        await until(pilot, "^T canned")
        await pilot.press("ctrl+t")
        await until(pilot, "3 answers")
        await pilot.press(*"prof")
        await until(pilot, "1 answer")
        await until(pilot, "Hello Ana Prado,")
        await until(pilot, "mail 1 OK" if size == "120x40" else "mail")
        await settled(pilot)
        same_as_before(screen_text(app), f"canned-{size}")


async def test_places_are_selected_one_after_the_other_and_none_is_sent(app: NightdeskApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await begin_answer(pilot)
        await until(pilot, "^T canned")
        await pilot.press("ctrl+t")
        await until(pilot, "3 answers")
        await pilot.press(*"vpn", "enter")
        await until_gone(pilot, "3 answers")
        await until(pilot, "use [[profile]] until [[day]].")
        body = app.screen.query_one(TextArea)
        assert body.selected_text == "[[profile]]"
        await pilot.press(*"P9")
        await until(pilot, "use P9 until [[day]].")
        await pilot.press("ctrl+s")
        await until(pilot, "[[day]] is not filled: ^N goes there")
        await pilot.press("ctrl+n", *"May")
        await until(pilot, "use P9 until May.")
        assert body.text.startswith("Hello Ana Prado,")
        await pilot.press("ctrl+n")
        await until(pilot, "No place is open")
        await pilot.press("ctrl+s")
        await until(pilot, "Send this reply?")


async def test_esc_leaves_the_text_as_it_was(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await until(pilot, "^T canned")
        before = app.screen.query_one(TextArea).text
        await pilot.press("ctrl+t")
        await until(pilot, "3 answers")
        await pilot.press(*"zzz")
        await until(pilot, "Nothing has these words.")
        await pilot.press("enter", "escape")
        await until_gone(pilot, "Nothing has these words.")
        assert app.screen.query_one(TextArea).text == before
