"""Two agents, one ticket: each sees the other, and nobody answers or closes what they have not seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from config.clock import now
from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts, reply
from desk.tickets import changes, detail, lifecycle, purging, trash
from models import presence
from models.agents import Agent
from models.fields import utc_text
from models.messages import NewMessage
from models.presence import OpenTicket
from models.tickets import Ticket
from models.transactions import transaction
from tests.support.frames import NOW
from tests.tui.scenes import begin_answer, open_thread
from tests.tui.screen import (
    EVERY_SIZE,
    SMALL_AND_LARGE,
    screen_text,
    settled,
    until,
    until_gone,
    until_told_from_now,
    until_true,
)
from tui.app import NightdeskApp
from tui.widgets.status_line import StatusLine


@pytest.fixture
def jo(desk: Desk, actor: Actor) -> Actor:
    """Jo, who may do everything too."""
    agent = Agent.get(Agent.login == "jo")
    return actor._replace(agent_id=agent.id, login="jo", name=agent.name, email=agent.email)


@asynccontextmanager
async def both(
    desk: Desk, first: Actor, second: Actor, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[Any], Pilot[Any]]]:
    """The apps of two agents on one desk, side by side."""
    one, two = (NightdeskApp(desk, each, now=lambda: NOW) for each in (first, second))
    async with one.run_test(size=size) as ana, two.run_test(size=size) as jo:
        await until(ana, "Lisbon office")
        await until(jo, "Lisbon office")
        yield ana, jo


def customer_writes(number: str, text: str) -> None:
    """A mail of the requester comes in."""
    ticket = Ticket.get(Ticket.number == number)
    message = NewMessage(
        kind="customer",
        sender_name="Ana Prado",
        sender_email="ana@corp.example",
        text=text,
        created=utc_text(now()),
    )
    with transaction():
        lifecycle.customer_wrote(ticket.id, message, None, now())


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_list_and_thread_show_who_reads_and_who_writes(
    desk: Desk, actor: Actor, jo: Actor, size: str
) -> None:
    async with both(desk, actor, jo, SMALL_AND_LARGE[size]) as (ana, other):
        await other.press("enter")
        await until(other, "msg 4/4")
        shown = await until(ana, "Jo Helper reads")
        assert ">N o#1042" in shown
        await other.press("r")
        await until(other, "mail goes to 1 address")
        assert ">N w#1042" in await until(ana, "Jo Helper writes")
        await ana.press("enter")
        await until(ana, "msg 4/4")
        assert "Jo Helper writes" in screen_text(ana.app)
        await until(other, "Ana Admin reads")
        await other.press("escape")
        await until(ana, "Jo Helper reads")
        await other.press("escape")
        await until_gone(ana, "Jo Helper reads")


async def test_the_first_writer_hears_of_the_second(desk: Desk, actor: Actor, jo: Actor) -> None:
    async with both(desk, actor, jo) as (ana, other):
        await ana.press("r")
        await until(ana, "mail goes to 1 address")
        await ana.press(*"Hello Ana,")
        for size in EVERY_SIZE.values():
            for pilot in (ana, other):
                await pilot.resize_terminal(*size)
            await other.press("r")
            assert "Hello Ana," in await until(ana, "Jo Helper writes on #1042 too")
            await other.press("escape")
            await until_true(ana, lambda: not ana.app.company.people)  # type: ignore[attr-defined]
            for line in ana.app.screen.query(StatusLine):
                line.end_flash()
        await ana.press(*" it is known.")
        await until(ana, "Hello Ana, it is known.")


async def test_what_a_killed_app_had_open_is_gone_and_what_expired_too(
    desk: Desk, actor: Actor, jo: Actor, app: NightdeskApp
) -> None:
    from models.leases import owner_id

    ticket = Ticket.get(Ticket.number == "1042")
    moment = now()
    machine, _, rest = owner_id().rpartition(":")
    dead = f"{machine.rpartition(':')[0]}:1:{rest}"
    far = "another-host:77:1:ab:cd"
    later = moment + timedelta(minutes=3)
    assert presence.replace(dead, jo.agent_id or 0, [OpenTicket(ticket.id, True, moment)], moment, later)
    assert presence.others("mine", moment) == []
    assert presence.replace(far, jo.agent_id or 0, [OpenTicket(ticket.id, True, moment)], moment, later)
    assert [row.name for row in presence.others("mine", moment)] == ["Jo Helper"]
    assert presence.others("mine", later) == []


async def test_reading_costs_one_write_and_typing_none(
    desk: Desk, actor: Actor, app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = presence.replace

    def counted(*arguments: Any) -> bool:
        written.append(len(arguments[2]))
        return write(*arguments)

    monkeypatch.setattr(presence, "replace", counted)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await until_true(pilot, lambda: written == [1])
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await until_true(pilot, lambda: written == [1, 1])
        await pilot.press(*"a dozen keys")
        await pilot.pause(2.5)
        assert written == [1, 1]
        await pilot.press("ctrl+q")
        await pilot.pause(0.3)
    assert written == [1, 1, 0]


async def test_a_colleagues_answer_is_shown_before_the_second_one_leaves(
    desk: Desk, actor: Actor, jo: Actor
) -> None:
    async with both(desk, actor, jo) as (ana, other):
        for pilot in (ana, other):
            await pilot.press("r")
            await until(pilot, "mail goes to 1 address")
        await ana.press(*"Please reboot.")
        await other.press(*"It is the cable", "ctrl+s")
        await until(other, "nothing is sent before y")
        await other.press("y")
        await until(other, "#1041")
        await until(ana, "since you began: Jo Helper answered")
        await ana.press("ctrl+s")
        shown = await until(ana, "Since you began:")
        assert "Jo Helper answered" in shown
        assert "It is the cable" in shown
        await ana.press("y")
        await until(ana, "Send it all the same?")
        assert len(deliveries.entries()) == 1
        await ana.press("enter")
        await until(ana, "Please reboot.")
        assert len(deliveries.entries()) == 1
        assert [draft.body[:14] for draft in drafts.drafts(actor)] == ["Please reboot."]
        await ana.press("ctrl+s")
        await until(ana, "nothing is sent before y")
        await ana.press("y")
        await until(ana, "#1041")
        assert len(deliveries.entries()) == 2


def _answered(desk: Desk, jo: Actor) -> None:
    reply.send_reply(desk, jo, "1042", "It is the cable.")


CAME = {
    "answer": (_answered, "Jo Helper answered", "It is the cable."),
    "note": (
        lambda desk, jo: reply.add_note(jo, "1042", "He called."),
        "Jo Helper added a note",
        "He called.",
    ),
    "solved": (lambda desk, jo: customer_writes("1042", "SOLVED, forget it"), "Ana Prado wrote", "SOLVED"),
    "closed": (lambda desk, jo: changes.close(jo, ["1042"]), "Jo Helper: closed", ""),
    "assigned": (
        lambda desk, jo: changes.assign(jo, ["1042"], "jo"),
        "Jo Helper: assigned to Jo Helper",
        "",
    ),
}


def _joined(desk: Desk, jo: Actor) -> None:
    source, target = (Ticket.get(Ticket.number == number).id for number in ("1042", "1041"))
    with transaction():
        lifecycle.merged(source, target, now())


@pytest.mark.parametrize("case", CAME)
async def test_review_tells_what_came_and_y_asks_once(
    desk: Desk, actor: Actor, jo: Actor, app: NightdeskApp, case: str
) -> None:
    come, words, excerpt = CAME[case]
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"My answer", "ctrl+s")
        await until(pilot, "send now")
        come(desk, jo)
        queued = len(deliveries.entries())
        await until(pilot, words)
        await pilot.press("y")
        shown = await until(pilot, "Send it all the same?")
        assert words in shown
        assert excerpt in shown
        assert len(deliveries.entries()) == queued
        await pilot.press("y")
        await until(pilot, "#1041")
        await settled(pilot)
        assert len(deliveries.entries()) == queued + 1


async def test_an_answer_follows_a_ticket_that_was_joined_to_another(
    desk: Desk, actor: Actor, jo: Actor, app: NightdeskApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"My answer")
        await until(pilot, "draft saved")
        _joined(desk, jo)
        await until(pilot, "since you began")
        await pilot.press("ctrl+s")
        await until(pilot, "send now")
        await pilot.press("y")
        assert "joined to #1041" in await until(pilot, "Send it all the same?")
        await pilot.press("y")
        await until(pilot, "outbox 1")
        assert detail.show("1041").messages[-1].text.startswith("My answer")
        assert detail.show("1042").messages == ()


async def test_who_writes_on_a_ticket_that_is_purged_can_leave(
    actor: Actor, jo: Actor, app: NightdeskApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"My answer")
        await until(pilot, "draft saved")
        trash.delete(jo, ["1042"])
        purging.purge(jo, NOW, whole_trash=True)
        await pilot.press(*"!", "escape")
        assert "It cannot be kept as a draft: there is no ticket 1042" in await until(
            pilot, "lose what you wrote?"
        )
        await pilot.press("n")
        await until(pilot, "My answer!")
        await pilot.press("escape")
        await until(pilot, "lose what you wrote?")
        await pilot.press("y")
        await until_gone(pilot, "My answer!")


async def test_a_draft_remembers_what_its_author_knew(
    desk: Desk, actor: Actor, jo: Actor, app: NightdeskApp
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Tomorrow", "escape")
        await until(pilot, "The draft is kept")
        customer_writes("1042", "SOLVED, forget it")
        await pilot.press("D", "0")
        await until(pilot, "since you began: Ana Prado wrote")
        await pilot.press("ctrl+s")
        await until(pilot, "SOLVED, forget it")


async def test_ones_own_doings_are_no_news(desk: Desk, actor: Actor, app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Mine")
        changes.assign(actor, ["1042"], "ana")
        reply.add_note(actor, "1042", "my own note")
        await pilot.pause(1.5)
        await pilot.press("ctrl+s")
        await until(pilot, "send now")
        await settled(pilot)
        assert "Since you began" not in screen_text(app)
        await pilot.press("y")
        await until(pilot, "outbox 1")


@pytest.mark.parametrize("keys", [("x",), ("s", "w"), ("a", "o")])
@pytest.mark.parametrize("where", ["list", "thread"])
async def test_a_change_tells_first_what_came_since_one_looked(
    desk: Desk, actor: Actor, jo: Actor, app: NightdeskApp, keys: tuple[str, ...], where: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await until_told_from_now(pilot)
        if where == "thread":
            await pilot.press("enter")
            await until(pilot, "msg 4/4")
        before = detail.show("1042")
        customer_writes("1042", "Wait, one more thing")
        await pilot.press(keys[0])
        for key in keys[1:]:
            await settled(pilot)
            await pilot.press(key)
        shown = await until(pilot, "all the same?")
        assert "Wait, one more thing" in shown
        await pilot.press("n")
        await settled(pilot)
        after = detail.show("1042")
        assert (after.status, after.assignee) == (before.status, before.assignee)
        await pilot.press(keys[0])
        for key in keys[1:]:
            await settled(pilot)
            await pilot.press(key)
        await settled(pilot)
        assert "all the same?" not in screen_text(app)
        after = detail.show("1042")
        assert (after.status, after.assignee) != (before.status, before.assignee)


async def test_closing_a_ticket_on_which_somebody_writes_asks_once(
    desk: Desk, actor: Actor, jo: Actor
) -> None:
    async with both(desk, actor, jo) as (ana, other):
        await other.press("r")
        await until(ana, "Jo Helper writes")
        await ana.press("x")
        await until(ana, "Jo Helper writes on #1042 since")
        await ana.press("y")
        await until(ana, "Closed #1042")
        await until(other, "since you began: Ana Admin: closed")


async def test_a_draft_sent_in_one_app_of_an_agent_is_not_sent_again_in_another(
    desk: Desk, actor: Actor
) -> None:
    drafts.save(actor, number="1042", kind="reply", body="It is the cable.")
    async with both(desk, actor, actor) as (here, there):
        for pilot in (here, there):
            await pilot.press("r")
            await until(pilot, "It is the cable.")
        await there.press("ctrl+s")
        await until(there, "nothing is sent before y")
        await there.press("y")
        await until(there, "#1041")
        await until(here, "what you wrote is still here")
        await here.press("ctrl+s")
        await until(here, "this draft was sent or thrown away elsewhere")
        await here.press("y")
        await until(here, "Send it all the same?")
        assert len(deliveries.entries()) == 1
        await here.press("enter")
        await until(here, "It is the cable.")
        await here.press(*"No, ", "escape")
        await until(here, "D goes on")
        assert [draft.body for draft in drafts.drafts(actor)] == ["No, It is the cable."]
        assert len(deliveries.entries()) == 1


async def test_what_is_typed_into_a_draft_that_was_sent_elsewhere_is_asked_about_too(
    desk: Desk, actor: Actor, app: NightdeskApp
) -> None:
    draft = drafts.save(actor, number="1042", kind="note", body="He called.")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("i")
        await until(pilot, "He called.")
        drafts.discard(draft)
        await pilot.press(*"Today: ")
        await until(pilot, "what you wrote is still here")
        await until_true(pilot, lambda: bool(drafts.drafts(actor)))
        await pilot.press("ctrl+s")
        await until(pilot, "Add it all the same?")
        assert "He called." not in [each.text for each in detail.show("1042", actor).messages]
        await pilot.press("y")
        await until(pilot, "Note added to #1042")
    assert drafts.drafts(actor) == []
