"""Test connection: each thing that goes wrong, at a real server where one can be made to do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from desk.home import Desk
from desk.mailboxes.connection import list_folders, try_sides
from desk.mailboxes.form import check
from desk.mailboxes.registry import add
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.outbox import probe_mail
from mail import probe
from mail.account import IncomingAccount, OutgoingAccount
from mail.errors import TimedOut
from mail.probe import Step
from tests.support.servers.child import free_ports
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.fault import dribble
from tests.support.servers.faults import FaultyImap, FaultySmtp, reply
from tests.support.servers.pki import EXPIRED, NO_TLS, UNKNOWN_CA, WRONG_NAME
from tests.support.servers.postfix import Postfix
from tests.support.workbench import ADMIN

Tried = Callable[..., Step]


@pytest.fixture
def failed(desk: Desk) -> Tried:
    """Tries a form that is wrong somewhere; the step that failed, which is the last one."""

    def attempt(password: str = "secret", **values: Any) -> Step:
        form = check({"address": "it@example.test", "protocol": "none", **values})
        secret = SecretInput("sealed", password)
        steps = [step for _, step in try_sides(desk, form, MailboxSecrets(secret, secret))]
        assert [step.ok for step in steps].count(False) == 1, steps
        last = steps[-1]
        assert last.ok is False
        assert last.cure, "a failure comes with its cure"
        assert last.cure.count("\n") == 0
        assert password == "secret" or password not in repr(steps)
        return last

    return attempt


@pytest.fixture
def inbox(dovecot: Dovecot, mailuser: MailUser) -> dict[str, Any]:
    """A form that works."""
    return {
        "protocol": "imap",
        "host": "localhost",
        "port": dovecot.imaps_port,
        "security": "tls",
        "user": mailuser.address,
        "ca_file": str(dovecot.pki.ca_file),
    }


@pytest.fixture
def outbox(postfix: Postfix, mailuser: MailUser) -> dict[str, Any]:
    """A form whose outgoing side works, but for the password's place."""
    return {
        "smtp_host": "localhost",
        "smtp_port": postfix.submission_port,
        "smtp_security": "starttls",
        "smtp_auth": "none",
        "smtp_ca_file": str(postfix.pki.ca_file),
    }


def test_a_name_that_is_not_there(failed: Tried, inbox: dict[str, Any]) -> None:
    step = failed(**inbox | {"host": "no-such-host.invalid"})
    assert (step.name, "spelling" in step.cure) == ("resolve", True)


def test_a_port_where_nobody_listens(failed: Tried, inbox: dict[str, Any]) -> None:
    [port] = free_ports(1)
    step = failed(**inbox | {"port": port})
    assert (step.name, "refuses" in step.detail, "port" in step.cure) == ("connect", True, True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test waits a second for a server, not thirty."""
    check_incoming, check_outgoing = probe.check_incoming, probe.check_outgoing

    def receiving(account: IncomingAccount) -> Iterator[Step]:
        return check_incoming(replace(account, timeout=1.0))

    def sending(account: OutgoingAccount) -> Iterator[Step]:
        return check_outgoing(replace(account, timeout=1.0))

    monkeypatch.setattr(probe, "check_incoming", receiving)
    monkeypatch.setattr(probe, "check_outgoing", sending)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_never_answers(failed: Tried, inbox: dict[str, Any], dovecot: Dovecot) -> None:
    with dovecot.frozen():
        step = failed(**inbox)
    assert (step.name, "did not" in step.detail) == ("tls", True)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_plain_server_on_the_tls_port(
    failed: Tried, inbox: dict[str, Any], dovecot: Dovecot, protocol: str
) -> None:
    port = dovecot.imap_port if protocol == "imap" else dovecot.pop3_port
    step = failed(**inbox | {"protocol": protocol, "port": port})
    assert (step.name, "starttls" in step.cure) == ("tls", True)


@pytest.mark.usefixtures("impatient")
def test_tls_where_starttls_was_said(failed: Tried, inbox: dict[str, Any]) -> None:
    step = failed(**inbox | {"security": "starttls"})
    assert (step.name, "begins with TLS" in step.cure) == ("connect", True)


@pytest.mark.parametrize(
    ("host", "words"), [(EXPIRED, "expired"), (WRONG_NAME, "another name"), (UNKNOWN_CA, "unknown authority")]
)
def test_certificates_that_are_not_to_be_trusted_can_be_pinned(
    failed: Tried, inbox: dict[str, Any], dovecot: Dovecot, host: str, words: str
) -> None:
    step = failed(**inbox | {"host": host})
    assert (step.name, words in step.detail) == ("tls", True)
    assert step.pin == dovecot.pki.shown_at(host).fingerprint
    assert step.certificate


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_starttls_that_is_not_offered(
    failed: Tried, inbox: dict[str, Any], dovecot: Dovecot, mailuser: MailUser, protocol: str
) -> None:
    port = dovecot.imap_port if protocol == "imap" else dovecot.pop3_port
    plain = {"protocol": protocol, "host": NO_TLS, "port": port}
    step = failed(**inbox | plain | {"security": "starttls"})
    assert (step.name, "does not offer ST" in step.detail) == ("tls", True)
    assert mailuser.address not in dovecot.log_text(), "never answered by going on in clear text"


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_passwords_that_are_not_taken_in_clear_text(
    failed: Tried, inbox: dict[str, Any], dovecot: Dovecot, mailuser: MailUser, protocol: str
) -> None:
    port = dovecot.imap_port if protocol == "imap" else dovecot.pop3_port
    plain = {"protocol": protocol, "host": NO_TLS, "port": port, "security": "none", "ca_file": ""}
    step = failed(**inbox | plain)
    assert (step.name, "starttls" in step.cure) == ("login", True)
    if protocol == "imap":
        assert mailuser.address not in dovecot.log_text(), "LOGINDISABLED was read before anything was said"


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_wrong_password(failed: Tried, inbox: dict[str, Any], dovecot: Dovecot, protocol: str) -> None:
    port = dovecot.imaps_port if protocol == "imap" else dovecot.pop3s_port
    step = failed("not-this-one", **inbox | {"protocol": protocol, "port": port})
    assert step.name == "login"
    assert step.words
    assert "password" in step.cure


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("NO [ALERT] Application-specific password required: https://support.google.com/x", "app password"),
        ("NO [AUTHENTICATIONFAILED] LOGIN failed. LogonDenied-BasicAuthBlocked", "OAuth2"),
        ("NO [ALERT] Your account is not enabled for IMAP use.", "IMAP"),
    ],
)
def test_what_google_and_microsoft_say(failed: Tried, inbox: dict[str, Any], words: str, cure: str) -> None:
    with FaultyImap([], {"LOGIN": reply(words)}) as server:
        step = failed(**inbox | {"port": server.port, "security": "none", "ca_file": ""})
    assert step.name == "login"
    assert cure in step.cure


def test_a_folder_that_is_missing(failed: Tried, inbox: dict[str, Any]) -> None:
    step = failed(**inbox | {"folder": "Alarms"})
    assert (step.name, "INBOX" in step.cure) == ("folder", True)


def test_a_server_that_takes_no_login(failed: Tried, postfix: Postfix, inbox: dict[str, Any]) -> None:
    outgoing = {"smtp_host": "127.0.0.1", "smtp_port": postfix.smtp_port, "smtp_security": "none"}
    step = failed(**inbox | outgoing | {"smtp_auth": "same"})
    assert step.name == "login"
    assert "submission port" in step.cure or "starttls" in step.cure


@pytest.fixture
def sending(outbox: dict[str, Any]) -> dict[str, Any]:
    """A form that only sends, with a login of its own."""
    return {"protocol": "none", **outbox, "smtp_auth": "basic", "smtp_user": "it@example.test"}


def test_outgoing_servers_that_are_not_there(failed: Tried, sending: dict[str, Any]) -> None:
    step = failed(**sending | {"smtp_host": "no-such-host.invalid"})
    assert (step.name, "spelling" in step.cure) == ("resolve", True)
    [port] = free_ports(1)
    step = failed(**sending | {"smtp_port": port})
    assert (step.name, "refuses" in step.detail, "port" in step.cure) == ("connect", True, True)


@pytest.mark.usefixtures("impatient")
def test_outgoing_ports_that_speak_otherwise(
    failed: Tried, sending: dict[str, Any], postfix: Postfix
) -> None:
    step = failed(**sending | {"smtp_security": "tls"})
    assert (step.name, "starttls" in step.cure) == ("tls", True)
    step = failed(**sending | {"smtp_port": postfix.smtps_port})
    assert (step.name, "begins with TLS" in step.cure) == ("connect", True)
    step = failed(**sending | {"smtp_host": NO_TLS})
    assert (step.name, "does not offer STARTTLS" in step.detail) == ("tls", True)


@pytest.mark.parametrize(
    ("host", "words"), [(EXPIRED, "expired"), (WRONG_NAME, "another name"), (UNKNOWN_CA, "unknown authority")]
)
def test_outgoing_certificates_that_are_not_to_be_trusted_can_be_pinned(
    failed: Tried, sending: dict[str, Any], postfix: Postfix, host: str, words: str
) -> None:
    step = failed(**sending | {"smtp_host": host})
    assert (step.name, words in step.detail) == ("tls", True)
    assert step.pin == postfix.pki.shown_at(host).fingerprint


def test_a_wrong_password_at_smtp(failed: Tried, sending: dict[str, Any]) -> None:
    step = failed("not-this-one", **sending)
    assert (step.name, "password" in step.cure, bool(step.words)) == ("login", True, True)


def test_a_relay_that_is_denied_shows_in_the_test_mail(desk: Desk, postfix: Postfix) -> None:
    outgoing = {"smtp_host": "127.0.0.1", "smtp_port": postfix.smtp_port, "smtp_security": "none"}
    form = check({"address": "it@example.test", "protocol": "none", "smtp_auth": "none", **outgoing})
    add(desk, ADMIN, form, MailboxSecrets(SecretInput("none"), SecretInput("none")))
    tried = probe_mail.send_test(desk, ADMIN, "it@example.test", "someone@elsewhere.test")
    assert not tried.sent
    assert "Relay access denied" in tried.words
    assert "login" in tried.cure


def test_a_login_that_is_refused_at_smtp(failed: Tried, inbox: dict[str, Any]) -> None:
    with FaultySmtp(
        {"AUTH": reply("535 5.7.139 SmtpClientAuthentication is disabled for the Tenant")}
    ) as server:
        outgoing = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        step = failed(**inbox | outgoing | {"smtp_auth": "same"})
    assert step.name == "login"
    assert "Microsoft 365 admin" in step.cure


def test_a_test_mail_leaves_through_a_real_submission_port_and_arrives(
    desk: Desk, postfix: Postfix, mailuser: MailUser, inbox: dict[str, Any], outbox: dict[str, Any]
) -> None:
    form = check({"address": mailuser.address, **inbox, **outbox, "smtp_auth": "same"})
    add(desk, ADMIN, form, MailboxSecrets(SecretInput("sealed", mailuser.password)))
    tried = probe_mail.send_test(desk, ADMIN, mailuser.address, mailuser.address)
    assert tried.sent, tried
    said = "\n".join(tried.dialogue)
    assert "C: STARTTLS" in said
    assert "C: AUTH PLAIN ********" in said
    assert mailuser.password not in said
    [arrived] = mailuser.wait_for(1)
    assert tried.message_id.encode() in arrived


@pytest.mark.parametrize("step", ["connect", "LOGIN", "LIST"])
def test_a_server_that_answers_bit_by_bit_does_not_keep_who_looks_for_a_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A list of folders, in the form and by the verb, comes or is given up, whatever the server says."""
    monkeypatch.setattr("desk.mailboxes.connection.LISTING_SECONDS", 0.5)
    piece = b"*" if step == "connect" else b"* OK Still here\r\n"
    with FaultyImap([], {step: dribble(piece)}) as server:
        values = {"address": "it@example.test", "host": "127.0.0.1", "port": server.port, "security": "none"}
        with pytest.raises(TimedOut, match="does not come to an end"):
            list_folders(desk, check(values), MailboxSecrets(SecretInput("sealed", "secret")))


@pytest.mark.parametrize("step", ["connect", "EHLO", "AUTH", "QUIT"])
def test_an_outgoing_server_that_answers_bit_by_bit_ends_the_test_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The test of a connection ends, and all steps but a goodbye that never ends are told as failed."""
    check_outgoing = probe.check_outgoing
    monkeypatch.setattr(
        probe, "check_outgoing", lambda account: check_outgoing(replace(account, timeout=0.5))
    )
    with FaultySmtp({step: dribble(b"250-Still here\r\n")}) as server:
        values: dict[str, Any] = {"address": "it@example.test", "protocol": "none", "smtp_auth": "basic"}
        values |= {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        secret = SecretInput("sealed", "secret")
        steps = [each for _, each in try_sides(desk, check(values), MailboxSecrets(secret, secret))]
    assert [each.ok for each in steps].count(False) == (step != "QUIT")
