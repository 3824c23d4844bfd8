"""`f` sends a message to somebody who takes no part, with its files; it is kept as a note."""

from __future__ import annotations

from desk.tickets import detail
from tests.tui.screen import settled, until, until_gone
from tui.app import NightdeskApp


async def test_a_message_is_forwarded_with_its_file(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("f")
        await until(pilot, "Mode: forward")
        await until(pilot, "charon.log")
        await until(pilot, "Kept as a note")
        await pilot.press(*"vera@vendor.example", "ctrl+s")
        await until(pilot, "Send this forwarded mail?")
        await until(pilot, "a note on the ticket")
        await pilot.press("y")
        await until_gone(pilot, "Mode: forward")
        await settled(pilot)
        newest = detail.show("1042").messages[-1]
        assert (newest.kind, newest.to[0][1]) == ("note", "vera@vendor.example")
        assert [each.name for each in newest.attachments] == ["charon.log"]
        await pilot.press("enter")
        await until(pilot, "-> vera@vendor.example")
        await settled(pilot)
        await pilot.press("G", "c")
        await until(pilot, "this note is a mail, and stays as it is")


async def test_looked_at_and_left_it_leaves_no_draft(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("f")
        await until(pilot, "Mode: forward")
        await pilot.press("escape")
        await until_gone(pilot, "Mode: forward")
        await settled(pilot)
        await pilot.press("D")
        await until(pilot, "There are no drafts")


async def test_while_it_can_be_stopped_it_is_called_a_forwarded_mail(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("f")
        await until(pilot, "Mode: forward")
        await pilot.press(*detail.show("1042").requester_email, "ctrl+s")
        await until(pilot, "Send this forwarded mail?")
        await until(pilot, "an answer is the customer's")
        await pilot.press("y")
        await until(pilot, "The forwarded mail of #1042 leaves in")
