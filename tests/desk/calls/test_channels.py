"""Somebody more is told of an event, by mail or by what has a name."""

from __future__ import annotations

import pytest

from desk import queues, settings
from desk.alerts import recipients
from desk.alerts.recipients import NotificationLine, Part
from desk.calls.channels import notify_by
from desk.errors import NotFound, WrongUse
from desk.home import Desk
from desk.listeners import listeners
from tests.support.workbench import ADMIN


def whom(line: object) -> str:
    assert isinstance(line, NotificationLine)
    return line.whom


def test_who_is_told_already_stays(desk: Desk) -> None:
    before = recipients.words(str(settings.get("notify.overdue")))
    assert before
    told = whom(notify_by(desk, ADMIN, "overdue", "admins", "mail"))
    assert recipients.words(told) == [*before, "admins"]
    assert whom(notify_by(desk, ADMIN, "overdue", "admins", "mail")) == told, "once"
    part = Part(department="Support")
    narrow = whom(notify_by(desk, ADMIN, "overdue", "everybody", "mail", part))
    assert recipients.words(narrow) == [*before, "admins", "everybody"]
    assert str(settings.get("notify.overdue")) == told


def test_a_queue_begins_with_nobody(desk: Desk) -> None:
    queues.add_queue(ADMIN, desk.zone, "Urgent", "p:urgent", shared=True)
    assert whom(notify_by(desk, ADMIN, "noted", "admins", "mail", Part(queue="Urgent"))) == "admins"


def test_a_webhook_hears_of_one_event_more(desk: Desk) -> None:
    listeners.add(desk, ADMIN, "webhook", "Chat", "https://chat.example/x", events=["closed"])
    for event in ("new_ticket", "answered", "overdue", "overdue", "customer_wrote"):
        notify_by(desk, ADMIN, event, "Chat", "webhook")
    heard = listeners.show("webhook", "Chat").events
    assert heard == ("closed", "created", "replied", "overdue", "customer_wrote")
    listeners.add(desk, ADMIN, "webhook", "All", "https://chat.example/y")
    notify_by(desk, ADMIN, "overdue", "All", "webhook")
    assert listeners.show("webhook", "All").events == (), "it hears of everything already"


@pytest.mark.parametrize(
    ("event", "who", "way", "part", "error"),
    [
        ("overdue", "assignee", "screen", None, WrongUse),
        ("overdue", "x", "hook", None, WrongUse),
        ("overdue", "Nobody", "webhook", None, NotFound),
        ("overdue", "Chat", "push", Part(department="Support"), WrongUse),
        ("lunch", "Chat", "webhook", None, WrongUse),
        ("lunch", "admins", "mail", None, WrongUse),
        ("overdue", "the pope", "mail", None, WrongUse),
    ],
)
def test_what_tells_nobody_is_refused(
    desk: Desk, event: str, who: str, way: str, part: Part | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        notify_by(desk, ADMIN, event, who, way, part)  # type: ignore[arg-type]
