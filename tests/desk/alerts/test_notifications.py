"""Who is mailed of what happens to tickets, and who is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from config.clock import now
from config.errors import ConfigError
from desk import organizations, queues, settings
from desk.alerts import notifications, on_screen, recipients
from desk.alerts.recipients import Part
from desk.errors import DeskError, NotAllowed, WrongUse
from desk.filters import filters
from desk.home import Desk
from desk.operations import rule_file
from desk.permissions import FILTER, Actor, agents_with_address, current_actor
from desk.replies.forward import forward
from desk.replies.reply import add_note, send_reply
from desk.staff import departments, teams, topics
from desk.staff.agents import agents, edit_agent, set_own_times
from desk.tickets import changes, lifecycle, sla, snoozing, watching
from mail.mime.message import parse
from models import blobs, tickets
from models.agents import StoredAgent
from models.fields import utc_text
from models.messages import NewMessage
from models.notices import EVENTS
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
    notifications.notify(desk, now())
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


def test_what_cannot_be_told_stops_only_itself(
    door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_them = notifications._Notification.mail_them

    def trip(notification: notifications._Notification) -> int:
        if notification._ticket.number == "1":
            raise ValueError("no such thing")
        return mail_them(notification)

    monkeypatch.setattr(notifications._Notification, "mail_them", trip)
    door.take(mail())
    door.take(mail(subject="Second"))
    assert told(desk) == {"kim"}
    assert trace("1") == ["nobody: it could not be told, ValueError: no such thing"]
    assert trace("2")[0].startswith("kim: mailed")
    assert told(desk) == set()


def test_each_agent_is_mailed_in_their_language(door: Door, desk: Desk) -> None:
    edit_agent(ADMIN, "kim", language="de")
    door.take(mail())
    assert told(desk) == {"kim"}
    assert "Ein neues Ticket ist eingegangen." in parse(newest_mail().encode()).text
    set_own_times(actor(desk, "kim"), language="fr", digest="hourly")
    for subject in ("Second", "Third"):
        door.take(mail(subject=subject))
    assert told(desk) == set()
    notifications.notify_held(desk, now() + timedelta(hours=2))
    said = parse(newest_mail().encode()).text
    assert "nouveau ticket" in said
    assert "new ticket" not in said
    with pytest.raises(WrongUse):
        edit_agent(ADMIN, "kim", language="tlh")
    assert edit_agent(ADMIN, "kim", language="").language == ""


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
        add_note(ADMIN, "1", "@kim, says who is the desk's owner and no agent.")
        assert told(desk) == {"kim"}
        add_note(FILTER, "1", "@kim stood in a subject, which a filter wrote down.")
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
            ({"notify": ["assigned"]}, "does not want it"),
            ({"email": ""}, "has no mail address"),
        ],
    )
    def test_an_agent_may_choose(self, door: Door, desk: Desk, choice: dict[str, object], why: str) -> None:
        edit_agent(ADMIN, "kim", **choice)  # type: ignore[arg-type]
        door.take(mail())
        assert not told(desk)
        assert trace() == [f"kim: not told, {why}"]

    def test_of_a_department_whose_agents_are_all_away_stand_ins_are_told_else_those_of_everywhere(
        self, door: Door, desk: Desk
    ) -> None:
        edit_agent(ADMIN, "kim", away=True)
        door.take(mail())
        assert told(desk) == {"max"}
        assert [line.partition(" (delivery")[0] for line in trace()] == [
            "kim: not told, is away",
            "max: mailed as department, whose agents are all away",
        ]
        make_agent("jo", department="Support")
        door.take(mail(subject="Second"))
        assert told(desk) == {"jo"}, "one of them is there"
        edit_agent(ADMIN, "jo", away=True, stand_in="max")
        make_agent("sue")
        door.take(mail(subject="Third"))
        assert told(desk) == {"max"}, "jo's stand-in; sue works everywhere, too"
        edit_agent(ADMIN, "jo", stand_in="kim")
        edit_agent(ADMIN, "max", away=True)
        door.take(mail(subject="Fourth"))
        assert told(desk) == {"sue"}
        for number in ("1", "4"):
            changes.assign(ADMIN, [number], "kim")
        told(desk)
        assert trace("4") == ["kim: not told, is away"], "what is an agent's is their own"

    def test_of_the_ticket_of_who_was_switched_off_its_department_is_told(
        self, door: Door, desk: Desk
    ) -> None:
        door.take(mail(message_id="<one@corp.test>"))
        changes.assign(ADMIN, ["1"], "max")
        told(desk)
        door.take(mail(answers="<one@corp.test>"))
        assert told(desk) == {"max"}
        edit_agent(ADMIN, "max", active=False)
        door.take(mail(answers="<one@corp.test>"))
        assert told(desk) == {"kim"}

    def test_an_agent_with_an_address_of_the_desk_is_not_mailed(self, door: Door, desk: Desk) -> None:
        write("UPDATE agent SET email = 'sales@example.test'")
        door.mailbox("sales@example.test")
        door.take(mail())
        assert not told(desk)

    def test_a_storm_is_told_up_to_the_limit(self, door: Door, desk: Desk) -> None:
        store("notify.limit_hour", 3)
        for number in range(6):
            door.take(mail(subject=f"Alarm {number}", sender=f"Host <host{number}@corp.test>"))
        notifications.notify(desk, now())
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
        notifications.notify(desk, now() + timedelta(days=2))
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

    def test_one_whose_ticket_cannot_be_read_stops_none_beside_it(
        self, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            door.take(mail(subject=f"Alarm {number}", sender=f"Host <host{number}@corp.test>"))
        second = value("SELECT id FROM ticket WHERE number = '2'")
        read = tickets.read
        monkeypatch.setattr(tickets, "read", lambda wanted: None if wanted == second else read(wanted))
        assert notifications.notify(desk, now()) == 2
        monkeypatch.undo()
        assert "could not be told" in trace("2")[0]
        assert notifications.notify(desk, now()) == 0


class TestPartsOfTheDesk:
    """Rows for a mailbox, topic or department hold in place of the setting; a queue's beside it."""

    def test_a_department_tells_whom_it_wants(self, door: Door, desk: Desk) -> None:
        recipients.set_recipients(ADMIN, "new_ticket", "agent:lee", Part(department="Support"))
        door.take(mail())
        assert told(desk) == {"lee"}
        assert "as agent:lee (new_ticket department Support)" in trace()[0]

    def test_a_department_that_wants_nobody_told(self, door: Door, desk: Desk) -> None:
        recipients.set_recipients(ADMIN, "new_ticket", "", Part(department="Support"))
        door.take(mail())
        assert not told(desk)
        assert trace() == ["nobody: new_ticket department Support is empty"]

    def test_the_narrowest_row_holds(self, door: Door, desk: Desk) -> None:
        door.mailbox(SUPPORT)
        recipients.set_recipients(ADMIN, "new_ticket", "agent:lee", Part(department="Support"))
        recipients.set_recipients(ADMIN, "new_ticket", "agent:max", Part(mailbox=SUPPORT))
        door.take(mail())
        assert told(desk) == {"max"}
        recipients.reset(ADMIN, "new_ticket", Part(mailbox=SUPPORT))
        door.take(mail(subject="Other"))
        assert told(desk) == {"lee"}

    def test_a_topic_is_narrower_than_its_department(self, door: Door, desk: Desk) -> None:
        topics.add_topic(ADMIN, "VPN", department="Support")
        store("tickets.default_topic", "VPN")
        recipients.set_recipients(ADMIN, "new_ticket", "agent:lee", Part(department="Support"))
        recipients.set_recipients(ADMIN, "new_ticket", "agent:max", Part(topic="VPN"))
        door.take(mail())
        assert told(desk) == {"max"}

    def test_a_department_does_as_the_one_that_it_is_part_of(self, door: Door, desk: Desk) -> None:
        departments.edit_department(ADMIN, "Support", parent="Sales")
        recipients.set_recipients(ADMIN, "new_ticket", "agent:max", Part(department="Sales"))
        door.take(mail())
        assert told(desk) == {"max"}
        recipients.set_recipients(ADMIN, "new_ticket", "agent:lee", Part(department="Support"))
        door.take(mail(subject="Other"))
        assert told(desk) == {"lee"}

    def test_a_queue_tells_beside_the_setting_of_what_it_finds(self, door: Door, desk: Desk) -> None:
        queues.add_queue(ADMIN, desk.zone, "Fires", "subject:printer", shared=True)
        recipients.set_recipients(ADMIN, "new_ticket", "agent:max", Part(queue="fires"))
        door.take(mail())
        assert told(desk) == {"kim", "max"}
        door.take(mail(subject="Lunch"))
        assert told(desk) == {"kim"}

    def test_the_whole_desk_is_a_setting(self, door: Door, desk: Desk) -> None:
        recipients.set_recipients(ADMIN, "new_ticket", "admins, agent:LEE")
        assert settings.get("notify.new_ticket") == "admins, agent:lee"
        assert [each.whom for each in recipients.lines() if each.name == "new_ticket"] == [
            "admins, agent:lee"
        ]
        recipients.reset(ADMIN, "new_ticket")
        assert settings.get("notify.new_ticket") == "department, account_owner"

    @pytest.mark.parametrize(
        ("event", "whom", "part"),
        [
            ("lunch", "assignee", Part()),
            ("noted", "boss", Part()),
            ("noted", "agent:nobody", Part()),
            ("noted", "assignee", Part(department="Nowhere")),
            ("noted", "assignee", Part(queue="Nowhere")),
            ("noted", "assignee", Part(department="Support", topic="VPN")),
        ],
    )
    def test_what_means_nothing_is_refused(self, door: Door, event: str, whom: str, part: Part) -> None:
        before = recipients.lines()
        with pytest.raises(DeskError):
            recipients.set_recipients(ADMIN, event, whom, part)
        assert recipients.lines() == before

    def test_rows_travel_in_a_file(self, door: Door, desk: Desk) -> None:
        recipients.set_recipients(ADMIN, "noted", "agent:lee", Part(department="Support"))
        text = rule_file.written(ADMIN, ["notification"])
        recipients.reset(ADMIN, "noted", Part(department="Support"))
        steps = rule_file.take_in(desk, ADMIN, rule_file.read(text))
        assert [each.name for each in steps if each.outcome == "added"] == ["noted department Support"]


class TestTeams:
    def test_a_team_its_lead_and_whom_it_has_now_are_told(self, door: Door, desk: Desk) -> None:
        teams.add_team(ADMIN, "Night", members=["lee", "max"], lead="max")
        recipients.set_recipients(ADMIN, "new_ticket", "team:Night")
        door.take(mail())
        assert told(desk) == {"lee", "max"}
        changes.assign_team(ADMIN, ["1"], "Night")
        recipients.set_recipients(ADMIN, "noted", "team_lead")
        add_note(actor(desk, "kim"), "1", "Look.")
        told(desk)
        assert "max: mailed as team lead" in trace()[0]

    def test_all_events_of_a_department_at_once(self, door: Door, desk: Desk) -> None:
        recipients.set_for_all(ADMIN, "", Part(department="Support"))
        door.take(mail())
        changes.assign(ADMIN, ["1"], "kim")
        assert not told(desk)


class TestWatching:
    def test_who_watches_is_told_on_the_screen_too(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        changes.assign(ADMIN, ["1"], "kim")
        start = on_screen.newest()
        add_note(actor(desk, "kim"), "1", "Look.")
        assert on_screen.since(actor(desk, "max"), start)[0] == []
        watching.watch(actor(desk, "max"), ["1"])
        assert [each.number for each in on_screen.since(actor(desk, "max"), start)[0]] == ["1"]

    def test_who_watches_is_told_of_everything(self, door: Door, desk: Desk) -> None:
        door.take(mail(message_id="<w@corp.test>"))
        told(desk)
        assert watching.watch(actor(desk, "lee"), ["1"]) == ["1"]
        assert watching.watch(actor(desk, "lee"), ["1"]) == []
        add_note(actor(desk, "kim"), "1", "Look.")
        assert told(desk) == {"lee"}
        changes.assign(ADMIN, ["1"], "kim")
        assert told(desk) == {"kim", "lee"}
        door.take(mail("More", answers="<w@corp.test>"))
        assert told(desk) == {"kim", "lee"}
        assert watching.unwatch(actor(desk, "lee"), ["1"]) == ["1"]
        door.take(mail("And more", answers="<w@corp.test>"))
        assert told(desk) == {"kim"}

    def test_nobody_watches_what_they_may_not_read(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        told(desk)
        make_agent("pat", ["ticket.reply"], department="Sales")
        with pytest.raises(DeskError):
            watching.watch(actor(desk, "pat"), ["1"])
        write("INSERT INTO watch (ticket_id, agent_id) SELECT 1, id FROM agent WHERE login = 'pat'")
        add_note(actor(desk, "kim"), "1", "Look.")
        assert not told(desk)
        assert trace() == ["pat: not told, may not read it"]


class TestLater:
    """Quiet times and digests: kept, then told in one mail."""

    NIGHT = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)

    @pytest.fixture
    def quiet(self, door: Door, desk: Desk) -> Door:
        edit_agent(ADMIN, "kim", quiet="18:00-08:00", zone="UTC")
        return door

    def note(self, desk: Desk, text: str, moment: datetime) -> None:
        lifecycle.noted(1, NewMessage("note", "Lee", "", text, utc_text(moment)), actor(desk, "lee"), moment)

    def test_what_happens_in_a_quiet_time_comes_in_one_mail(self, quiet: Door, desk: Desk) -> None:
        quiet.take(mail(subject="Printer | fire"))
        store("notify.noted", "agent:kim")
        notifications.notify(desk, now())
        before = value("SELECT count(*) FROM delivery")
        for text in ("One", "Two"):
            self.note(desk, text, self.NIGHT)
        lifecycle.overdue(1, "", self.NIGHT)
        assert notifications.notify(desk, self.NIGHT) == 0
        assert trace() == ["kim: as assignee, kept until 2026-11-26 08:00: it is their quiet time"]
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=9)) == 0
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) >= 1
        assert value("SELECT count(*) FROM delivery") == before + 1
        raw = newest_mail()
        assert "Subject: What happened meanwhile (" in raw
        assert raw.count("#1 Printer | fire") >= 3
        assert "This ticket is overdue." in raw
        assert "in a digest (delivery" in trace()[-1]
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=11)) == 0

    def test_one_that_cannot_be_told_stops_only_itself(
        self, quiet: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quiet.take(mail())
        store("notify.noted", "agent:kim")
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        for text in ("One", "Two"):
            self.note(desk, text, self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        before = value("SELECT count(*) FROM delivery")
        whole = notifications._Notification.refused

        def trip(notification: notifications._Notification, agent: StoredAgent) -> str:
            if notification.what == "overdue":
                raise ZeroDivisionError("poison")
            return whole(notification, agent)

        monkeypatch.setattr(notifications._Notification, "refused", trip)
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) == 2
        assert value("SELECT count(*) FROM delivery") == before + 2
        traces = [
            line for (text,) in rows("SELECT trace FROM notice ORDER BY id") for line in json.loads(text)
        ]
        assert "kim: it could not be told, ZeroDivisionError: poison" in traces
        assert value("SELECT count(*) FROM log_entry WHERE text LIKE '%could not be told to kim%'") == 1
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=11)) == 0
        assert not rows("SELECT 1 FROM held_notice")

    def test_a_single_thing_comes_as_if_it_had_just_happened(self, quiet: Door, desk: Desk) -> None:
        quiet.take(mail())
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) == 1
        assert "Subject: [#1] Printer" in newest_mail()

    def test_a_digest_comes_when_it_is_wanted(self, door: Door, desk: Desk) -> None:
        edit_agent(ADMIN, "kim", digest="daily 09:30", zone="Europe/Berlin")
        door.take(mail())
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        assert trace() == ["kim: as assignee, kept until 2026-11-26 09:30: for their digest"]

    @pytest.mark.parametrize("wrong", ["daily 25:00", "daily 08:60", "daily at 24:00"])
    def test_a_time_of_day_that_there_is_not_is_told_in_words(self, door: Door, wrong: str) -> None:
        with pytest.raises(WrongUse, match="is no time of day") as refused:
            edit_agent(ADMIN, "kim", digest=wrong)
        assert refused.value.hint == "write daily 08:00, up to daily 23:59"

    def test_of_what_is_kept_nothing_goes_to_who_left(self, quiet: Door, desk: Desk) -> None:
        quiet.take(mail())
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        edit_agent(ADMIN, "kim", away=True)
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) == 0
        assert trace()[-1] == "kim: not told, is away, nobody stands in"
        assert not rows("SELECT 1 FROM held_notice")

    @pytest.mark.parametrize("left", [{"away": True}, {"active": False}])
    def test_what_is_kept_for_who_left_since_comes_to_who_stands_in(
        self, quiet: Door, desk: Desk, left: dict[str, bool]
    ) -> None:
        make_agent("sue", department="Support")
        edit_agent(ADMIN, "kim", stand_in="sue")
        quiet.take(mail(subject="Printer"))
        changes.assign(ADMIN, ["1"], "kim")
        store("notify.overdue", "assignee")
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        lifecycle.overdue(1, "", self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        edit_agent(ADMIN, "kim", **left)  # type: ignore[arg-type]
        edit_agent(ADMIN, "sue", quiet="18:00-09:00", zone="UTC")
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) == 0
        why = "is away" if "away" in left else "is switched off"
        assert trace()[-2:] == [
            f"kim: not told, {why}, sue stands in",
            "sue: as stand-in of kim, kept until 2026-11-26 09:00: it is their quiet time",
        ]
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=11)) == 1
        assert trace()[-1].startswith("sue: mailed")
        assert not rows("SELECT 1 FROM held_notice")
        assert value("SELECT address FROM recipient ORDER BY id DESC LIMIT 1").startswith("sue@")

    def test_of_what_is_kept_for_who_was_switched_off_the_trace_says_so(
        self, quiet: Door, desk: Desk
    ) -> None:
        quiet.take(mail())
        notifications.notify(desk, now())
        write("DELETE FROM held_notice")
        lifecycle.overdue(1, "", self.NIGHT)
        notifications.notify(desk, self.NIGHT)
        edit_agent(ADMIN, "kim", active=False)
        assert notifications.notify_held(desk, self.NIGHT + timedelta(hours=10)) == 0
        assert trace()[-1] == "kim: not told, is switched off, nobody stands in"

    def test_an_agent_says_it_of_themselves(self, door: Door, desk: Desk) -> None:
        set_own_times(actor(desk, "kim"), quiet="22:00-07:00", notify=["assigned"])
        line = next(each for each in agents() if each.login == "kim")
        assert (line.quiet, line.notify) == ("22:00-07:00", ("assigned",))
        with pytest.raises(NotAllowed):
            set_own_times(ADMIN, quiet="22:00-07:00")

    @pytest.mark.parametrize("choice", [{"digest": "sometimes"}, {"quiet": "mon-sun"}, {"zone": "Mars/Base"}])
    def test_times_that_cannot_be_are_refused(self, door: Door, choice: dict[str, str]) -> None:
        with pytest.raises((DeskError, ConfigError)):
            edit_agent(ADMIN, "kim", **choice)  # type: ignore[arg-type]

    def test_an_answer_is_told_when_it_leaves(self, door: Door, desk: Desk) -> None:
        store("notify.answered", "agent:kim")
        door.take(mail())
        told(desk)
        sent = send_reply(desk, actor(desk, "max"), "1", "Look here.", delay_seconds=60)
        assert not told(desk)
        assert "the answer can be taken back until then" in trace()[0]
        assert notifications.notify_held(desk, sent.not_before + timedelta(seconds=1)) == 1

    def test_an_answer_that_was_taken_back_is_told_to_nobody(self, door: Door, desk: Desk) -> None:
        store("notify.answered", "agent:kim")
        door.take(mail())
        told(desk)
        sent = send_reply(desk, actor(desk, "max"), "1", "Look here.", delay_seconds=60)
        told(desk)
        lifecycle.message_withdrawn(1, sent.message)
        assert notifications.notify_held(desk, sent.not_before + timedelta(days=1)) == 0


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
        sent += notifications.notify(desk, now())
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


def test_what_a_filter_notes_is_no_news_from_outside(door: Door, desk: Desk) -> None:
    store("notify.noted", "department")
    filters.add(ADMIN, "Remark", on="new", condition="printer", then=["note:Look at the manual"])
    door.take(mail())
    told(desk)
    assert "forwarded" not in newest_mail()


ACTS: list[Callable[[Door, Desk], object]] = [
    lambda door, desk: door.take(mail(subject="Other")),
    lambda door, desk: door.take(mail("More", answers="<loop@corp.test>")),
    lambda door, desk: changes.assign(ADMIN, ["1"], "kim"),
    lambda door, desk: changes.assign(ADMIN, ["1"], "lee"),
    lambda door, desk: changes.transfer(ADMIN, ["1"], "Sales"),
    lambda door, desk: add_note(actor(desk, "lee"), "1", "@kim look"),
    lambda door, desk: send_reply(desk, actor(desk, "max"), "1", "Look here."),
    lambda door, desk: lifecycle.delivery_failed(1, "ana@corp.test", "no such user", now()),
    lambda door, desk: lifecycle.overdue(1, "", now()),
    lambda door, desk: lifecycle.asked_for(1, "everybody", "Any", now()),
    lambda door, desk: lifecycle.woken(1, now()),
    lambda door, desk: watching.watch(actor(desk, "kim"), ["1"]),
]


@settings_of_hypothesis(max_examples=15)
@given(st.lists(st.sampled_from(ACTS), max_size=6))
def test_a_notification_never_causes_a_notification(
    door: Door, desk: Desk, acts: list[Callable[[Door, Desk], object]]
) -> None:
    if not rows("SELECT 1 FROM ticket WHERE number = '1'"):
        for kind in EVENTS:
            store(f"notify.{kind}", "everybody")
        filters.add(ADMIN, "Any", on="status", condition="printer", then=["tag:any", "note:Seen"])
        door.take(mail(message_id="<loop@corp.test>"))
    for act in acts:
        act(door, desk)
    notifications.notify(desk, now())
    before = value("SELECT count(*), max(id) FROM notice"), value("SELECT count(*) FROM event")
    for hours in (0, 1, 30):
        assert notifications.notify(desk, now() + timedelta(hours=hours)) == 0
        notifications.notify_held(desk, now() + timedelta(hours=hours))
    assert before == (value("SELECT count(*), max(id) FROM notice"), value("SELECT count(*) FROM event"))


def test_a_joined_ticket_keeps_what_was_told(door: Door, desk: Desk) -> None:
    door.take(mail())
    door.take(mail("Other", subject="Other"))
    told(desk)
    lifecycle.merged(2, 1, now())
    assert value("SELECT count(*) FROM notice WHERE ticket_id = 1") == 2


def test_who_owns_the_account_is_told_of_its_new_tickets_where_they_may_read_them(
    desk: Desk, door: Door
) -> None:
    organizations.add_organization(ADMIN, "Corp", ["corp.test"], owner="max")
    settings.set(ADMIN, "notify.new_ticket", "account_owner")
    door.take(mail(message_id="<1@corp.test>"))
    assert told(desk) == {"max"}
    make_agent("sal", ["ticket.read"], department="Sales")
    organizations.edit_organization(ADMIN, "Corp", owner="sal")
    door.take(mail(message_id="<2@corp.test>"))
    assert told(desk) == set(), "Sal reads Sales alone"
    organizations.edit_organization(ADMIN, "Corp", owner="")
    door.take(mail(message_id="<3@corp.test>"))
    assert told(desk) == set()
    with pytest.raises(WrongUse):
        organizations.edit_organization(ADMIN, "Corp", owner="nobody")


def test_who_has_a_ticket_that_slept_is_told_when_it_wakes(desk: Desk, door: Door) -> None:
    door.take(mail(message_id="<1@corp.test>"))
    changes.assign(ADMIN, ["1"], "kim")
    told(desk)
    snoozing.snooze(ADMIN, ["1"], "3h", UTC)
    before = on_screen.newest()
    assert snoozing.sweep(now() + timedelta(hours=4)) == 1
    kim = next(each for each in agents_with_address() if each.login == "kim")
    assert [each.words for each in on_screen.since(kim, before)[0]] == ["#1 is awake again: Printer"]
    assert told(desk) == {"kim"}
    settings.set(ADMIN, "notify.woken", "")
    snoozing.snooze(ADMIN, ["1"], "3h", UTC)
    snoozing.sweep(now() + timedelta(hours=4))
    assert told(desk) == set()
    recipients.set_recipients(ADMIN, "woken", "agent:max", recipients.Part(department="Support"))
    snoozing.snooze(ADMIN, ["1"], "3h", UTC)
    snoozing.sweep(now() + timedelta(hours=4))
    assert told(desk) == {"max"}


@pytest.mark.parametrize("by", ["filter", "topic"])
def test_who_is_given_a_new_ticket_by_the_desk_gets_one_mail_of_it(door: Door, desk: Desk, by: str) -> None:
    if by == "filter":
        filters.add(ADMIN, "Printers", on="new", condition="printer", then=["agent:kim"])
    else:
        topics.add_topic(ADMIN, "Printers", assigned_to="kim")
        settings.set(ADMIN, "tickets.default_topic", "Printers")
    store("notify.assigned", "assignee")
    door.take(mail(subject="Printer"))
    before = value("SELECT count(*) FROM delivery WHERE kind = 'alert'")
    notifications.notify(desk, now())
    traces = [each.trace for each in reversed(notifications.newest(10, changes.find("1").id))]
    assert [each[0].partition(" (delivery")[0] for each in traces] == [
        "kim: mailed as department",
        "kim: not told, was told of the new ticket",
    ]
    assert value("SELECT count(*) FROM delivery WHERE kind = 'alert'") == before + 1
    changes.assign(ADMIN, ["1"], None)
    notifications.notify(desk, now())
    changes.assign(ADMIN, ["1"], "kim")
    assert told(desk) == {"kim"}, "a colleague did that"
