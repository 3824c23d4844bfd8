"""A mailbox that is silent for too long reaches the admin once, by log and by mail."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from config.clock import now
from desk import logs, settings
from desk.alerts import alarms as alert_alarms
from desk.alerts.alarms import alarms, alert_silent_mailboxes
from desk.documents import mailboxes as documents
from desk.home import Desk
from desk.mailboxes import health, registry
from desk.outbox import deliveries, dispatch
from desk.permissions import Actor
from desk.staff.agents import edit_agent
from mail.errors import ConnectFailed
from mail.mime.message import parse
from mail.smtp.session import RecipientOutcome
from models import transactions
from tests.support.workbench import ADMIN, make_agent, make_mailbox


def fail(mailbox_id: int, hours: float) -> None:
    health.record_failure(mailbox_id, ConnectFailed("no route"), now() - timedelta(hours=hours))


def test_an_alert_comes_after_the_set_time_and_once(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 23)
    assert alert_silent_mailboxes(desk, now()) == []
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=2)) == ["support@desk.example"]
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=3)) == []
    (mail,) = dispatch.claim("me", now() + timedelta(seconds=1), 5)
    sent = parse(mail.message)
    assert mail.recipients == ["ana@staff.example"]
    assert sent.header("Auto-Submitted") == "auto-generated"
    assert "no route" in sent.text
    assert logs.entries(logs.LogFilter(source="alert"))[0].level == "error"


def test_of_two_processes_one_alerts_and_one_says_that_it_is_over(
    desk: Desk, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    assert _both_at_once(desk, monkeypatch) == []
    health.record_success(mailbox.id, 0, now())
    _both_at_once(desk, monkeypatch)
    subjects = [view.subject.partition(" since")[0] for view in deliveries.entries()]
    assert subjects == [
        "Nightdesk: support@desk.example is fetched again",
        "Nightdesk: support@desk.example is not fetched",
    ]


def _both_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Look for alerts; between the look and the write another process does the same, and is faster."""
    begin = transactions.transaction

    def slowly() -> AbstractContextManager[None]:
        monkeypatch.setattr(alert_alarms, "transaction", begin)
        alert_silent_mailboxes(desk, now())
        return begin()

    monkeypatch.setattr(alert_alarms, "transaction", slowly)
    return alert_silent_mailboxes(desk, now())


def test_an_alarm_comes_once_in_each_language(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    make_agent("kim")
    edit_agent(ADMIN, "kim", language="de")
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, now())
    found = {view.to: view.subject.partition(" 2")[0] for view in deliveries.entries()}
    assert len(found) == 2
    assert found["kim@staff.example"] == "Nightdesk: support@desk.example wird seit"
    assert found["ana@staff.example"] == "Nightdesk: support@desk.example is not fetched since"


def test_a_success_arms_the_alert_again(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())
    health.record_success(mailbox.id, 0, now())
    assert alert_silent_mailboxes(desk, now()) == []
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())


def test_alerts_go_where_the_desk_says_and_never_to_itself(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    settings.set(ADMIN, "alerts.to", "pager@ops.example, support@desk.example")
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, now())
    assert [view.to for view in deliveries.entries()] == ["pager@ops.example"]


def test_without_anybody_to_tell_the_log_tells(desk: Desk) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())
    assert deliveries.entries() == []
    assert logs.next_error() is not None


def test_alerts_can_be_switched_off(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    settings.set(ADMIN, "alerts.after_hours", "0")
    fail(mailbox.id, 300)
    assert alert_silent_mailboxes(desk, now()) == []


def test_so_many_failures_are_enough_whatever_the_time(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    settings.set(ADMIN, "alerts.after_failures", "3")
    for tries in range(3):
        assert alert_silent_mailboxes(desk, now()) == [], tries
        fail(mailbox.id, 0)
    assert alert_silent_mailboxes(desk, now()) == ["support@desk.example"]
    assert [alarm.address for alarm in alarms()] == ["support@desk.example"]
    assert documents.mailbox(registry.entries(desk)[0])["alerted"] is not None


def test_the_end_of_it_is_told_once_too(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, now())
    health.record_success(mailbox.id, 2, now(), waiting=7)
    for _ in range(2):
        assert alert_silent_mailboxes(desk, now()) == []
    assert alarms() == []
    subjects = sorted(view.subject for view in deliveries.entries())
    assert len(subjects) == 2
    assert subjects[0].endswith("is fetched again")
    line = registry.entries(desk)[0]
    assert (line.alerted, line.waiting, documents.mailbox(line)["lag"]) == (None, 7, 0)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=-2), timedelta(hours=-1)])
def test_the_end_of_it_is_told_though_the_clock_was_set_back_since(
    desk: Desk, ana: Actor, later: timedelta
) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    told = now()
    alert_silent_mailboxes(desk, told)
    health.record_success(mailbox.id, 0, told + later)
    alert_silent_mailboxes(desk, told + later)
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, told + later)
    assert [view.subject.partition(" since")[0] for view in deliveries.entries()] == [
        "Nightdesk: support@desk.example is not fetched",
        "Nightdesk: support@desk.example is fetched again",
        "Nightdesk: support@desk.example is not fetched",
    ]


def test_the_alert_leaves_by_another_mailbox(desk: Desk, ana: Actor) -> None:
    dead = make_mailbox(desk, sends=True)
    make_mailbox(desk, "alive@desk.example", sends=True)
    fail(dead.id, 30)
    alert_silent_mailboxes(desk, now())
    assert [view.mailbox for view in deliveries.entries()] == ["alive@desk.example"]


def test_a_mailbox_that_was_changed_is_not_called_cured_before_it_works(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, now())
    registry.switch(ADMIN, mailbox.address, incoming=False)
    registry.switch(ADMIN, mailbox.address, incoming=True)
    alert_silent_mailboxes(desk, now())
    assert len(deliveries.entries()) == 1
    health.record_success(mailbox.id, 0, now())
    alert_silent_mailboxes(desk, now())
    assert len(deliveries.entries()) == 2


def test_a_mailbox_that_can_send_nothing_is_told_by_another_one_and_again_when_it_can(
    desk: Desk, ana: Actor
) -> None:
    from desk.replies import reply
    from tests.support.workbench import make_ticket

    stuck = make_mailbox(desk, sends=True)
    make_mailbox(desk, "alive@desk.example", sends=True)
    reply.send_reply(desk, ana, make_ticket(mailbox=stuck).number, "Done.")
    (mail,) = dispatch.claim("me", now() + timedelta(seconds=1), 5)
    dispatch.give_back(mail.delivery_id, "connection refused")
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=23)) == []
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=25)) == ["support@desk.example"]
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=26)) == []
    assert [(alarm.what, alarm.address) for alarm in alarms()] == [("send", "support@desk.example")]
    (alert,) = [view for view in deliveries.entries() if view.kind == "alert"]
    assert (alert.mailbox, "cannot send" in alert.subject) == ("alive@desk.example", True)

    (again,) = [
        each
        for each in dispatch.claim("me", now() + timedelta(hours=2), 5)
        if each.delivery_id == mail.delivery_id
    ]
    sent = RecipientOutcome("sent", 250, "OK")
    dispatch.record(again.delivery_id, dict.fromkeys(again.recipients, sent))
    alert_silent_mailboxes(desk, now())
    alert_silent_mailboxes(desk, now())
    assert alarms() == []
    assert len([view for view in deliveries.entries() if "sends again" in view.subject]) == 1
