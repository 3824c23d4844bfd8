"""The servers that the other tests stand on do what is said of them."""

from __future__ import annotations

import imaplib
import os
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.servers.child import is_there, wait_until
from tests.support.servers.dovecot import Dovecot, MailUser, as_served
from tests.support.servers.pki import ABROAD, EXPIRED, UNKNOWN_CA, WRONG_NAME, Pki
from tests.support.servers.postfix import Postfix, QueuedMail

MAIL = b"From: Ann <ann@client.test>\r\nTo: support@example.test\r\nSubject: Printer\r\n\r\nIt burns.\r\n"


def _imaps(dovecot: Dovecot, pki: Pki, host: str = "localhost") -> imaplib.IMAP4_SSL:
    return imaplib.IMAP4_SSL(host, dovecot.imaps_port, ssl_context=pki.client_context())


def test_a_client_that_trusts_the_ca_logs_in_over_tls(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    with _imaps(dovecot, pki) as imap:
        assert imap.login(mailuser.address, mailuser.password)[0] == "OK"


def test_a_client_logs_in_after_starttls(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    with imaplib.IMAP4(ABROAD, dovecot.imap_port) as imap:
        imap.starttls(pki.client_context())
        assert imap.login(mailuser.address, mailuser.password)[0] == "OK"


def test_abroad_a_login_without_tls_is_refused(dovecot: Dovecot, mailuser: MailUser) -> None:
    with (
        imaplib.IMAP4(ABROAD, dovecot.imap_port) as imap,
        pytest.raises(imaplib.IMAP4.error, match="PRIVACY"),
    ):
        imap.login(mailuser.address, mailuser.password)


def test_a_wrong_password_is_refused(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    with _imaps(dovecot, pki) as imap, pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        imap.login(mailuser.address, "wrong")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (EXPIRED, "certificate has expired"),
        (WRONG_NAME, "not valid for"),
        (UNKNOWN_CA, "unable to get local issuer"),
    ],
)
def test_each_bad_certificate_is_bad_in_its_own_way(
    dovecot: Dovecot, postfix: Postfix, pki: Pki, host: str, words: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        _imaps(dovecot, pki, host)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        smtplib.SMTP_SSL(host, postfix.smtps_port, context=pki.client_context())


def test_mail_on_the_disk_is_served_byte_for_byte(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    raws = [MAIL, b"Subject: \xff\xfe\nbare\n\rlf \0 nul\r\n.\r\n", b"no header at all"]
    mailuser.load(raws)
    with _imaps(dovecot, pki) as imap:
        imap.login(mailuser.address, mailuser.password)
        imap.select(readonly=True)
        answer = imap.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
    served = [part[1] for part in answer if isinstance(part, tuple)]
    assert served == [as_served(raw) for raw in raws]
    assert mailuser.messages() == raws


def test_the_log_tells_how_many_bodies_were_sent(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    mailuser.load([MAIL] * 3)
    assert mailuser.bodies_sent() == 0
    with _imaps(dovecot, pki) as imap:
        imap.login(mailuser.address, mailuser.password)
        imap.select()
        imap.uid("FETCH", "1:2", "(BODY.PEEK[])")
        imap.uid("FETCH", "1:*", "(RFC822.SIZE)")
    assert mailuser.bodies_sent() == 2


def test_a_new_uidvalidity_comes_with_the_same_mail(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    mailuser.load([MAIL, MAIL])

    def look() -> tuple[bytes, bytes]:
        with _imaps(dovecot, pki) as imap:
            imap.login(mailuser.address, mailuser.password)
            imap.select()
            return imap.response("UIDVALIDITY")[1][0], imap.uid("SEARCH", "ALL")[1][0]

    before = look()
    mailuser.maildir.change_uidvalidity()
    after = look()
    assert before[0] != after[0]
    assert before[1] == after[1] == b"1 2"


def test_folders_are_named_as_their_owner_named_them(dovecot: Dovecot, pki: Pki, mailuser: MailUser) -> None:
    with _imaps(dovecot, pki) as imap:
        imap.login(mailuser.address, mailuser.password)
        imap.create('"Erledigt &- gepr&APw-ft"')
    mailuser.deliver(MAIL, "Erledigt & geprüft")
    assert mailuser.folders() == ["INBOX", "Erledigt & geprüft"]
    assert mailuser.messages("Erledigt & geprüft") == [MAIL]


def test_every_test_has_an_account_of_its_own(mailuser: MailUser, mailusers: Callable[[], MailUser]) -> None:
    other = mailusers()
    mailuser.deliver(MAIL)
    assert other.address != mailuser.address
    assert other.messages() == []


def test_folders_may_live_below_a_prefix(dovecot: Dovecot) -> None:
    with imaplib.IMAP4(dovecot.host, dovecot.imap_port) as imap:
        imap.login("prefixed9@example.test", "secret")
        assert imap.create("Done")[0] == "NO"
        assert imap.create("INBOX.Done")[0] == "OK"
    assert dovecot.folders("prefixed9@example.test") == ["INBOX", "Done"]


def test_nobody_answers_while_the_server_is_down(dovecot: Dovecot, pki: Pki) -> None:
    with dovecot.down(), pytest.raises(ConnectionRefusedError):
        _imaps(dovecot, pki)
    _imaps(dovecot, pki).shutdown()


def test_a_frozen_server_accepts_and_says_nothing(dovecot: Dovecot) -> None:
    with dovecot.frozen(), pytest.raises(TimeoutError):
        imaplib.IMAP4(dovecot.host, dovecot.imap_port, timeout=0.2)
    imaplib.IMAP4(dovecot.host, dovecot.imap_port, timeout=180).shutdown()


def test_mail_from_outside_reaches_the_account(postfix: Postfix, mailuser: MailUser) -> None:
    local, _, domain = mailuser.address.partition("@")
    assert postfix.send("ann@client.test", [f"{local}+abc@{domain}"], MAIL) == {}
    (raw,) = mailuser.wait_for(1)
    assert raw.startswith(b"Return-Path: <ann@client.test>")
    assert b"\nDelivered-To: " + f"{local}+abc@{domain}".encode() in raw
    assert b"\nIt burns.\n" in raw


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_with_a_login_mail_is_taken(
    postfix: Postfix, pki: Pki, mailuser: MailUser, mailusers: Callable[[], MailUser], tls: str
) -> None:
    context = pki.client_context()
    if tls == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL("localhost", postfix.smtps_port, context=context)
    else:
        smtp = smtplib.SMTP("localhost", postfix.submission_port)
        smtp.starttls(context=context)
    other = mailusers()
    with smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(mailuser.address, [other.address], MAIL)
        smtp.login(mailuser.address, mailuser.password)
        assert smtp.sendmail(mailuser.address, [other.address], MAIL) == {}
    assert len(other.wait_for(1)) == 1


def test_some_recipients_are_always_refused(postfix: Postfix, mailuser: MailUser) -> None:
    names = ["refused", "greylisted", "full", "nobody-has-this-name"]
    refused = postfix.send("", [mailuser.address, *(f"{name}@example.test" for name in names)], MAIL)
    assert [refused[f"{name}@example.test"][0] for name in names] == [550, 451, 452, 550]
    assert mailuser.address not in refused


def test_any_recipient_can_be_refused_for_a_while(postfix: Postfix, mailuser: MailUser) -> None:
    with (
        postfix.refuse(mailuser.address, "450 4.2.1 Busy"),
        pytest.raises(smtplib.SMTPRecipientsRefused) as info,
    ):
        postfix.send("ann@client.test", [mailuser.address], MAIL)
    assert info.value.recipients[mailuser.address][0] == 450
    assert postfix.send("ann@client.test", [mailuser.address], MAIL) == {}


def test_mail_that_cannot_be_delivered_later_bounces(postfix: Postfix, mailuser: MailUser) -> None:
    assert postfix.send(mailuser.address, ["gone@example.test"], MAIL) == {}
    (bounce,) = mailuser.wait_for(1)
    assert b"multipart/report" in bounce
    assert b"gone@example.test" in bounce
    postfix.wait_until_delivered()


def test_the_queue_shows_what_waits_and_why(postfix: Postfix, dovecot: Dovecot, mailuser: MailUser) -> None:
    def waiting() -> list[QueuedMail]:
        return [each for each in postfix.queue() if mailuser.address in each.recipients]

    with dovecot.down():
        postfix.send("ann@client.test", [mailuser.address], MAIL)
        wait_until(
            lambda: any(each.recipients[mailuser.address] for each in waiting()), "nothing was deferred"
        )
        (mail,) = waiting()
        assert mail.sender == "ann@client.test"
        assert "refused" in mail.recipients[mailuser.address]
    assert len(mailuser.wait_for(1, patience=60)) == 1
    postfix.wait_until_delivered()


def test_a_killed_run_takes_its_servers_with_it(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from tests.support.servers.child import Child\n"
        "child = Child(['sleep', '1000'], Path(sys.argv[1]))\n"
        "print(child._process.pid, flush=True)\n"
        "time.sleep(1000)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout
    server = int(run.stdout.readline())
    run.send_signal(signal.SIGKILL)
    run.communicate()
    wait_until(lambda: not is_there(server), "the server of a killed run is still there")
