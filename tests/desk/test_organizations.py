"""People of one organization take part in one another's tickets, where it shares them."""

from __future__ import annotations

import pytest

from desk.contacts import edit_contact
from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.organizations import (
    add_organization,
    edit_organization,
    named,
    organizations,
    remove_organization,
)
from desk.tickets import lists, query
from mail.compose.signed_tag import SignedTag, tagged
from tests.support.mails import BOB, EVE, SUPPORT, Door, mail, rows, value
from tests.support.workbench import ADMIN

ANAS = "<ana@corp.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    """A ticket of Ana's, and nobody in Cc."""
    door = Door(desk)
    door.take(mail("One", subject="One", message_id=ANAS))
    return door


def test_a_colleague_may_answer_and_a_stranger_may_not(door: Door) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"])
    outcome = door.take(mail("I, too", sender=BOB, answers=ANAS))
    assert outcome.ticket_number == "1"
    assert "Corp shares its tickets" in value("SELECT trace FROM receipt ORDER BY id DESC LIMIT 1")
    assert door.take(mail("I, too", sender=EVE, answers=ANAS)).ticket_number == "2"


@pytest.mark.parametrize(
    "sender",
    [
        "Bob <bob@sub.corp.test>",
        "Bob <bob@corp.test.elsewhere.test>",
        "Bob <corp.test@elsewhere.test>",
        '"bob@corp.test" <bob@elsewhere.test>',
    ],
)
def test_what_only_looks_like_the_domain_is_not_of_it(door: Door, sender: str) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"])
    assert door.take(mail("I, too", sender=sender, answers=ANAS)).ticket_number == "2"


def test_where_nothing_is_shared_a_colleague_begins_a_ticket(door: Door) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"], shares=False)
    assert door.take(mail("I, too", sender=BOB, answers=ANAS)).ticket_number == "2"


def test_a_number_alone_lets_no_colleague_in(door: Door) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"])
    assert door.take(mail("I, too", sender=BOB, subject="Re: [#1] One")).ticket_number == "2"


@pytest.mark.parametrize("way", ["In-Reply-To of the desk's answer", "the signed address"])
def test_a_colleague_may_answer_what_the_desk_sent(door: Door, desk: Desk, way: str) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"])
    sent = door.sent(1, "ana@corp.test")
    signed = tagged(SUPPORT, SignedTag("answer", 1), desk.message_secret)

    def answer(sender: str) -> bytes:
        return (
            mail("I, too", sender=sender, answers=sent) if "answer" in way else mail(sender=sender, to=signed)
        )

    receipt = door.receipt(answer(BOB))
    assert (receipt.verdict, receipt.ticket) == ("reply", "1")
    assert value("SELECT unverified FROM message ORDER BY id DESC LIMIT 1") == 0
    stranger = door.take(answer(EVE))
    assert stranger.ticket_number == "2" or value("SELECT unverified FROM message ORDER BY id DESC LIMIT 1")


def test_the_mail_of_a_colleague_waits_for_what_it_answers(desk: Desk) -> None:
    door = Door(desk)
    add_organization(ADMIN, "Corp", ["corp.test"])
    door.take(mail("I, too", sender=BOB, answers=ANAS))
    assert door.take(mail("One", subject="One", message_id=ANAS)).ticket_number == "1"
    assert value("SELECT email FROM contact c JOIN ticket t ON t.contact_id = c.id WHERE t.id = 1") == (
        "ana@corp.test"
    )


def test_whose_organization_it_is_goes_with_the_mail_that_began_it(desk: Desk) -> None:
    """Carl answers Bob, whose mail turns out to answer Eve: it is no ticket of their organization."""
    door = Door(desk)
    add_organization(ADMIN, "Corp", ["corp.test"])
    door.take(mail("Bob's", sender=BOB, answers="<eves@x.test>", message_id="<bobs@x.test>"))
    assert door.take(mail("Carl's", sender="carl@corp.test", answers="<bobs@x.test>")).ticket_number == "1"
    door.take(mail("Eve's", sender=EVE, cc=BOB, message_id="<eves@x.test>"))
    assert door.take(mail("Bob's", sender=BOB, answers="<eves@x.test>")).ticket_number == "2"
    requesters = "SELECT t.number, c.email FROM ticket t JOIN contact c ON c.id = t.contact_id ORDER BY t.id"
    assert rows(requesters) == [("1", "carl@corp.test"), ("2", "eve@elsewhere.test")]
    assert door.take(mail("Dora's", sender="dora@corp.test", answers="<bobs@x.test>")).ticket_number == "3"


def test_somebody_may_belong_to_it_from_another_domain(door: Door) -> None:
    add_organization(ADMIN, "Corp", ["corp.test"])
    door.take(mail("Hello", sender=EVE))
    edit_contact(ADMIN, "eve@elsewhere.test", organization="Corp")
    assert door.take(mail("I, too", sender=EVE, answers=ANAS)).ticket_number == "1"
    edit_contact(ADMIN, "eve@elsewhere.test", organization="")
    assert door.take(mail("And again", sender=EVE, answers=ANAS)).ticket_number == "1", "she wrote there"
    assert found("org:Corp") == ["1"]


def test_its_tickets_are_found(door: Door) -> None:
    add_organization(ADMIN, "Corp Ltd", ["corp.test"])
    door.take(mail("Another matter", sender=EVE))
    assert found('org:"corp ltd"') == ["1"]
    assert found('-org:"Corp Ltd"') == ["2"]
    assert found('org:"Corp Ltd" OR from:eve') == ["1", "2"]


def found(text: str) -> list[str]:
    wanted = lists.ListQuery("open", query.parse(text, ADMIN), "created", ADMIN)
    return sorted(line.number for line in lists.page(wanted))


class TestKeeping:
    def test_it_is_changed_and_removed(self, desk: Desk) -> None:
        add_organization(ADMIN, "Corp", ["corp.test", "@Corp.Example"])
        edit_organization(
            ADMIN,
            "corp",
            new_name="Corp Ltd",
            add=["xn--mnchen-3ya.example"],
            remove=["corp.test"],
            shares=False,
        )
        line = named("Corp Ltd")
        assert set(line.domains) == {"corp.example", "münchen.example"}
        assert not line.shares
        remove_organization(ADMIN, "Corp Ltd")
        assert organizations() == []

    def test_what_makes_no_sense_is_refused(self, desk: Desk) -> None:
        add_organization(ADMIN, "Corp", ["corp.test"])
        for domains, match in (
            (["gmail.com"], "gives addresses to anybody"),
            (["corp.test"], "is of Corp"),
        ):
            with pytest.raises(Refused, match=match):
                add_organization(ADMIN, "Other", domains)
        with pytest.raises(Refused, match="already"):
            add_organization(ADMIN, "CORP")
        with pytest.raises(WrongUse, match="is no domain"):
            add_organization(ADMIN, "Other", ["not a domain"])
        with pytest.raises(NotFound, match="no organization 'Crop'"):
            named("Crop")
        assert [each.name for each in organizations()] == ["Corp"]
