"""From of an agent's mail names the mailbox, the agent, or both, as the desk or they themselves say."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from desk import settings
from desk.errors import WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import forward, new_ticket, reply
from desk.staff import agents, preferences
from desk.tickets import detail
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket
from tui.screens.compose import compositions

WAYS = [
    ("mailbox", "both", "Support <support@desk.example>"),
    ("agent", "mailbox", "Ana <support@desk.example>"),
    ("both", "mailbox", "Ana at Support <support@desk.example>"),
    ("chosen", "mailbox", "Support <support@desk.example>"),
    ("chosen", "agent", "Ana <support@desk.example>"),
    ("chosen", "both", "Ana at Support <support@desk.example>"),
]


@pytest.fixture
def ana(desk: Desk) -> Actor:
    """An agent."""
    return make_agent("ana")


@pytest.fixture
def number(desk: Desk) -> str:
    """A ticket of a mailbox that sends."""
    return str(make_ticket(mailbox=make_mailbox(desk, sends=True, name="Support")).number)


def sent_from(message: int) -> str:
    return str(message_from_bytes(detail.raw_message(message), policy=policy.default)["From"])


@pytest.mark.parametrize(("desks", "own", "named"), WAYS)
def test_answers_first_mails_and_what_is_forwarded_are_named_alike_and_as_the_editor_said(
    desk: Desk, ana: Actor, number: str, desks: str, own: str, named: str
) -> None:
    settings.set(ana, "mail.from_name", desks)
    preferences.set_from_name(ana, own)
    assert compositions.for_reply(desk, ana, number, to_all=False).sender == named
    assert compositions.for_forward(desk, ana, number).sender == named
    assert compositions.for_new_ticket(desk, ana).sender == named
    sent = reply.send_reply(desk, ana, number, "Try again.")
    assert sent_from(sent.message) == named
    passed_on = forward.forward(
        desk, ana, number, "See below.", to=["vera@vendor.example"], subject="Fwd: Printer"
    )
    assert sent_from(passed_on.message) == named
    made = new_ticket.new_ticket(
        desk, ana, mailbox=None, requester="tom@corp.example", subject="Hello", body="Hi", send=True
    )
    assert sent_from(made.message) == named


def test_a_machine_and_the_desks_owner_have_no_name_of_their_own(desk: Desk, ana: Actor, number: str) -> None:
    settings.set(ana, "mail.from_name", "both")
    sent = reply.send_reply(desk, ADMIN, number, "Done.")
    assert sent_from(sent.message) == "Support <support@desk.example>"


def test_a_mailbox_without_a_name_and_a_name_that_steers(desk: Desk, ana: Actor) -> None:
    settings.set(ana, "mail.from_name", "both")
    bare = make_ticket(mailbox=make_mailbox(desk, "it@desk.example", sends=True))
    hostile = ana._replace(name='Ana <a@b.example>, "\r\nBcc: x@y.example')
    sent = reply.send_reply(desk, hostile, bare.number, "Try again.")
    mail = message_from_bytes(detail.raw_message(sent.message), policy=policy.default)
    assert [each.addr_spec for each in mail["From"].addresses] == ["it@desk.example"]
    assert mail["Bcc"] is None


def test_an_admin_says_it_for_an_agent(desk: Desk, ana: Actor) -> None:
    agents.edit_agent(ADMIN, "ana", from_name="agent")
    assert preferences.from_name(ana) == "agent"
    agents.edit_agent(ADMIN, "ana", name="Ana P.")
    assert preferences.from_name(ana) == "agent"
    with pytest.raises(WrongUse, match="From"):
        agents.edit_agent(ADMIN, "ana", from_name="nobody")
