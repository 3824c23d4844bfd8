"""Five hundred made-up mails from a real Dovecot: what arrives is what was sent, once, in its thread."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.generator import GeneratedMail, generate
from tests.support.books import Books, digest, opened, stored_mail
from tests.support.live_desk import Desk
from tests.support.servers.dovecot import MailUser, as_served

MAILS = 500
SEED = 20_261_120

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("dovecot-heavy")]


@pytest.mark.parametrize("after", ["keep", "delete", "move:Filed/Töpfe"])
def test_five_hundred_mails_arrive_whole_once_and_in_their_threads(
    desk: Desk, mailuser: MailUser, after: str
) -> None:
    mails = list(generate(MAILS, SEED, to=mailuser.address))
    mailuser.load(mail.raw for mail in mails)
    desk.add_mailbox(mailuser, None, "--after-fetch", after)

    summary = desk.fetch_once()

    [fetched] = summary["mailboxes"]
    assert fetched["fetched"] == MAILS
    assert fetched["errors"] == []
    assert fetched["quarantined"] == 0
    assert mailuser.bodies_sent() == MAILS
    _assert_whole(desk, mails)
    _assert_threaded(desk, mails)
    _assert_put_away(mailuser, after)

    again = desk.fetch_once()

    assert again["mailboxes"][0]["fetched"] == 0
    assert mailuser.bodies_sent() == MAILS, "the second run downloaded mail again"
    books = Books(desk.home)
    assert books.value("SELECT count(*) FROM receipt") == MAILS
    assert books.value("SELECT count(*) FROM receipt WHERE disposed IS NULL") == 0
    assert books.errors() == []


def _assert_whole(desk: Desk, mails: list[GeneratedMail]) -> None:
    assert Counter(map(digest, stored_mail(desk.home))) == Counter(
        digest(as_served(mail.raw)) for mail in mails
    )
    books = Books(desk.home)
    with opened(desk.home):
        from desk.tickets import detail

        stored = {}
        for (number,) in books.rows("SELECT number FROM ticket"):
            for message in detail.show(number).messages:
                stored[message.message_id] = message
    for mail in mails:
        wanted = mail.manifest
        if wanted.message_id not in stored:
            assert _is_unmatched_bounce(mail), f"{wanted.message_id} ({wanted.kind}) is in no ticket"
            continue
        message = stored[wanted.message_id]
        assert message.subject == " ".join(wanted.subject.split())
        assert message.sender_email == wanted.sender.lower()
        assert message.sender_name == wanted.sender_name
        found = [(part.name, part.type, part.size, part.sha256) for part in message.attachments]
        assert found == [(part.name, part.type, part.size, part.sha256) for part in wanted.attachments]


def _assert_threaded(desk: Desk, mails: list[GeneratedMail]) -> None:
    books = Books(desk.home)
    replies = 0
    for mail in mails:
        head = mail.raw.partition(b"\r\n\r\n")[0]
        if mail.manifest.parent and re.search(rb"(?mi)^(In-Reply-To|References):", head):
            replies += 1
            ticket = books.ticket_of(mail.manifest.message_id)
            assert ticket is not None
            assert ticket == books.ticket_of(mail.manifest.parent)
    assert replies > MAILS // 5


def _assert_put_away(user: MailUser, after: str) -> None:
    inbox = MAILS if after == "keep" else 0
    assert len(user.maildir.files()) == inbox
    if after.startswith("move:"):
        assert len(user.maildir.files(_on_disk(after))) == MAILS
    assert all("S" not in flags for flags in user.maildir.flags())


def _on_disk(after: str) -> str:
    return after.removeprefix("move:").replace("/", ".")


def _is_unmatched_bounce(mail: GeneratedMail) -> bool:
    return mail.manifest.structure == "report"
