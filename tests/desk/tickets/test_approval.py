"""An agent may vouch for mail whose sender did not prove a place in the ticket."""

from __future__ import annotations

import pytest

from desk.documents import tickets as documents
from desk.errors import NotAllowed, NotFound, Refused
from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.permissions import Actor
from desk.tickets import approval, changes, detail, people
from tests.support.mails import EVE, Door, mail, rows, value, write


@pytest.fixture
def door(desk: Desk) -> Door:
    """Ticket 1 of Ana is closed, and Eve, a stranger to it, answered a mail of ours in it."""
    door = Door(desk)
    ticket = door.take(mail())
    sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
    write("UPDATE ticket SET status = 'closed', closed = created, due = NULL")
    door.take(mail(sender=EVE, answers=sent, cc="Carl <carl@corp.test>"))
    return door


def another_stranger(door: Door, cc: str | None = None) -> None:
    sent = value("SELECT message_id FROM delivery WHERE kind = 'reply'")
    door.take(mail(sender="mallory@elsewhere.test", answers=sent, cc=cc))


def test_what_was_held_back_happens_with_the_approval(door: Door, ana: Actor) -> None:
    assert approval.approve(door.desk, ana, "1") == [2]
    shown = detail.show("1")
    assert [message.unverified for message in shown.messages] == [False, False]
    assert (shown.status, shown.closed) == ("open", None)
    assert shown.due is not None
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY 1") == [
        ("carl@corp.test",),
        ("eve@elsewhere.test",),
    ]
    assert [event.text for event in shown.events[-2:]] == ["mail of eve@elsewhere.test approved", "reopened"]


def test_the_sender_takes_part_from_then_on(door: Door, ana: Actor) -> None:
    approval.approve(door.desk, ana, "1")
    assert door.take(mail(sender=EVE, subject="Re: [#1] Printer")).ticket_number == "1"
    assert value("SELECT count(*) FROM message WHERE unverified = 1") == 0


def test_mail_of_several_senders_is_approved_one_by_one(door: Door, ana: Actor) -> None:
    another_stranger(door)
    with pytest.raises(Refused, match="2 senders"):
        approval.approve(door.desk, ana, "1")
    assert approval.approve(door.desk, ana, "1", [3]) == [3]
    assert rows("SELECT id, unverified FROM message ORDER BY id") == [(1, 0), (2, 1), (3, 0)]


def test_who_is_pending_cannot_be_taken_out_of_a_copy_and_the_refusal_says_what_to_do(
    door: Door, ana: Actor
) -> None:
    with pytest.raises(Refused, match="is pending: nothing goes there") as refused:
        people.set_collaborators(ana, ["1"], remove=["carl@corp.test"])
    assert "ticket deny 1" in refused.value.hint
    approval.approve(door.desk, ana, "1")
    assert people.set_collaborators(ana, ["1"], remove=["carl@corp.test"]) == ["1"]


def test_approving_again_changes_nothing(door: Door, ana: Actor) -> None:
    approval.approve(door.desk, ana, "1")
    changes.close(ana, ["1"])
    assert approval.approve(door.desk, ana, "1", [2]) == []
    assert detail.show("1").status == "closed"


def test_a_machines_mail_opens_nothing_and_takes_nobody_in(door: Door, ana: Actor) -> None:
    write("UPDATE message SET machine = 'auto_reply' WHERE id = 2")
    assert approval.approve(door.desk, ana, "1") == [2]
    assert detail.show("1").status == "closed"
    assert value("SELECT count(*) FROM collaborator") == 0


def test_agents_and_the_desk_itself_do_not_become_collaborators(door: Door, ana: Actor) -> None:
    door.agent("kim", "kim@example.test")
    another_stranger(door, cc="kim@example.test, support@example.test")
    approval.approve(door.desk, ana, "1", [3])
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
        ("mallory@elsewhere.test",)
    ]


def test_a_message_of_another_ticket_is_not_found(door: Door, ana: Actor) -> None:
    door.take(mail(subject="Another matter"))
    with pytest.raises(NotFound, match="message 3 in ticket #1"):
        approval.approve(door.desk, ana, "1", [3])


def test_who_may_not_edit_may_not_approve(door: Door) -> None:
    reader = Actor(None, "bo", "Bo", "", None, frozenset({"ticket.note"}))
    with pytest.raises(NotAllowed):
        approval.approve(door.desk, reader, "1")
    assert value("SELECT unverified FROM message WHERE id = 2") == 1


@pytest.mark.parametrize("field", ["X-Original-To", "Delivered-To", "Envelope-To", "X-Forwarded-To"])
def test_the_address_by_which_the_mail_came_does_not_join(door: Door, ana: Actor, field: str) -> None:
    sent = value("SELECT message_id FROM delivery WHERE kind = 'reply'")
    alias = "help@alias.test"
    door.take(mail(sender=EVE, answers=sent, to=f"{alias}, dora@corp.test", headers={field: alias}))
    assert approval.approve(door.desk, ana, "1", [3]) == [3]
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY 1") == [
        ("dora@corp.test",),
        ("eve@elsewhere.test",),
    ]


def test_nor_does_the_recipient_of_the_envelope(door: Door, ana: Actor) -> None:
    sent = value("SELECT message_id FROM delivery WHERE kind = 'reply'")
    raw = mail(sender=EVE, answers=sent, to="Help <help@alias.test>")
    pipeline.take(door.desk, [Arrival(raw, "pipe", recipient="help@alias.test")])
    approval.approve(door.desk, ana, "1", [3])
    assert ("help@alias.test",) not in rows(
        "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id"
    )
    assert "arrived_by" not in str(documents.shown(detail.show("1")))


def test_what_an_approved_sender_began_elsewhere_joins(door: Door, ana: Actor) -> None:
    first = value("SELECT message_id FROM message WHERE id = 1")
    door.take(mail("I wrote before", sender=EVE, answers=first))
    assert value("SELECT count(*) FROM ticket WHERE merged_into_id IS NULL") == 2
    approval.approve(door.desk, ana, "1")
    assert value("SELECT count(*) FROM ticket WHERE merged_into_id IS NULL") == 1
