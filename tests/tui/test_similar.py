"""What is like a ticket, offered in a menu."""

from __future__ import annotations

from desk.permissions import Actor
from desk.tickets import changes
from tests.support.mails import write
from tests.tui.screen import until
from tui.app import NightdeskApp


async def test_a_solved_ticket_is_offered_and_opened(app: NightdeskApp, actor: Actor) -> None:
    write("UPDATE ticket SET subject = 'VPN drops every hour', last_answer = updated WHERE number = '1041'")
    write(
        "UPDATE message SET subject = 'VPN drops every upgrade' WHERE ticket_id IN"
        " (SELECT id FROM ticket WHERE number = '1041')"
    )
    changes.close(actor, ["1041"])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops every 30 min")
        await pilot.press("L")
        await until(pilot, "#1041  VPN drops every hour")
        await pilot.press("enter")
        await until(pilot, "#1041")


async def test_that_there_is_nothing_is_said(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("L")
        await until(pilot, "Nothing that was solved is like it")
