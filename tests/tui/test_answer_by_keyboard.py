"""An answer typed in a real terminal reaches the customer; what the customer writes back joins the ticket."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.live_desk import Desk
from tests.support.program import Program
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix
from tests.tui.terminal import Terminal


def _mail(sender: str, to: str, subject: str, text: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes(policy=email.policy.SMTP)


def _answer_in(customer: MailUser, words: str, patience: float = 60) -> EmailMessage:
    """Wait for the mail with these words in the customer's mailbox."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        for raw in customer.messages():
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            body = mail.get_body(("plain",))
            if body is not None and words in body.get_content():
                assert isinstance(mail, EmailMessage)
                return mail
        time.sleep(0.2)
    raise AssertionError(f"no mail with {words!r} came to {customer.address}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_the_keys_to_the_customer_and_back(
    tmp_path: Path, mailusers: Callable[[], MailUser], postfix: Postfix
) -> None:
    support, customer = mailusers(), mailusers()
    desk = Desk(Program(tmp_path / "desk"))
    desk.ok("init", "--timezone", "Europe/Berlin")
    desk.add_mailbox(support, postfix)
    desk.ok("settings", "set", "mail.undo_seconds", "3")
    first = _mail(
        f"Ann Client <{customer.address}>", support.address, "Coffee machine is on fire", "Please help."
    )
    postfix.send(customer.address, [support.address], first)

    with Terminal(desk.home) as terminal:
        terminal.wait("Coffee machine is on fire", 60)
        terminal.press("r")
        terminal.wait("mail goes to 1 address")
        terminal.type("Pull the plug, please.")
        terminal.wait("Pull the plug, please.")
        terminal.press("ctrl+s")
        terminal.wait("nothing is sent before y")
        terminal.press("y")
        terminal.wait("u stops it")

        answer = _answer_in(customer, "Pull the plug, please.")
        assert re.search(r"\[#\d+\]", answer["Subject"])
        assert answer["Auto-Submitted"] is None
        assert answer["From"].addresses[0].addr_spec == support.address

        back = _mail(
            customer.address,
            support.address,
            f"Re: {answer['Subject']}",
            "It is out now, thank you!",
            In_Reply_To=answer["Message-ID"],
            References=f"{answer['References'] or ''} {answer['Message-ID']}".strip(),
        )
        postfix.send(customer.address, [support.address], back)
        postfix.wait_until_delivered()
        terminal.wait("[1]Tickets")
        terminal.press("ctrl+r", "enter")
        terminal.wait("It is out now, thank you!", 60)
        terminal.wait("/3")
        terminal.press("q")
        terminal.wait("[All open 1]")
        terminal.press("q")
        assert terminal.ended() == 0

    shown = desk.json("ticket", "list")
    assert [(ticket["subject"], ticket["message_count"]) for ticket in shown] == [
        ("Coffee machine is on fire", 3)
    ]
