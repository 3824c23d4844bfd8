"""The same mail again, and mails that only look the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from desk.fetching import folders
from desk.home import Desk
from desk.intake import pipeline, receipts
from desk.intake.arrivals import Arrival
from desk.intake.digests import mail_digest
from models.fields import utc_text
from tests.support.mails import ANA, SALES, SUPPORT, Door, mail, new_id, now, rows, value, write


@pytest.fixture
def door(desk: Desk) -> Door:
    made = Door(desk)
    made.mailbox(SUPPORT)
    made.mailbox(SALES, department="Sales")
    return made


def copies(name: str | None = "") -> tuple[bytes, bytes]:
    """One mail as two mailboxes hold it: other trace headers, the same content."""
    raw = mail(to=f"{SUPPORT}, {SALES}", message_id=name)
    head = (
        "Return-Path: <ana@corp.test>\r\nDelivered-To: {}\r\nReceived: from a by b\r\n\tfor <{}>; today\r\n"
    )
    return tuple(head.format(box, box).encode() + raw for box in (SUPPORT, SALES))  # type: ignore[return-value]


def test_a_mail_in_two_mailboxes_is_one_ticket_referred_to_both_departments(door: Door) -> None:
    one, other = copies()
    first = door.take(one)
    second = door.receipt(other, mailbox=SALES)
    assert (second.verdict, second.duplicate_of, second.ticket) == ("duplicate", first.receipt_id, "1")
    assert value("SELECT count(*) FROM message") == 1
    assert value("SELECT count(*) FROM delivery") == 1
    assert rows("SELECT d.name FROM ticket_referral r JOIN department d ON d.id = r.department_id") == [
        ("Sales",)
    ]


@pytest.mark.parametrize("change", [bytes.lower, bytes.upper, bytes.swapcase])
def test_a_copy_whose_ids_a_gateway_wrote_in_other_case_is_a_copy(
    door: Door, change: Callable[[bytes], bytes]
) -> None:
    raw = mail(to=f"{SUPPORT}, {SALES}", message_id="<AbC@Corp.Test>", answers="<XyZ@Corp.Test>")
    respelled = raw.replace(b"<AbC@Corp.Test>", change(b"<AbC@Corp.Test>"))
    respelled = respelled.replace(b"<XyZ@Corp.Test>", change(b"<XyZ@Corp.Test>"))
    first = door.take(raw)
    second = door.receipt(respelled, mailbox=SALES)
    assert (second.verdict, second.duplicate_of) == ("duplicate", first.receipt_id)
    assert value("SELECT message_id FROM message") == "<AbC@Corp.Test>"


def test_another_text_under_an_id_in_other_case_is_another_mail(door: Door) -> None:
    door.take(mail("one", message_id="<AbC@Corp.Test>"))
    second = door.receipt(mail("two", message_id="<abc@corp.test>"))
    assert second.verdict == "ticket"
    assert "another mail, in ticket 1, has the same Message-ID: both are kept" in second.trace


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_which_mailbox_was_fetched_first_does_not_matter(door: Door, order: tuple[int, int]) -> None:
    both = copies()
    for place in order:
        door.take(both[place], mailbox=(SUPPORT, SALES)[place])
    assert rows("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == [("Support",)]
    assert rows("SELECT d.name FROM ticket_referral r JOIN department d ON d.id = r.department_id") == [
        ("Sales",)
    ]


def test_a_blind_copy_to_a_second_mailbox_is_referred_when_it_comes(door: Door) -> None:
    raw = mail(to=SUPPORT)
    door.take(raw)
    assert not rows("SELECT * FROM ticket_referral")
    receipt = door.receipt(b"Delivered-To: sales@example.test\r\n" + raw, mailbox=SALES)
    assert receipt.trace[-1] == "ticket 1 is referred to Sales, whose mailbox it reached too"


def test_copies_in_one_batch_are_told_apart_too(door: Door) -> None:
    one, other = copies()
    taken = pipeline.take(door.desk, [door.arrival(one), door.arrival(other, mailbox=SALES)])
    assert [each.verdict for each in taken] == ["ticket", "duplicate"]


def test_copies_a_week_apart_are_two_mails(door: Door) -> None:
    one, other = copies()
    door.take(one)
    write("UPDATE receipt SET received = '2026-01-01T00:00:00.000000Z'")
    assert door.take(other, mailbox=SALES).verdict == "ticket"


@pytest.mark.parametrize("named", [True, False])
def test_two_alarms_with_the_same_text_from_one_mailbox_are_two_mails(door: Door, named: bool) -> None:
    alarms = [mail("Battery low", sender="ups@corp.test", message_id="" if named else None) for _ in "12"]
    assert [door.take(raw).verdict for raw in alarms] == ["ticket", "ticket"]


def test_a_mail_to_an_address_and_its_alias_that_a_server_delivers_twice_is_one_ticket(door: Door) -> None:
    """One mail that comes twice into one mailbox is one ticket and one acknowledgement."""
    raw = mail("Hello", to=f"{SUPPORT}, help@example.test")
    for delivered, verdict in ((b"support@example.test", "ticket"), (b"help@example.test", "duplicate")):
        assert door.take(b"Delivered-To: " + delivered + b"\r\n" + raw).verdict == verdict
    assert value("SELECT count(*) FROM delivery WHERE kind = 'acknowledgement'") == 1


@pytest.mark.parametrize("days", [0, 8, 400])
def test_a_mail_that_is_moved_back_into_the_inbox_is_no_new_ticket(door: Door, days: int) -> None:
    """However long after, a colleague who moves a mail back makes no second ticket."""
    raw = mail("Hello")
    door.take(raw)
    write("UPDATE receipt SET received = ?, disposed = received", utc_text(now() - timedelta(days=days)))
    assert door.take(raw).verdict == "duplicate"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_two_equal_alarms_in_two_mailboxes_are_two_mails_in_any_order(
    door: Door, order: tuple[int, ...]
) -> None:
    raw = mail("Battery low", sender="ups@corp.test", message_id=None)
    boxes = (SUPPORT, SUPPORT, SALES, SALES)
    verdicts = [door.take(raw, mailbox=boxes[place]).verdict for place in order]
    assert sorted(verdicts) == ["duplicate", "duplicate", "ticket", "ticket"]


def test_the_same_message_id_with_other_content_is_kept_and_said(door: Door) -> None:
    name = new_id()
    door.take(mail("One thing.", message_id=name))
    receipt = door.receipt(mail("Another thing.", message_id=name))
    assert receipt.verdict == "ticket"
    assert "another mail, in ticket 1, has the same Message-ID: both are kept" in receipt.trace


def test_a_new_uidvalidity_knows_the_mail_again_without_a_new_receipt(door: Door) -> None:
    raws = [mail(), mail(sender="bob@corp.test")]
    first = pipeline.take(door.desk, [door.arrival(raw, uid=uid) for uid, raw in enumerate(raws, 1)])
    door.uidvalidity = 8
    again = pipeline.take(
        door.desk, [door.arrival(raw, uid=uid) for uid, raw in enumerate(reversed(raws), 31)]
    )
    assert [each.new for each in again] == [False, False]
    assert [each.receipt_id for each in again] == [each.receipt_id for each in reversed(first)]
    assert rows("SELECT uid, uidvalidity FROM receipt ORDER BY uid") == [(31, 8), (32, 8)]
    assert value("SELECT count(*) FROM delivery") == 2
    assert "UIDVALIDITY 7 became 8" in receipts.show(first[0].receipt_id).trace[-1]


def test_equal_alarms_are_known_again_one_by_one(door: Door) -> None:
    raw = mail("Battery low", message_id=None)
    pipeline.take(door.desk, [door.arrival(raw, uid=1), door.arrival(raw, uid=2)])
    door.uidvalidity = 8
    taken = pipeline.take(door.desk, [door.arrival(raw, uid=uid) for uid in (1, 2, 3)])
    assert [each.new for each in taken] == [False, False, True]


def test_after_a_new_uidvalidity_a_new_mail_is_new(door: Door) -> None:
    door.take(mail(), uid=1)
    door.uidvalidity = 8
    assert door.take(mail("Another one."), uid=1).new


def test_mail_that_was_put_away_is_not_taken_for_a_renumbered_one(door: Door) -> None:
    raw = mail("Battery low", message_id=None)
    taken = door.take(raw, uid=1)
    write("UPDATE mailbox SET after_fetch = 'delete'")
    folders.mark_disposed(door.mailbox(SUPPORT), "INBOX", 7, [1])
    door.uidvalidity = 8
    again = door.take(raw, uid=1)
    assert again.new
    assert again.receipt_id != taken.receipt_id


class TestDoorsWithoutNumbers:
    def take(self, door: Door, raw: bytes, name: str = "lmtp") -> str:
        arrival = Arrival(raw, name, door.mailbox(SUPPORT))
        return pipeline.take(door.desk, [arrival])[0].verdict

    def test_a_redelivery_has_the_same_message_id_and_digest(self, door: Door) -> None:
        raw = mail()
        assert self.take(door, b"Received: first try\r\n" + raw) == "ticket"
        assert self.take(door, b"Received: second try\r\n" + raw) == "duplicate"

    def test_without_message_id_only_the_same_bytes_are_a_redelivery(self, door: Door) -> None:
        raw = mail("Battery low", message_id=None)
        assert self.take(door, b"Received: at noon\r\n" + raw) == "ticket"
        assert self.take(door, b"Received: at one\r\n" + raw) == "ticket"
        assert self.take(door, b"Received: at one\r\n" + raw) == "duplicate"

    def test_a_mail_that_was_fetched_before_comes_through_the_door_as_a_duplicate(self, door: Door) -> None:
        raw = mail()
        door.take(raw)
        assert self.take(door, raw.replace(b"\r\n", b"\n")) == "duplicate"


class TestDigest:
    def test_line_ends_do_not_matter(self) -> None:
        raw = mail("one\r\ntwo")
        assert mail_digest(raw) == mail_digest(raw.replace(b"\r\n", b"\n")) == mail_digest(raw + b"\r\n\r\n")

    def test_what_servers_on_the_way_add_does_not_matter(self) -> None:
        raw = mail()
        added = b"Received: by x;\r\n\ttoday\r\nDELIVERED-TO: a@b\r\nX-Spam-Score: 3\r\n"
        assert mail_digest(added + raw) == mail_digest(raw)

    @pytest.mark.parametrize(
        "changed",
        [
            mail("Other text.", message_id="<a@b>"),
            mail(subject="Other", message_id="<a@b>"),
            mail(message_id="<b@b>"),
            mail(sender="eve@elsewhere.test", message_id="<a@b>"),
        ],
    )
    def test_everything_else_matters(self, changed: bytes) -> None:
        assert mail_digest(changed) != mail_digest(mail(sender=ANA, message_id="<a@b>"))

    def test_a_received_line_in_the_text_is_text(self) -> None:
        assert mail_digest(b"Subject: x\n\nReceived: a\n") != mail_digest(b"Subject: x\n\nReceived: b\n")
