"""Recurring tickets are opened at their times, once each, whoever sweeps and whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk import logs
from desk.errors import Refused, WrongUse
from desk.home import Desk
from desk.outbox import deliveries
from desk.recurring import definitions, sweep
from desk.staff import agents, departments, slas, teams, topics
from desk.tickets import detail, purging, trash
from models import recurring as rows
from models.fields import utc_text
from models.transactions import transaction
from tests.support.workbench import ADMIN, make_agent, make_mailbox

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def recur(desk: Desk, schedule: str = "0 9 * * *", after: datetime = START, **values: Any) -> str:
    """Make one, as if that had been done at a time; returns its name."""
    said: dict[str, Any] = {
        "subject": "Look at the backups",
        "requester": "Ops <ops@corp.example>",
        **values,
    }
    definitions.add(desk, ADMIN, "Backups", schedule=schedule, **said)
    begin(after)
    return "Backups"


def begin(after: datetime) -> None:
    with transaction():
        rows.change(definitions.stored("Backups").id, {"after": utc_text(after)})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def swept(desk: Desk, moment: datetime) -> list[str]:
    """Sweep from a minute before to a minute behind; returns the subjects of what was opened."""
    opened = []
    for minute in range(-1, 2):
        opened += sweep.sweep(desk, moment + timedelta(minutes=minute))
    return [detail.show(number).subject for number in opened]


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "times"),
    [
        ("0 9 * * mon#1", "UTC", "2026-11-20T12:00", ["2026-12-07T09:00", "2027-01-04T09:00"]),
        ("0 9 * * L5", "UTC", "2026-11-20T12:00", ["2026-11-27T09:00", "2026-12-25T09:00"]),
        ("0 0 1 * *", "UTC", "2026-11-20T12:00", ["2026-12-01T00:00", "2027-01-01T00:00"]),
        ("@weekly", "Asia/Kolkata", "2026-11-20T12:00", ["2026-11-21T18:30", "2026-11-28T18:30"]),
        ("every 2 days", "UTC", "2026-11-20T12:00", ["2026-11-22T12:00", "2026-11-24T12:00"]),
        # The clock goes back at 03:00 of 25 October: 02:30 is there twice, and one ticket is opened.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # It goes forward at 02:00 of 28 March: there is no 02:30, and it is opened right behind the gap.
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00", ["2027-03-28T01:00", "2027-03-29T00:30"]),
        ("0 9 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T08:00", "2026-10-26T08:00"]),
    ],
)
def test_each_time_has_one_ticket(desk: Desk, schedule: str, zone: str, after: str, times: list[str]) -> None:
    recur(desk, schedule, utc(after), zone=zone, subject="For {{ date.today }} {{ date.time }}")
    opened = []
    for at in map(utc, times):
        assert sweep.sweep(desk, at - timedelta(minutes=1)) == []
        opened += sweep.sweep(desk, at)
        assert len(opened) == 1 + times.index(f"{at:%Y-%m-%dT%H:%M}")
        for hours in (0, 1, 2):
            assert sweep.sweep(desk, at + timedelta(hours=hours)) == []
    told = [(f"{each.at:%Y-%m-%dT%H:%M}", each.number) for each in definitions.last_opened("Backups")]
    assert told == list(zip(times, opened, strict=True))[::-1]
    assert not any(line.level == "warning" for line in logs.entries())


def test_times_that_went_by_while_nothing_ran_have_one_ticket_and_a_line_in_the_log(desk: Desk) -> None:
    recur(desk, subject="For {{ date.today }}, a {{ date.weekday }}")
    assert swept(desk, START + timedelta(days=30)) == ["For 2026-12-20, a Sunday"]
    [line] = [each for each in logs.entries() if each.level == "warning"]
    assert "missed its times from 2026-11-21 09:00 on" in line.text
    assert "is for 2026-12-20 09:00, the others have no ticket" in line.text
    assert swept(desk, START + timedelta(days=31)) == ["For 2026-12-21, a Monday"]


def test_a_clock_that_is_set_back_opens_nothing_twice(desk: Desk) -> None:
    recur(desk)
    day = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert len(swept(desk, day)) == 1
    assert swept(desk, day - timedelta(days=3)) == []
    assert swept(desk, day) == []
    assert len(swept(desk, day + timedelta(days=1))) == 1


def test_a_time_that_has_its_ticket_has_no_other_one_even_if_it_comes_again(desk: Desk) -> None:
    """What was read before is old by the time the transaction begins: the row of the time decides."""
    recur(desk)
    day = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    [number] = sweep.sweep(desk, day)
    begin(START)
    assert sweep.sweep(desk, day) == []
    assert [each.number for each in definitions.last_opened("Backups")] == [number]


def test_a_ticket_is_what_was_said(desk: Desk) -> None:
    make_agent("kim")
    departments.add_department(ADMIN, "IT")
    slas.add_sla(ADMIN, "Slow", 72)
    teams.add_team(ADMIN, "Network", members=["kim"])
    topics.add_topic(ADMIN, "Upkeep", department="Support", priority="low", checklist=["Read the topic"])
    recur(
        desk,
        subject="Patches of {{ date.month_name }} {{ date.year }}",
        body="Week {{ date.week }}:\n\n    apt upgrade\n",
        requester='"Prado, Ana" <ana@corp.example>',
        department="IT",
        topic="Upkeep",
        sla="Slow",
        priority="high",
        team="Network",
        agent="kim",
        tags=["patches", "monthly"],
        checklist=["Freeze", "Patch"],
        due_after="8h",
    )
    [number] = sweep.sweep(desk, datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    ticket = detail.show(number)
    assert (ticket.subject, ticket.department, ticket.topic) == ("Patches of November 2026", "IT", "Upkeep")
    assert (ticket.requester, ticket.requester_email) == ("Prado, Ana", "ana@corp.example")
    assert (ticket.priority, ticket.sla, ticket.team, ticket.assignee) == (3, "Slow", "Network", "Kim")
    assert sorted(ticket.tags) == ["monthly", "patches"]
    assert [task.text for task in ticket.tasks] == ["Read the topic", "Freeze", "Patch"]
    assert ticket.due == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    [message] = ticket.messages
    assert (message.kind, message.text) == ("customer", "Week 47:\n\n    apt upgrade\n")
    assert ticket.events[0].text == "created: Backups recurs"
    assert deliveries.entries(None) == [], "nobody is acknowledged who was not asked for"


def test_the_requester_is_acknowledged_where_that_was_asked_for(desk: Desk) -> None:
    make_mailbox(desk, sends=True)
    recur(desk, acknowledge=True)
    [number] = sweep.sweep(desk, datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    [mail] = deliveries.entries(None)
    assert (mail.to, mail.kind) == ("ops@corp.example", "acknowledgement")
    assert f"[#{number}]" in mail.subject


def test_what_is_changed_or_switched_on_makes_up_for_nothing(desk: Desk) -> None:
    recur(desk)
    definitions.edit(desk, ADMIN, "Backups", active=False)
    begin(START)
    assert sweep.sweep(desk, START + timedelta(days=2)) == []
    assert definitions.show(desk, "Backups").next is None
    line = definitions.edit(desk, ADMIN, "Backups", active=True)
    assert line.next is not None
    begun = definitions.stored("Backups").after
    assert begun > START
    assert line.next > begun
    begin(START)
    definitions.edit(desk, ADMIN, "Backups", subject="Another one")
    assert definitions.stored("Backups").after == START, "its times are the same"
    definitions.edit(desk, ADMIN, "Backups", zone="Asia/Tokyo")
    assert definitions.stored("Backups").after > START


def test_who_cannot_have_its_tickets_does_not_get_them_and_the_log_says_so(desk: Desk) -> None:
    departments.add_department(ADMIN, "IT")
    make_agent("kim", ["ticket.reply"], department="IT")
    recur(desk, department="IT", agent="kim")
    agents.edit_agent(ADMIN, "kim", department="Support")
    [number] = sweep.sweep(desk, datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    assert detail.show(number).assignee is None
    assert any("kim is switched off, or may not read" in line.text for line in logs.entries())


def test_tickets_that_are_gone_and_what_is_removed_leave_nothing_behind(desk: Desk) -> None:
    recur(desk)
    [number] = sweep.sweep(desk, datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    trash.delete(ADMIN, [number])
    purging.sweep(datetime(2099, 1, 1, tzinfo=UTC))
    assert definitions.last_opened("Backups") == []
    [other] = sweep.sweep(desk, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    definitions.remove(ADMIN, "Backups")
    assert definitions.recurring(desk) == []
    assert detail.show(other).subject == "Look at the backups"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"schedule": "0 9 * * mon#9"}, WrongUse),
        ({"schedule": "soon"}, WrongUse),
        ({"zone": "Mars/Olympus"}, WrongUse),
        ({"subject": " "}, WrongUse),
        ({"subject": "{{ ticket.number }}"}, Refused),
        ({"body": "{{ date.nothing }}"}, Refused),
        ({"requester": "nobody"}, WrongUse),
        ({"requester": "a@b.example, c@d.example"}, WrongUse),
        ({"requester": "support@desk.example"}, Refused),
        ({"department": "Nowhere"}, WrongUse),
        ({"topic": "Nothing"}, WrongUse),
        ({"sla": "None"}, WrongUse),
        ({"priority": "quite"}, WrongUse),
        ({"team": "A"}, WrongUse),
        ({"agent": "nobody"}, WrongUse),
        ({"tags": [" "]}, WrongUse),
        ({"due_after": "soon"}, WrongUse),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    desk: Desk, wrong: dict[str, Any], error: type[Exception]
) -> None:
    make_mailbox(desk)
    recur(desk)
    before = definitions.show(desk, "Backups")
    with pytest.raises(error):
        definitions.edit(desk, ADMIN, "Backups", **wrong)
    said: dict[str, Any] = {"schedule": "@daily", "subject": "A", "requester": "a@b.example", **wrong}
    with pytest.raises(error):
        definitions.add(desk, ADMIN, "Other", **said)
    assert definitions.recurring(desk) == [before]


def test_what_a_recurring_ticket_is_opened_with_stays(desk: Desk) -> None:
    departments.add_department(ADMIN, "IT")
    topics.add_topic(ADMIN, "Upkeep")
    slas.add_sla(ADMIN, "Slow", 72)
    teams.add_team(ADMIN, "Network")
    recur(desk, department="IT", topic="Upkeep", sla="Slow", team="Network")
    for gone in (
        lambda: departments.edit_department(ADMIN, "it", active=False),
        lambda: topics.remove_topic(ADMIN, "upkeep"),
        lambda: slas.remove_sla(ADMIN, "slow"),
        lambda: teams.remove_team(ADMIN, "network"),
        lambda: teams.edit_team(ADMIN, "network", active=False),
    ):
        with pytest.raises(Refused, match="named by the recurring ticket 'Backups'"):
            gone()
    departments.edit_department(ADMIN, "IT", new_name="Computers")
    assert definitions.show(desk, "Backups").department == "Computers"
