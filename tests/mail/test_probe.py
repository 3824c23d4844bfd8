"""The connection test: each step as it happens, and what to do about the one that fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.secrets import Secret
from mail.account import IncomingAccount, OutgoingAccount
from mail.probe import Step, check_incoming, check_outgoing
from tests.support.accounts import at_dovecot, at_postfix, incoming, mail, outgoing
from tests.support.servers.child import free_ports
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.fault import dribble, drop, hang, reply
from tests.support.servers.faulty_imap import FaultyImap
from tests.support.servers.faulty_smtp import FaultySmtp
from tests.support.servers.pki import EXPIRED, UNKNOWN_CA, WRONG_NAME, Pki
from tests.support.servers.postfix import Postfix


def names(steps: list[Step]) -> list[str]:
    return [step.name for step in steps]


@pytest.fixture
def inbox(mailuser: MailUser) -> IncomingAccount:
    return at_dovecot(mailuser)


@pytest.fixture
def outbox(postfix: Postfix, mailuser: MailUser) -> OutgoingAccount:
    return at_postfix(postfix, mailuser)


def test_a_good_mailbox_passes_every_step(
    inbox: IncomingAccount, mailuser: MailUser, dovecot: Dovecot
) -> None:
    mailuser.deliver(mail(1))
    starttls = replace(inbox, port=dovecot.imap_port, security="starttls")
    for account in (inbox, starttls):
        steps = list(check_incoming(account))
        assert names(steps) == ["resolve", "connect", "tls", "capabilities", "login", "folder"]
        assert all(step.ok for step in steps), steps
        assert "127.0.0.1" in steps[0].detail
        assert "TLS 1." in steps[2].detail
        assert "valid until 20" in steps[2].detail
        assert "AUTH LOGIN OAUTHBEARER PLAIN XOAUTH2, IDLE" in steps[3].detail
        assert "INBOX: 1 mail" in steps[5].detail
        assert "MOVE" in steps[5].detail
        assert all(step.seconds >= 0 for step in steps)
    assert mailuser.bodies_sent() == 0


def test_a_good_outgoing_server_passes_every_step(outbox: OutgoingAccount, postfix: Postfix) -> None:
    for account in (outbox, replace(outbox, port=postfix.smtps_port, security="tls")):
        steps = list(check_outgoing(account))
        assert names(steps) == ["resolve", "connect", "tls", "capabilities", "login"]
        assert all(step.ok for step in steps), steps
        assert "8BITMIME" in steps[3].detail
        assert "MB" in steps[4].detail


def test_clear_text_is_said_to_be_clear_text() -> None:
    with FaultyImap([mail(1)]) as server:
        steps = list(check_incoming(incoming(server.port)))
    assert [step.ok for step in steps] == [True, True, None, True, True, True]
    assert "clear text" in steps[2].detail
    with FaultySmtp() as smtp:
        steps = list(check_outgoing(outgoing(smtp.port)))
    assert [step.ok for step in steps] == [True, True, None, True, True]
    assert smtp.count("MAIL") == 0


def test_a_wrong_password_fails_at_the_login_with_the_server_s_words(
    inbox: IncomingAccount, outbox: OutgoingAccount
) -> None:
    for steps in (
        list(check_incoming(replace(inbox, password=Secret("wrong-one")))),
        list(check_outgoing(replace(outbox, password=Secret("wrong-one")))),
    ):
        assert steps[-1].name == "login"
        assert steps[-1].ok is False
        assert steps[-1].words
        assert steps[-1].cure
        assert "wrong-one" not in repr(steps)


@pytest.mark.parametrize("host", [EXPIRED, WRONG_NAME, UNKNOWN_CA])
def test_a_bad_certificate_fails_at_tls_with_a_cure(
    inbox: IncomingAccount, outbox: OutgoingAccount, pki: Pki, host: str
) -> None:
    for steps in (
        list(check_incoming(replace(inbox, host=host))),
        list(check_outgoing(replace(outbox, host=host))),
    ):
        assert names(steps) == ["resolve", "connect", "tls"]
        assert steps[-1].ok is False
        assert steps[-1].cure
        shown = pki.shown_at(host)
        assert steps[-1].pin == shown.fingerprint
        assert "valid from 20" in steps[-1].certificate
        pinned = replace(inbox, host=host, ca_file=None, fingerprint=steps[-1].pin)
        assert all(step.ok for step in check_incoming(pinned)), "what is offered works when it is pinned"


def test_a_certificate_that_is_not_the_pinned_one_is_shown(inbox: IncomingAccount, pki: Pki) -> None:
    *_, last = check_incoming(replace(inbox, ca_file=None, fingerprint="0" * 64))
    assert (last.name, last.ok, last.pin) == ("tls", False, pki.server.fingerprint)


def test_a_pinned_certificate_passes(inbox: IncomingAccount, pki: Pki) -> None:
    pinned = replace(inbox, host=EXPIRED, ca_file=None, fingerprint=pki.expired.fingerprint)
    steps = list(check_incoming(pinned))
    assert all(step.ok for step in steps)
    assert "pinned" in steps[2].detail


def test_a_folder_that_is_missing_names_those_that_exist(inbox: IncomingAccount) -> None:
    steps = list(check_incoming(replace(inbox, folder="Nowhere")))
    assert (steps[-1].name, steps[-1].ok) == ("folder", False)
    assert "INBOX" in steps[-1].cure


def test_no_host_no_server_no_greeting_no_starttls() -> None:
    [port] = free_ports(1)
    expected = {"resolve": incoming(port, host="no-such-host.invalid"), "connect": incoming(port)}
    for name, account in expected.items():
        *_, last = check_incoming(account)
        assert (last.name, last.ok) == (name, False)
        assert last.cure
    with FaultyImap({}, {"connect": hang()}) as server:
        *_, last = check_incoming(incoming(server.port, timeout=0.3))
    assert (last.name, last.ok) == ("connect", False)
    with FaultySmtp({"connect": reply("554 5.7.1 Go away")}) as smtp:
        *_, last = check_outgoing(outgoing(smtp.port))
    assert (last.name, last.ok, "Go away" in last.words) == ("connect", False, True)
    with FaultySmtp() as smtp:
        *_, last = check_outgoing(outgoing(smtp.port, security="starttls"))
    assert (last.name, last.ok) == ("tls", False)
    with FaultyImap({}, {"SELECT": drop()}) as server:
        *_, last = check_incoming(incoming(server.port))
    assert (last.name, last.ok) == ("folder", False)


def test_each_step_comes_when_it_is_done_and_one_may_stop_in_between() -> None:
    with FaultyImap([mail(1)], {"LOGIN": hang()}) as server:
        steps = check_incoming(incoming(server.port, timeout=30))
        assert next(steps).name == "resolve"
        assert next(steps).name == "connect"
        steps.close()  # type: ignore[attr-defined]
    assert server.count("LOGIN") == 0


@pytest.mark.parametrize(
    ("step", "shown"), [("connect", "connect"), ("LOGIN", "login"), ("SELECT", "folder"), ("LOGOUT", "")]
)
def test_a_server_that_answers_bit_by_bit_ends_the_test(step: str, shown: str) -> None:
    with FaultyImap(
        [mail(1)], {step: dribble(b"* OK Still here\r\n" if shown != "connect" else b"*")}
    ) as server:
        steps = list(check_incoming(incoming(server.port, timeout=0.5)))
    failed = [one for one in steps if one.ok is False]
    assert [one.name for one in failed] == ([shown] if shown else [])
    assert all("bit by bit" in one.detail for one in failed)
