"""A person with several addresses is one contact, with their tickets in one place."""

from __future__ import annotations

import pytest

from desk.contacts import contacts, edit_contact, history, known, merge_contacts
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, detail, people, undo
from models.statements import columns_of
from models.tickets import Ticket
from tests.support.mails import BOB, EVE, SUPPORT, Door, mail, rows, write
from tests.support.workbench import make_agent

ANAS = "<ana@corp.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    """Ana has ticket 1, with Eve in Cc, and ticket 2; Bob has ticket 3."""
    door = Door(desk)
    door.take(mail("One", subject="One", message_id=ANAS, cc=EVE))
    door.take(mail("Two", subject="Two"))
    door.take(mail("Three", subject="Three", sender=BOB))
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def test_mail_from_another_address_is_theirs(door: Door, kim: Actor) -> None:
    edit_contact(kim, "ana@corp.test", add=["Ana@Home.test"])
    home = "Ana <ana@home.test>"
    assert door.take(mail("From home", sender=home, answers=ANAS)).ticket_number == "1"
    assert door.take(mail("A new thing", sender=home, subject="New")).ticket_number == "4"
    assert detail.show("4").requester_email == "ana@corp.test"
    assert [each.number for each in history(known("ana@home.test"))] == ["4", "1", "2"]
    edit_contact(kim, "ana@corp.test", remove=["ana@home.test"])
    with pytest.raises(NotFound):
        known("ana@home.test")


def test_what_is_kept_of_them(door: Door, kim: Actor) -> None:
    line = edit_contact(
        kim, "ana@corp.test", name="Ana Prado", phone="+49 30 1", vip=True, note="Call first."
    )
    assert (line.name, line.phone, line.vip, line.note) == ("Ana Prado", "+49 30 1", True, "Call first.")
    assert edit_contact(kim, "ana@corp.test", phone="").phone == ""
    assert edit_contact(kim, "ana@corp.test", language="de-AT").language == "de"
    with pytest.raises(WrongUse, match="no texts in 'klingon'"):
        edit_contact(kim, "ana@corp.test", language="klingon")
    assert edit_contact(kim, "ana@corp.test", language="").language == ""
    assert [each.email for each in contacts("prado")] == ["ana@corp.test"]
    assert len(contacts()) == 3


def test_two_contacts_become_one(door: Door, kim: Actor) -> None:
    edit_contact(kim, "bob@corp.test", phone="+49 30 2", note="Bob", add=["bob@home.test"])
    line = merge_contacts(kim, "bob@corp.test", "ana@corp.test")
    assert (line.email, line.others, line.phone) == (
        "ana@corp.test",
        ("bob@corp.test", "bob@home.test"),
        "+49 30 2",
    )
    assert {each.number for each in history(line)} == {"1", "2", "3"}
    assert detail.show("3").events[-1].text == "requester bob@corp.test -> ana@corp.test"
    assert door.take(mail("More of three", sender=BOB, subject="Re: [#3] Three")).ticket_number == "3"


def test_what_names_who_was_merged_is_not_undone(door: Door, kim: Actor) -> None:
    people.set_collaborators(kim, ["1"], remove=["eve@elsewhere.test"])
    merge_contacts(kim, "eve@elsewhere.test", "bob@corp.test")
    with pytest.raises(Refused, match="changed since"):
        undo.undo_last(kim)
    people.set_requester(kim, ["3"], "ana@corp.test")
    merge_contacts(kim, "bob@corp.test", "ana@corp.test")
    with pytest.raises(Refused, match="changed since"):
        undo.undo_last(kim)
    assert detail.show("3").requester_email == "ana@corp.test"


def test_who_is_merged_into_the_requester_is_not_in_cc_too(door: Door, kim: Actor) -> None:
    merge_contacts(kim, "eve@elsewhere.test", "ana@corp.test")
    assert detail.show("1").collaborators == ()
    assert rows("SELECT COUNT(*) FROM contact WHERE email <> ''") == [(2,)]


def test_the_thread_names_their_other_tickets_open_ones_first(door: Door, kim: Actor) -> None:
    door.take(mail("Four", subject="Four"))
    changes.close(kim, ["4"])
    assert [(each.number, each.status) for each in detail.show("1").others] == [("2", "new"), ("4", "closed")]


def test_an_open_ticket_is_found_behind_hundreds_of_closed_ones(door: Door, kim: Actor) -> None:
    """Also by who reads one department, whose tickets are not among the newest."""
    sales = door.department("Sales")
    columns = ", ".join(name for name in columns_of(Ticket) if name not in ("id", "number"))
    numbers = " UNION ALL ".join(f"SELECT 'more-{place}' AS number" for place in range(300))
    write(
        f"INSERT INTO ticket (number, {columns}) SELECT more.number, {columns} FROM"
        f" (SELECT {columns} FROM ticket WHERE number = '2') one CROSS JOIN ({numbers}) more"
    )
    write("UPDATE ticket SET status = 'closed', department_id = ? WHERE number LIKE 'more-%'", sales)
    assert [each.number for each in detail.show("1").others][:1] == ["2"]
    lee = make_agent("lee", ["ticket.read"], department="Support")
    assert [each.number for each in detail.show("1", lee).others] == ["2"]


def test_what_makes_no_sense_is_refused(door: Door, kim: Actor) -> None:
    with pytest.raises(Refused, match="another contact's"):
        edit_contact(kim, "ana@corp.test", add=["bob@corp.test"])
    with pytest.raises(Refused, match="an address of this desk"):
        edit_contact(kim, "ana@corp.test", add=[SUPPORT])
    with pytest.raises(Refused, match="already"):
        merge_contacts(kim, "ana@corp.test", "ANA@corp.test")
    with pytest.raises(WrongUse):
        known("nobody")


def test_who_may_not_edit_all_of_somebodys_tickets_lets_nobody_into_them(door: Door, kim: Actor) -> None:
    door.department("Sales")
    changes.transfer(kim, ["2"], "Sales")
    lee = make_agent("lee", ["ticket.edit"], department="Support")
    with pytest.raises(NotAllowed):
        edit_contact(lee, "ana@corp.test", add=["ana@home.test"])
    with pytest.raises(NotAllowed):
        merge_contacts(lee, "ana@corp.test", "bob@corp.test")
    with pytest.raises(NotAllowed):
        merge_contacts(lee, "bob@corp.test", "ana@corp.test")
    assert edit_contact(lee, "ana@corp.test", phone="+49 30 1").phone == "+49 30 1"
    assert known("ana@corp.test").others == ()
