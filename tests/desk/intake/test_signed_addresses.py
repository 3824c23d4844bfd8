"""Signed plus-addresses: row 1 of the design's table, and agents who answer by mail."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.intake import mail_commands
from desk.permissions import Actor
from desk.tickets import changes, detail
from mail.compose.signed_tag import SignedTag, tagged
from mail.mime.message import parse
from models.settings import store
from tests.support.mails import ANA, BOB, EVE, SUPPORT, Door, mail, new_id, rows, value, write

KIM = "Kim <kim@example.test>"
JO = "Jo <jo@example.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    door = Door(desk)
    door.agent()
    door.agent("jo", "jo@example.test")
    door.take(mail(headers={"Precedence": "list"}))
    return door


def address(desk: Desk, tag: SignedTag) -> str:
    return tagged(SUPPORT, tag, desk.message_secret)


def agents_address(desk: Desk, purpose: str = "reply", ticket: int = 1, agent: int = 1) -> str:
    return address(desk, SignedTag(purpose, ticket, agent))  # type: ignore[arg-type]


class TestCustomers:
    def test_an_answer_to_the_address_alone_reaches_its_ticket(self, door: Door, desk: Desk) -> None:
        receipt = door.receipt(mail("Me again", to=address(desk, SignedTag("answer", 1)), subject="Hello"))
        assert (receipt.verdict, receipt.ticket) == ("reply", "1")
        assert "matched the signed address of ticket 1: the sender takes part in it" in receipt.trace

    def test_it_comes_in_the_envelope_alone_as_well(self, door: Door, desk: Desk) -> None:
        raw = mail("Me again", to="undisclosed-recipients:;", subject="Hello")
        delivered = f"Delivered-To: {address(desk, SignedTag('answer', 1))}\r\n".encode()
        assert door.take(delivered + raw).ticket_number == "1"

    @pytest.mark.parametrize("sender", [EVE, BOB, "Ana <ana@elsewhere.test>"])
    def test_a_stranger_who_learned_it_has_no_part(self, door: Door, desk: Desk, sender: str) -> None:
        taken = door.take(mail(sender=sender, to=address(desk, SignedTag("answer", 1)), subject="Hello"))
        assert taken.ticket_number == "2"

    @pytest.mark.parametrize("case", ["upper", "another ticket", "cut", "no agent"])
    def test_what_was_not_signed_says_nothing(self, door: Door, desk: Desk, case: str) -> None:
        good = address(desk, SignedTag("answer", 1))
        written = {
            "upper": good.upper(),
            "another ticket": good.replace("+c1.", "+c2."),
            "cut": good.replace("@", "")[:-13] + "@example.test",
            "no agent": good.replace("+c1.", "+r1."),
        }[case]
        taken = door.take(mail(to=written, subject="Hello"))
        assert taken.ticket_number == ("1" if case == "upper" else "2")

    def test_the_signed_address_becomes_no_collaborator(self, door: Door, desk: Desk) -> None:
        door.take(mail("Me again", to=SUPPORT, cc=address(desk, SignedTag("answer", 1)), subject="Hello"))
        assert value("SELECT count(*) FROM collaborator") == 0

    def test_acknowledgements_ask_for_answers_there_where_the_desk_signs(self, desk: Desk) -> None:
        store("mail.signed_addresses", value=True)
        Door(desk).take(mail())
        raw = sent_mail()
        assert f"Reply-To: Support <{address(desk, SignedTag('answer', 1))}>" in raw

    def test_they_do_not_unless_it_is_set(self, desk: Desk) -> None:
        Door(desk).take(mail())
        assert "+c1." not in sent_mail()


class TestAgents:
    def test_an_answer_is_a_reply_to_the_customer(self, door: Door, desk: Desk) -> None:
        receipt = door.receipt(mail("Try again now.", sender=KIM, to=agents_address(desk)))
        assert receipt.verdict == "reply"
        assert rows("SELECT kind, agent_id FROM message WHERE id = 2") == [("reply", 1)]
        assert rows("SELECT address FROM recipient") == [("ana@corp.test",)]

    def test_an_answer_to_an_alert_is_a_note(self, door: Door, desk: Desk) -> None:
        assert door.take(mail("Mine.", sender=KIM, to=agents_address(desk, "note"))).verdict == "note"
        assert not rows("SELECT 1 FROM recipient"), "nobody is written to"

    def test_what_their_machine_says_goes_to_nobody_and_is_obeyed_by_nobody(
        self, door: Door, desk: Desk
    ) -> None:
        state = "SELECT status, assignee_id, updated, last_answer FROM ticket"
        told = "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM notice)"
        before = rows(state), rows(told)
        receipt_of_reading = "multipart/report; report-type=disposition-notification; boundary=x"
        for purpose, headers in (
            ("reply", {"Auto-Submitted": "auto-replied"}),
            ("note", {"X-Autoreply": "yes"}),
            ("reply", {"Content-Type": receipt_of_reading}),
        ):
            raw = mail("#close\n\nI am away.", sender=KIM, to=agents_address(desk, purpose), headers=headers)
            receipt = door.receipt(raw)
            assert (receipt.verdict, receipt.ticket) == ("note", "1")
            assert any(each.endswith("kept as a note that does nothing") for each in receipt.trace)
        assert (rows(state), rows(told)) == before

    def test_the_address_is_shown_to_nobody_else(self, door: Door, desk: Desk) -> None:
        secret = agents_address(desk)
        door.take(mail(f"On Monday {secret} wrote:\n\nTry again, {secret}.", sender=KIM, to=secret))
        assert secret not in sent_mail()
        assert secret not in value("SELECT recipients FROM message WHERE id = 2")

    @pytest.mark.parametrize(
        ("name", "sender", "to"),
        [
            ("from another agent", JO, {}),
            ("from a customer", ANA, {}),
            ("from a stranger", EVE, {}),
            ("two authors", f"{KIM}, {EVE}", {}),
            ("a second From", f"{KIM}\r\nFrom: {EVE}", {}),
            ("another sender", f"{KIM}\r\nSender: {EVE}", {}),
            ("a name that looks like the address", '"kim@example.test" <eve@elsewhere.test>', {}),
            ("a group", f"kim@example.test:{EVE};", {}),
            ("encoded words", "=?utf-8?q?kim=40example=2Etest?= <eve@elsewhere.test>", {}),
            ("by a list's word", f"{EVE}\r\nX-Original-From: {KIM}\r\nList-Id: <x.elsewhere.test>", {}),
            ("made for another ticket", KIM, {"ticket": 2}),
            ("made for another agent", KIM, {"agent": 2}),
        ],
    )
    def test_nobody_else_speaks_for_an_agent(
        self, door: Door, desk: Desk, name: str, sender: str, to: dict[str, int]
    ) -> None:
        first = door.sent(1, "ana@corp.test", "kim@example.test")
        door.take(mail("Other", subject="Other", message_id=new_id(), sender="Zoe <zoe@corp.test>"))
        door.take(mail("#close\nPay.", sender=sender, to=agents_address(desk, **to), answers=first))  # type: ignore[arg-type]
        ticket_2_by_kim = to.get("ticket") == 2
        spoken = rows("SELECT ticket_id FROM message WHERE kind IN ('reply', 'note')")
        assert spoken == ([(2,)] if ticket_2_by_kim else []), name
        assert not rows("SELECT 1 FROM recipient WHERE state = 'queued' AND address = 'ana@corp.test'")
        assert value("SELECT count(*) FROM ticket WHERE status = 'closed' AND id = 1") == 0

    def test_an_inactive_agent_is_nobody(self, door: Door, desk: Desk) -> None:
        write("UPDATE agent SET active = 0 WHERE login = 'kim'")
        door.take(mail("Pay.", sender=KIM, to=agents_address(desk)))
        assert not rows("SELECT 1 FROM message WHERE kind = 'reply'")


class TestCommands:
    def test_they_change_the_ticket_and_the_customer_reads_the_rest(self, door: Door, desk: Desk) -> None:
        text = "#assign jo\n#tag vpn urgent\n#Priority high\n#close\n\nIt works again.\n"
        receipt = door.receipt(mail(text, sender=KIM, to=agents_address(desk)))
        assert rows("SELECT status, assignee_id, priority FROM ticket WHERE id = 1") == [("closed", 2, 3)]
        assert {tag for (tag,) in rows("SELECT name FROM ticket_tag")} == {"vpn", "urgent"}
        assert receipt.trace[-4:] == ("#assign jo", "#tag vpn urgent", "#priority high", "#close")
        assert "It works again." in sent_mail()
        assert "#close" not in sent_mail()

    def test_a_note_stays_inside(self, door: Door, desk: Desk) -> None:
        assert door.take(mail("#note\nHe lies.", sender=KIM, to=agents_address(desk))).verdict == "note"
        assert not rows("SELECT 1 FROM recipient")

    def test_an_alert_may_be_answered_to_the_customer(self, door: Door, desk: Desk) -> None:
        door.take(mail("#reply\nTry now.", sender=KIM, to=agents_address(desk, "note")))
        assert rows("SELECT address FROM recipient") == [("ana@corp.test",)]

    def test_commands_alone_are_no_mail_to_anybody(self, door: Door, desk: Desk) -> None:
        door.take(mail("#close\n#tag done\n", sender=KIM, to=agents_address(desk)))
        assert value("SELECT status FROM ticket WHERE id = 1") == "closed"
        assert not rows("SELECT 1 FROM recipient")

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("#note He lies.", "new"),
            ("#Note: He lies.\nEach day.", "new"),
            ("#tag vpn\n#note He lies.", "new"),
            ("#note He lies.\n#close\n", "closed"),
            ("#note #close\nHe lies.", "closed"),
            ("#close #note\nHe lies.", "closed"),
        ],
    )
    def test_a_note_may_begin_in_the_line_that_says_so(
        self, door: Door, desk: Desk, text: str, status: str
    ) -> None:
        assert door.take(mail(text, sender=KIM, to=agents_address(desk))).verdict == "note"
        assert not rows("SELECT 1 FROM recipient"), "the customer reads nothing of it"
        found = detail.show("1")
        assert (found.status, found.messages[-1].reply_text.startswith("He lies.")) == (status, True)

    def test_several_may_stand_in_one_line(self, door: Door, desk: Desk) -> None:
        text = "#assign jo #tag vpn urgent\t#CLOSE\n#reply It works again."
        receipt = door.receipt(mail(text, sender=KIM, to=agents_address(desk)))
        assert receipt.trace[-3:] == ("#assign jo", "#tag vpn urgent", "#close")
        assert sent_text().startswith("It works again.")

    @pytest.mark.parametrize(
        "text", ["#notes\nHe lies.", "#close it", "#clsoe", "#assign\nHe lies.", "#tag x\n#closed"]
    )
    def test_what_was_to_be_a_command_keeps_the_mail_from_the_customer(
        self, door: Door, desk: Desk, text: str
    ) -> None:
        receipt = door.receipt(mail(text, sender=KIM, to=agents_address(desk)))
        assert receipt.verdict == "note"
        assert value("SELECT status FROM ticket WHERE id = 1") != "closed"
        assert rows("SELECT DISTINCT address FROM recipient") == [("kim@example.test",)]
        wrong = text.splitlines()[-1 if "#tag" in text else 0]
        assert f"{wrong}: it cannot be read as a command" in sent_text()
        door.take(mail(f"#reply\n{text}", sender=KIM, to=agents_address(desk)))
        assert ("ana@corp.test",) in rows("SELECT address FROM recipient")

    @pytest.mark.parametrize("text", ["#1 is the wrong one", "# close", "text\n#close", "#include <x.h>"])
    def test_what_is_no_command_is_text(self, door: Door, desk: Desk, text: str) -> None:
        door.take(mail(text, sender=KIM, to=agents_address(desk)))
        assert value("SELECT status FROM ticket WHERE id = 1") != "closed"
        assert text.splitlines()[0] in sent_mail()

    def test_what_the_role_forbids_is_refused_and_said(self, door: Door, desk: Desk) -> None:
        write("UPDATE role SET actions = '[\"ticket.reply\"]'")
        receipt = door.receipt(mail("#close\nDone.", sender=KIM, to=agents_address(desk)))
        assert value("SELECT status FROM ticket WHERE id = 1") == "waiting"
        assert receipt.trace[-2].startswith("#close: refused, kim may not")
        assert receipt.trace[-1].startswith("kim is mailed of it (delivery ")

    def test_a_command_that_fails_midway_does_nothing_and_the_mail_is_kept(
        self, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(actor: Actor, numbers: list[str], value: str, zone: object) -> list[str]:
            changes.add_tags(actor, numbers, ["half"])
            raise ZeroDivisionError("by us")

        monkeypatch.setitem(mail_commands._VERBS, "tag", breaks)
        receipt = door.receipt(mail("#tag vpn\n#priority high\nDone.", sender=KIM, to=agents_address(desk)))
        assert (receipt.verdict, receipt.ticket) == ("reply", "1")
        assert receipt.trace[-3:-1] == (
            "#tag vpn: not done, Nightdesk tripped over it (ZeroDivisionError: by us)",
            "#priority high",
        )
        assert rows("SELECT name FROM ticket_tag") == []
        assert value("SELECT priority FROM ticket") == 3
        assert value("SELECT count(*) FROM log_entry WHERE level = 'error'") == 1

    def test_a_customer_commands_nothing(self, door: Door, desk: Desk) -> None:
        door.take(mail("#close\nThanks", to=address(desk, SignedTag("answer", 1))))
        assert value("SELECT status FROM ticket WHERE id = 1") != "closed"


def sent_mail() -> str:
    """The newest mail in the outbox."""
    from models import blobs

    return blobs.read(value("SELECT blob_id FROM delivery ORDER BY id DESC LIMIT 1")).decode()


def sent_text() -> str:
    """What the newest mail in the outbox says."""
    return parse(sent_mail().encode()).text
