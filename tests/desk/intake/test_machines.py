"""Machines: loops, bounces, automatic replies, and who is acknowledged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from models import settings
from models.fields import utc_text
from models.transactions import transaction
from tests.support.mails import EVE, SALES, SUPPORT, Door, bounce, mail, rows, value, write


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def setting(key: str, to: object) -> None:
    with transaction():
        settings.store(key, to)


class TestOwnLoop:
    def test_mail_with_this_desks_mark_is_a_loop(self, door: Door) -> None:
        receipt = door.receipt(mail(headers={"X-Nightdesk-Desk": door.desk.desk_id}))
        assert (receipt.verdict, receipt.ticket) == ("loop", None)
        assert value("SELECT count(*) FROM ticket") == 0

    def test_mail_with_a_message_id_of_ours_is_a_loop(self, door: Door) -> None:
        ticket = door.take(mail())
        assert door.take(mail(message_id=door.sent(ticket.ticket_id or 0))).verdict == "loop"

    def test_another_desk_is_a_customer(self, door: Door) -> None:
        assert door.take(mail(headers={"X-Nightdesk-Desk": "somebody-else"})).verdict == "ticket"


class TestBounces:
    def sent(self, door: Door, *to: str) -> str:
        ticket = door.take(mail(headers={"Precedence": "list"}))
        write("UPDATE ticket SET status = 'waiting'")
        return door.sent(ticket.ticket_id or 0, *to)

    def test_it_marks_the_recipient_and_wakes_the_agent(self, door: Door) -> None:
        sent = self.sent(door, "ana@corp.test", "bob@corp.test")
        receipt = door.receipt(bounce(sent, "ana@corp.test"))
        assert (receipt.verdict, receipt.ticket) == ("bounce", "1")
        assert rows("SELECT address, state, bounced FROM recipient ORDER BY id") == [
            ("ana@corp.test", "failed", 1),
            ("bob@corp.test", "sent", 0),
        ]
        assert "550 no such user here" in value("SELECT detail FROM recipient WHERE bounced = 1")
        assert value("SELECT status FROM ticket") == "open"
        assert value("SELECT count(*) FROM event WHERE kind = 'undelivered'") == 1
        assert rows("SELECT machine FROM message WHERE id = 2") == [("bounce",)]

    def test_a_forged_bounce_mutes_nobody(self, door: Door) -> None:
        sent = self.sent(door, "ana@corp.test", "cy@corp.test")
        receipt = door.receipt(bounce(sent, "bob@corp.test"))
        assert receipt.verdict == "bounce"
        assert rows("SELECT state, bounced FROM recipient") == [("sent", 0), ("sent", 0)]

    def test_the_only_recipient_is_marked_under_whatever_address_the_bounce_names(self, door: Door) -> None:
        sent = self.sent(door, "ana@corp.test")
        receipt = door.receipt(bounce(sent, "ana.prado@forwarded.test"))
        assert rows("SELECT address, state, bounced FROM recipient") == [("ana@corp.test", "failed", 1)]
        assert any("ana.prado@forwarded.test" in line for line in receipt.trace)

    def test_a_delay_is_no_failure(self, door: Door) -> None:
        sent = self.sent(door, "ana@corp.test")
        door.take(bounce(sent, "ana@corp.test", action="delayed", status="4.4.1"))
        assert rows("SELECT state, bounced FROM recipient") == [("sent", 0)]

    def test_one_that_is_not_of_our_mail_is_no_ticket(self, door: Door) -> None:
        receipt = door.receipt(bounce("<somebody@elsewhere.test>", "ana@corp.test"))
        assert (receipt.verdict, receipt.ticket) == ("bounce", None)
        assert value("SELECT count(*) FROM ticket") == 0
        assert value("SELECT count(*) FROM delivery") == 0

    def test_a_closed_ticket_stays_closed(self, door: Door) -> None:
        sent = self.sent(door, "ana@corp.test")
        write("UPDATE ticket SET status = 'closed'")
        door.take(bounce(sent, "ana@corp.test"))
        assert value("SELECT status FROM ticket") == "closed"


class TestAcknowledgements:
    def test_a_new_ticket_is_acknowledged_once_with_its_number(self, door: Door) -> None:
        receipt = door.receipt(mail())
        assert "acknowledged to ana@corp.test" in receipt.trace
        assert rows("SELECT kind, subject, envelope_from FROM delivery") == [
            ("acknowledgement", "Re: [#1] Printer", "")
        ]
        assert rows("SELECT address, state FROM recipient") == [("ana@corp.test", "queued")]

    def test_an_answer_is_not(self, door: Door) -> None:
        door.take(mail())
        assert door.take(mail(subject="[#1] more")).verdict == "reply"
        assert value("SELECT count(*) FROM delivery") == 1

    @pytest.mark.parametrize(
        "headers",
        [
            {"Auto-Submitted": "auto-replied"},
            {"Auto-Submitted": "auto-generated (cron)"},
            {"Precedence": "bulk"},
            {"List-Id": "<news.corp.test>"},
            {"X-Auto-Response-Suppress": "All"},
            {"Return-Path": "<>"},
        ],
    )
    def test_a_machine_gets_a_ticket_and_no_acknowledgement(
        self, door: Door, headers: dict[str, str]
    ) -> None:
        receipt = door.receipt(mail(headers=headers))
        assert receipt.verdict == "ticket"
        assert value("SELECT count(*) FROM delivery") == 0
        assert any(line.startswith("no acknowledgement: ") for line in receipt.trace)

    def test_auto_submitted_no_is_a_person(self, door: Door) -> None:
        door.take(mail(headers={"Auto-Submitted": "no"}))
        assert value("SELECT count(*) FROM delivery") == 1

    def test_one_sender_gets_so_many_an_hour(self, door: Door) -> None:
        setting("mail.ack_limit_hour", 2)
        traces = [door.receipt(mail()).trace for _ in range(3)]
        assert value("SELECT count(*) FROM delivery") == 2
        assert "no acknowledgement: ana@corp.test got 2 within an hour (mail.ack_limit_hour)" in traces[2]
        door.take(mail(sender=EVE))
        assert value("SELECT count(*) FROM delivery") == 3

    def test_plus_tags_make_no_second_sender(self, door: Door) -> None:
        """A forged flood from one address with many tags is answered as one sender's."""
        setting("mail.ack_limit_hour", 2)
        for number in range(4):
            door.take(mail(sender=f"victim+{number}@corp.test"))
        assert value("SELECT count(*) FROM delivery WHERE kind = 'acknowledgement'") == 2

    def test_a_domain_and_the_desk_have_limits_of_their_own(self, door: Door) -> None:
        """Nor does a flood from many addresses make many acknowledgements."""
        setting("mail.ack_limit_domain_hour", 3)
        setting("mail.ack_limit_desk_hour", 5)
        domains = ("corp.test", "other.test", "third.test")
        flood = [mail(sender=f"victim{number}@{domain}") for domain in domains for number in range(4)]
        pipeline.take(door.desk, [door.arrival(raw) for raw in flood])
        sent = rows("SELECT address FROM recipient ORDER BY id")
        assert [address.rpartition("@")[2] for (address,) in sent] == ["corp.test"] * 3 + ["other.test"] * 2

    @pytest.mark.parametrize("sender", [SUPPORT, SALES, "support+x@example.test", "SUPPORT@Example.test"])
    def test_the_desks_own_addresses_never_get_one(self, door: Door, sender: str) -> None:
        door.mailbox(SALES)
        write("UPDATE mailbox SET removed = created WHERE address = ?", SALES)
        assert door.take(mail(sender=sender)).verdict == "ticket"
        assert value("SELECT count(*) FROM delivery") == 0

    def test_mail_for_an_unknown_address_is_acknowledged_by_the_default_mailbox(self, door: Door) -> None:
        """A piped address that is no mailbox is answered through the default outgoing one."""
        door.mailbox(SUPPORT)
        unknown = Arrival(mail(to="support3@example.test"), "lmtp", recipient="support3@example.test")
        setting("mail.default_outgoing", "")
        outcome = pipeline.take(door.desk, [unknown])[0]
        assert value("SELECT count(*) FROM delivery") == 0, "no default mailbox: it would not leave"
        setting("mail.default_outgoing", SUPPORT)
        again = Arrival(mail(to="support4@example.test"), "lmtp", recipient="support4@example.test")
        outcome = pipeline.take(door.desk, [again])[0]
        assert outcome.verdict == "ticket"
        assert rows(
            "SELECT r.address, m.address FROM recipient r JOIN delivery d ON d.id = r.delivery_id"
            " JOIN mailbox m ON m.id = d.mailbox_id"
        ) == [("ana@corp.test", SUPPORT)]

    @pytest.mark.parametrize("door_name", ["http", "pipe", "lmtp"])
    def test_the_address_that_a_mail_came_by_takes_no_part(self, door: Door, door_name: str) -> None:
        """The desk's own address of the envelope never becomes a collaborator, by any door."""
        door.mailbox(SUPPORT)
        raw = mail(to="support3@example.test", cc="bob@corp.test")
        recipient = "" if door_name == "http" else "support3@example.test"
        pipeline.take(door.desk, [Arrival(raw, door_name, recipient=recipient)])
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("bob@corp.test",)
        ]

    @pytest.mark.parametrize("copied", ["", "Delivered-To: all@example.test\r\n"])
    @pytest.mark.parametrize("door_name", ["imap", "pop3", "import"])
    def test_nor_does_one_whose_mail_a_catch_all_gets(self, door: Door, door_name: str, copied: str) -> None:
        box = door.mailbox("all@example.test")
        setting("mail.default_outgoing", "all@example.test")
        raw = copied.encode() + mail(to="Sales <sales@example.test>", cc="bob@corp.test")
        arrival = {
            "imap": Arrival(raw, "imap", box, folder="INBOX", uidvalidity=1, uid=1),
            "pop3": Arrival(raw, "pop3", box, folder="", uidvalidity=1, uidl="a"),
            "import": Arrival(raw, "import"),
        }[door_name]
        assert pipeline.take(door.desk, [arrival])[0].verdict == "ticket"
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("bob@corp.test",)
        ]
        assert rows("SELECT address FROM recipient") == [("ana@corp.test",)]

    def test_a_colleague_beside_the_mailbox_does(self, door: Door) -> None:
        door.take(mail(to=SUPPORT, cc="boss@example.test"))
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("boss@example.test",)
        ]

    def test_a_customer_who_was_written_to_with_a_blind_copy_does(self, door: Door) -> None:
        door.take(mail(to="bob@corp.test", headers={"Delivered-To": SUPPORT}))
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("bob@corp.test",)
        ]

    def test_mail_older_than_its_mailbox_gets_none(self, door: Door) -> None:
        door.mailbox(SUPPORT, created=utc_text(datetime.now(UTC)))
        receipt = door.receipt(mail(), internaldate=datetime.now(UTC) - timedelta(hours=1))
        assert f"no acknowledgement: the mail is older than the mailbox {SUPPORT}" in receipt.trace

    def test_a_mailbox_without_a_way_out_saves_none_up(self, door: Door) -> None:
        door.mailbox(SUPPORT, smtp_host="", outgoing_enabled=False)
        receipt = door.receipt(mail())
        assert any(f"{SUPPORT} has no outgoing account" in line for line in receipt.trace)
        assert value("SELECT count(*) FROM delivery") == 0

    def test_it_can_be_switched_off_for_a_mailbox_and_for_all(self, door: Door) -> None:
        door.mailbox(SUPPORT, autoresponse=0)
        door.take(mail())
        setting("mail.acknowledge", False)
        door.mailbox(SALES)
        door.take(mail(to=SALES), mailbox=SALES)
        assert value("SELECT count(*) FROM delivery") == 0

    def test_the_acknowledgement_that_comes_back_is_a_loop(self, door: Door) -> None:
        from models import blobs

        door.take(mail())
        sent = blobs.read(value("SELECT blob_id FROM delivery"))
        assert b"Auto-Submitted: auto-replied" in sent
        assert door.take(sent).verdict == "loop"

    def test_two_desks_do_not_acknowledge_each_other(self, door: Door) -> None:
        from models import blobs

        door.take(mail())
        sent = blobs.read(value("SELECT blob_id FROM delivery"))
        write("UPDATE setting SET value = '\"another desk\"' WHERE key = 'desk.id'")
        lines = [line for line in sent.split(b"\r\n") if not line.lower().startswith(b"message-id")]
        del door.desk.__dict__["desk_id"]
        assert door.take(b"\r\n".join(lines)).verdict == "reply"
        assert value("SELECT count(*) FROM delivery") == 1
