"""Canned answers are kept in folders, found, filled with the facts of a ticket, and refused when broken."""

from __future__ import annotations

import pytest

from desk import canned_answers
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.canned import answer_text
from desk.tickets import detail
from models.departments import Department
from tests.support.mails import Door, mail
from tests.support.workbench import make_agent


@pytest.fixture
def kim(desk: Desk) -> Actor:
    Door(desk).take(mail("It burns.", subject="Printer"))
    return make_agent("kim")


def names(search: str = "", department: str | None = None) -> list[str]:
    return [each.name for each in canned_answers.canned_answers(search, department)]


def test_they_are_kept_in_folders_for_a_department_or_all(kim: Actor) -> None:
    Department.create(name="IT")
    canned_answers.add(kim, "VPN profile", "Take the profile.", folder="/Network//VPN/", department="it")
    canned_answers.add(kim, "Bye", "Goodbye, VPN friend.")
    assert [(each.name, each.folder, each.department) for each in canned_answers.canned_answers()] == [
        ("Bye", "", None),
        ("VPN profile", "Network/VPN", "IT"),
    ]
    assert names(department="Support") == ["Bye"]
    assert names(department="IT") == ["Bye", "VPN profile"]
    assert names("vpn") == ["VPN profile", "Bye"], "names before texts"
    assert names("network prof") == ["VPN profile"]
    assert names("nothing") == []
    canned_answers.edit(kim, "vpn PROFILE", new_name="VPN", department="", folder="Net")
    assert (canned_answers.show("VPN").folder, canned_answers.show("VPN").department) == ("Net", None)
    canned_answers.remove(kim, "VPN")
    assert names() == ["Bye"]


def test_it_is_filled_with_the_facts_of_a_ticket(kim: Actor) -> None:
    text = "Hi {{ requester.name }}, #{{ ticket.number }} {{ ticket.subject }} ({{ message.text|trim }})."
    text += " {{ agent.name }}"
    canned_answers.add(kim, "All", text)
    filled = canned_answers.fill("All", kim, detail.show("1"))
    assert filled.text == "Hi Ana, #1 Printer (It burns.). Kim\n"


def test_what_is_wrong_is_refused(kim: Actor) -> None:
    canned_answers.add(kim, "One", "One.")
    with pytest.raises(Refused, match="already"):
        canned_answers.add(kim, "ONE", "Two.")
    canned_answers.add(kim, "Two", "Two.")
    with pytest.raises(Refused, match="already"):
        canned_answers.edit(kim, "Two", new_name="one")
    with pytest.raises(Refused, match=r"there is no 'ticket\.nothing'"):
        canned_answers.add(kim, "Bad", "{{ ticket.nothing }}")
    with pytest.raises(Refused, match="line 2"):
        canned_answers.edit(kim, "One", body="x\n{% if %}")
    with pytest.raises(WrongUse, match="empty"):
        canned_answers.add(kim, "Empty", " \n")
    with pytest.raises(WrongUse, match="there is no department"):
        canned_answers.add(kim, "Where", "x", department="Moon")
    with pytest.raises(NotFound):
        canned_answers.show("Three")
    with pytest.raises(NotAllowed):
        canned_answers.add(make_agent("guest", []), "Mine", "x")
    assert canned_answers.show("One").body == "One.\n"


def test_an_answer_without_an_editor_leaves_no_place_open(kim: Actor) -> None:
    canned_answers.add(kim, "Serial", 'Tell us {{ cursor("serial") }} please.')
    canned_answers.add(kim, "Two", "{{ cursor('a') }} and {{ cursor('b') }}")
    canned_answers.add(kim, "Plain", "Done.")
    with pytest.raises(Refused, match="leaves a place for 'serial'"):
        answer_text(kim, "1", "Serial", "")
    assert answer_text(kim, "1", "Serial", "the number\n") == "Tell us the number please.\n"
    assert answer_text(kim, "1", "Plain", "") == "Done.\n"
    assert answer_text(kim, "1", "Plain", "Bye.\n") == "Done.\n\nBye.\n"
    with pytest.raises(Refused, match="'b'"):
        answer_text(kim, "1", "Two", "x")
