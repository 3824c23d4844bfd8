"""The trash in list and thread: Delete puts a ticket there, Q shows it, X takes it out."""

from __future__ import annotations

from desk.tickets import detail
from tests.tui.screen import until, until_gone, until_true
from tui.app import NightdeskApp


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


async def test_undo_takes_it_out(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("delete")
        await until(pilot, "in the trash   u undoes it")
        await pilot.press("u")
        await until_true(pilot, lambda: detail.show("1042").deleted is None)
        await until(pilot, "VPN drops")
