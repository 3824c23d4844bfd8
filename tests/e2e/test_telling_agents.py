"""An agent hears of a ticket by mail and answers from there, through real servers."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.support.live_desk import Desk
from tests.support.running import worker
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix

pytestmark = pytest.mark.timeout(180)


def inbox(user: MailUser) -> list[EmailMessage]:
    """The mails of an account, oldest first."""
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in user.messages()]


def test_a_new_ticket_is_told_within_seconds_and_answered_by_mail(
    desk: Desk, mailusers: Callable[[], MailUser], postfix: Postfix
) -> None:
    support, agent, customer = mailusers(), mailusers(), mailusers()
    desk.add_mailbox(support, postfix, "--schedule", "every 1 minute", "--no-autoresponse")
    desk.ok("agent", "add", "kim", "--name", "Kim", "--email", agent.address, "--department", "Support")
    desk.ok("settings", "set", "mail.signed_addresses", "on")
    desk.ok("settings", "set", "mail.undo_seconds", "0")
    with worker(desk):
        support.deliver(_mail(customer.address, support.address, "Printer", "It burns."))
        desk.ok("mailbox", "fetch", support.address)
        wait_until(lambda: bool(inbox(agent)), "the agent hears nothing", 60)
        [told] = inbox(agent)
        assert told["Subject"] == "[#1] Printer"
        assert "It burns." in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        answer = _mail(
            agent.address, told["Reply-To"].addresses[0].addr_spec, "Re: [#1] Printer", "#close\nOff and on."
        )
        postfix.send(agent.address, [told["Reply-To"].addresses[0].addr_spec], answer)
        postfix.wait_until_delivered(60)
        desk.ok("mailbox", "fetch", support.address)
        wait_until(lambda: bool(inbox(customer)), "the customer hears nothing", 60)
    [heard] = inbox(customer)
    text = heard.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Off and on." in text
    assert "#close" not in text
    assert "+r1." not in heard.as_string()
    assert desk.json("ticket", "show", "1")["status"] == "closed"
    [notice] = desk.json("notification", "list", "--ticket", "1")
    assert notice["kind"] == "new_ticket"
    assert notice["trace"][0].startswith("kim: mailed as department")


def _mail(sender: str, to: str, subject: str, text: str) -> bytes:
    return (
        f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{abs(hash((sender, subject)))}@client.test>\r\n\r\n{text}\r\n"
    ).encode()
