"""Whose ticket a mail becomes, and where its answers go, where From does not say it."""

from __future__ import annotations

import pytest

from desk.documents import tickets as documents
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import reply
from desk.tickets import detail
from desk.tickets.participants import answered_at
from models.settings import store
from models.tickets import Ticket
from tests.support.mails import ANA, EVE, SUPPORT, Door, mail, rows, value

SHOP = "Shop <noreply@shop.test>"
GROUP = {"List-ID": "<support.example.test>", "Precedence": "list"}
USERS = {"List-Id": "Users <users.lists.test>", "List-Post": "<mailto:users@lists.test>"}


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def requester(number: str = "1") -> str:
    return str(Ticket.get(Ticket.number == number).contact.email)


def answered(number: str = "1") -> list[str]:
    ticket = Ticket.get(Ticket.number == number)
    return [email for _, email in answered_at(ticket.id, ticket.contact_id)]


def by_group(person: str, address: str, **more: str) -> bytes:
    """A mail that a group with the desk's own address passed on, From rewritten."""
    headers = {**GROUP, "X-Original-From": f"{person} <{address}>", "Reply-To": address}
    return mail(sender=f"\"'{person}' via Support\" <{SUPPORT}>", headers=headers, **more)


def test_answers_and_acknowledgement_go_where_reply_to_says(door: Door, desk: Desk, ana: Actor) -> None:
    receipt = door.receipt(mail(sender=SHOP, headers={"Reply-To": "Carla <carla@client.test>"}))
    assert "answers go to carla@client.test, by Reply-To" in receipt.trace
    assert rows("SELECT address FROM recipient") == [("carla@client.test",)]
    assert requester() == "noreply@shop.test"
    assert reply.reply_form(ana, "1", to_all=True).to == [("Carla", "carla@client.test")]
    assert reply.send_reply(desk, ana, "1", "Hello").recipients == ("carla@client.test",)


def test_the_thread_shows_where_answers_go(door: Door) -> None:
    door.take(mail(sender=SHOP, headers={"Reply-To": "Carla <carla@client.test>"}))
    [message] = detail.show("1").messages
    assert message.reply_to == (("Carla", "carla@client.test"),)
    assert documents.message(message)["reply_to"] == ["carla@client.test"]


def test_who_is_answered_may_answer(door: Door, desk: Desk, ana: Actor) -> None:
    door.take(mail(sender=SHOP, headers={"Reply-To": "carla@client.test"}))
    sent = door.sent(1, "carla@client.test")
    assert door.take(mail(sender="carla@client.test", answers=sent)).ticket_number == "1"
    assert rows("SELECT unverified FROM message WHERE sender_email = 'carla@client.test'") == [(0,)]
    assert answered() == ["carla@client.test"]


def test_who_is_answered_and_joined_gets_one_copy(door: Door, desk: Desk, ana: Actor) -> None:
    door.take(mail(sender=SHOP, headers={"Reply-To": "carla@client.test"}, cc="boss@client.test"))
    sent = door.sent(1, "carla@client.test")
    door.take(mail(sender="Carla <carla@client.test>", answers=sent))
    form = reply.reply_form(ana, "1", to_all=True)
    assert [email for _, email in form.to] == ["carla@client.test"]
    assert [email for _, email in form.cc] == ["boss@client.test"]
    assert reply.send_reply(desk, ana, "1", "Hello").recipients == ("carla@client.test", "boss@client.test")


def test_the_newest_mail_of_the_requester_says_where_answers_go(door: Door) -> None:
    door.take(mail(headers={"Reply-To": "ana@home.test"}))
    assert answered() == ["ana@home.test"]
    sent = door.sent(1, "ana@home.test")
    door.take(mail(answers=sent))
    assert answered() == ["ana@corp.test"]


def test_two_customers_of_one_form_stay_apart(door: Door) -> None:
    door.take(mail(sender=SHOP, headers={"Reply-To": "carla@client.test"}))
    other = door.receipt(mail(sender=SHOP, headers={"Reply-To": "dan@client.test"}, subject="Re: [#1] order"))
    again = door.receipt(
        mail(sender=SHOP, headers={"Reply-To": "carla@client.test"}, subject="Re: [#1] order")
    )
    assert (other.verdict, other.ticket) == ("ticket", "2")
    assert any("dan@client.test takes no part" in line for line in other.trace)
    assert (again.verdict, again.ticket) == ("reply", "1")
    assert answered("1") == ["carla@client.test"]


def test_a_number_alone_lets_nobody_turn_the_answers_aside(door: Door) -> None:
    door.take(mail())
    door.take(mail(sender=ANA, headers={"Reply-To": "eve@elsewhere.test"}, subject="Re: [#1]"))
    assert answered("1") == ["ana@corp.test"]


def test_an_unverified_mail_turns_no_answers_aside(door: Door) -> None:
    door.take(mail())
    sent = door.sent(1, "ana@corp.test")
    door.take(mail(sender=EVE, answers=sent, headers={"Reply-To": "ana@corp.test"}))
    assert answered("1") == ["ana@corp.test"]


def test_a_form_of_the_desks_settings_writes_for_its_visitor(door: Door) -> None:
    store("mail.form_senders", "noreply@shop.test")
    receipt = door.receipt(mail(sender=SHOP, headers={"Reply-To": "Carla <carla@client.test>"}))
    assert requester() == "carla@client.test"
    assert any(line.endswith("carla@client.test wrote it, by Reply-To") for line in receipt.trace)
    by_number = door.receipt(
        mail(sender=SHOP, headers={"Reply-To": "carla@client.test"}, subject="[#1] more")
    )
    assert (by_number.verdict, by_number.ticket) == ("ticket", "2")


def test_the_desks_own_from_opens_no_ticket_by_its_number_without_a_group(door: Door) -> None:
    door.take(mail())
    forged = mail(
        sender=f"Form <{SUPPORT}>", headers={"Reply-To": "ana@corp.test"}, subject="Re: [#1] Printer"
    )
    receipt = door.receipt(forged)
    assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
    assert requester("2") == "ana@corp.test"


def test_nobody_is_not_called_by_the_name_of_another(door: Door) -> None:
    door.take(mail(sender="vic@client.test@evil.test"))
    door.take(mail(sender="eve@evil.test (unclosed"))
    assert [detail.show(number).requester for number in ("1", "2")] == ["", ""]
    names = rows("SELECT sender_name FROM message ORDER BY id")
    assert names == [("vic@client.test@evil.test",), ("eve@evil.test (unclosed",)]


class TestGroups:
    def test_the_person_behind_the_group_is_the_requester(self, door: Door, desk: Desk, ana: Actor) -> None:
        receipt = door.receipt(by_group("Ann Meyer", "ann@client.test"))
        assert requester() == "ann@client.test"
        assert any(line.endswith("ann@client.test wrote it, by X-Original-From") for line in receipt.trace)
        assert reply.send_reply(desk, ana, "1", "Hello").recipients == ("ann@client.test",)
        assert rows("SELECT name FROM contact WHERE email = 'ann@client.test'") == [("Ann Meyer",)]

    def test_two_strangers_behind_it_never_enter_each_others_tickets(self, door: Door) -> None:
        first = door.take(by_group("Ann", "ann@client.test", message_id="<first@group.test>"))
        by_number = door.receipt(by_group("Bob", "bob@client.test", subject="Re: [#1] Printer"))
        by_id = door.receipt(by_group("Bob", "bob@client.test", answers="<first@group.test>"))
        own = door.receipt(by_group("Ann", "ann@client.test", subject="Re: [#1] Printer"))
        assert first.ticket_number == "1"
        assert [each.verdict for each in (by_number, by_id, own)] == ["ticket", "ticket", "reply"]
        assert own.ticket == "1"

    def test_a_from_that_is_the_desk_and_names_nobody_else_is_never_answered(self, door: Door) -> None:
        receipt = door.receipt(mail(sender=f"Scanner <{SUPPORT}>"))
        assert receipt.verdict == "ticket"
        assert any(f"From is {SUPPORT}, an address of this desk" in line for line in receipt.trace)
        assert value("SELECT count(*) FROM recipient") == 0


class TestForeignLists:
    def test_the_person_behind_a_rewriting_list_is_the_requester(self, door: Door) -> None:
        door.take(
            mail(sender="Ann via Users <users@lists.test>", headers={**USERS, "Reply-To": "ann@client.test"})
        )
        assert requester() == "ann@client.test"
        assert answered() == ["ann@client.test"]

    def test_what_a_list_says_opens_no_ticket_by_its_number(self, door: Door) -> None:
        door.take(mail())
        forged = {**USERS, "X-Original-From": "ana@corp.test"}
        receipt = door.receipt(mail(sender="users@lists.test", headers=forged, subject="Re: [#1] Printer"))
        assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
        assert any("nothing proves that ana@corp.test wrote it" in line for line in receipt.trace)

    def test_anybodys_x_original_from_is_nothing(self, door: Door) -> None:
        door.take(mail())
        door.take(mail(sender=EVE, headers={"X-Original-From": "ana@corp.test"}, subject="Re: [#1] Printer"))
        assert requester("2") == "eve@elsewhere.test"
