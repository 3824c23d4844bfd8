"""The ledger can be asked what became of a mail."""

from __future__ import annotations

from typing import NoReturn

import pytest

from desk.documents import receipts as documents
from desk.errors import NotFound, Refused, WrongUse
from desk.fetching import folders
from desk.home import Desk
from desk.intake import receipts
from desk.intake.receipts import ReceiptFilter, ReceiptView
from desk.permissions import Actor, app_actor
from desk.tickets import lifecycle
from tests.support.mails import SUPPORT, Door, mail, value, write


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def test_the_json_of_a_receipt_has_the_promised_keys(door: Door) -> None:
    document = documents.receipt(door.receipt(mail()))
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


def test_two_retries_at_once_make_one_ticket(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as fault:
        fault.setattr(lifecycle, "opened", _broken)
        taken = door.take(mail())
    reading = receipts.show

    def slowly(receipt_id: int, reader: Actor) -> ReceiptView:
        """Another process is faster than this one, behind its first look."""
        monkeypatch.setattr(receipts, "show", reading)
        view = reading(receipt_id, reader)
        receipts.retry(door.desk, app_actor(door.desk), receipt_id)
        return view

    monkeypatch.setattr(receipts, "show", slowly)
    with pytest.raises(Refused, match="its verdict is ticket"):
        receipts.retry(door.desk, app_actor(door.desk), taken.receipt_id)
    assert value("SELECT count(*) FROM ticket") == value("SELECT count(*) FROM message") == 1


def test_a_retry_dates_mail_by_its_arrival_and_acknowledges_no_old_mail(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as fault:
        fault.setattr(lifecycle, "opened", _broken)
        taken = door.take(mail())
    write("UPDATE receipt SET received = '2026-01-05T08:00:00.000000Z'")
    write("UPDATE mailbox SET created = '2026-02-01T08:00:00.000000Z'")
    receipts.retry(door.desk, app_actor(door.desk), taken.receipt_id)
    assert value("SELECT created FROM ticket") == "2026-01-05T08:00:00.000000Z"
    assert "older than the mailbox" in receipts.show(taken.receipt_id).trace[-1]


def _broken(*_: object) -> NoReturn:
    raise ArithmeticError("a fault of ours")


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


class TestMailThatWasCut:
    """A mail whose last part has no end is kept as it is, and the trace says that it may not be all."""

    PARTS = (
        b"From: ana@corp.test\r\nTo: support@example.test\r\nMessage-ID: <c@c.test>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"QUJDRA==\r\n--b--\r\n"
    )

    @pytest.mark.parametrize("end", [-3, -8, -16])
    def test_it_is_told(self, door: Door, end: int) -> None:
        trace = door.receipt(self.PARTS[:end]).trace
        assert "its last part has no end: it may have been cut off on its way" in trace

    def test_a_whole_one_is_not(self, door: Door) -> None:
        assert not any("cut off" in line for line in door.receipt(self.PARTS).trace)
