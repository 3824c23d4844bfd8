"""The test mail: what was said to the server, and the cure for what it says."""

from __future__ import annotations

import pytest

from desk import logs
from desk.errors import Refused
from desk.home import Desk
from desk.mailboxes.form import check
from desk.mailboxes.registry import add
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.outbox import deliveries, probe_mail
from models.mailboxes import Mailbox
from tests.support.servers.faults import FaultySmtp, drop, reply
from tests.support.workbench import ADMIN, make_mailbox

TO = "me@corp.example"


def _mailbox(desk: Desk, server: FaultySmtp, **more: str) -> Mailbox:
    form = {"address": "support@desk.example", "host": "imap.desk.example", "smtp_host": "127.0.0.1"}
    form |= {"smtp_port": str(server.port), "smtp_security": "none", "smtp_auth": "none", **more}
    return add(desk, ADMIN, check(form), MailboxSecrets(SecretInput("sealed", "s3cret-word")))


def test_a_test_mail_is_sent_at_once_with_every_word_shown(desk: Desk) -> None:
    with FaultySmtp() as server:
        _mailbox(desk, server, smtp_helo="desk.example.test")
        tried = probe_mail.send_test(desk, ADMIN, "support@desk.example", TO)
        assert [mail.recipients for mail in server.mails] == [(TO,)]
    assert tried.sent
    said = "\n".join(tried.dialogue)
    assert said.startswith("S: 220")
    assert "C: EHLO desk.example.test" in said
    assert "C: MAIL FROM:<support@desk.example>" in said
    assert f"C: RCPT TO:<{TO}>" in said
    assert "(the mail, " in said
    assert [view.state for view in deliveries.entries("all")] == ["sent"]
    assert deliveries.entries() == []


def test_no_password_is_shown(desk: Desk) -> None:
    with FaultySmtp() as server:
        _mailbox(desk, server, smtp_auth="same")
        tried = probe_mail.send_test(desk, ADMIN, "support@desk.example", TO)
    said = "\n".join(tried.dialogue)
    assert "C: AUTH" in said
    assert "********" in said
    assert "s3cret-word" not in said + repr(tried)
    assert "AHN1cHBvcnR" not in said, "nor in base64"


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("554 5.7.1 <me@corp.example>: Relay access denied", "after a login"),
        ("530 5.7.0 Authentication required", "login first"),
        ("550 5.7.60 SMTP; Client does not have permissions: SendAsDenied", "sender"),
        ("450 4.2.0 Greylisted, try again later", "at first"),
        ("550 5.1.1 No such user here", "does not exist"),
    ],
)
def test_what_the_server_says_comes_with_its_cure_and_is_not_tried_again(
    desk: Desk, words: str, cure: str
) -> None:
    with FaultySmtp({"RCPT": reply(words)}) as server:
        _mailbox(desk, server)
        tried = probe_mail.send_test(desk, ADMIN, "support@desk.example", TO)
    assert not tried.sent
    assert words[4:30] in tried.words
    assert cure in tried.cure
    assert [view.state for view in deliveries.entries()] == ["failed"]
    assert logs.next_error() is not None


def test_a_server_that_hangs_up_fails_with_what_was_said_so_far(desk: Desk) -> None:
    with FaultySmtp({"MAIL": drop()}) as server:
        _mailbox(desk, server)
        tried = probe_mail.send_test(desk, ADMIN, "support@desk.example", TO)
    assert not tried.sent
    assert tried.dialogue[-1].startswith("C: MAIL FROM")
    assert [view.state for view in deliveries.entries()] == ["failed"]


def test_without_a_way_out_there_is_no_test_mail(desk: Desk) -> None:
    make_mailbox(desk)
    with pytest.raises(Refused, match="no outgoing account"):
        probe_mail.send_test(desk, ADMIN, "support@desk.example", TO)
    assert deliveries.entries("all") == []
