"""An agent hears of a ticket by mail and answers from there, through real servers."""

from __future__ import annotations

import email
import email.policy
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage

import pytest

from tests.support.http_listener import listening
from tests.support.live_desk import Desk
from tests.support.running import worker
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix

pytestmark = pytest.mark.timeout(300)


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
        wait_until(lambda: bool(inbox(agent)), "the agent hears nothing", 150)
        [told] = inbox(agent)
        assert told["Subject"] == "[#1] Printer"
        assert "It burns." in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        answer = _mail(
            agent.address, told["Reply-To"].addresses[0].addr_spec, "Re: [#1] Printer", "#close\nOff and on."
        )
        postfix.send(agent.address, [told["Reply-To"].addresses[0].addr_spec], answer)
        postfix.wait_until_delivered(60)
        desk.ok("mailbox", "fetch", support.address)
        wait_until(lambda: bool(inbox(customer)), "the customer hears nothing", 150)
    [heard] = inbox(customer)
    text = heard.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Off and on." in text
    assert "#close" not in text
    assert "+r1." not in heard.as_string()
    assert desk.json("ticket", "show", "1")["status"] == "closed"
    [notice] = desk.json("notification", "list", "--ticket", "1")
    assert notice["kind"] == "new_ticket"
    assert notice["trace"][0].startswith("kim: mailed as department")


def test_programs_and_webhooks_hear_of_a_ticket_within_seconds(desk: Desk) -> None:
    hooks = desk.home / "hooks"
    hooks.mkdir()
    (hooks / "created").write_text("#!/bin/sh\ncat > ../heard\n")
    (hooks / "created").chmod(0o755)
    desk.ok("settings", "set", "webhooks.private", "on")
    with listening() as server, worker(desk):
        desk.ok("webhook", "add", "Chat", server.url(), "--event", "created")
        body = desk.home / "body.md"
        body.write_text("It burns.")
        wait_until(lambda: _knows_hooks(desk), "the folder of hooks is not seen", 150)
        desk.ok(
            "ticket", "new", "--requester", "ana@corp.example", "--subject", "Lamp", "--body-file", str(body)
        )
        wait_until(lambda: bool(server.told), "the webhook hears nothing", 150)
        wait_until((desk.home / "heard").exists, "the hook hears nothing", 150)
    assert json.loads(server.told[0].body)["ticket"]["subject"] == "Lamp"
    [call] = desk.json("webhook", "log", "Chat")
    assert (call["state"], call["event"]) == ("made", "created")


def _knows_hooks(desk: Desk) -> bool:
    with closing(sqlite3.connect(f"file:{desk.home}/data/desk.sqlite3?mode=ro", uri=True)) as opened:
        return bool(opened.execute("SELECT 1 FROM listener WHERE kind = 'hooks'").fetchone())


def _mail(sender: str, to: str, subject: str, text: str) -> bytes:
    return (
        f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{abs(hash((sender, subject)))}@client.test>\r\n\r\n{text}\r\n"
    ).encode()
