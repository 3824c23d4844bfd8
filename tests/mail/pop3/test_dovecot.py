"""POP3 against a real Dovecot."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config.secrets import Secret
from mail.account import IncomingAccount
from mail.errors import LoginRefused, ProtocolError, TlsFailed
from mail.pop3.session import Pop3Session
from tests.support.accounts import incoming, mail
from tests.support.servers.dovecot import Dovecot, MailUser, as_served
from tests.support.servers.pki import ABROAD, EXPIRED, UNKNOWN_CA, WRONG_NAME, Pki

Account = Callable[..., IncomingAccount]


@pytest.fixture
def account(mailuser: MailUser, dovecot: Dovecot, pki: Pki) -> Account:
    def make(security: str = "tls", **changes: Any) -> IncomingAccount:
        chosen: dict[str, Any] = {
            "port": dovecot.pop3s_port if security == "tls" else dovecot.pop3_port,
            "security": security,
            "protocol": "pop3",
            "user": mailuser.address,
            "password": Secret(mailuser.password),
            "ca_file": pki.ca_file,
            "timeout": 20.0,
        }
        return incoming(**(chosen | changes))

    return make


@pytest.mark.parametrize(
    ("security", "host"), [("tls", "localhost"), ("starttls", ABROAD), ("none", "127.0.0.1")]
)
def test_mail_comes_byte_for_byte_however_the_line_is_secured(
    account: Account, mailuser: MailUser, security: str, host: str
) -> None:
    raws = [mail(1), mail(2, "no line end"), mail(3, "."), mail(4, "..\r\n.\r\n...x\r\n"), mail(5, "")]
    mailuser.load(raws)
    with Pop3Session(account(security, host=host)) as session:
        uidls = session.uidls()
        assert list(uidls.values()) == [1, 2, 3, 4, 5]
        fetched = [one.raw for one in session.fetch(uidls)]
    assert [raw.rstrip(b"\r\n") for raw in fetched] == [as_served(raw).rstrip(b"\r\n") for raw in raws]
    assert all(raw.endswith(b"\r\n") for raw in fetched)


def test_lines_of_any_length_come_whole(account: Account, mailuser: MailUser) -> None:
    raw = mail(1, "x" * 3_000_000 + "\r\n" + "ü" * 40_000 + "\r\n")
    mailuser.deliver(raw)
    with Pop3Session(account()) as session:
        (one,) = session.fetch(session.uidls())
        assert one.raw == raw
        assert list(session.sizes().values()) == [len(raw)]


def test_ids_stay_when_numbers_move(account: Account, mailuser: MailUser) -> None:
    mailuser.load([mail(number) for number in range(4)])
    with Pop3Session(account()) as session:
        before = list(session.uidls())
        assert session.delete(before[:2]) == before[:2]
        session.commit()
    with Pop3Session(account()) as session:
        assert session.uidls() == {before[2]: 1, before[3]: 2}


def test_nothing_is_deleted_before_commit(account: Account, mailuser: MailUser) -> None:
    mailuser.load([mail(1), mail(2)])
    with Pop3Session(account()) as session:
        session.delete(list(session.uidls())[:1])
        assert len(mailuser.messages()) == 2
        session.commit()
    assert len(mailuser.messages()) == 1


@pytest.mark.parametrize("how", ["abort", "leave", "raise", "cut"])
def test_without_commit_nothing_is_ever_deleted(account: Account, mailuser: MailUser, how: str) -> None:
    mailuser.load([mail(1), mail(2)])
    with contextlib.suppress(KeyError), Pop3Session(account()) as session:
        assert len(session.delete(session.uidls())) == 2
        if how == "abort":
            session.abort()
        elif how == "cut":
            session.cut()
        elif how == "raise":
            raise KeyError
    with Pop3Session(account()) as session:
        assert len(session.uidls()) == 2
    assert len(mailuser.messages()) == 2


def test_what_is_gone_meanwhile_is_absent(account: Account, mailuser: MailUser) -> None:
    mailuser.load([mail(1), mail(2)])
    with Pop3Session(account()) as session:
        uidls = list(session.uidls())
        assert [one.uidl for one in session.fetch([uidls[1], "unknown"])] == [uidls[1]]
        assert session.delete(["unknown"]) == []


def test_an_empty_mailbox_is_empty(account: Account) -> None:
    with Pop3Session(account()) as session:
        assert session.uidls() == {}
        assert session.sizes() == {}
        assert list(session.fetch([])) == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("host", "reason"), [(EXPIRED, "expired"), (WRONG_NAME, "wrong_name"), (UNKNOWN_CA, "unknown_ca")]
)
def test_a_bad_certificate_ends_it_before_the_login(
    account: Account, mailuser: MailUser, dovecot: Dovecot, security: str, host: str, reason: str
) -> None:
    with pytest.raises(TlsFailed) as caught, Pop3Session(account(security, host=host)):
        pass
    assert caught.value.reason == reason
    assert mailuser.address not in dovecot.log_text()


def test_a_pinned_certificate_is_enough(account: Account, pki: Pki, mailuser: MailUser) -> None:
    mailuser.deliver(mail(1))
    pinned = account("starttls", host=UNKNOWN_CA, fingerprint=pki.unknown_ca.fingerprint, ca_file=None)
    with Pop3Session(pinned) as session:
        assert len(session.uidls()) == 1
    with pytest.raises(TlsFailed, match="pinned"), Pop3Session(replace(pinned, host=EXPIRED)):
        pass


def test_a_wrong_password_is_final_and_is_not_shown(account: Account) -> None:
    with pytest.raises(LoginRefused) as caught, Pop3Session(account(password=Secret("wr0ng-pässword"))):
        pass
    assert "wr0ng" not in str(caught.value)
    assert caught.value.server_words


def test_abroad_a_password_needs_tls(account: Account) -> None:
    with pytest.raises(LoginRefused) as caught, Pop3Session(account("none", host=ABROAD)):
        pass
    assert "security" in caught.value.hint


def test_an_imap_port_is_named_as_the_likely_mistake(account: Account, dovecot: Dovecot) -> None:
    with pytest.raises(ProtocolError) as caught, Pop3Session(account("tls", port=dovecot.imaps_port)):
        pass
    assert "995" in caught.value.hint


def test_a_plain_port_asked_for_tls_says_so(account: Account, dovecot: Dovecot) -> None:
    with pytest.raises(TlsFailed) as caught, Pop3Session(account("tls", port=dovecot.pop3_port)):
        pass
    assert caught.value.reason == "not_tls"
