"""A mailbox that is silent for too long reaches the admin once, by log and by mail."""

from __future__ import annotations

from datetime import timedelta

from config.clock import now
from desk import logs, mailboxes, outbox, settings
from desk.actors import Actor
from desk.alerts import alert_silent_mailboxes
from desk.home import Desk
from mail.errors import ConnectFailed
from mail.mime import parse
from tests.desk.workbench import ADMIN, make_mailbox


def fail(mailbox_id: int, hours: float) -> None:
    mailboxes.record_failure(mailbox_id, ConnectFailed("no route"), now() - timedelta(hours=hours))


def test_an_alert_comes_after_the_set_time_and_once(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 23)
    assert alert_silent_mailboxes(desk, now()) == []
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=2)) == ["support@desk.example"]
    assert alert_silent_mailboxes(desk, now() + timedelta(hours=3)) == []
    (mail,) = outbox.claim("me", now() + timedelta(seconds=1), 5)
    sent = parse(mail.message)
    assert mail.recipients == ["ana@staff.example"]
    assert sent.header("Auto-Submitted") == "auto-generated"
    assert "no route" in sent.text
    assert logs.entries(logs.LogFilter(source="alert"))[0].level == "error"


def test_a_success_arms_the_alert_again(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())
    mailboxes.record_success(mailbox.id, 0, now())
    assert alert_silent_mailboxes(desk, now()) == []
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())


def test_alerts_go_where_the_desk_says_and_never_to_itself(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    settings.set(ADMIN, "alerts.to", "pager@ops.example, support@desk.example")
    fail(mailbox.id, 30)
    alert_silent_mailboxes(desk, now())
    assert [view.to for view in outbox.entries()] == ["pager@ops.example"]


def test_without_anybody_to_tell_the_log_tells(desk: Desk) -> None:
    mailbox = make_mailbox(desk, sends=True)
    fail(mailbox.id, 30)
    assert alert_silent_mailboxes(desk, now())
    assert outbox.entries() == []
    assert logs.next_error() is not None


def test_alerts_can_be_switched_off(desk: Desk, ana: Actor) -> None:
    mailbox = make_mailbox(desk, sends=True)
    settings.set(ADMIN, "alerts.after_hours", "0")
    fail(mailbox.id, 300)
    assert alert_silent_mailboxes(desk, now()) == []
