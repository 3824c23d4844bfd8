"""The scripted servers misbehave as their script says, and behave otherwise."""

from __future__ import annotations

import imaplib
import smtplib

import pytest

from tests.support.servers.faults import FaultyImap, FaultySmtp, drop, hang, reply, slow
from tests.support.servers.pki import Pki

MAIL = b"Subject: x\r\n\r\n.one\r\ntwo\r\n"
TO = ["a@client.test", "b@client.test"]


def _client(server: FaultySmtp, timeout: float = 30) -> smtplib.SMTP:
    return smtplib.SMTP(server.host, server.port, timeout=timeout)


def test_without_a_script_smtp_takes_the_mail() -> None:
    with FaultySmtp() as server, _client(server) as smtp:
        smtp.login("ann", "secret")
        assert smtp.sendmail("ann@client.test", TO, MAIL) == {}
    (mail,) = server.mails
    assert (mail.sender, mail.recipients, mail.data, mail.accepted) == (
        "ann@client.test",
        tuple(TO),
        MAIL,
        True,
    )
    assert server.logins == [("ann", "secret")]


def test_smtp_speaks_starttls_and_tls(pki: Pki) -> None:
    with FaultySmtp(starttls=pki.server_context()) as server, _client(server) as smtp:
        smtp.starttls(context=pki.client_context())
        assert smtp.sendmail("", TO, MAIL) == {}
    with FaultySmtp(tls=pki.server_context()) as server:
        smtplib.SMTP_SSL("localhost", server.port, context=pki.client_context()).quit()


def test_smtp_hangs_after_the_final_dot_with_the_mail_taken() -> None:
    with FaultySmtp({"dot": hang()}) as server:
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            _client(server, timeout=0.3).sendmail("", TO, MAIL)
        assert [mail.accepted for mail in server.mails] == [False]


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "half", "dot"])
def test_smtp_drops_the_line_at_any_step(step: str) -> None:
    with FaultySmtp({step: drop()}) as server, pytest.raises(smtplib.SMTPServerDisconnected):
        _client(server).sendmail("", TO, MAIL)
    assert len(server.mails) == (step == "dot")


def test_smtp_goes_away_with_421() -> None:
    with FaultySmtp({"MAIL": drop("421 4.3.2 Going down")}) as server:
        with pytest.raises(smtplib.SMTPSenderRefused) as info:
            _client(server).sendmail("", TO, MAIL)
        assert info.value.smtp_code == 421


def test_smtp_refuses_one_of_two_and_only_once() -> None:
    with (
        FaultySmtp({"RCPT": reply("451 4.7.1 Later", only="b@", times=1)}) as server,
        _client(server) as smtp,
    ):
        assert smtp.sendmail("", TO, MAIL) == {"b@client.test": (451, b"4.7.1 Later")}
        assert smtp.sendmail("", TO, MAIL) == {}
    assert [mail.recipients for mail in server.mails] == [("a@client.test",), tuple(TO)]


def test_smtp_is_late() -> None:
    with FaultySmtp({"dot": slow(0.05)}) as server, _client(server) as smtp:
        assert smtp.sendmail("", TO, MAIL) == {}


def _fetch(server: FaultyImap, timeout: float = 30) -> list[bytes]:
    imap = imaplib.IMAP4(server.host, server.port, timeout=timeout)
    imap.login("ann", "secret")
    imap.select()
    answer = imap.uid("FETCH", "1:*", "(UID BODY.PEEK[])")[1]
    imap.logout()
    return [part[1] for part in answer if isinstance(part, tuple)]


def test_without_a_script_imap_gives_the_mails() -> None:
    mails = [MAIL, b"", b"\xff\r\n"]
    with FaultyImap(mails) as server:
        assert _fetch(server) == mails


def test_imap_moves_copies_flags_and_expunges() -> None:
    with FaultyImap([b"one", b"two", b"three"]) as server:
        imap = imaplib.IMAP4(server.host, server.port)
        imap.login("ann", "secret")
        imap.select()
        assert imap.uid("MOVE", "1", "Done")[0] == "NO"
        imap.create("Done")
        assert imap.uid("MOVE", "1", "Done")[0] == "OK"
        imap.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        imap.uid("EXPUNGE", "2:3")
        assert imap.uid("SEARCH", "ALL")[1] == [b"3"]
        imap.logout()
    assert list(server.folders["INBOX"].mails.values()) == [b"three"]
    assert list(server.folders["Done"].mails.values()) == [b"one"]


def test_imap_refuses_a_login_in_its_own_words() -> None:
    with (
        FaultyImap([], {"LOGIN": reply("NO [AUTHENTICATIONFAILED] Go away")}) as server,
        pytest.raises(imaplib.IMAP4.error, match="Go away"),
    ):
        _fetch(server)


def test_imap_hangs_up_inside_a_mail_once() -> None:
    mails = [b"x" * 1000] * 3
    with FaultyImap(mails, cut_after=1500) as server:
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            _fetch(server)
        assert _fetch(server) == mails


def test_imap_says_what_nobody_asked() -> None:
    with FaultyImap([MAIL], chatter=["* 1 FETCH (FLAGS (\\Seen))"]) as server:
        imap = imaplib.IMAP4(server.host, server.port)
        imap.login("ann", "secret")
        imap.select()
        answer = imap.uid("FETCH", "1", "(UID BODY.PEEK[])")[1]
        assert b"1 (FLAGS (\\Seen))" in answer
        imap.logout()


def test_imap_hangs_after_its_greeting() -> None:
    with FaultyImap([], {"CAPABILITY": hang()}) as server, pytest.raises(TimeoutError):
        imaplib.IMAP4(server.host, server.port, timeout=0.2)


def test_imap_offers_starttls_only_with_a_certificate(pki: Pki) -> None:
    with FaultyImap() as server:
        imap = imaplib.IMAP4(server.host, server.port)
        assert "STARTTLS" not in imap.capabilities
        imap.logout()
    with FaultyImap(starttls=pki.server_context()) as server:
        imap = imaplib.IMAP4("localhost", server.port)
        imap.starttls(pki.client_context())
        assert imap.login("ann", "secret")[0] == "OK"
        imap.logout()
