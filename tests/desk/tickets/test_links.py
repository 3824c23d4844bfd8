"""Tickets that have to do with each other say so, and hear when the other one is closed."""

from __future__ import annotations

import pytest

from desk.errors import NotAllowed, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import send_reply
from desk.tickets import changes, detail
from desk.tickets.links import link, unlink
from tests.support.mails import BOB, Door, mail, value
from tests.support.workbench import make_agent


@pytest.fixture(autouse=True)
def two(desk: Desk) -> None:
    door = Door(desk)
    door.take(mail("One", subject="One"))
    door.take(mail("Two", subject="Two", sender=BOB))


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def told(number: str) -> list[str]:
    return [
        event.text for event in detail.show(number).events if event.kind in ("linked", "unlinked", "told")
    ]


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("blocks", "blocks", "blocked by"),
        ("duplicates", "duplicates", "duplicated by"),
        ("relates", "relates to", "relates to"),
    ],
)
def test_a_link_is_told_from_both_ends(kim: Actor, kind: str, here: str, there: str) -> None:
    assert link(kim, "1", kind, "#2")
    assert not link(kim, "1", kind, "2"), "it is so already"
    assert [(each.how, each.number) for each in detail.show("1").links] == [(here, "2")]
    assert [(each.how, each.number) for each in detail.show("2").links] == [(there, "1")]
    assert (told("1"), told("2")) == ([f"{here} #2"], [f"{there} #1"])
    assert unlink(kim, "2", "1"), "from either end"
    assert not unlink(kim, "1", "2")
    assert detail.show("1").links == ()


def test_links_between_two_tickets_come_in_one_order_however_they_were_made(kim: Actor) -> None:
    for kinds in (("relates", "blocks", "duplicates"), ("duplicates", "blocks", "relates")):
        for kind in kinds:
            assert link(kim, "1", kind, "2")
        assert [each.how for each in detail.show("1").links] == ["blocks", "duplicates", "relates to"]
        assert unlink(kim, "1", "2")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("blocks", ["#1, which blocked this, was closed"]),
        ("duplicates", []),
        ("relates", []),
    ],
)
def test_who_waits_for_it_hears_that_it_is_closed(kim: Actor, kind: str, words: list[str]) -> None:
    link(kim, "1", kind, "2")
    changes.close(kim, ["1"])
    assert told("2")[1:] == words


def test_a_duplicate_hears_that_the_other_is_closed_also_by_an_answer(desk: Desk, kim: Actor) -> None:
    link(kim, "2", "duplicates", "1")
    send_reply(desk, kim, "1", "Done.", status_after="closed")
    assert told("2")[-1] == "#1, which this duplicates, was closed"
    assert value("SELECT COUNT(*) FROM seen WHERE ticket_id = 2") == 0


def test_what_makes_no_sense_is_refused(kim: Actor) -> None:
    with pytest.raises(Refused, match="to itself"):
        link(kim, "1", "blocks", "1")
    with pytest.raises(WrongUse, match="there is no link 'eats'"):
        link(kim, "1", "eats", "2")
    with pytest.raises(NotAllowed):
        link(make_agent("reader", ["ticket.note"]), "1", "blocks", "2")
