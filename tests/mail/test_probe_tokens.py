"""Test connection for POP3 and for OAuth2 logins."""

from __future__ import annotations

from typing import Any

import pytest

from config.secrets import Secret
from mail.errors import TokenRefused
from mail.probe import check_incoming, check_outgoing
from tests.support.accounts import incoming, mail, outgoing
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.faults import FaultyPop3, reply
from tests.support.servers.jwt import make_jwt
from tests.support.servers.pki import EXPIRED, Pki
from tests.support.servers.postfix import Postfix
from tests.support.tokens import Tokens


@pytest.fixture
def about(mailuser: MailUser, pki: Pki) -> dict[str, Any]:
    return {
        "security": "tls",
        "user": mailuser.address,
        "password": Secret(mailuser.password),
        "ca_file": pki.ca_file,
        "timeout": 20.0,
    }


def test_every_step_to_a_pop3_mailbox_is_told(
    dovecot: Dovecot, mailuser: MailUser, about: dict[str, Any]
) -> None:
    mailuser.load([mail(1), mail(2)])
    steps = list(check_incoming(incoming(dovecot.pop3s_port, protocol="pop3", **about)))
    assert [(step.name, step.ok) for step in steps] == [
        (name, True) for name in ("resolve", "connect", "tls", "capabilities", "login", "folder")
    ]
    assert "2 mails" in steps[-1].detail
    assert len(mailuser.messages()) == 2


def test_a_pop3_server_without_ids_is_found_out() -> None:
    with FaultyPop3([mail(1)], {"UIDL": reply("-ERR what")}) as server:
        *_, last = check_incoming(incoming(server.port, protocol="pop3"))
    assert (last.name, last.ok) == ("folder", False)
    assert "IMAP" in last.cure


def test_a_bad_certificate_at_pop3_ends_the_test_there(dovecot: Dovecot, about: dict[str, Any]) -> None:
    *_, last = check_incoming(incoming(dovecot.pop3s_port, protocol="pop3", host=EXPIRED, **about))
    assert (last.name, last.ok) == ("tls", False)
    assert "expired" in last.detail


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_the_token_is_a_step_of_its_own(
    dovecot: Dovecot, mailuser: MailUser, about: dict[str, Any], protocol: str
) -> None:
    port = dovecot.imaps_port if protocol == "imap" else dovecot.pop3s_port
    tokens = Tokens([make_jwt(mailuser.address)])
    steps = list(check_incoming(incoming(port, protocol=protocol, auth="oauth2", token=tokens, **about)))
    assert [step.name for step in steps] == [
        "resolve",
        "connect",
        "tls",
        "capabilities",
        "token",
        "login",
        "folder",
    ]
    assert all(step.ok for step in steps)


def test_a_dead_login_is_told_before_the_mail_server_is_asked(
    postfix: Postfix, about: dict[str, Any]
) -> None:
    def dead(*, renew: bool = False) -> Secret:
        raise TokenRefused("login.example.test refuses the login", server_words="invalid_grant")

    account = outgoing(postfix.smtps_port, auth="oauth2", token=dead, **about)
    *_, last = check_outgoing(account)
    assert (last.name, last.ok, last.words) == ("token", False, "invalid_grant")
    assert "mailbox login" in last.cure


def test_without_a_token_the_way_to_one_is_told(dovecot: Dovecot, about: dict[str, Any]) -> None:
    *_, last = check_incoming(incoming(dovecot.imaps_port, auth="oauth2", **about))
    assert (last.name, last.ok) == ("token", False)
    assert "mailbox login" in last.cure
