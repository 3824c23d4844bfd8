"""Which address a mail is from: the mailbox's, the department's, or another one that the account may use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import now
from desk import settings
from desk.documents import staff as documents
from desk.errors import WrongUse
from desk.home import Desk
from desk.intake import arrivals, pipeline
from desk.outbox import dispatch
from desk.permissions import Actor
from desk.replies import reply
from desk.staff import departments
from mail.mime.message import ParsedMail, parse
from models.mailboxes import Mailbox
from tests.support import mails
from tests.support.workbench import ADMIN, make_mailbox, make_ticket


def _leaving() -> tuple[str, ParsedMail]:
    """The one mail that is due: its envelope sender, and the mail as it leaves."""
    (mail,) = dispatch.claim("me", now() + timedelta(seconds=1), 5)
    return mail.envelope_from, parse(mail.message)


def _answer_through_the_default(desk: Desk, ana: Actor, *, spoof: bool) -> tuple[str, ParsedMail]:
    desk_mailbox = make_mailbox(desk, "support@desk.example", name="IT Support")
    relay = make_mailbox(desk, "relay@desk.example", sends=True)
    Mailbox.update(smtp_spoof=spoof).where(Mailbox.id == relay.id).execute()
    settings.set(ADMIN, "mail.default_outgoing", "relay@desk.example")
    reply.send_reply(desk, ana, make_ticket(mailbox=desk_mailbox).number, "Done.")
    return _leaving()


def test_an_account_sends_as_itself_and_answers_go_to_the_other_address(desk: Desk, ana: Actor) -> None:
    envelope, mail = _answer_through_the_default(desk, ana, spoof=False)
    assert (mail.sender.name, mail.sender.email) == ("IT Support", "relay@desk.example")
    assert [one.email for one in mail.reply_to] == ["support@desk.example"]
    assert envelope == "relay@desk.example"


def test_an_account_that_may_spoof_writes_the_other_address_as_from(desk: Desk, ana: Actor) -> None:
    envelope, mail = _answer_through_the_default(desk, ana, spoof=True)
    assert (mail.sender.name, mail.sender.email) == ("IT Support", "support@desk.example")
    assert mail.reply_to == []
    assert envelope == "relay@desk.example"


def test_spoofing_that_was_forbidden_meanwhile_holds_for_what_waits(desk: Desk, ana: Actor) -> None:
    desk_mailbox = make_mailbox(desk, "support@desk.example")
    relay = make_mailbox(desk, "relay@desk.example", sends=True)
    Mailbox.update(smtp_spoof=True).where(Mailbox.id == relay.id).execute()
    settings.set(ADMIN, "mail.default_outgoing", "relay@desk.example")
    reply.send_reply(desk, ana, make_ticket(mailbox=desk_mailbox).number, "Done.")
    Mailbox.update(smtp_spoof=False).where(Mailbox.id == relay.id).execute()
    _, mail = _leaving()
    assert mail.sender.email == "relay@desk.example"
    assert mail.header("Reply-To") == "support@desk.example"


def test_a_departments_answers_are_from_its_own_mailbox(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    make_mailbox(desk, "billing@desk.example", sends=True)
    line = departments.edit_department(ADMIN, "Support", outgoing="billing@desk.example")
    assert documents.department(line)["outgoing"] == "billing@desk.example"
    assert reply.reply_form(ana, ticket.number, False).sender == "billing@desk.example"
    reply.send_reply(desk, ana, ticket.number, "Done.")
    _, mail = _leaving()
    assert mail.sender.email == "billing@desk.example"
    assert mail.reply_to == [], "that mailbox is fetched too"


def test_answers_reach_the_ticket_where_the_departments_mailbox_only_sends(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    only_sends = make_mailbox(desk, "news@desk.example", sends=True)
    Mailbox.update(protocol="none").where(Mailbox.id == only_sends.id).execute()
    departments.edit_department(ADMIN, "Support", outgoing="news@desk.example")
    reply.send_reply(desk, ana, ticket.number, "Done.")
    _, mail = _leaving()
    assert [one.email for one in mail.reply_to] == ["support@desk.example"]


@pytest.mark.parametrize(
    ("outgoing", "autoresponse_from", "sender"),
    [
        (None, None, "support@desk.example"),
        ("billing@desk.example", None, "billing@desk.example"),
        ("billing@desk.example", "robot@desk.example", "robot@desk.example"),
        (None, "robot@desk.example", "robot@desk.example"),
    ],
)
def test_a_departments_acknowledgements_are_from_the_mailbox_that_it_names(
    desk: Desk, outgoing: str | None, autoresponse_from: str | None, sender: str
) -> None:
    mailbox = make_mailbox(desk, sends=True)
    for address in ("billing@desk.example", "robot@desk.example"):
        make_mailbox(desk, address, sends=True)
    departments.edit_department(ADMIN, "Support", outgoing=outgoing, autoresponse_from=autoresponse_from)
    Mailbox.update(created=now() - timedelta(days=1)).execute()
    raw = mails.mail(to="support@desk.example")
    pipeline.take(desk, [arrivals.Arrival(raw, "imap", mailbox.id, "INBOX", 1, 1, internaldate=now())])
    envelope, mail = _leaving()
    assert mail.sender.email == sender
    assert envelope == ""


def test_a_mailbox_that_is_no_mailbox_is_refused_and_a_removed_one_ignored(desk: Desk, ana: Actor) -> None:
    from desk.mailboxes import registry

    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    with pytest.raises(WrongUse):
        departments.edit_department(ADMIN, "Support", outgoing="nobody@desk.example")
    make_mailbox(desk, "billing@desk.example", sends=True)
    departments.edit_department(ADMIN, "Support", outgoing="billing@desk.example")
    registry.remove(ADMIN, "billing@desk.example")
    reply.send_reply(desk, ana, ticket.number, "Done.")
    assert _leaving()[1].sender.email == "support@desk.example"
    assert departments.edit_department(ADMIN, "Support", outgoing="").outgoing is None
