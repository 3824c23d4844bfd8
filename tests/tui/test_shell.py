"""The shell of the app: size, keys everywhere, the way out."""

from __future__ import annotations

import pytest

from tests.tui.screen import same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.too_small import TooSmall


async def test_a_terminal_that_is_too_small_eats_every_key(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.resize_terminal(50, 10)
        await until(pilot, "Nightdesk needs 60x16")
        await pilot.press("x", "2", "q", "ctrl+q", "y", "enter")
        assert isinstance(app.screen, TooSmall)
        await pilot.resize_terminal(80, 24)
        await until(pilot, "#1042")
        assert ">N  #1042 !! open" in screen_text(app)


@pytest.mark.parametrize("size", ["60x16", "80x20", "99x30", "100x24", "200x60"])
async def test_every_size_from_60x16_on_has_the_list_and_the_hints(app: NightdeskApp, size: str) -> None:
    columns, lines = (int(part) for part in size.split("x"))
    async with app.run_test(size=(columns, lines)) as pilot:
        await until(pilot, "mail OK")
        await until(pilot, "12 open")
        await settled(pilot)
        text = screen_text(app)
        assert "ret open" in text
        assert "12 open" in text
        same_as_before(text, f"tickets-{size}")


async def test_the_first_start_says_how_to_begin(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No mailbox yet: no mail can come. Enter sets up the first one")


async def test_q_leaves_from_the_top_with_status_zero(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await pilot.press("q")
        await pilot.pause(0.2)
    assert app.return_code == 0


async def test_digits_change_the_screen_and_minus_goes_back(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await pilot.press("3")
        await until(pilot, "[3]Logs")
        await pilot.press("minus")
        await until(pilot, "[1]Tickets")
        await pilot.press("6")
        await until(pilot, "[6]Out")
        await pilot.press("7")
        await until(pilot, "[7]Quar")
        await pilot.press("escape", "escape")
        await until(pilot, "[1]Tickets")


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, "J/K next message    { - } #2 ticket"),
        (30, "J/K next message"),
        (10, "J/K nex..."),
    ],
)
def test_a_status_line_without_room_loses_whole_parts(room: int, shown: str) -> None:
    from tui.widgets.status_line import fitting

    assert fitting("J/K next message    { - } #2 ticket", room) == shown


async def test_a_change_before_the_first_look_is_told_to_the_screen(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.screens.tickets.screen import TicketsScreen

    told: list[int] = []
    monkeypatch.setattr(TicketsScreen, "desk_changed", lambda _screen: told.append(app._change))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail OK")
        await settled(pilot)
    assert told
    assert told[0] >= 0


async def test_the_preview_s_head_fills_its_width_after_a_resize(app: NightdeskApp) -> None:
    async with app.run_test(size=(70, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.resize_terminal(86, 24)
        await settled(pilot)
        [head] = [row for row in screen_text(app).splitlines() if row.startswith(" From")]
        assert head.endswith("10:30 today")
        assert len(head) > 80
