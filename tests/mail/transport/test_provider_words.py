"""What Google and Microsoft are known to say, from scripted servers: the likely cure is named."""

from __future__ import annotations

import asyncio

import pytest

from config.secrets import Secret
from mail.errors import LoginRefused, LoginUnavailable, MailError, ProtocolError
from mail.imap.session import ImapSession
from mail.smtp.session import SmtpSession
from tests.support.accounts import incoming, outgoing
from tests.support.rows import every_row
from tests.support.servers.faults import FaultyImap, FaultySmtp, reply


def imap_login(answer: str, step: str = "LOGIN") -> MailError:
    with FaultyImap([], {step: reply(answer)}) as server:
        with pytest.raises(MailError) as caught, ImapSession(incoming(server.port)) as session:
            session.select()
        return caught.value


def smtp_login(answer: str) -> MailError:
    async def attempt(port: int) -> None:
        account = outgoing(port, auth="basic", user="ann@example.test", password=Secret("our-pass"))
        async with SmtpSession(account):
            pass

    with FaultySmtp({"AUTH": reply(answer)}) as server:
        with pytest.raises(MailError) as caught:
            asyncio.run(attempt(server.port))
        return caught.value


@every_row(
    ("answer", "cured_by"),
    [
        (
            "NO [ALERT] Application-specific password required: "
            "https://support.google.com/accounts/answer/185833 (Failure)",
            "app password",
        ),
        (
            "NO [ALERT] Please log in via your web browser: "
            "https://support.google.com/mail/accounts/answer/78754 (Failure)",
            "browser",
        ),
        (
            "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page",
            "IMAP",
        ),
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "app password"),
        ("NO LOGIN failed.", "OAuth2"),
    ],
)
def test_a_refused_imap_login_names_the_likely_cure(answer: str, cured_by: str) -> None:
    error = imap_login(answer)
    assert isinstance(error, LoginRefused)
    assert cured_by in error.hint
    assert answer.partition(" ")[2] in error.server_words


def test_too_many_connections_are_for_later() -> None:
    error = imap_login("NO [ALERT] Too many simultaneous connections. (Failure)")
    assert isinstance(error, LoginUnavailable)
    assert "sessions" in error.hint


def test_microsofts_words_after_a_login_that_was_none() -> None:
    error = imap_login("BAD User is authenticated but not connected.", step="SELECT")
    assert isinstance(error, ProtocolError)
    assert "login user" in error.hint


@every_row(
    ("answer", "cured_by"),
    [
        (
            "534 5.7.9 Application-specific password required. For more information, go to https://x",
            "app password",
        ),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [X.PROD]", "OAuth2"),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "admin",
        ),
        ("535 5.7.139 Authentication unsuccessful, the request did not meet the criteria", "policy"),
        ("550 5.7.30 Basic authentication is not supported for Client Submission.", "OAuth2"),
        ("535 5.7.8 Username and Password not accepted.", "app password"),
    ],
)
def test_a_refused_smtp_login_names_the_likely_cure(answer: str, cured_by: str) -> None:
    error = smtp_login(answer)
    assert isinstance(error, LoginRefused)
    assert cured_by in error.hint


def test_a_server_that_is_slow_to_believe_is_asked_later() -> None:
    error = smtp_login("454 4.7.0 Too many login attempts, please try again later.")
    assert isinstance(error, LoginUnavailable)
