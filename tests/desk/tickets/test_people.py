"""Whom a ticket is with can be changed, and taken back; whom an answer goes to is said before."""

from __future__ import annotations

import pytest

from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import add_note, reply_form, send_reply
from desk.tickets import detail, undo
from desk.tickets.people import set_collaborators, set_requester
from tests.support.mails import BOB, EVE, SUPPORT, Door, mail, rows, value
from tests.support.workbench import make_agent

ANAS = "<ana@corp.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    """A ticket of Ana's with Eve in copy."""
    door = Door(desk)
    door.take(mail("One", subject="One", message_id=ANAS, cc=EVE))
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def recipients(delivery: int) -> list[str]:
    return [
        row[0] for row in rows("SELECT address FROM recipient WHERE delivery_id = ? ORDER BY 1", delivery)
    ]


def test_answers_go_to_the_new_requester(door: Door, desk: Desk, kim: Actor) -> None:
    assert set_requester(kim, ["1"], BOB) == ["1"]
    assert detail.show("1").requester_email == "bob@corp.test"
    assert recipients(send_reply(desk, kim, "1", "Hello").delivery_id) == [
        "bob@corp.test",
        "eve@elsewhere.test",
    ]
    assert door.take(mail("Still me", answers=ANAS)).ticket_number == "1", "who wrote in it still may"


def test_a_collaborator_who_becomes_the_requester_is_no_collaborator(door: Door, kim: Actor) -> None:
    set_requester(kim, ["1"], EVE)
    assert detail.show("1").collaborators == ()
    undo.undo_last(kim)
    shown = detail.show("1")
    assert (shown.requester_email, shown.collaborators) == ("ana@corp.test", ("eve@elsewhere.test",))


def test_people_join_and_leave_and_that_is_taken_back(door: Door, kim: Actor) -> None:
    assert set_collaborators(kim, ["1"], [BOB], [EVE]) == ["1"]
    assert detail.show("1").collaborators == ("bob@corp.test",)
    assert set_collaborators(kim, ["1"], [BOB]) == [], "it is so already"
    assert detail.show("1").events[-1].text == "Cc +bob@corp.test -eve@elsewhere.test"
    undo.undo_last(kim)
    assert detail.show("1").collaborators == ("eve@elsewhere.test",)


def test_the_desk_itself_is_nobody_to_write_to(door: Door, kim: Actor) -> None:
    with pytest.raises(Refused, match="an address of this desk"):
        set_requester(kim, ["1"], SUPPORT)
    with pytest.raises(Refused, match="an address of this desk"):
        set_collaborators(kim, ["1"], [SUPPORT])
    with pytest.raises(WrongUse):
        set_requester(kim, ["1"], "nobody in particular")
    with pytest.raises(WrongUse, match="not one mail address"):
        set_requester(kim, ["1"], "a@corp.test, b@corp.test")


class TestAnsweringOneMessage:
    @pytest.fixture
    def toms(self, door: Door) -> int:
        """Tom, in copy, asks something; then Ana writes again."""
        door.take(mail("I, too", sender=EVE, answers=ANAS, message_id="<eve@corp.test>"))
        door.take(mail("And another thing", answers=ANAS))
        return int(value("SELECT id FROM message WHERE text LIKE '%I, too%'"))

    def test_it_goes_to_its_writer_and_quotes_that(self, toms: int, desk: Desk, kim: Actor) -> None:
        form = reply_form(kim, "1", to_all=False, answers=toms)
        assert [address for _, address in form.to] == ["eve@elsewhere.test"]
        assert "I, too" in form.quoted
        assert [address for _, address in reply_form(kim, "1", to_all=True, answers=toms).cc] == [
            "ana@corp.test"
        ]

    def test_it_answers_that_mail(self, toms: int, desk: Desk, kim: Actor) -> None:
        sent = send_reply(desk, kim, "1", "Yes.", answers=toms, cc=[])
        assert recipients(sent.delivery_id) == ["eve@elsewhere.test"]
        raw = detail.raw_message(sent.message).decode()
        assert "In-Reply-To: <eve@corp.test>" in raw.replace("\r\n ", " ")

    def test_where_it_asks_for_answers(self, door: Door, desk: Desk, kim: Actor) -> None:
        door.take(mail("Write there", sender=EVE, answers=ANAS, headers={"Reply-To": "eve@private.test"}))
        asked = int(value("SELECT id FROM message WHERE text LIKE '%Write there%'"))
        door.take(mail("And another thing", answers=ANAS))
        sent = send_reply(desk, kim, "1", "Yes.", answers=asked, cc=[])
        assert recipients(sent.delivery_id) == ["eve@private.test"]

    def test_only_a_customers_mail_of_this_ticket(self, toms: int, desk: Desk, kim: Actor) -> None:
        note = add_note(kim, "1", "Only for us")
        with pytest.raises(Refused, match="not written by a customer"):
            send_reply(desk, kim, "1", "Yes.", answers=note)
        with pytest.raises(NotFound):
            send_reply(desk, kim, "1", "Yes.", answers=999)
