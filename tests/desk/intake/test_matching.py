"""Reply or new ticket: the rows of the design's table, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from desk.home import Desk
from desk.intake import pipeline
from desk.replies import reply
from models.fields import utc_text
from models.settings import store
from tests.support.mails import ANA, BOB, EVE, SUPPORT, Door, bounce, mail, new_id, now, rows, value, write
from tests.support.workbench import ADMIN


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


class TestAnswersToMailWeSent:
    def test_the_customers_answer_joins_the_ticket(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        receipt = door.receipt(mail("Thanks!", answers=sent))
        assert (receipt.verdict, receipt.ticket) == ("reply", "1")
        assert any(line.startswith(f"matched In-Reply-To {sent}") for line in receipt.trace)

    def test_references_do_when_in_reply_to_is_missing(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        assert door.take(mail(references=["<other@x.test>", sent])).verdict == "reply"

    def test_whoever_it_was_sent_to_may_answer(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "bob@corp.test")
        assert door.take(mail(sender=BOB, answers=sent)).ticket_number == "1"
        assert rows("SELECT unverified FROM message WHERE sender_email = 'bob@corp.test'") == [(0,)]

    def test_a_stranger_is_filed_unverified_and_reopens_nothing(self, door: Door) -> None:
        ticket = door.take(mail())
        write("UPDATE ticket SET status = 'closed', closed = created")
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        receipt = door.receipt(mail(sender=EVE, answers=sent, cc="carl@corp.test"))
        assert (receipt.verdict, receipt.ticket) == ("reply", "1")
        assert rows("SELECT unverified FROM message WHERE sender_email = 'eve@elsewhere.test'") == [(1,)]
        assert value("SELECT status FROM ticket") == "closed"
        assert value("SELECT count(*) FROM collaborator") == 0

    def test_an_unverified_voice_does_not_make_its_sender_a_participant(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        door.take(mail(sender=EVE, answers=sent))
        door.take(mail(sender=EVE, answers=sent))
        assert rows("SELECT DISTINCT unverified FROM message WHERE sender_email = 'eve@elsewhere.test'") == [
            (1,)
        ]

    def test_the_signature_is_proof_when_the_delivery_is_gone(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        write("DELETE FROM recipient")
        write("DELETE FROM delivery")
        assert door.take(mail(answers=sent)).ticket_number == "1"

    def test_a_forged_id_of_ours_is_none(self, door: Door) -> None:
        door.take(mail())
        forged = "<nd.aaaaaaaaaaaaaaaa.1.bbbbbbbbbbbbbbbb@example.test>"
        assert door.take(mail(sender=EVE, answers=forged)).verdict == "ticket"


class TestAnswersToMailOfOthers:
    def test_whoever_takes_part_may_answer_a_customers_mail(self, door: Door) -> None:
        first = new_id()
        door.take(mail(message_id=first))
        assert door.take(mail("One more thing", answers=first)).verdict == "reply"

    def test_whoever_that_mail_was_addressed_to_may_answer_and_takes_part_then(self, door: Door) -> None:
        first = new_id()
        door.take(mail(message_id=first, cc=BOB, headers={"Precedence": "list"}))
        assert door.take(mail(sender=BOB, answers=first)).verdict == "reply"
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("bob@corp.test",)
        ]

    def test_a_stranger_with_a_leaked_id_gets_a_new_ticket_linked_to_the_old_one(self, door: Door) -> None:
        first = new_id()
        door.take(mail(message_id=first))
        receipt = door.receipt(mail(sender=EVE, answers=first))
        assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
        assert "new ticket 2, refers to 1" in receipt.trace
        assert rows("SELECT refers_to_id FROM ticket WHERE number = '2'") == [(1,)]

    def test_of_two_mails_with_one_id_the_one_in_which_the_sender_takes_part_counts(self, door: Door) -> None:
        name = new_id()
        door.take(mail("theirs", sender=EVE, message_id=name))
        door.take(mail("mine", message_id=name))
        assert door.take(mail(answers=name)).ticket_number == "2"

    def test_a_joined_ticket_leads_to_the_one_it_joined(self, door: Door) -> None:
        first = new_id()
        door.take(mail())
        door.take(mail(message_id=first))
        write("UPDATE ticket SET merged_into_id = 1, status = 'closed' WHERE number = '2'")
        assert door.take(mail(answers=first)).ticket_number == "1"


class TestIdsWhoseCaseAGatewayChanged:
    def test_the_parent_is_found_and_shown_as_it_was_written(self, door: Door) -> None:
        door.take(mail(message_id="<AbC.123@Mail.Corp.Test>"))
        assert door.take(mail(answers="<abc.123@mail.corp.test>")).verdict == "reply"
        assert value("SELECT message_id FROM message WHERE id = 1") == "<AbC.123@Mail.Corp.Test>"

    @pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
    def test_so_is_ours(self, door: Door, change: Callable[[str], str]) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", message_id="<NoMac.1@Example.Test>")
        signed = door.sent(ticket.ticket_id or 0, "bob@corp.test")
        assert door.take(mail(answers=sent)).ticket_number == "1"
        assert door.take(mail(sender=BOB, references=[change(signed)])).ticket_number == "1"
        assert value("SELECT count(*) FROM message WHERE unverified = 1") == 0

    def test_a_parent_that_comes_later_finds_its_answer(self, door: Door) -> None:
        door.take(mail("I agree", sender=BOB, answers="<FIRST@CORP.TEST>"))
        assert door.take(mail(message_id="<First@corp.test>", cc=BOB)).verdict == "reply"

    def test_within_one_batch_too(self, door: Door) -> None:
        arrivals = [
            door.arrival(mail(message_id="<One@corp.test>")),
            door.arrival(mail(answers="<ONE@corp.test>")),
        ]
        assert [each.verdict for each in pipeline.take(door.desk, arrivals)] == ["ticket", "reply"]

    def test_of_two_ids_that_differ_in_case_alone_the_one_that_is_written_counts(self, door: Door) -> None:
        door.take(mail("one", message_id="<same@corp.test>"))
        door.take(mail("two", message_id="<SAME@corp.test>"))
        assert door.take(mail(answers="<SAME@corp.test>")).ticket_number == "2"
        assert door.take(mail(answers="<same@corp.test>")).ticket_number == "1"

    def test_letters_beyond_ascii_are_no_case(self, door: Door) -> None:
        door.take(mail(message_id="<straße@corp.test>"))
        assert door.take(mail(answers="<STRASSE@corp.test>")).verdict == "ticket"

    def test_a_bounce_names_our_mail_in_capitals(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        assert door.take(bounce(sent.upper(), "ana@corp.test")).verdict == "bounce"
        assert rows("SELECT state FROM recipient WHERE address = 'ana@corp.test' AND bounced = 1")


class TestNumbersInTheSubject:
    def test_whoever_takes_part_may_name_the_number(self, door: Door) -> None:
        door.take(mail())
        assert door.take(mail(subject="Re: [#1] Printer")).verdict == "reply"

    def test_it_brings_nobody_into_the_ticket(self, door: Door) -> None:
        """Who forges a From and knows a number makes nobody a collaborator."""
        door.take(mail())
        assert door.take(mail(subject="Re: [#1] Printer", cc="eve@evil.test")).ticket_number == "1"
        assert not rows("SELECT 1 FROM collaborator"), "a From and a number are easily forged"

    @pytest.mark.parametrize("sender", ["ana@corp.test", "Ana <ana@corp.test>", "ANA@CORP.TEST"])
    @pytest.mark.parametrize(
        "more",
        [
            {"cc": "eve@elsewhere.test"},
            {"to": f"{SUPPORT}, eve@elsewhere.test"},
            {"to": "eve@elsewhere.test", "cc": SUPPORT},
            {"headers": {"Reply-To": "eve@elsewhere.test"}},
            {"headers": {"Reply-To": "ana@corp.test, eve@elsewhere.test"}},
            {"headers": {"Resent-Cc": "eve@elsewhere.test", "Resent-From": "eve@elsewhere.test"}},
            {"headers": {"Mail-Followup-To": "eve@elsewhere.test", "Sender": "eve@elsewhere.test"}},
            {"headers": {"X-Original-From": "eve@elsewhere.test", "List-Id": "<x.elsewhere.test>"}},
            {"headers": {"Bcc": "eve@elsewhere.test", "Return-Receipt-To": "eve@elsewhere.test"}},
            {"references": ["<unknown@elsewhere.test>"], "cc": "eve@elsewhere.test"},
        ],
    )
    def test_whatever_is_forged_beside_it_the_next_answer_goes_to_the_customer_alone(
        self, door: Door, sender: str, more: dict[str, Any]
    ) -> None:
        """A number and a customer's address are easily known: they bring an answer to nobody else."""
        door.take(mail())
        door.take(mail("Send it there, too.", sender=sender, subject="Re: [#1] Printer", **more))
        reply.send_reply(door.desk, ADMIN, "1", "The password is swordfish.")
        assert rows(
            "SELECT DISTINCT r.address FROM recipient r JOIN delivery d ON d.id = r.delivery_id"
            " WHERE d.kind = 'reply'"
        ) == [("ana@corp.test",)]

    def test_a_stranger_with_the_number_gets_a_new_ticket_linked_to_it(self, door: Door) -> None:
        door.take(mail())
        assert door.take(mail(sender=EVE, subject="Re: [#1] Printer")).verdict == "ticket"
        assert rows("SELECT refers_to_id FROM ticket WHERE number = '2'") == [(1,)]

    def test_a_number_that_does_not_exist_is_a_word(self, door: Door) -> None:
        assert door.receipt(mail(subject="[#999] no such")).ticket == "1"

    def test_a_reference_is_stronger_than_a_number(self, door: Door) -> None:
        first = new_id()
        door.take(mail())
        door.take(mail(message_id=first))
        assert door.take(mail(subject="[#1]", answers=first)).ticket_number == "2"


class TestTheParentArrivesLater:
    def test_it_takes_its_place_at_the_head_of_the_ticket_that_its_answer_began(self, door: Door) -> None:
        first = new_id()
        answer = door.take(mail("I agree", sender=BOB, subject="Re: Printer", answers=first))
        parent = door.receipt(mail(message_id=first, cc=BOB))
        assert (parent.verdict, parent.ticket) == ("reply", answer.ticket_number)
        assert rows("SELECT t.subject, c.email FROM ticket t JOIN contact c ON c.id = t.contact_id") == [
            ("Printer", "ana@corp.test")
        ]
        assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
            ("bob@corp.test",)
        ]

    def test_a_parent_with_a_ticket_of_its_own_draws_the_orphan_into_it(self, door: Door) -> None:
        first, second = new_id(), new_id()
        door.take(mail(message_id=first))
        orphan = door.take(mail("third", answers=second))
        assert door.take(mail("second", message_id=second, answers=first)).ticket_number == "1"
        assert rows("SELECT DISTINCT ticket_id FROM message") == [(1,)]
        assert rows(
            "SELECT status, merged_into_id, message_count FROM ticket WHERE id = ?", orphan.ticket_id
        ) == [("closed", 1, 0)]
        assert value("SELECT message_count FROM ticket WHERE id = 1") == 3
        assert value("SELECT ticket_id FROM receipt WHERE id = ?", orphan.receipt_id) == 1

    def test_a_strangers_answer_does_not_hold_the_place(self, door: Door) -> None:
        first = new_id()
        door.take(mail(sender=EVE, answers=first))
        parent = door.receipt(mail(message_id=first))
        assert (parent.verdict, parent.ticket) == ("ticket", "2")
        assert rows("SELECT refers_to_id FROM ticket WHERE number = '1'") == [(2,)]

    def test_of_a_strangers_ticket_only_the_mail_of_those_who_take_part_joins(self, door: Door) -> None:
        first, second = new_id(), new_id()
        door.take(mail("Me too", sender=EVE, to=f"{SUPPORT}, {ANA}", answers=first, message_id=second))
        door.take(mail("Who is this?", answers=second, references=[first, second], cc=BOB))
        assert door.receipt(mail(message_id=first)).ticket == "2"
        people = (
            "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id WHERE ticket_id = ?"
        )
        assert rows("SELECT sender_email, ticket_id FROM message ORDER BY id") == [
            ("eve@elsewhere.test", 1),
            ("ana@corp.test", 2),
            ("ana@corp.test", 2),
        ]
        assert (rows(people, 2), rows(people, 1)) == ([("bob@corp.test",)], [("ana@corp.test",)])
        assert rows("SELECT message_count, refers_to_id FROM ticket ORDER BY id") == [(1, 2), (2, None)]

    def test_who_is_let_in_later_brings_what_he_wrote_before(self, door: Door) -> None:
        first = new_id()
        door.take(mail(message_id=first))
        door.take(mail("Me too", sender=EVE, answers=first))
        receipt = door.receipt(mail("Eve, please look", cc=EVE, answers=first))
        assert receipt.trace[-1] == "ticket 2 answers mail of this one: joined"
        assert rows("SELECT DISTINCT ticket_id FROM message") == [(1,)]

    def test_an_answer_to_a_stranger_stays_where_its_author_takes_part(self, door: Door) -> None:
        first, second = new_id(), new_id()
        door.take(mail(message_id=first))
        door.take(mail(sender=EVE, to=f"{SUPPORT}, {ANA}", answers=first, message_id=second))
        assert door.take(mail("No!", answers=second, references=[first, second])).ticket_number == "1"
        assert rows("SELECT ticket_id, count(*) FROM message GROUP BY 1 ORDER BY 1") == [(1, 2), (2, 1)]


class TestClosedTickets:
    def closed(self, door: Door, **department: object) -> str:
        first = new_id()
        door.take(mail(message_id=first))
        ten_days_ago = utc_text(now() - timedelta(days=10))
        write("UPDATE ticket SET status = 'closed', overdue = 1, closed = ?", ten_days_ago)
        for column, setting in department.items():
            write(f"UPDATE department SET {column} = ?", setting)
        return first

    def test_a_person_reopens_it_and_its_clock_starts_again(self, door: Door) -> None:
        first = self.closed(door)
        receipt = door.receipt(mail(answers=first))
        assert "ticket 1 was closed: reopened" in receipt.trace
        assert rows("SELECT status, closed, overdue, due > updated FROM ticket") == [("open", None, 0, 1)]
        assert value("SELECT count(*) FROM event WHERE kind = 'reopened'") == 1

    def test_within_the_departments_days_it_reopens(self, door: Door) -> None:
        assert door.take(mail(answers=self.closed(door, reopen_days=14))).ticket_number == "1"

    @pytest.mark.parametrize("days", [0, 7])
    def test_after_the_departments_days_a_new_ticket_refers_to_it(self, door: Door, days: int) -> None:
        receipt = door.receipt(mail(answers=self.closed(door, reopen_days=days)))
        assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
        assert rows("SELECT status, refers_to_id FROM ticket ORDER BY id") == [("closed", None), ("new", 1)]

    @pytest.mark.parametrize("days", [None, 7])
    def test_a_machine_is_filed_there_and_reopens_nothing(self, door: Door, days: int | None) -> None:
        first = self.closed(door, reopen_days=days)
        receipt = door.receipt(mail(answers=first, headers={"Auto-Submitted": "auto-replied"}))
        assert (receipt.verdict, receipt.ticket) == ("reply", "1")
        assert value("SELECT status FROM ticket") == "closed"
        assert "ticket 1 stays closed: Auto-Submitted: auto-replied" in receipt.trace

    def test_archived_mail_reopens_nothing(self, door: Door) -> None:
        door.take(mail(answers=self.closed(door)), archive=True)
        assert value("SELECT status FROM ticket") == "closed"


class TestTheCustomerWritesAgain:
    def test_a_waiting_ticket_is_open_again_and_unread(self, door: Door) -> None:
        first = new_id()
        door.take(mail(message_id=first))
        agent = door.agent()
        write("UPDATE ticket SET status = 'waiting', due = NULL, response_from = NULL")
        write(
            "INSERT INTO seen (agent_id, ticket_id, at) VALUES (?, 1, '2999-01-01T00:00:00.000000Z')", agent
        )
        door.take(mail(answers=first))
        assert rows("SELECT status, due IS NOT NULL, message_count FROM ticket") == [("open", 1, 2)]
        assert not rows("SELECT * FROM seen")

    def test_a_vacation_notice_changes_nothing_but_the_count(self, door: Door) -> None:
        ticket = door.take(mail())
        agent = door.agent()
        write("UPDATE ticket SET status = 'waiting', due = NULL")
        write(
            "INSERT INTO seen (agent_id, ticket_id, at) VALUES (?, 1, '2999-01-01T00:00:00.000000Z')", agent
        )
        before = rows("SELECT status, due, updated, last_customer, assignee_id FROM ticket")
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        door.take(mail("Away until Monday", answers=sent, headers={"Auto-Submitted": "auto-replied"}))
        assert rows("SELECT status, due, updated, last_customer, assignee_id FROM ticket") == before
        assert value("SELECT message_count FROM ticket") == 2
        assert len(rows("SELECT * FROM seen")) == 1


class TestAgentsByMail:
    KIM = "Kim <kim@example.test>"
    PROOF: ClassVar = {"Authentication-Results": "mx.example.test; dkim=pass header.d=example.test"}

    @pytest.fixture(autouse=True)
    def _trusted_server(self, desk: Desk) -> None:
        store("mail.authserv_ids", "mx.example.test")

    def test_an_agent_who_was_sent_the_mail_answers_the_customer(self, door: Door) -> None:
        agent = door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        receipt = door.receipt(mail("Try again now.", sender=self.KIM, answers=sent, headers=self.PROOF))
        assert receipt.verdict == "reply"
        assert rows("SELECT kind, agent_id FROM message WHERE sender_email = 'kim@example.test'") == [
            ("reply", agent)
        ]
        assert value("SELECT status FROM ticket") == "waiting"
        assert rows("SELECT r.address FROM recipient r WHERE r.state = 'queued'") == [("ana@corp.test",)]
        assert receipt.trace[-1] == "passed on to ana@corp.test"

    @pytest.mark.parametrize(
        ("sender", "named"),
        [
            ("Bob via Team <bob@example.test>", {"X-Original-From": KIM}),
            ("bob@example.test", {"X-Original-From": KIM, "List-Id": "<team.example.test>"}),
            ("Team <team@example.test>", {"Reply-To": KIM, "List-Id": "<team.example.test>"}),
            (
                "Team <team@example.test>",
                {"X-Original-Sender": KIM, "List-Post": "<mailto:team@example.test>"},
            ),
            (f"{KIM}, bob@example.test", {}),
            (KIM, {"Sender": "bob@example.test"}),
        ],
    )
    def test_a_colleagues_proof_is_none_for_the_agent_whom_another_field_names(
        self, door: Door, sender: str, named: dict[str, str]
    ) -> None:
        """The company's server proves who stands in From: a colleague of the agent may be a customer."""
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        door.take(mail("#close\nPay here.", sender=sender, answers=sent, headers={**self.PROOF, **named}))
        assert rows("SELECT kind, unverified FROM message WHERE id = 2") == [("customer", 1)]
        assert value("SELECT status FROM ticket") != "closed"

    @pytest.mark.parametrize(
        ("signed", "passed", "to", "counts"),
        [
            ("from:to:subject:message-id:in-reply-to", "dkim=pass header.d=example.test", SUPPORT, True),
            (
                "From : To : Subject : Message-ID : In-Reply-To",
                "dmarc=pass header.from=example.test",
                SUPPORT,
                True,
            ),
            ("from:to:subject:message-id", "dkim=pass header.d=example.test", SUPPORT, False),
            ("from:to:subject:message-id", "dmarc=pass header.from=example.test", SUPPORT, False),
            ("from:subject:message-id:in-reply-to", "dkim=pass header.d=example.test", SUPPORT, False),
            ("from:to:message-id:in-reply-to", "dkim=pass header.d=example.test", SUPPORT, False),
            ("from:to:subject:in-reply-to", "dkim=pass header.d=example.test", SUPPORT, False),
            (
                "from:to:subject:message-id:in-reply-to; l=4",
                "dkim=pass header.d=example.test",
                SUPPORT,
                False,
            ),
            (
                "from:to:subject:message-id:in-reply-to",
                "dkim=pass header.d=example.test",
                "ana@corp.test",
                False,
            ),
            (
                "from:subject",
                "dkim=pass header.d=example.test; spf=pass smtp.mailfrom=example.test",
                SUPPORT,
                True,
            ),
        ],
    )
    def test_a_signature_proves_what_it_covers(
        self, door: Door, signed: str, passed: str, to: str, counts: bool
    ) -> None:
        """Whoever got a signed mail can send it again, as the answer to something else."""
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        head = {
            "Authentication-Results": f"mx.example.test; {passed}",
            "DKIM-Signature": f"v=1; a=rsa-sha256; d=example.test; s=s1; h={signed}; bh=x; b=y",
        }
        door.take(mail("Try again.", sender=self.KIM, to=to, answers=sent, headers=head))
        kind, unverified = rows("SELECT kind, unverified FROM message ORDER BY id DESC LIMIT 1")[0]
        assert (kind, unverified) == (("reply", 0) if counts else ("customer", 1))

    @pytest.mark.parametrize(
        ("above", "signer", "passed"),
        [
            (
                b"DKIM-Signature: v=1; d=junk.test; h=from; b=y\r\n" * 10,
                "example.test",
                "dkim=pass header.d=",
            ),
            (b"", "mail.host.test", "dmarc=pass header.from="),
        ],
        ids=["below many", "of the organization"],
    )
    def test_a_signature_that_nobody_read_proves_nothing(
        self, door: Door, above: bytes, signer: str, passed: str
    ) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        head = {
            "Authentication-Results": f"mx.example.test; {passed}example.test",
            "DKIM-Signature": f"v=1; a=rsa-sha256; d={signer}; h=from:message-id; bh=x; b=y",
        }
        door.take(above + mail("#close\nPay here.", sender=self.KIM, answers=sent, headers=head))
        assert rows("SELECT kind, unverified FROM message WHERE id = 2") == [("customer", 1)]

    @pytest.mark.parametrize("more", ["signature", "answer"])
    def test_what_stands_there_twice_is_not_covered(self, door: Door, more: str) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        whole = "from:to:subject:message-id:in-reply-to:references"
        signature = "v=1; a=rsa-sha256; d=example.test; s=s1; h={}; bh=x; b=y"
        head = {
            "Authentication-Results": "mx.example.test; dkim=pass header.d=example.test",
            "DKIM-Signature": signature.format(whole),
        }
        second = (
            f"DKIM-Signature: {signature.format('from')}" if more == "signature" else f"In-Reply-To: {sent}"
        )
        raw = mail("Try again.", sender=self.KIM, answers=sent, headers=head)
        door.take(f"{second}\r\n".encode() + raw)
        assert rows("SELECT kind, unverified FROM message ORDER BY id DESC LIMIT 1") == [("customer", 1)]

    def test_an_agents_mail_that_somebody_sends_again_is_passed_on_once(self, door: Door) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        for more in ({}, {"X-Loop": "1"}, {"List-Unsubscribe": "<mailto:x@elsewhere.test>"}):
            door.take(
                mail(
                    "Try again now.",
                    message_id="<kims@example.test>",
                    sender=self.KIM,
                    answers=sent,
                    headers={**self.PROOF, **more},
                )
            )
        assert rows("SELECT r.address FROM recipient r WHERE r.state = 'queued'") == [("ana@corp.test",)]
        assert value("SELECT count(*) FROM message WHERE kind = 'reply'") == 1

    @pytest.mark.parametrize("old", ["archive", "quiet"])
    def test_an_old_answer_is_not_sent_to_the_customer_again(self, door: Door, old: str) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}), **{old: True})
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        receipt = door.receipt(mail(sender=self.KIM, answers=sent, headers=self.PROOF), **{old: True})
        assert value("SELECT status FROM ticket") == {"archive": "closed", "quiet": "waiting"}[old]
        assert receipt.trace[-1].startswith("not passed on: ")
        assert not rows("SELECT 1 FROM recipient WHERE state = 'queued'")

    def test_a_customer_whom_the_agent_addressed_is_not_written_to_twice(self, door: Door) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        door.take(mail(sender=self.KIM, to=f"{ANA}, {SUPPORT}", answers=sent, headers=self.PROOF))
        assert not rows("SELECT 1 FROM recipient WHERE state = 'queued'")

    @pytest.mark.parametrize(
        "result",
        [
            None,
            "mx.elsewhere.test; dkim=pass header.d=example.test",
            "mx.example.test; dkim=fail header.d=example.test",
            "mx.example.test; dkim=pass header.d=elsewhere.test",
            "mx.example.test; dkim=pass header.d=evil.example.test",
            "mx.example.test; spf=pass smtp.mailfrom=kim@elsewhere.test",
            'mx.example.test; dkim=none reason="; dkim=pass header.d=example.test"',
            "mx.example.test; (dkim=pass header.d=example.test) none",
        ],
    )
    def test_an_id_that_customers_saw_proves_nothing(self, door: Door, result: str | None) -> None:
        """What says it is an agent's without proof is kept back, and reaches no customer."""
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        headers = {} if result is None else {"Authentication-Results": result}
        door.take(mail("Pay to this account.", sender=self.KIM, answers=sent, headers=headers))
        assert rows("SELECT kind, unverified FROM message WHERE id = 2") == [("customer", 1)]
        assert not rows("SELECT 1 FROM recipient WHERE state = 'queued'"), "nothing is passed on"

    @pytest.mark.parametrize(
        "forged",
        [
            {"sender": "Kim <kim@example.test>"},
            {"sender": '"kim@example.test" <kim@example.test>'},
            {"sender": "KIM@EXAMPLE.TEST"},
            {"sender": "eve@elsewhere.test", "headers": {"Reply-To": "kim@example.test"}},
            {"sender": "eve@elsewhere.test", "headers": {"Sender": "kim@example.test"}},
            {"sender": SUPPORT, "headers": {"Reply-To": "kim@example.test"}},
            {"sender": SUPPORT, "headers": {"X-Original-From": "Kim <kim@example.test>"}},
            {"sender": "kim@example.test", "headers": {"X-Nightdesk": "yes", "Auto-Submitted": "no"}},
            {"sender": "kim@example.test", "headers": {"Return-Path": "<kim@example.test>"}},
            {"sender": "kim@example.test", "headers": {"Received-SPF": "pass", "DKIM-Signature": "v=1"}},
            {
                "sender": "kim@example.test",
                "headers": {
                    "ARC-Authentication-Results": "i=1; mx.example.test; dkim=pass header.d=example.test"
                },
            },
        ],
    )
    @pytest.mark.parametrize("by", ["answer", "references", "customer's id", "number"])
    def test_a_forged_agent_never_speaks_to_the_customer(
        self, door: Door, forged: dict[str, Any], by: str
    ) -> None:
        """Whatever a customer or a stranger knows, the desk passes nothing of it on in its own name."""
        door.agent()
        first = new_id()
        ticket = door.take(mail(message_id=first, headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test", "kim@example.test")
        write("UPDATE recipient SET state = 'sent'")
        ways: dict[str, dict[str, Any]] = {
            "answer": {"answers": sent},
            "references": {"references": [first, sent]},
            "customer's id": {"answers": first},
            "number": {"subject": "Re: [#1] Printer"},
        }
        door.take(mail("Pay to this account.", **forged, **ways[by]))
        assert rows("SELECT kind FROM message WHERE ticket_id = 1 AND kind <> 'customer'") == []
        assert (
            rows("SELECT r.address FROM recipient r WHERE r.state = 'queued' AND r.address LIKE 'ana@%'")
            == []
        )

    def test_of_two_results_the_topmost_counts(self, door: Door) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        raw = mail("Pay.", sender=self.KIM, answers=sent, headers=self.PROOF)
        door.take(b"Authentication-Results: mx.example.test; dkim=fail header.d=example.test\r\n" + raw)
        assert value("SELECT unverified FROM message WHERE id = 2") == 1

    @pytest.mark.parametrize("more", [", eve@elsewhere.test", "\r\nFrom: eve@elsewhere.test"])
    def test_two_authors_prove_none(self, door: Door, more: str) -> None:
        door.agent()
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        door.take(mail("Pay.", sender=self.KIM + more, answers=sent, headers=self.PROOF))
        assert rows("SELECT kind, unverified FROM message WHERE id = 2") == [("customer", 1)]

    def test_a_role_that_may_not_answer_does_not_by_mail(self, door: Door) -> None:
        door.agent()
        write("UPDATE role SET actions = '[\"ticket.note\"]'")
        ticket = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        receipt = door.receipt(mail("Done.", sender=self.KIM, answers=sent, headers=self.PROOF))
        assert "role of kim does not grant ticket.reply" in " ".join(receipt.trace)
        assert value("SELECT unverified FROM message WHERE id = 2") == 1

    def test_an_answer_to_an_alert_is_a_note(self, door: Door) -> None:
        agent = door.agent()
        ticket = door.take(mail())
        alert = door.sent(ticket.ticket_id or 0, "kim@example.test", kind="alert")
        assert door.take(mail("I am on it", sender=self.KIM, answers=alert)).verdict == "note"
        assert rows("SELECT kind, agent_id FROM message WHERE id = 2") == [("note", agent)]

    def test_an_agents_address_without_proof_is_unverified(self, door: Door) -> None:
        """An agent's address alone is no agent, whatever it refers to."""
        door.agent()
        first = new_id()
        door.take(mail(message_id=first))
        assert door.take(mail(sender=self.KIM, answers=first)).verdict == "reply"
        assert door.take(mail(sender=self.KIM, subject="[#1]")).verdict == "reply"
        assert rows("SELECT kind, unverified FROM message WHERE id > 1") == [("customer", 1)] * 2

    def test_an_agent_may_be_a_customer(self, door: Door) -> None:
        door.agent()
        first = new_id()
        door.take(mail(sender=self.KIM, message_id=first))
        door.take(mail(sender=self.KIM, answers=first))
        assert rows("SELECT kind, unverified FROM message WHERE ticket_id = 1") == [("customer", 0)] * 2
