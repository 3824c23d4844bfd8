"""Sending through a real Postfix into a real Dovecot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.secrets import Secret
from mail.account import OutgoingAccount
from mail.compose.outgoing import OutgoingMail, build
from mail.errors import LoginRefused, TlsFailed
from mail.mime.address import Address
from mail.mime.message import parse
from mail.smtp.session import SmtpSession
from tests.support.accounts import at_postfix, outgoing
from tests.support.servers.dovecot import MailUser
from tests.support.servers.pki import UNKNOWN_CA
from tests.support.servers.postfix import Postfix


@pytest.fixture
def account(postfix: Postfix, mailuser: MailUser) -> OutgoingAccount:
    return at_postfix(postfix, mailuser)


def message(to: str) -> bytes:
    return build(
        OutgoingMail(
            message_id="<nd.a.1.b@example.test>",
            sender=Address("Unterstützung", "support@example.test"),
            to=[Address("", to)],
            subject="Grüße [#1]",
            text_markdown="Hello **there**\n.\nend",
            date=datetime(2026, 1, 5, 8, tzinfo=UTC),
            attachments=[("Übersicht.bin", "application/octet-stream", bytes(range(256)))],
        )
    )


async def test_an_answer_arrives_as_it_was_built(
    account: OutgoingAccount, postfix: Postfix, mailuser: MailUser
) -> None:
    for chosen in (account, replace(account, port=postfix.smtps_port, security="tls")):
        async with SmtpSession(chosen) as session:
            outcome = await session.send(
                "support@example.test", [mailuser.address], message(mailuser.address)
            )
        assert [each.state for each in outcome.recipients.values()] == ["sent"], outcome
    for raw in mailuser.wait_for(2):
        read = parse(raw)
        assert (read.subject, read.sender.name) == ("Grüße [#1]", "Unterstützung")
        assert read.text == "Hello **there**\n.\nend"
        assert read.part_bytes(read.attachments[0].part) == bytes(range(256))


async def test_refused_and_greylisted_recipients_among_good_ones(
    postfix: Postfix, mailuser: MailUser
) -> None:
    recipients = [mailuser.address, "refused@example.test", "greylisted@example.test"]
    async with SmtpSession(outgoing(postfix.smtp_port, timeout=20.0)) as session:
        outcome = await session.send("", recipients, message(mailuser.address))
    assert [one.state for one in outcome.recipients.values()] == ["sent", "failed", "deferred"]
    assert outcome.recipients["refused@example.test"].code == 550
    assert outcome.recipients["greylisted@example.test"].code == 451
    assert len(mailuser.wait_for(1)) == 1


async def test_a_wrong_password_is_refused(account: OutgoingAccount) -> None:
    with pytest.raises(LoginRefused) as caught:
        async with SmtpSession(replace(account, password=Secret("wrong-one"))):
            pass
    assert "wrong-one" not in str(caught.value)


async def test_a_certificate_of_an_unknown_authority_is_refused(account: OutgoingAccount) -> None:
    with pytest.raises(TlsFailed):
        async with SmtpSession(replace(account, host=UNKNOWN_CA)):
            pass
