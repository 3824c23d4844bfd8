"""The list: a hundred thousand rows cost what a hundred do."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from textual.pilot import Pilot

from tests.tui.screen import screen_text, until
from tui.app import NightdeskApp
from tui.screens.tickets.screen import TicketsScreen
from tui.widgets.row_source import Look
from tui.widgets.virtual_list import HELD, PAGE, VirtualList

COUNT = 100_000


class Numbers:
    """Rows 0 to COUNT - 1; `asked` is how many were handed out."""

    def __init__(self, count: int = COUNT) -> None:
        self.count = count
        self.asked = 0

    def _some(self, low: int, high: int) -> Sequence[int]:
        rows = range(max(0, low), min(self.count, high))
        self.asked += len(rows)
        return rows

    def first(self, limit: int) -> Sequence[int]:
        return self._some(0, limit)

    def last(self, limit: int) -> Sequence[int]:
        return self._some(self.count - limit, self.count)

    def after(self, row: int, limit: int) -> Sequence[int]:
        return self._some(row + 1, row + 1 + limit)

    def before(self, row: int, limit: int) -> Sequence[int]:
        return self._some(row - limit, row)


class NumberList(VirtualList[int]):
    def row_key(self, row: int) -> Hashable:
        return row

    def row_line(self, row: int, width: int, look: Look) -> list[tuple[str, str]]:
        return [(f"{'>' if look.here else ' '}{'*' if look.marked else ' '}row {row}", "")]


async def at(pilot: Pilot[Any], numbers: NumberList, row: int) -> None:
    """Wait until the cursor is on that row."""
    for _ in range(200):
        if numbers.row == row:
            return
        await pilot.pause(0.01)
    raise AssertionError(f"the cursor is on {numbers.row}, not on {row}")


async def shown(app: NightdeskApp, pilot: Pilot[Any], source: Numbers) -> NumberList:
    screen = app.screen
    assert isinstance(screen, TicketsScreen)
    numbers = NumberList(markable=True)
    await screen.query_one("#list-pane").mount(numbers, before=0)
    await pilot.pause()
    numbers.focus()
    numbers.show(source)
    await at(pilot, numbers, 0)
    return numbers


async def test_the_ends_are_one_key_away_and_little_is_held(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, "#1042")
        source = Numbers()
        numbers = await shown(app, pilot, source)
        await pilot.press("G")
        await at(pilot, numbers, COUNT - 1)
        assert f"> row {COUNT - 1}" in screen_text(app)
        await pilot.press("g")
        await at(pilot, numbers, 0)
        assert source.asked <= 4 * PAGE


async def test_walking_far_meets_every_row_once_and_in_order(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, "#1042")
        numbers = await shown(app, pilot, Numbers())
        met = [0]
        for _ in range(3 * HELD // 20):
            before = numbers.row
            for _ in range(20):
                numbers.action_move(1)
                if numbers.row is not None and numbers.row != met[-1]:
                    met.append(numbers.row)
            for _ in range(100):
                if not numbers._loading:
                    break
                await pilot.pause(0.01)
            assert numbers.row != before
            assert len(numbers.rows) <= HELD + PAGE
        assert met == list(range(len(met)))
        assert len(met) > 2 * HELD
        for _ in range(3 * HELD // 20):
            numbers.action_move(-20)
            for _ in range(100):
                if not numbers._loading:
                    break
                await pilot.pause(0.01)
        assert list(numbers.rows) == list(range(numbers.rows[0], numbers.rows[0] + len(numbers.rows)))


async def test_marks_stay_when_their_rows_are_forgotten(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, "#1042")
        numbers = await shown(app, pilot, Numbers())
        numbers.toggle_mark()
        await pilot.press("G")
        await at(pilot, numbers, COUNT - 1)
        numbers.toggle_mark()
        assert sorted(numbers.chosen()) == [0, COUNT - 1]


async def test_an_empty_list_says_so_and_takes_every_key(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, "#1042")
        screen = app.screen
        assert isinstance(screen, TicketsScreen)
        numbers = NumberList(empty="nothing here", markable=True)
        await screen.query_one("#list-pane").mount(numbers, before=0)
        numbers.show(Numbers(0))
        await until(pilot, "nothing here")
        numbers.focus()
        await pilot.press("j", "k", "G", "g", "pagedown", "ctrl+d", "space")
        assert numbers.row is None
        assert numbers.chosen() == []


async def test_a_list_whose_source_fails_keeps_its_rows_and_says_why(app: NightdeskApp) -> None:
    class Broken(Numbers):
        def first(self, limit: int) -> Sequence[int]:
            raise OSError("the disk is gone")

    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        numbers = await shown(app, pilot, Numbers(10))
        numbers.show(Broken())
        await until(pilot, "OSError: the disk is gone")
        assert list(numbers.rows) == list(range(10))
