"""Messages that are a matter of their own become a ticket of their own; answers find it."""

from __future__ import annotations

import pytest

from desk import contacts
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import add_note, send_reply
from desk.tickets import changes, detail, undo
from desk.tickets.merging import merge
from desk.tickets.splitting import split
from tests.support.mails import ANA, BOB, Door, mail, rows, value
from tests.support.workbench import make_agent

ANAS, BOBS = "<ana@corp.test>", "<bob@corp.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    """One ticket: Ana's question, with Bob in copy, and Bob's other question."""
    door = Door(desk)
    door.take(mail("One", subject="One", message_id=ANAS, cc=BOB))
    door.take(mail("Two", subject="Another thing", sender=BOB, message_id=BOBS, answers=ANAS))
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def texts(number: str) -> list[str]:
    return [message.text.strip() for message in detail.show(number).messages]


def message_of(text: str) -> int:
    return int(value("SELECT id FROM message WHERE text LIKE ?", f"%{text}%"))


def test_the_messages_go_into_a_ticket_of_whoever_wrote_them(door: Door, kim: Actor) -> None:
    assert split(kim, "1", [message_of("Two")]) == "2"
    assert (texts("1"), texts("2")) == (["One"], ["Two"])
    made = detail.show("2")
    assert (made.requester_email, made.subject, made.status) == ("bob@corp.test", "Another thing", "open")
    assert made.refers_to == "1"
    assert [event.text for event in made.events] == ["split off #1"]
    assert rows("SELECT ticket_id FROM receipt ORDER BY id") == [(1,), (2,)]


def test_answers_arrive_where_the_message_is_now(door: Door, kim: Actor) -> None:
    split(kim, "1", [message_of("Two")])
    assert door.take(mail("More of one", answers=ANAS)).ticket_number == "1"
    assert door.take(mail("More of two", sender=BOB, answers=BOBS, references=[ANAS])).ticket_number == "2"
    assert door.take(mail("By number", sender=BOB, subject="Re: [#2] x")).ticket_number == "2"


def test_what_was_sent_goes_with_its_message(door: Door, desk: Desk, kim: Actor) -> None:
    sent = send_reply(desk, kim, "1", "For Bob", to=[BOB])
    split(kim, "1", [message_of("Two"), message_of("For Bob")])
    assert rows("SELECT ticket_id FROM delivery WHERE kind = 'reply'") == [(2,)]
    name = value("SELECT message_id FROM delivery WHERE id = ?", sent.delivery_id)
    assert door.take(mail("Thanks", sender=BOB, answers=name)).ticket_number == "2"
    assert detail.show("2").status == "open"


def test_clocks_follow_who_waits(door: Door, desk: Desk, kim: Actor) -> None:
    send_reply(desk, kim, "1", "For both")
    door.take(mail("And a third thing", sender=BOB, answers=BOBS))
    assert value("SELECT due FROM ticket WHERE id = 1") is not None
    split(kim, "1", [message_of("third")])
    assert value("SELECT due FROM ticket WHERE id = 1") is None
    assert value("SELECT due FROM ticket WHERE id = 2") is not None


def test_an_answer_alone_waits_for_the_customer(door: Door, desk: Desk, kim: Actor) -> None:
    send_reply(desk, kim, "1", "For both")
    split(kim, "1", [message_of("For both")])
    made = detail.show("2")
    assert (made.status, made.due, made.requester_email) == ("waiting", None, "ana@corp.test")


def test_merged_back_it_is_one_ticket_again(door: Door, kim: Actor) -> None:
    split(kim, "1", [message_of("Two")], subject="Bob's")
    merge(kim, ["2"], "1")
    assert texts("1") == ["One", "Two"]
    assert value("SELECT message_count FROM ticket WHERE id = 1") == 2


def test_what_makes_no_sense_is_refused(door: Door, kim: Actor) -> None:
    everything = [message_of("One"), message_of("Two")]
    with pytest.raises(Refused, match="without a message"):
        split(kim, "1", everything)
    with pytest.raises(WrongUse, match="no message"):
        split(kim, "1", [])
    with pytest.raises(NotFound, match="has no message 99"):
        split(kim, "1", [99])
    with pytest.raises(NotAllowed):
        split(make_agent("reader", ["ticket.note"]), "1", everything[:1])
    assert value("SELECT COUNT(*) FROM ticket") == 1


def test_of_a_closed_ticket_it_is_closed(door: Door, kim: Actor) -> None:
    changes.close(kim, ["1"])
    split(kim, "1", [message_of("Two")])
    assert detail.show("2").status == "closed"


def test_a_note_goes_too_and_nobody_is_told(door: Door, kim: Actor) -> None:
    add_note(kim, "1", "Only for us")
    split(kim, "1", [message_of("Two"), message_of("Only for us")])
    assert texts("2") == ["Two", "Only for us"]
    assert value("SELECT COUNT(*) FROM delivery WHERE kind = 'reply'") == 0
    assert ANA


def test_undo_takes_the_messages_back_and_the_new_ticket_goes(door: Door, kim: Actor) -> None:
    lee = make_agent("lee")
    split(kim, "1", [message_of("Two")])
    changes.add_tags(lee, ["2"], ["vpn"])
    with pytest.raises(Refused, match="#1 was changed since"):
        undo.undo_last(kim)  # Lee works on it by now
    assert (texts("1"), texts("2")) == (["One"], ["Two"])
    merge(kim, ["2"], "1")
    split(kim, "1", [message_of("Two")])
    assert undo.undo_last(kim) == "undone: #1 one message split off as #3"
    assert texts("1") == ["One", "Two"]
    with pytest.raises(NotFound):
        detail.show("3")
    assert door.take(mail("More of two", sender=BOB, answers=BOBS)).ticket_number == "1"


def test_undo_forgets_the_stranger_whom_the_new_ticket_was_of(door: Door, kim: Actor) -> None:
    zed = mail("Me too", sender="Zed <zed@else.test>", answers=door.sent(1, ANA))
    assert door.take(zed).ticket_number == "1"
    for kept in (0, 1):
        assert detail.show(split(kim, "1", [message_of("Me too")])).requester_email == "zed@else.test"
        if kept:
            contacts.edit_contact(kim, "zed@else.test", note="Rang.")
        assert (undo.undo_last(kim) or "").startswith("undone: ")
        assert value("SELECT COUNT(*) FROM contact WHERE email = 'zed@else.test'") == kept
