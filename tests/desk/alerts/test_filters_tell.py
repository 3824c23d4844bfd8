"""What filters have told and mailed: to whom, by which text, and when not."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from config.clock import now
from desk import canned_answers
from desk.alerts import notifications
from desk.errors import WrongUse
from desk.filters import filters, sweep
from desk.home import Desk
from models import blobs
from models.settings import store
from tests.support.mails import Door, mail, rows
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def door(desk: Desk) -> Door:
    """A desk with Kim in Support, and a canned answer."""
    store("notify.new_ticket", "")
    make_agent("kim", department="Support")
    canned_answers.add(ADMIN, "Seen", "Dear {{ requester.name }}, we saw #{{ ticket.number }}.\n")
    return Door(desk)


def sent(desk: Desk) -> list[tuple[str, str]]:
    """Whom mail waits for by now, with its kind, but for the first acknowledgements."""
    notifications.notify(desk, now())
    return rows(
        "SELECT d.kind, r.address FROM delivery d JOIN recipient r ON r.delivery_id = d.id ORDER BY d.id"
    )


def trace() -> list[str]:
    return list(notifications.newest(1)[0].trace)


def add(*then: str, on: str = "new", condition: str = "printer") -> None:
    filters.add(ADMIN, "F", on=on, condition=condition, then=then)


class TestNotify:
    @pytest.mark.parametrize("who", ["department", "admins", "agent:kim", "assignee"])
    def test_agents_are_told(self, door: Door, desk: Desk, who: str) -> None:
        add(f"notify:{who}", "no-autoresponse")
        door.take(mail())
        assert sent(desk) == [("alert", "kim@staff.example")]
        assert f"as {who} (the filter 'F')" in trace()[0]

    @pytest.mark.parametrize("who", ["nobody", "agent:bo", "webhook:None", "push:", "team:x", "agent:"])
    def test_who_is_not_there_is_refused(self, door: Door, who: str) -> None:
        with pytest.raises(WrongUse):
            add(f"notify:{who}")

    def test_the_clock_tells_once(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        add("notify:department", on="time", condition="state:new")
        for _ in range(3):
            sweep.by_the_clock(desk, now())
        assert [kind for kind, _ in sent(desk)].count("alert") == 1


class TestMail:
    def test_somebody_of_ours_gets_the_text(self, door: Door, desk: Desk) -> None:
        add("mail:boss@staff.example=seen", "no-autoresponse")
        door.take(mail())
        assert sent(desk) == [("alert", "boss@staff.example")]
        assert trace()[0].startswith("boss@staff.example: mailed 'Seen' (delivery ")

    @pytest.mark.parametrize("then", ["canned:Seen", "mail:boss@staff.example=Seen"])
    def test_what_a_stranger_wrote_makes_no_link_in_it(self, door: Door, desk: Desk, then: str) -> None:
        body = "{{ ticket.subject }}, {{ requester.name }}:\n\n{{ message.text }}\n"
        canned_answers.edit(ADMIN, "Seen", body=body)
        add(then, *([] if then.startswith("canned") else ["no-autoresponse"]), condition="from:ana@corp.test")
        bait = "[Pay](https://evil.test/)"
        door.take(mail(f"{bait} and {bait}", subject=bait))
        notifications.notify(desk, now())
        [(blob,)] = rows("SELECT blob_id FROM delivery WHERE kind != 'reply'")
        sent_mail = message_from_bytes(blobs.read(blob))
        [html] = [part for part in sent_mail.walk() if part.get_content_type() == "text/html"]
        content = html.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert b"[Pay](" in content
        assert b">Pay</a>" not in content

    def test_an_agent_gets_it(self, door: Door, desk: Desk) -> None:
        add("mail:agent:kim=Seen", "no-autoresponse")
        door.take(mail())
        assert sent(desk) == [("alert", "kim@staff.example")]

    def test_the_requester_gets_it_by_the_clock(self, door: Door, desk: Desk) -> None:
        store("mail.acknowledge", value=False)
        door.take(mail())
        store("mail.acknowledge", value=True)
        add("mail:requester=Seen", on="time", condition="state:new")
        sweep.by_the_clock(desk, now())
        assert sent(desk) == [("acknowledgement", "ana@corp.test")]

    def test_the_requester_gets_no_second_one_beside_the_acknowledgement(
        self, door: Door, desk: Desk
    ) -> None:
        add("mail:requester=Seen")
        door.take(mail())
        assert sent(desk) == [("acknowledgement", "ana@corp.test")]
        assert "answered by itself within the hour" in trace()[0]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Auto-Submitted": "auto-generated"},
            {"Precedence": "bulk"},
            {"X-Auto-Response-Suppress": "All"},
            {"Auto-Submitted": "auto-replied"},
        ],
    )
    def test_a_machine_gets_none(self, door: Door, desk: Desk, headers: dict[str, str]) -> None:
        add("mail:requester=Seen")
        door.take(mail(headers=headers))
        assert sent(desk) == []

    def test_a_flood_of_senders_ends_at_the_limit(self, door: Door, desk: Desk) -> None:
        store("mail.acknowledge", value=True)
        store("mail.ack_limit_domain_hour", 3)
        add("mail:requester=Seen", "no-autoresponse")
        for number in range(6):
            door.take(mail(sender=f"U{number} <u{number}@flood.test>", subject=f"Printer {number}"))
        assert len(sent(desk)) == 3
        assert "ack_limit_domain_hour" in trace()[0]

    @pytest.mark.parametrize(
        "value",
        ["", "requester", "requester=", "requester=Nothing", "=Seen", "a@b.test, c@d.test=Seen", "x=Seen"],
    )
    def test_what_means_nothing_is_refused(self, door: Door, value: str) -> None:
        with pytest.raises(WrongUse):
            add(f"mail:{value}")

    def test_the_desk_does_not_write_to_itself(self, door: Door) -> None:
        door.mailbox("support@example.test")
        with pytest.raises(WrongUse, match="of the desk itself"):
            add("mail:support@example.test=Seen")


class TestCannedOnReplies:
    @pytest.fixture
    def answered(self, door: Door) -> Door:
        add("canned:Seen", on="reply", condition="more")
        store("mail.acknowledge", value=False)
        door.take(mail(message_id="<first@corp.test>"))
        store("mail.acknowledge", value=True)
        return door

    def test_an_answer_is_answered_once_an_hour(self, answered: Door, desk: Desk) -> None:
        receipt = answered.receipt(mail("More", answers="<first@corp.test>"))
        assert "answered to ana@corp.test with 'Seen'" in receipt.trace
        again = answered.receipt(mail("More still", answers="<first@corp.test>"))
        assert "no canned answer: this ticket was answered by itself within the hour" in again.trace
        assert [kind for kind, _ in sent(desk)].count("acknowledgement") == 1

    def test_a_machines_answer_is_not(self, answered: Door, desk: Desk) -> None:
        headers = {"Auto-Submitted": "auto-replied"}
        answered.take(mail("More", answers="<first@corp.test>", headers=headers))
        assert "acknowledgement" not in [kind for kind, _ in sent(desk)]

    def test_a_strangers_answer_is_not(self, answered: Door, desk: Desk) -> None:
        sent_by_us = answered.sent(1, "ana@corp.test")
        answered.take(mail("More", sender="Eve <eve@elsewhere.test>", answers=sent_by_us))
        assert ("acknowledgement", "eve@elsewhere.test") not in sent(desk)

    def test_two_desks_that_answer_each_other_go_quiet(self, answered: Door, desk: Desk) -> None:
        for number in range(8):
            answered.take(mail(f"More {number}", answers="<first@corp.test>"))
        assert [kind for kind, _ in sent(desk)].count("acknowledgement") == 1
