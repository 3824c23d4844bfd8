"""Writing while reading: what is being written is one line of the other screens, and comes back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desk import settings
from desk.home import Desk
from desk.mailboxes import registry, routes
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts
from desk.tickets import detail, since
from desk.tickets.since import Overtaken
from models.deliveries import Delivery
from models.mailboxes import Mailbox
from models.messages import Message
from tests.support.frames import NOW
from tests.tui.screen import SMALL_AND_LARGE, screen_text, until, until_gone
from tui.app import NightdeskApp
from tui.screens.compose import compositions
from tui.screens.compose.screen import Body


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_drafts_are_a_line_and_come_back_where_the_cursor_was(
    app: NightdeskApp, actor: Actor, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
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


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_what_was_chosen_without_a_word_written_is_kept_too(
    app: NightdeskApp, actor: Actor, second: str, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "(F6")
        await pilot.press("f6")
        await until(pilot, "billing <billing@corp.example>")
        await pilot.press("b", "f3", *"j@b.example", "escape")
        await until(pilot, "[reply #1042 VPN drops")
        await pilot.press("r")
        await until(pilot, "From     billing <billing@corp.example>")
        await until(pilot, "j@b.example")
        await pilot.press("f8")
        await until(pilot, "Throw this draft away?")
        await pilot.press("y")
        await until_gone(pilot, "D goes on")
        await pilot.press("n")
        await until(pilot, "New ticket")
        await pilot.press(*"a@b.example", "tab", "tab", *"Move", "escape")
        await until(pilot, "[new Move]")
    (kept,) = drafts.drafts(actor)
    assert (kept.kind, kept.subject, kept.recipients["to"]) == ("new", "Move", ["a@b.example"])


async def test_what_is_left_as_it_began_leaves_no_draft(app: NightdeskApp, actor: Actor, second: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("R")
        await until(pilot, "(F6")
        await pilot.press(*"x", "backspace", "escape")
        await until(pilot, "#1041")
    assert drafts.drafts(actor) == []


async def test_an_answer_to_an_earlier_message_is_one_when_it_comes_back(
    app: NightdeskApp, desk: Desk, actor: Actor
) -> None:
    first = Message.get(Message.message_id == "<1@c>")
    begun = compositions.for_reply(desk, actor, "1042", False, first.id)
    drafts_id = compositions.keep(actor, replace(begun, body="To the first."))
    (kept,) = drafts.drafts(actor)
    assert kept.id == drafts_id
    assert compositions.for_draft(desk, actor, kept).answers == first.id


async def test_a_login_is_completed_in_a_note_and_an_unknown_one_is_told(
    app: NightdeskApp, actor: Actor
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("i")
        await until(pilot, "Mode: note")
        await until(pilot, "Tab complete @login")
        await pilot.press(*"Ask @J", "tab")
        await until(pilot, "Ask @jo")
        await pilot.press(*"or @nobody", "tab")
        await until(pilot, "Nobody here is called @nobody")
        await pilot.press("ctrl+s")
        await until(pilot, "Note added to #1042, but nobody here is called @nobody")
    note = detail.show("1042").messages[-1]
    assert note.text == "Ask @jo or @nobody"


async def test_who_wrote_a_note_stands_at_it(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("i", *"Seen", "ctrl+s")
        await until(pilot, "msg 5/5")
        await pilot.press("c")
        await until(pilot, "What it is to say")


GONE = {
    "removed": lambda actor, address: registry.remove(actor, address),
    "switched off": lambda actor, address: registry.switch(actor, address, incoming=None, outgoing=False),
}


@pytest.mark.parametrize("case", GONE)
async def test_the_editor_tells_what_it_is_sent_from_when_its_mailbox_no_longer_sends(
    app: NightdeskApp, actor: Actor, second: str, case: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "From     it-support <support@corp.example>")
        await pilot.press(*"The bill", "f6")
        await until(pilot, "billing <billing@corp.example>")
        await pilot.press("b")
        await until(pilot, "From     billing <billing@corp.example>")
        GONE[case](actor, second)
        await until(pilot, "From     it-support <support@corp.example>")
        await pilot.press("ctrl+s")
        await until(pilot, "send now")
        GONE[case](actor, "support@corp.example")
        await until(pilot, "Leaves by  nothing")
        await pilot.press("escape")
        await until(pilot, "Mode: reply")
    assert deliveries.entries() == []


async def test_y_asks_when_a_mail_would_leave_from_another_mailbox_than_was_shown(
    app: NightdeskApp, desk: Desk, actor: Actor, second: str
) -> None:
    composition = replace(compositions.for_reply(desk, actor, "1042", to_all=False), body="The bill")
    assert composition.sender == "it-support <support@corp.example>"
    settings.set(actor, "mail.default_outgoing", second)
    registry.switch(actor, "support@corp.example", incoming=None, outgoing=False)
    with pytest.raises(Overtaken, match=r"from it-support <billing@corp\.example> now"):
        compositions.send(desk, actor, composition)
    assert deliveries.entries() == []
    compositions.send(desk, actor, compositions.follow(desk, actor, composition, since.seen_up_to()))
    (entry,) = deliveries.entries()
    sent = Delivery.get_by_id(entry.id)
    assert sent.envelope_from == second
