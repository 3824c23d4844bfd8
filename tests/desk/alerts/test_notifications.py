"""Who is mailed of what happens to tickets, and who is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import now
from desk.alerts import notifications
from desk.filters import filters
from desk.home import Desk
from desk.permissions import Actor, current_actor
from desk.replies.forward import forward
from desk.replies.reply import add_note, send_reply
from desk.staff.agents import edit_agent
from desk.tickets import changes, lifecycle, sla
from models import blobs, tickets
from models.settings import store
from tests.support.mails import SUPPORT, Door, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def door(desk: Desk) -> Door:
    """A desk whose department Support has Kim; Lee is in Sales, Max everywhere."""
    door = Door(desk)
    door.department("Sales")
    make_agent("kim", department="Support")
    make_agent("lee", department="Sales")
    make_agent("max")
    return door


def told(desk: Desk) -> set[str]:
    """Tell what waits; return the logins that were mailed just now."""
    before = value("SELECT coalesce(max(id), 0) FROM delivery")
    notifications.tell(desk, now())
    found = rows(
        "SELECT r.address FROM recipient r JOIN delivery d ON d.id = r.delivery_id"
        " WHERE d.id > ? AND d.kind = 'alert'",
        before,
    )
    return {address.partition("@")[0] for (address,) in found}


def trace(number: str = "1") -> list[str]:
    ticket_id = changes.find(number).id
    return list(notifications.newest(1, ticket_id)[0].trace)


def newest_mail() -> str:
    return blobs.read(value("SELECT blob_id FROM delivery ORDER BY id DESC LIMIT 1")).decode()


def actor(desk: Desk, login: str) -> Actor:
    return current_actor(desk, {"NIGHTDESK_AGENT": login}, 0)


class TestWhoIsTold:
    def test_the_department_hears_of_a_new_ticket(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        assert told(desk) == {"kim"}
        assert trace()[0].startswith("kim: mailed as department (delivery ")

    def test_a_department_without_agents_is_looked_after_by_those_of_all(
        self, door: Door, desk: Desk
    ) -> None:
        write("UPDATE agent SET active = 0 WHERE login = 'kim'")
        door.take(mail())
        assert told(desk) == {"max"}

    def test_a_referred_ticket_concerns_both_departments(self, door: Door, desk: Desk) -> None:
        door.mailbox("sales@example.test", department="Sales")
        door.take(mail(to=f"{SUPPORT}, sales@example.test"))
        assert told(desk) == {"kim", "lee"}

    def test_who_owns_the_ticket_hears_of_the_customer(self, door: Door, desk: Desk) -> None:
        door.take(mail(message_id="<a@corp.test>"))
        changes.assign(actor(desk, "kim"), ["1"], "lee")
        assert told(desk) == {"kim", "lee"}, "the new ticket, and the assignment"
        door.take(mail("More", answers="<a@corp.test>"))
        assert told(desk) == {"lee"}

    def test_who_answered_last_hears_of_the_customer_as_well(self, door: Door, desk: Desk) -> None:
        door.take(mail(message_id="<a@corp.test>"))
        send_reply(desk, actor(desk, "max"), "1", "Look here.")
        changes.assign(actor(desk, "kim"), ["1"], "lee")
        told(desk)
        door.take(mail("More", answers="<a@corp.test>"))
        assert told(desk) == {"lee", "max"}

    def test_an_overdue_ticket_of_nobody_concerns_its_department(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        told(desk)
        write("UPDATE ticket SET due = '2026-01-01T00:00:00.000000Z'")
        sla.sweep(now())
        assert told(desk) == {"kim"}

    def test_an_answer_that_did_not_arrive_concerns_its_author(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        send_reply(desk, actor(desk, "max"), "1", "Look here.")
        told(desk)
        lifecycle.delivery_failed(1, "ana@corp.test", "no such user", now())
        assert told(desk) == {"max"}

    def test_notes_are_told_where_the_desk_wants_it(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        told(desk)
        add_note(actor(desk, "lee"), "1", "I know her.")
        assert not told(desk)
        assert trace() == ["nobody: notify.noted is empty"]
        store("notify.noted", "department")
        add_note(actor(desk, "lee"), "1", "I know her.")
        assert told(desk) == {"kim"}

    def test_whom_a_note_names_is_told_of_it(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        told(desk)
        add_note(actor(desk, "lee"), "1", "@Kim, you know her. Not kim@staff.example, nor @kimberly.")
        assert told(desk) == {"kim"}
        assert "mailed as mentioned" in trace()[0]
        add_note(actor(desk, "kim"), "1", "I, @kim, do not tell myself.")
        assert not told(desk)

    def test_what_comes_back_to_a_forwarded_mail_is_told_as_a_customers_mail_is(
        self, door: Door, desk: Desk
    ) -> None:
        door.take(mail())
        told(desk)
        kim = actor(desk, "kim")
        changes.assign(kim, ["1"], "kim")
        sent = forward(desk, kim, "1", "Do you know this?", to=["vera@vendor.test"], subject="Fwd: Printer")
        name = value("SELECT message_id FROM delivery WHERE id = ?", sent.delivery_id)
        told(desk)
        door.take(mail("@lee A new fuser.", sender="Vera <vera@vendor.test>", answers=name))
        assert told(desk) == {"kim"}, "a stranger's words name nobody"
        assert "to whom this ticket was forwarded answered" in newest_mail()


class TestWhoIsNot:
    def test_nobody_hears_of_what_they_did(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        told(desk)
        changes.assign(actor(desk, "kim"), ["1"], "kim")
        assert not told(desk)
        assert trace() == ["kim: not told, did it"]

    @pytest.mark.parametrize(
        ("choice", "why"),
        [
            ({"away": True}, "is away"),
            ({"notify": ["assigned"]}, "does not want it"),
            ({"email": ""}, "has no mail address"),
        ],
    )
    def test_an_agent_may_choose(self, door: Door, desk: Desk, choice: dict[str, object], why: str) -> None:
        edit_agent(ADMIN, "kim", **choice)  # type: ignore[arg-type]
        door.take(mail())
        assert not told(desk)
        assert trace() == [f"kim: not told, {why}"]

    def test_an_agent_with_an_address_of_the_desk_is_not_mailed(self, door: Door, desk: Desk) -> None:
        write("UPDATE agent SET email = 'sales@example.test'")
        door.mailbox("sales@example.test")
        door.take(mail())
        assert not told(desk)

    def test_a_storm_is_told_up_to_the_limit(self, door: Door, desk: Desk) -> None:
        store("notify.limit_hour", 3)
        for number in range(6):
            door.take(mail(subject=f"Alarm {number}", sender=f"Host <host{number}@corp.test>"))
        notifications.tell(desk, now())
        assert value("SELECT count(*) FROM delivery WHERE kind = 'alert'") == 3
        assert trace("6") == ["kim: not told, got 3 mails within an hour (notify.limit_hour)"]

    def test_old_mail_is_no_news(self, door: Door, desk: Desk) -> None:
        door.take(mail(received="from a by b; Mon, 02 Nov 2026 10:00:00 +0000"))
        assert not told(desk)
        assert trace() == ["nobody: it happened more than a day before"]

    def test_archived_mail_is_no_news(self, door: Door, desk: Desk) -> None:
        door.take(mail(), archive=True)
        assert not told(desk)
        assert not notifications.newest(5)

    def test_what_a_filter_closed_at_once_is_no_news(self, door: Door, desk: Desk) -> None:
        filters.add(ADMIN, "Done", on="new", condition="printer", then=["close"])
        door.take(mail())
        assert not told(desk)
        assert trace() == ["nobody: the ticket is closed already"]

    def test_what_waits_too_long_is_no_news(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        notifications.tell(desk, now() + timedelta(days=2))
        assert value("SELECT count(*) FROM delivery WHERE kind = 'alert'") == 0

    def test_without_a_way_out_it_is_said(self, desk: Desk) -> None:
        make_agent("kim", department="Support")
        door = Door(desk)
        door.mailbox(SUPPORT, smtp_host="", outgoing_enabled=False)
        door.take(mail())
        assert not told(desk)
        assert trace()[-1] == "nobody: no mailbox can send it"

    def test_each_is_told_once(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        assert told(desk) == {"kim"}
        assert not told(desk)

    def test_one_that_cannot_be_told_stops_none_before_it(
        self, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            door.take(mail(subject=f"Alarm {number}", sender=f"Host <host{number}@corp.test>"))
        third = value("SELECT id FROM ticket WHERE number = '3'")
        read = tickets.read
        monkeypatch.setattr(tickets, "read", lambda wanted: None if wanted == third else read(wanted))
        with pytest.raises(LookupError):
            notifications.tell(desk, now())
        assert value("SELECT count(*) FROM delivery WHERE kind = 'alert'") == 2
        monkeypatch.undo()
        assert notifications.tell(desk, now()) == 1


class TestTheMail:
    def test_it_tells_what_came_and_leaves_it_as_it_is(self, door: Door, desk: Desk) -> None:
        door.take(mail("# Big\n[click](http://evil.test) <b>now</b>"))
        told(desk)
        raw = newest_mail()
        assert "Subject: [#1] Printer" in raw
        assert "Auto-Submitted: auto-generated" in raw
        assert "    [click](http://evil.test) <b>now</b>" in raw
        assert 'href="http://evil.test"' not in raw
        assert "kept as an internal note" in raw

    def test_its_answer_goes_to_the_customer_where_addresses_are_signed(self, door: Door, desk: Desk) -> None:
        store("mail.signed_addresses", value=True)
        door.take(mail())
        told(desk)
        raw = newest_mail()
        reply_to = next(line for line in raw.splitlines() if line.startswith("Reply-To:"))
        address = reply_to.partition("<")[2].rstrip(">")
        answer = mail("Try again.", sender="Kim <kim@staff.example>", to=address, subject="Re: [#1] Printer")
        assert door.take(answer).verdict == "reply"
        assert rows("SELECT address FROM recipient ORDER BY id DESC LIMIT 1") == [("ana@corp.test",)]

    def test_the_answer_to_it_is_no_news_to_its_author(self, door: Door, desk: Desk) -> None:
        store("mail.signed_addresses", value=True)
        store("notify.noted", "everybody")
        door.take(mail())
        told(desk)
        address = next(line for line in newest_mail().splitlines() if line.startswith("Reply-To:"))
        door.take(
            mail("#note\nMine.", sender="Kim <kim@staff.example>", to=address.partition("<")[2].rstrip(">"))
        )
        assert told(desk) == {"lee", "max"}


def test_two_desks_that_notify_and_acknowledge_each_other_go_quiet(door: Door, desk: Desk) -> None:
    """An agent whose address is another helpdesk: what it sends back is a machine's, and limited."""
    write("UPDATE agent SET email = 'help@other.test' WHERE login = 'kim'")
    door.take(mail())
    sent = 0
    for _ in range(10):
        sent += notifications.tell(desk, now())
        message_id = value("SELECT message_id FROM delivery WHERE kind = 'alert' ORDER BY id DESC LIMIT 1")
        answer = mail(
            "We got your mail, it is ticket 77.",
            sender="Other Desk <help@other.test>",
            answers=message_id,
            subject="Re: [#1] Printer",
            headers={"Auto-Submitted": "auto-replied"},
        )
        door.take(answer)
    assert sent == 1


def test_a_joined_ticket_keeps_what_was_told(door: Door, desk: Desk) -> None:
    door.take(mail())
    door.take(mail("Other", subject="Other"))
    told(desk)
    lifecycle.merged(2, 1, now())
    assert value("SELECT count(*) FROM notice WHERE ticket_id = 1") == 2
