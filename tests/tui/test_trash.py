"""The trash in list and thread: Delete puts a ticket there, Q shows it, X takes it out."""

from __future__ import annotations

from config.clock import now
from desk.tickets import detail, purging, trash
from tests.support.workbench import ADMIN
from tests.tui.screen import settled, until, until_gone, until_true
from tui.app import NightdeskApp
from tui.screens.thread.screen import ThreadScreen


async def test_a_ticket_goes_into_the_trash_and_comes_out_again(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("delete")
        await until(pilot, "#1042: in the trash")
        await until_gone(pilot, "VPN drops")
        await pilot.press("Q")
        await until(pilot, "Snoozed")
        await pilot.press("r")
        await until(pilot, "[Trash 1]")
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "in the trash (X restores)")
        await pilot.press("X")
        await until_gone(pilot, "in the trash")
        found = detail.show("1042")
        assert (found.deleted, found.status) == (None, "open")


async def test_a_thread_whose_ticket_is_deleted_for_good_closes_and_says_so(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "charon.log")
        trash.delete(ADMIN, ["1042"])
        await until(pilot, "in the trash (X restores)")
        purging.purge(ADMIN, now(), whole_trash=True)
        await until_true(pilot, lambda: not isinstance(app.screen, ThreadScreen))
        await until(pilot, "there is no ticket")


async def test_a_window_over_a_ticket_that_is_deleted_for_good_stays_until_it_is_left(
    app: NightdeskApp,
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "charon.log")
        await pilot.press("a")
        await until_true(pilot, lambda: not isinstance(app.screen, ThreadScreen))
        window = app.screen
        trash.delete(ADMIN, ["1042"])
        purging.purge(ADMIN, now(), whole_trash=True)
        await settled(pilot)
        assert app.screen is window
        await pilot.press("escape")
        await until(pilot, "there is no ticket")
        assert not any(isinstance(each, ThreadScreen) for each in app.screen_stack)


async def test_undo_takes_it_out(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("delete")
        await until(pilot, "in the trash   u undoes it")
        await pilot.press("u")
        await until_true(pilot, lambda: detail.show("1042").deleted is None)
        await until(pilot, "VPN drops")
