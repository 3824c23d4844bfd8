"""Writing while reading: what is being written is one line of the other screens, and comes back as it was."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.mailboxes import routes
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts
from models.mailboxes import Mailbox
from tests.support.frames import NOW
from tests.tui.screen import EVERY_SIZE, screen_text, until, until_gone
from tui.app import NightdeskApp
from tui.screens.compose.screen import Body


@pytest.mark.parametrize("size", EVERY_SIZE)
async def test_drafts_are_a_line_and_come_back_where_the_cursor_was(
    app: NightdeskApp, actor: Actor, size: str
) -> None:
    async with app.run_test(size=EVERY_SIZE[size]) as pilot:
        await until(pilot, "Lisbon office")
        assert "D goes on" not in screen_text(app)
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press(*"One two three", "left", "left", "left", "left", "left", "escape")
        await until(pilot, "[reply #1042 VPN drops")
        await pilot.press("j", "enter")
        await until(pilot, "[reply #1042 VPN drops")
        await pilot.press("D", "0")
        await until(pilot, "One two three")
        assert app.screen.query_one(Body).cursor_location == (0, 8)
        await pilot.press("f8")
        await until(pilot, "Throw this draft away?")
        await pilot.press("y")
        await until_gone(pilot, "D goes on")
    assert drafts.drafts(actor) == []


async def test_more_drafts_than_fit_are_counted(app: NightdeskApp, actor: Actor) -> None:
    for number in ("1042", "1041", "1039", "1038", "1036"):
        drafts.save(actor, number=number, kind="reply", body="begun")
    async with app.run_test(size=(80, 24)) as pilot:
        shown = await until(pilot, "D goes on")
        row = next(row for row in shown.split("\n") if "D goes on" in row)
        assert "[reply #1036" in row
        assert "+3" in row


@pytest.fixture
def second(desk: Desk) -> str:
    """Another mailbox that sends."""
    address = "billing@corp.example"
    Mailbox.create(
        address=address,
        name="billing",
        department=1,
        created=NOW,
        smtp_host="mail.corp.example",
        outgoing_enabled=True,
    )
    return address


async def test_an_answer_leaves_from_the_mailbox_that_was_chosen(
    app: NightdeskApp, desk: Desk, actor: Actor, second: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "From     it-support <support@corp.example>  (F6 changes)")
        await pilot.press(*"The bill", "f6")
        await until(pilot, "billing <billing@corp.example>")
        await pilot.press("b")
        await until(pilot, "From     billing <billing@corp.example>")
        await pilot.press("escape")
        await until(pilot, "D goes on")
        await pilot.press("r")
        await until(pilot, "From     billing <billing@corp.example>")
        await pilot.press("ctrl+s")
        await until(pilot, "send now")
        await pilot.press("y")
        await until(pilot, "outbox 1")
    (entry,) = deliveries.entries()
    from models.deliveries import Delivery

    sent = Delivery.get_by_id(entry.id)
    assert sent.envelope_from == second
    way = routes.outgoing_for(sent.mailbox_id)
    assert way is not None
    assert way.address == second


async def test_an_answer_has_no_choice_where_one_mailbox_sends(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        shown = await until(pilot, "mail goes to 1 address")
        assert "F6 changes" not in shown
        await pilot.press("f6")
        await until(pilot, "there is one mailbox that sends")
