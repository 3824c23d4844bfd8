"""`m` in list and thread: merge, split off, link, and whom the ticket is with."""

from __future__ import annotations

from desk.tickets import detail
from tests.tui.screen import settled, until
from tui.app import NightdeskApp


async def test_a_message_is_split_off_in_the_thread(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "#1042")
        await settled(pilot)
        before = detail.show("1042").message_count
        await pilot.press("m")
        await until(pilot, "split off this message")
        await pilot.press("s")
        await until(pilot, "is a ticket of its own")
        assert detail.show("1042").message_count == before - 1


async def test_a_link_and_a_requester_are_typed_in_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("m", "l", *"duplicates 1041", "enter")
        await until(pilot, "#1042: duplicates 1041")
        assert [(each.how, each.number) for each in detail.show("1042").links] == [("duplicates", "1041")]
        await pilot.press("m", "r", *"tom@corp.example", "enter")
        await until(pilot, "requester tom@corp.example")
        assert detail.show("1042").requester_email == "tom@corp.example"
        await pilot.press("m", "c", *"eve@corp.example", "enter")
        await until(pilot, "Cc of #1042 changed")
        assert "eve@corp.example" in detail.show("1042").collaborators


async def test_what_is_no_link_is_said_and_nothing_changes(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("m", "l", *"eats 1041", "enter")
        await until(pilot, "there is no link 'eats'")
        assert detail.show("1042").links == ()
