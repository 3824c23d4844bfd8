"""The ledger can be asked what became of a mail."""

from __future__ import annotations

import pytest

from desk import folders, receipts
from desk.actors import app_actor
from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.receipts import ReceiptFilter
from tests.desk.letters import SUPPORT, Door, mail, value


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def test_the_json_of_a_receipt_has_the_promised_keys(door: Door) -> None:
    document = door.receipt(mail()).to_json()
    promised: tuple[str, ...] = ("id", "door", "mailbox", "message_id", "received", "verdict", "ticket")
    promised += ("reason", "trace", "sha256", "disposed")
    assert set(promised) <= set(document)
    assert (document["door"], document["mailbox"], document["disposed"]) == ("imap", SUPPORT, None)


def test_receipts_are_listed_newest_first_and_filtered(door: Door) -> None:
    one = door.take(mail(subject="100% done"))
    two = door.take(mail(subject="done"))
    assert [each.id for each in receipts.entries()] == [two.receipt_id, one.receipt_id]
    assert [each.id for each in receipts.entries(limit=1)] == [two.receipt_id]
    assert [each.id for each in receipts.entries(before_id=two.receipt_id)] == [one.receipt_id]
    assert [each.id for each in receipts.entries(ReceiptFilter(text="100%"))] == [one.receipt_id]
    assert [each.id for each in receipts.entries(ReceiptFilter(ticket="2"))] == [two.receipt_id]
    assert receipts.entries(ReceiptFilter(verdict="loop")) == []
    assert len(receipts.entries(ReceiptFilter(mailbox=SUPPORT), limit=0)) == 2
    assert receipts.counts()["ticket"] == 2


def test_what_does_not_exist_is_said(door: Door) -> None:
    with pytest.raises(NotFound):
        receipts.show(99)
    with pytest.raises(WrongUse, match="verdict"):
        receipts.entries(ReceiptFilter(verdict="lost"))
    with pytest.raises(WrongUse, match="mailbox"):
        receipts.entries(ReceiptFilter(mailbox="nobody@example.test"))


def test_only_quarantined_mail_is_retried(door: Door) -> None:
    taken = door.take(mail())
    with pytest.raises(Refused, match="quarantined"):
        receipts.retry(door.desk, app_actor(door.desk), taken.receipt_id)


def test_a_message_knows_its_receipt(door: Door) -> None:
    taken = door.take(mail())
    found = receipts.of_message(value("SELECT id FROM message"))
    assert found is not None
    assert found.id == taken.receipt_id


def test_the_ledger_knows_which_uids_it_has_and_which_are_still_to_be_put_away(door: Door) -> None:
    for uid in (3, 5, 9):
        door.take(mail(), uid=uid)
    mailbox = door.mailbox(SUPPORT)
    assert folders.known_uids(mailbox, "INBOX", 7) == {3, 5, 9}
    assert folders.known_uids(mailbox, "INBOX", 7, at_least=5) == {5, 9}
    assert folders.undisposed(mailbox, "INBOX", 7) == [3, 5, 9]
    folders.mark_disposed(mailbox, "INBOX", 7, [3, 9])
    assert folders.undisposed(mailbox, "INBOX", 7) == [5]
    assert folders.undisposed(mailbox, "INBOX", 8) == []


def test_a_folders_mark_is_remembered_and_starts_over_with_its_uidvalidity(door: Door) -> None:
    mailbox = door.mailbox(SUPPORT)
    assert folders.folder_mark(mailbox, "INBOX") is None
    folders.mark(mailbox, "INBOX", 7, 100, backlog_below=50)
    folders.mark(mailbox, "INBOX", 8, 1, backlog_below=60)
    mark = folders.folder_mark(mailbox, "INBOX")
    assert mark is not None
    assert (mark.uidvalidity, mark.known_below, mark.backlog_below) == (8, 1, 60)
