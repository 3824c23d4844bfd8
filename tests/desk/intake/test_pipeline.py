"""Given this mail, this verdict."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from desk.home import Desk
from desk.intake import arrivals, filtering, orphans, pipeline, receipts
from desk.intake.incoming import Incoming
from desk.intake.matching import Match
from desk.tickets import lifecycle
from models import blobs, tickets
from models.fields import utc_text
from models.leases import LeaseLost
from models.tickets import TicketState
from tests.support.mails import (
    ANA,
    BOB,
    SALES,
    SUPPORT,
    Door,
    mail,
    messages_saying,
    new_id,
    now,
    rows,
    value,
    write,
)


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def test_a_mail_becomes_a_ticket_with_its_contact_message_and_receipt(door: Door) -> None:
    raw = mail("Paper jam in room 4.", subject="Printer", headers={"Date": "Mon, 5 Jan 2026 08:00:00 +0000"})
    arrived = datetime(2026, 1, 5, 8, 1, tzinfo=UTC)
    taken = door.take(raw, internaldate=arrived)
    assert (taken.verdict, taken.ticket_number, taken.new) == ("ticket", "1", True)
    assert rows("SELECT subject, status, created, message_count FROM ticket") == [
        ("Printer", "new", utc_text(arrived), 1)
    ]
    assert rows("SELECT email, name FROM contact") == [("ana@corp.test", "Ana")]
    assert rows("SELECT kind, text, sender_email, created, machine FROM message") == [
        ("customer", "Paper jam in room 4.", "ana@corp.test", utc_text(arrived), "")
    ]
    receipt = receipts.show(taken.receipt_id)
    assert receipt.sha256 == hashlib.sha256(raw).hexdigest()
    assert receipts.raw(taken.receipt_id) == raw
    assert receipt.ticket == "1"
    assert "new ticket 1" in receipt.trace


def test_the_text_is_found_by_search_at_once(door: Door) -> None:
    door.take(mail("The flux capacitor leaks."))
    assert messages_saying("capacitor") == 1


def test_sla_clocks_start_at_intake_not_when_the_mail_was_written(door: Door) -> None:
    before = datetime.now(UTC)
    door.take(mail(), internaldate=before - timedelta(days=30))
    assert value("SELECT due FROM ticket") >= utc_text(before + timedelta(hours=18))


def test_a_date_in_the_future_is_not_believed(door: Door) -> None:
    door.take(mail(), internaldate=datetime.now(UTC) + timedelta(days=900))
    assert value("SELECT created FROM message") <= utc_text(datetime.now(UTC))


def test_without_internaldate_the_top_received_header_tells_when_it_came(door: Door) -> None:
    door.take(mail(received="from a by b; Tue, 6 Jan 2026 10:00:00 +0100"))
    assert value("SELECT created FROM message") == "2026-01-06T09:00:00.000000Z"


def test_the_same_batch_twice_changes_nothing(door: Door) -> None:
    batch = [door.arrival(mail()), door.arrival(mail(sender=BOB))]
    first = pipeline.take(door.desk, batch)
    second = pipeline.take(door.desk, batch)
    assert [taken.new for taken in second] == [False, False]
    assert [taken.receipt_id for taken in second] == [taken.receipt_id for taken in first]
    assert value("SELECT count(*) FROM message") == 2
    assert value("SELECT count(*) FROM delivery") == 2


def test_the_answer_has_the_order_of_the_batch(door: Door) -> None:
    prepared = arrivals.parse_ahead([door.arrival(mail(subject="one"))])
    batch: list[arrivals.Arrival | arrivals.Prepared] = [door.arrival(mail(subject="two")), *prepared]
    batch.append(door.arrival(mail(subject="three")))
    taken = pipeline.take(door.desk, batch)
    subjects = [value("SELECT subject FROM ticket WHERE id = ?", each.ticket_id) for each in taken]
    assert subjects == ["two", "one", "three"]


def test_a_lost_lease_undoes_the_batch(door: Door) -> None:
    def check() -> None:
        raise LeaseLost("mailbox 1")

    with pytest.raises(LeaseLost):
        pipeline.take(door.desk, [door.arrival(mail())], check=check)
    assert value("SELECT count(*) FROM receipt") == 0
    assert value("SELECT count(*) FROM ticket") == 0


def test_one_poison_mail_is_quarantined_and_the_others_go_on(door: Door) -> None:
    nested = b"From: eve@elsewhere.test\r\nSubject: deep\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(400)
    )
    taken = pipeline.take(
        door.desk, [door.arrival(mail()), door.arrival(nested), door.arrival(mail(sender=BOB))]
    )
    assert [each.verdict for each in taken] == ["ticket", "quarantined", "ticket"]
    receipt = receipts.show(taken[1].receipt_id)
    assert receipts.raw(receipt.id) == nested
    assert receipt.reason
    assert (receipt.sender, receipt.subject) == ("eve@elsewhere.test", "deep")
    assert rows("SELECT level, receipt_id FROM log_entry") == [("warning", receipt.id)]


def test_a_fault_of_ours_quarantines_that_mail_alone_and_leaves_nothing_half(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = orphans.await_parents

    def faulty(incoming: Incoming, match: Match, message_id: int) -> None:
        if incoming.mail.subject == "Trip":
            raise ZeroDivisionError("a fault")
        working(incoming, match, message_id)

    monkeypatch.setattr(orphans, "await_parents", faulty)
    first = new_id()
    taken = pipeline.take(
        door.desk,
        [
            door.arrival(mail(message_id=first)),
            door.arrival(mail(subject="Trip", sender=BOB)),
            door.arrival(mail(answers=first)),
        ],
    )
    assert [each.verdict for each in taken] == ["ticket", "quarantined", "reply"]
    assert rows("SELECT subject FROM ticket") == [("Printer",)]
    assert value("SELECT count(*) FROM contact") == 1
    assert "ZeroDivisionError" in receipts.show(taken[1].receipt_id).reason
    assert messages_saying("Trip") == 0


@pytest.mark.parametrize(
    ("reader", "kind", "body"),
    [
        ("mail.mime.html.document.Renderer", "text/html", "<p>The lift</p>"),
        ("mail.mime.html.document.quote_marks", "text/html", "<p>The lift</p>"),
        ("mail.mime.quotes.reading._Reader", "text/plain", "The lift"),
        ("mail.mime.rtf.rtf_to_text", "text/rtf", "{\\rtf1 The lift}"),
        ("mail.mime.enriched.enriched_to_text", "text/enriched", "The <bold>lift</bold>"),
        ("mail.mime.part_text.unflow", "text/plain; format=flowed", "The lift"),
    ],
)
def test_a_fault_of_ours_in_reading_a_text_costs_no_mail_its_ticket(
    door: Door, monkeypatch: pytest.MonkeyPatch, reader: str, kind: str, body: str
) -> None:
    monkeypatch.setattr(reader, lambda *_, **__: 1 / 0)
    taken = door.take(mail(body).replace(b"text/plain; charset=utf-8", kind.encode()))
    assert taken.verdict == "ticket"
    assert messages_saying("lift") == 1


@pytest.mark.parametrize("body", ["<form><input type=hidden name=t></form>", "<select></select>", "<input>"])
def test_a_form_in_which_nothing_is_written_makes_a_ticket(door: Door, body: str) -> None:
    taken = door.take(mail(body).replace(b"text/plain", b"text/html"))
    assert (taken.verdict, rows("SELECT text FROM message")) == ("ticket", [("",)])


def _refused(ticket_id: int) -> None:
    tickets.set_seen(ticket_id, 10**6, utc_text(now()))  # there is no such agent


def _half_a_character(ticket_id: int) -> None:
    tickets.change(ticket_id, {"spam": "\ud800"})


@pytest.mark.parametrize("fault", [_refused, _half_a_character])
@pytest.mark.parametrize("last", [False, True])
def test_what_the_database_refuses_later_quarantines_the_mail_that_it_is_of(
    door: Door, monkeypatch: pytest.MonkeyPatch, fault: Callable[[int], None], last: bool
) -> None:
    working = filtering.change

    def faulty(incoming: Incoming, ticket: TicketState) -> None:
        working(incoming, ticket)
        if incoming.mail.subject == "Trip":
            fault(ticket.id)

    monkeypatch.setattr(filtering, "change", faulty)
    first = new_id()
    mails = [mail(message_id=first), mail(answers=first), mail("More.")]
    mails.insert(3 if last else 1, mail(subject="Trip", sender=BOB))
    taken = pipeline.take(door.desk, [door.arrival(each) for each in mails])
    told = [(each.verdict, each.ticket_number) for each in taken]
    assert told.pop(3 if last else 1) == ("quarantined", None)
    assert told == [("ticket", "1"), ("reply", "1"), ("ticket", "2")]
    assert door.take(mail("Later.")).ticket_number == "3", "a number of a ticket that is undone is free again"
    assert value("SELECT count(*) FROM contact") == 1
    assert messages_saying("More") == 1


def test_a_retry_takes_the_quarantined_mail_in_under_its_receipt(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.permissions import app_actor

    with monkeypatch.context() as broken:
        broken.setattr(lifecycle, "opened", lambda *_: 1 / 0)
        taken = door.take(mail("The fuse blew."))
    assert taken.verdict == "quarantined"
    again = receipts.retry(door.desk, app_actor(door.desk), taken.receipt_id)
    assert (again.receipt_id, again.verdict) == (taken.receipt_id, "ticket")
    assert receipts.show(taken.receipt_id).ticket == again.ticket_number
    assert messages_saying("fuse") == 1


def test_a_replay_tells_what_would_be_and_changes_nothing(door: Door) -> None:
    taken = door.take(mail())
    before = rows("SELECT * FROM receipt"), value("SELECT count(*) FROM ticket")
    assert receipts.replay(door.desk, taken.receipt_id).verdict == "ticket"
    assert (rows("SELECT * FROM receipt"), value("SELECT count(*) FROM ticket")) == before


def test_a_full_disk_stores_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs, "prepare", full)
    with pytest.raises(OSError, match="No space"):
        door.take(mail())
    assert value("SELECT count(*) FROM receipt") == 0


def test_text_is_cut_at_a_million_characters_and_the_raw_mail_is_whole(door: Door) -> None:
    raw = mail("x" * 80 + "\r\n" + ("word " * 15 + "\r\n") * 20_000)
    taken = door.take(raw)
    assert value("SELECT length(text) FROM message") == 1_000_000
    assert receipts.raw(taken.receipt_id) == raw


def test_a_mail_without_any_header_is_a_ticket_of_nobody(door: Door) -> None:
    taken = door.take(b"\r\njust text\r\n")
    assert taken.verdict == "ticket"
    assert value("SELECT c.email FROM ticket t JOIN contact c ON c.id = t.contact_id") == ""
    assert value("SELECT count(*) FROM delivery") == 0


def test_two_mails_of_nobody_do_not_share_a_ticket(door: Door) -> None:
    first = new_id()
    door.take(mail(sender=None, message_id=first))
    assert door.take(mail(sender=None, answers=first)).verdict == "ticket"


def test_archived_mail_is_closed_has_no_due_time_and_tells_nobody(door: Door) -> None:
    receipt = door.receipt(mail(), archive=True)
    assert rows("SELECT status, due FROM ticket") == [("closed", None)]
    assert value("SELECT count(*) FROM delivery") == 0
    assert "no acknowledgement: filed as archive" in receipt.trace


class TestRouting:
    def test_the_address_in_the_header_comes_before_the_mailbox_it_was_fetched_from(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        door.take(mail(to=SALES), mailbox=SUPPORT)
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Sales"

    def test_a_plus_tag_reaches_its_mailbox(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        receipt = door.receipt(mail(to="sales+fair2026@example.test"), mailbox=SUPPORT)
        assert f"routed by address: {SALES} (with a plus-tag)" in receipt.trace

    def test_an_exact_address_comes_before_a_tagged_one(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        door.take(mail(to=f"support+x@example.test, {SALES}"))
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Sales"

    def test_a_blind_copy_is_routed_by_what_the_server_wrote_down(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        door.take(mail(to="friends@corp.test", headers={"Delivered-To": SALES}), mailbox=SUPPORT)
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Sales"

    def test_an_address_nobody_knows_is_still_a_ticket_of_the_mailbox_it_came_from(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        door.take(mail(to="typo@example.test"), mailbox=SALES)
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Sales"

    def test_a_mailbox_without_department_goes_to_the_default_one(self, door: Door) -> None:
        door.take(mail(to="typo@example.test"))
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Support"

    def test_a_removed_mailbox_routes_no_more(self, door: Door) -> None:
        door.mailbox(SALES, department="Sales")
        write("UPDATE mailbox SET removed = created WHERE address = ?", SALES)
        door.take(mail(to=SALES))
        assert value("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == "Support"


class TestCollaborators:
    def test_whoever_was_written_to_besides_takes_part(self, door: Door) -> None:
        door.agent(email="kim@example.test")
        door.take(
            mail(to=f"{SUPPORT}, bob@corp.test", cc=f"kim@example.test, {SALES}, carl@corp.test, {ANA}")
        )
        door.mailbox(SALES)
        assert rows(
            "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY 1"
        ) == [
            ("bob@corp.test",),
            ("carl@corp.test",),
            (SALES,),
        ]

    def test_the_desk_is_no_collaborator_of_its_own_ticket(self, door: Door) -> None:
        door.mailbox(SALES)
        door.take(mail(cc=f"{SALES}, support+x@example.test"))
        assert value("SELECT count(*) FROM collaborator") == 0

    def test_readers_of_a_mailing_list_are_none(self, door: Door) -> None:
        door.take(mail(cc="all@corp.test", headers={"List-Id": "<all.corp.test>"}))
        assert value("SELECT count(*) FROM collaborator") == 0


def test_what_arrived_can_be_handed_to_the_process_that_reads() -> None:
    arrival = arrivals.Arrival(b"Subject: x\r\n\r\n", "imap", 1, "INBOX", 7, 1)
    assert pickle.loads(pickle.dumps(arrival)) == arrival
