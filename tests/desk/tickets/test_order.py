"""What stands behind what in a ticket, and who waits: by what came later, whatever a clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import add_note, send_reply
from desk.tickets import changes, detail, lists
from desk.tickets.merging import merge, unmerge
from tests.support.mails import BOB, Door, mail, rows, value
from tests.support.workbench import make_agent

ANAS, BOBS = "<ana@corp.test>", "<bob@corp.test>"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def door(desk: Desk) -> Door:
    """Ana has ticket 1, whose mail came at noon."""
    door = Door(desk)
    with time_machine.travel(NOON + timedelta(seconds=2), tick=False):
        door.take(mail("One", message_id=ANAS), internaldate=NOON)
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def said() -> list[str]:
    return [message.text.strip() for message in detail.show("1").messages]


def waits() -> bool:
    return value("SELECT waiting_since FROM ticket WHERE number = '1'") is not None


def test_a_mail_of_the_second_of_an_answer_waits_for_another_one(door: Door, desk: Desk, kim: Actor) -> None:
    """Its server dates it to the second: nobody can know that the answer came after it."""
    with time_machine.travel(NOON + timedelta(seconds=30.5), tick=False):
        send_reply(desk, kim, "1", "Try this.")
        assert not waits()
        door.take(mail("No", answers=ANAS), internaldate=NOON + timedelta(seconds=30))
    assert said() == ["One", "Try this.", "No"]
    assert waits()


def test_mails_of_one_second_have_times_of_their_own(door: Door) -> None:
    for text in ("Two", "Three"):
        door.take(mail(text, answers=ANAS), internaldate=NOON)
    assert said() == ["One", "Two", "Three"]
    assert len(rows("SELECT DISTINCT created FROM message")) == 3


@pytest.mark.parametrize("back", [timedelta(0), timedelta(seconds=2), timedelta(hours=1)])
def test_an_answer_stands_behind_what_it_answers_though_the_clock_was_set_back(
    door: Door, desk: Desk, kim: Actor, back: timedelta
) -> None:
    with time_machine.travel(NOON + timedelta(seconds=30), tick=False) as clock:
        door.take(mail("Two", answers=ANAS))
        assert waits()
        clock.shift(-back)
        add_note(kim, "1", "A note.")
        send_reply(desk, kim, "1", "Try this.")
        assert not waits()
        door.take(mail("No", answers=ANAS))
    assert said() == ["One", "Two", "A note.", "Try this.", "No"]
    assert waits()


def test_a_mail_stands_behind_what_it_answers_though_its_server_is_slow(
    door: Door, desk: Desk, kim: Actor
) -> None:
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False) as clock:
        send_reply(desk, kim, "1", "Try this.")
        name = value("SELECT message_id FROM delivery ORDER BY id DESC LIMIT 1")
        clock.shift(60)
        door.take(mail("No", answers=name), internaldate=NOON + timedelta(minutes=4))
    assert said() == ["One", "Try this.", "No"]
    assert waits()


def test_a_mail_that_crossed_an_answer_stays_before_it(door: Door, desk: Desk, kim: Actor) -> None:
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        send_reply(desk, kim, "1", "Try this.")
        door.take(mail("And this", answers=ANAS), internaldate=NOON + timedelta(minutes=4))
    assert said() == ["One", "And this", "Try this."]
    assert not waits()


@pytest.mark.parametrize("back", [timedelta(seconds=2), timedelta(hours=1)])
def test_what_somebody_looked_at_is_read_though_the_clock_was_set_back(
    door: Door, kim: Actor, back: timedelta
) -> None:
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False) as clock:
        door.take(mail("Two", answers=ANAS))
        clock.shift(-back)
        detail.mark_seen(kim, "1")
        assert not unread(kim)
        changes.set_priority(kim, ["1"], 3)
        door.take(mail("Three", answers=ANAS))
        assert unread(kim)


def unread(agent: Actor) -> bool:
    line = lists.line("1", agent)
    return line is not None and line.unread


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=1)])
def test_a_merged_ticket_is_open_when_its_customer_wrote_since_in_the_same_second_or_came_late(
    door: Door, kim: Actor, late: timedelta
) -> None:
    door.take(mail("Bob's", sender=BOB, message_id=BOBS, subject="Two"), internaldate=NOON)
    changes.set_status(kim, ["2"], "waiting")
    merge(kim, ["2"], "1")
    door.take(mail("Still broken", sender=BOB, answers=BOBS), internaldate=NOON - late)
    unmerge(kim, "2")
    assert rows("SELECT status FROM ticket WHERE number = '2'") == [("open",)]
