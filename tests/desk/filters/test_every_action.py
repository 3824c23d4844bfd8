"""Each action of a filter acts on new mail, answers, changes of state and by the clock, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config.clock import now
from desk import canned_answers, statuses
from desk import settings as desk_settings
from desk.alerts.notifications import notify
from desk.custom_fields import definitions
from desk.errors import WrongUse
from desk.filters import filters
from desk.filters.actions import ACTIONS
from desk.filters.sweep import after_changes, by_the_clock
from desk.home import Desk
from desk.staff import slas, teams, topics
from desk.tickets import changes
from mail.mime.message import parse
from models import blobs
from models.filters import Trigger
from tests.support.mails import SUPPORT, Door, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent

MAIL = {"reject", "canned", "no-autoresponse", "reply-to", "merge", "reopen"}
REFUSED: dict[Trigger, set[str]] = {
    "new": {"close-after"},
    "reply": {"close-after", "no-autoresponse", "reply-to", "merge", "reopen"},
    "status": MAIL,
    "time": MAIL,
}
"""What is of new mail is too late for an answer; where no mail comes in, none is rejected or answered."""
VALUES = {
    "canned": "Hi",
    "mail": "agent:kim=Hi",
    "notify": "agent:kim",
    "department": "Sales",
    "topic": "VPN",
    "sla": "Fast",
    "priority": "urgent",
    "agent": "kim",
    "team": "Night",
    "status": "On hold",
    "close-after": "3d",
    "tag": "x",
    "field": "serial=7",
    "note": "Seen.",
    "collaborator": "cc@corp.test",
    "snooze": "3h",
    "merge": "key",
    "reopen": "2h",
}


def letters(ticket_id: int, to: str) -> list[str]:
    found = rows(
        "SELECT d.blob_id FROM delivery d JOIN recipient r ON r.delivery_id = d.id"
        " WHERE d.ticket_id = ? AND r.address = ? ORDER BY d.id",
        *(ticket_id, to),
    )
    return [parse(blobs.read(blob)).text.strip() for (blob,) in found]


def ticket(column: str) -> Callable[[int, str], Any]:
    return lambda ticket_id, _: value(f"SELECT {column} FROM ticket WHERE id = ?", ticket_id)


def named(table: str, column: str, name: str = "name") -> Callable[[int, str], Any]:
    sql = f"SELECT o.{name} FROM ticket t JOIN {table} o ON o.id = t.{column} WHERE t.id = ?"
    return lambda ticket_id, _: value(sql, ticket_id)


def of_ticket(sql: str) -> Callable[[int, str], Any]:
    return lambda ticket_id, _: value(sql, ticket_id)


BECAME: dict[str, tuple[Callable[[int, str], Any], Any]] = {
    "reject": (lambda _, who: value("SELECT COUNT(*) FROM receipt WHERE verdict = 'rejected'"), 1),
    "canned": (lambda one, who: letters(one, who)[-1:], ["Hello from us."]),
    "no-autoresponse": (letters, []),
    "mail": (lambda one, _: letters(one, "kim@staff.example"), ["Hello from us."]),
    "notify": (lambda one, _: len(letters(one, "kim@staff.example")), 1),
    "reply-to": (named("contact", "contact_id", "email"), "other@home.test"),
    "department": (named("department", "department_id"), "Sales"),
    "topic": (named("topic", "topic_id"), "VPN"),
    "sla": (named("sla", "sla_id"), "Fast"),
    "priority": (ticket("priority"), 4),
    "agent": (named("agent", "assignee_id", "login"), "kim"),
    "team": (named("team", "team_id"), "Night"),
    "status": (named("named_status", "named_status_id"), "On hold"),
    "close": (ticket("status"), "closed"),
    "close-after": (ticket("closing IS NOT NULL"), 1),
    "tag": (of_ticket("SELECT name FROM ticket_tag WHERE ticket_id = ?"), "x"),
    "field": (of_ticket("SELECT value FROM ticket_field WHERE ticket_id = ?"), "7"),
    "note": (of_ticket("SELECT text FROM message WHERE kind = 'note' AND ticket_id = ?"), "Seen."),
    "collaborator": (
        of_ticket(
            "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id WHERE k.ticket_id = ?"
        ),
        "cc@corp.test",
    ),
    "snooze": (ticket("snoozed_until IS NOT NULL"), 1),
    "spam": (ticket("spam IS NOT NULL"), 1),
    "ban": (lambda _, who: value("SELECT COUNT(*) FROM ban WHERE pattern = ?", who), 1),
    "merge": (ticket("merge_key"), "key"),
    "reopen": (ticket("status"), "open"),
}
"""What shows that an action acted on a ticket, whose customer has this address."""


def test_each_action_is_looked_at() -> None:
    assert BECAME.keys() == ACTIONS.keys()
    assert {name for name, (takes, _) in ACTIONS.items() if takes} == VALUES.keys()


@pytest.mark.parametrize("trigger", ["new", "reply", "status", "time"])
def test_each_action_acts_or_is_refused(desk: Desk, trigger: Trigger) -> None:
    door = Door(desk)
    door.mailbox(SUPPORT)
    door.department("Sales")
    make_agent("kim")
    teams.add_team(ADMIN, "Night", members=["kim"])
    topics.add_topic(ADMIN, "VPN")
    slas.add_sla(ADMIN, "Fast", 1)
    statuses.add_status(ADMIN, "On hold", state="waiting")
    definitions.add_field(ADMIN, "serial")
    canned_answers.add(ADMIN, "Hi", "Hello from us.")
    desk_settings.set(ADMIN, "notify.new_ticket", "")
    desk_settings.set(ADMIN, "notify.customer_wrote", "")
    desk_settings.set(ADMIN, "notify.assigned", "")
    for name in ACTIONS:
        subject = f"The action {name}"
        then = [f"{name}:{VALUES[name]}" if name in VALUES else name]
        if name == "reopen":
            then.append("merge:again")
        condition = f'subject:"{subject}"' + (" state:open" if trigger == "status" else "")
        if name in REFUSED[trigger]:
            with pytest.raises(WrongUse, match=r"for mail|for new tickets"):
                filters.add(ADMIN, name, on=trigger, condition=condition, then=then)
            continue
        _acts(door, trigger, name, (subject, condition, then))


def _acts(door: Door, trigger: Trigger, name: str, said: tuple[str, str, list[str]]) -> None:
    subject, condition, then = said
    sender = f"{name}@corp.test"
    headers = {"Reply-To": "other@home.test"} if name == "reply-to" else None

    def come(answers: str | None = None) -> int | None:
        raw = mail(
            subject=subject, sender=sender, message_id=None if answers else f"<{name}@corp.test>",
            answers=answers, headers=headers,
        )  # fmt: skip
        number = door.take(raw).ticket_number
        return None if number is None else int(value("SELECT id FROM ticket WHERE number = ?", number))

    if trigger == "new":
        filters.add(ADMIN, name, on="new", condition=condition, then=then)
        made = come()
        if name == "reopen":
            changes.close(ADMIN, [str(value("SELECT number FROM ticket WHERE id = ?", made))])
            door.take(mail(subject=subject, sender=sender, message_id="<again@corp.test>"))
    else:
        made = come()
        number = str(value("SELECT number FROM ticket WHERE id = ?", made))
        filters.add(ADMIN, name, on=trigger, condition=condition, then=then)
        if trigger == "reply":
            write("UPDATE delivery SET created = '2026-01-01T00:00:00.000000Z'")  # no second one in an hour
            come(f"<{name}@corp.test>")
        elif trigger == "status":
            changes.set_status(ADMIN, [number], "open")
            assert after_changes(door.desk, now()) == 1, name
        else:
            assert by_the_clock(door.desk, now()) == 1, name
    notify(door.desk, now())
    look, wanted = BECAME[name]
    assert look(made or 0, sender) == wanted, name
    filters.remove(ADMIN, name)
