"""What holds at every size: no key leads nowhere, nothing is told by colour alone or cut unseen."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from desk.home import Desk
from desk.permissions import Actor
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until, until_gone
from tui import screens
from tui.app import DEFAULT_THEME, NightdeskApp
from tui.desk_screen import DeskScreen
from tui.widgets.status_line import StatusLine

PLACES = {
    "1": "TicketsScreen",
    "2": "MailboxesScreen",
    "3": "LogsScreen",
    "4": "DashboardScreen",
    "5": "SettingsScreen",
    "6": "OutboxScreen",
    "7": "QuarantineScreen",
    "8": "FiltersScreen",
    "9": "AdminScreen",
}
"""The screen that each digit shows. The dashboard was once a sentence that it comes later."""


def row_of(text: str, number: int) -> str:
    return next(row for row in text.splitlines() if f"#{number}" in row)


async def test_every_digit_leads_to_a_living_place_and_none_says_later(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            for digit, name in PLACES.items():
                await pilot.press(digit)
                await settled(pilot)
                assert isinstance(app.screen, getattr(screens, name)), digit
                assert isinstance(app.screen, DeskScreen)
                if digit in "1234567":
                    assert f"[{digit}]" in screen_text(app).splitlines()[0]
                assert "later" not in screen_text(app).lower()
                if digit == "8":
                    await pilot.press("escape")
            # Each place that the first line names can be reached by the key that stands before it.
            named = set(re.findall(r"[ \[](\d)[\] ]?[A-Z]", screen_text(app).splitlines()[0]))
            assert named <= PLACES.keys()


async def test_the_list_tells_what_is_late_and_what_is_cut_without_colour(app: NightdeskApp) -> None:
    subjects = {
        1039: "",
        1038: "Rolling out " + "new laptops " * 20,
        1036: "\U0001f468\u200d\U0001f469\u200d\U0001f467 नमस्ते",
    }
    for number, subject in subjects.items():
        Ticket.update(subject=subject).where(Ticket.number == str(number)).execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await settled(pilot)
            text = screen_text(app)
            assert "open!" in row_of(text, 1022)
            assert "..." in row_of(text, 1038)
            assert "(no subject)" in row_of(text, 1039)
            # The last column ends where those of the other rows end.
            ends = {cell_len(row_of(text, number)) for number in (1042, 1041, *subjects)}
            assert len(ends) == 1
        await pilot.press("j", "j")
        await until(pilot, "#1039 (no subject)")


async def test_menus_begin_on_what_is_so_and_no_mark_is_told_that_is_gone(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for size in at_every_size(pilot):
            for key, shown in (("s", ">o  open"), ("p", ">u  urgent")):
                await pilot.press(key)
                await until(pilot, shown)
                await pilot.press("escape")
            await pilot.press("asterisk")
            await until(pilot, "marked")
            await pilot.press("escape")
            await until_gone(pilot, "marked")
            await pilot.press("X")
            await until(pilot, "it is not closed")
            await pilot.press("question_mark")
            await until(pilot, "Help - Tickets")
            if size[1] < 40:
                await until(pilot, "more")
            await pilot.press("x")
            text = await until(pilot, ">x ")
            assert "close" in text
            await pilot.press("escape")
            await until_gone(pilot, "Help - Tickets")
            app.screen.query_one(StatusLine).end_flash()


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_desk_without_a_mailbox_says_by_which_keys_it_gets_one(
    empty_app: NightdeskApp, size: str
) -> None:
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "No mailbox yet")
        text = await until(pilot, "no mailbox yet: 2 n")
        assert "0 OK" not in text
        await pilot.press("2", "n")
        await until(pilot, "New mailbox")


async def test_a_theme_that_there_is_not_is_told_with_the_key_that_offers_all(
    desk: Desk, actor: Actor
) -> None:
    app = NightdeskApp(desk, actor, now=lambda: NOW, theme="drakula")
    async with app.run_test(size=(80, 24)) as pilot:
        told = "There is no theme 'drakula'"
        await until(pilot, told)
        [said] = [flash for _, flash in app.said if told in flash.text]
        async for _ in at_every_size(pilot):
            app.screen.show_flash(said)  # type: ignore[attr-defined]
            assert said.text in await until(pilot, told), "it is told whole"
        assert app.theme == DEFAULT_THEME
