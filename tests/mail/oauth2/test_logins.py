"""Logins with a token at a real Dovecot (IMAP, POP3) and a real Postfix (SMTP)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from mail.errors import LoginRefused, LoginUnavailable
from mail.transport import sasl
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.faults import FaultySmtp, reply
from tests.support.servers.jwt import make_jwt
from tests.support.servers.pki import Pki
from tests.support.servers.postfix import Postfix
from tests.support.tokens import PROTOCOLS, Doors, Protocol, Tokens


@pytest.fixture
def doors(dovecot: Dovecot, postfix: Postfix, pki: Pki) -> Doors:
    return Doors(dovecot, postfix, pki)


@pytest.fixture(params=["XOAUTH2", "OAUTHBEARER"])
def mechanism(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The mechanism that is used, whatever else is offered."""
    monkeypatch.setattr(sasl, "_PREFERRED", (request.param,))
    return str(request.param)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_signed_token_logs_in(doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str) -> None:
    doors.log_in(protocol, mailuser.address, Tokens([make_jwt(mailuser.address)]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_token_of_two_kilobytes_logs_in(
    doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str
) -> None:
    doors.log_in(protocol, mailuser.address, Tokens([make_jwt(mailuser.address, padding=2500)]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_expired_token_is_renewed_in_the_same_session(
    doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str, oauth_server: object
) -> None:
    expired = make_jwt(mailuser.address, valid_for=-60)
    tokens = Tokens([expired, make_jwt(mailuser.address)])
    doors.log_in(protocol, mailuser.address, tokens)
    assert tokens.renewals == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["expired", "another user's", "forged", "nonsense"])
def test_a_bad_token_is_refused_and_never_shown(
    doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str, kind: str, oauth_server: object
) -> None:
    make: dict[str, Callable[[], str]] = {
        "expired": lambda: make_jwt(mailuser.address, valid_for=-60),
        "another user's": lambda: make_jwt("user1@example.test"),
        "forged": lambda: make_jwt(mailuser.address, secret=b"guessed"),
        "nonsense": lambda: "nonsense-token",
    }
    token = make[kind]()
    with pytest.raises(LoginRefused) as caught:
        doors.log_in(protocol, mailuser.address, Tokens([token]))
    assert token not in f"{caught.value} {caught.value.hint}"
    assert caught.value.server_words


@pytest.mark.parametrize("protocol", ["imap", "pop3"])  # Postfix says 535 whatever Dovecot's reason is
def test_when_the_token_cannot_be_checked_it_is_tried_later(
    doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str, oauth_server: Any
) -> None:
    tokens = Tokens(["opaque-token", "another-one"])
    with _halted(oauth_server), pytest.raises(LoginUnavailable):
        doors.log_in(protocol, mailuser.address, tokens)
    assert tokens.renewals == 0


def test_at_smtp_a_temporary_failure_is_tried_later(doors: Doors) -> None:
    words = "454 4.7.0 Temporary authentication failure"
    with FaultySmtp({"AUTH": reply(words)}, extensions=["AUTH XOAUTH2"]) as server:
        tokens = Tokens(["first-token", "second-token"])
        with pytest.raises(LoginUnavailable, match="Temporary"):
            doors.log_in("smtp", "ann@example.test", tokens, port=server.port, security="none")
        assert tokens.renewals == 0


def test_at_smtp_the_reason_in_the_challenge_is_kept(doors: Doors) -> None:
    challenge = "334 eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6Im1haWwifQ=="
    with FaultySmtp({"AUTH": reply(challenge)}, extensions=["AUTH XOAUTH2"]) as server:
        with pytest.raises(LoginRefused, match="status 401, scope mail"):
            doors.log_in(
                "smtp", "ann@example.test", Tokens(["first-token"]), port=server.port, security="none"
            )
        assert "" in server.commands


@contextlib.contextmanager
def _halted(server: Any) -> Any:
    server.halt()
    try:
        yield
    finally:
        server.restart()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_after_starttls_too(doors: Doors, mailuser: MailUser, protocol: Protocol, mechanism: str) -> None:
    ports = {
        "imap": doors.dovecot.imap_port,
        "pop3": doors.dovecot.pop3_port,
        "smtp": doors.postfix.submission_port,
    }
    tokens = Tokens([make_jwt(mailuser.address)])
    doors.log_in(protocol, mailuser.address, tokens, security="starttls", port=ports[protocol])
