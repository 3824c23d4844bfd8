"""What the worker finds to do, and when it looks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from desk import settings
from desk.fetching import runs
from desk.home import Desk
from desk.permissions import app_actor
from desk.recurring import definitions
from desk.recurring.sweep import sweep
from models.database import db
from models.fields import utc_text
from models.mailboxes import Mailbox
from tests.support.mails import write
from tests.support.scripted import MailboxMaker
from tests.support.servers.child import wait_until
from tests.support.servers.faults import FaultyImap
from worker.service.plan import Planner

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOBODY: frozenset[int] = frozenset()


@pytest.fixture
def mailbox(add_mailbox: MailboxMaker) -> Mailbox:
    """A mailbox that is fetched every five minutes, and was at noon."""
    with FaultyImap() as server:
        made = add_mailbox(server, schedule="every 5 minutes")
    made.last_attempt = NOON
    made.save()
    return made


def due(planner: Planner, moment: datetime) -> dict[int, bool]:
    """What a look finds to fetch."""
    plan = planner.look(moment, NOBODY)
    return plan.fetches if plan else {}


def test_a_mailbox_is_due_by_its_schedule_and_one_that_was_never_fetched_at_once(
    desk: Desk, mailbox: Mailbox
) -> None:
    planner = Planner(desk)
    assert due(planner, NOON + timedelta(minutes=4)) == {}
    assert due(planner, NOON + timedelta(minutes=5)) == {mailbox.id: False}
    Mailbox.update(last_attempt=None).execute()
    assert due(Planner(desk), NOON) == {mailbox.id: False}


def test_runs_that_were_missed_run_once(desk: Desk, mailbox: Mailbox) -> None:
    planner = Planner(desk)
    back = NOON + timedelta(days=3)
    assert due(planner, back) == {mailbox.id: False}
    Mailbox.update(last_attempt=back).execute()
    assert due(Planner(desk), back + timedelta(minutes=1)) == {}


def test_back_off_holds_the_schedule_but_not_a_person(desk: Desk, mailbox: Mailbox) -> None:
    Mailbox.update(not_before=NOON + timedelta(minutes=30)).execute()
    assert due(Planner(desk), NOON + timedelta(minutes=10)) == {}
    runs.request(mailbox.id)
    assert due(Planner(desk), NOON + timedelta(minutes=10)) == {mailbox.id: True}


def test_switched_off_fetching_holds_the_schedule_but_not_a_person(desk: Desk, mailbox: Mailbox) -> None:
    settings.set(app_actor(desk), "mail.fetching", "off")
    assert due(Planner(desk), NOON + timedelta(hours=1)) == {}
    runs.request(mailbox.id)
    assert due(Planner(desk), NOON + timedelta(hours=1)) == {mailbox.id: True}


def test_a_mailbox_that_is_being_fetched_or_held_by_another_process_is_left_alone(
    desk: Desk, mailbox: Mailbox
) -> None:
    planner = Planner(desk)
    moment = NOON + timedelta(minutes=6)
    plan = planner.look(moment, frozenset({mailbox.id}))
    assert plan is not None
    assert plan.fetches == {}
    planner.postpone(mailbox.id, moment)
    assert due(planner, moment + timedelta(seconds=1)) == {}
    assert due(planner, moment + timedelta(minutes=1)) == {mailbox.id: False}


def by_another_program(desk: Desk, statement: str) -> None:
    """Change a desk's database without the desk's help."""
    if not desk.paths.server_url:
        with closing(sqlite3.connect(desk.paths.database)) as file, file:
            file.execute(statement)
    else:
        import psycopg

        with psycopg.connect(desk.paths.server_url) as server:
            server.execute(statement)


def test_an_idle_desk_is_not_looked_through_again_until_something_was_written_or_a_time_has_come(
    desk: Desk, mailbox: Mailbox
) -> None:
    planner = Planner(desk)
    assert planner.look(NOON, NOBODY) is not None
    assert planner.look(NOON + timedelta(seconds=1), NOBODY) is None
    by_another_program(desk, "UPDATE mailbox SET name = 'written by somebody else'")
    wait_until(lambda: planner.look(NOON + timedelta(seconds=2), NOBODY) is not None, "it is not seen")
    assert planner.look(NOON + timedelta(seconds=3), NOBODY) is None
    assert planner.look(NOON + timedelta(minutes=2), NOBODY) is not None


def test_what_our_own_connection_wrote_is_seen_by_looking_again(desk: Desk) -> None:
    planner = Planner(desk)
    assert planner.look(NOON, NOBODY) is not None
    assert planner.look(NOON + timedelta(seconds=1), NOBODY) is None
    planner.look_again()
    assert planner.look(NOON + timedelta(seconds=2), NOBODY) is not None


def test_the_sweep_has_its_own_schedule_and_the_log_is_purged_once_a_day(desk: Desk) -> None:
    planner = Planner(desk)
    swept, purged = [], []
    for minute in range(24 * 60 + 5):
        plan = planner.look(NOON + timedelta(minutes=minute), NOBODY)
        assert plan is not None
        swept += [minute] if plan.sweep else []
        purged += [minute] if plan.purge else []
    assert swept == list(range(0, 24 * 60 + 5, 5))
    assert purged == [0, 24 * 60]


def test_a_clock_that_was_set_back_does_not_stop_a_mailbox(desk: Desk, mailbox: Mailbox) -> None:
    Mailbox.update(last_attempt=NOON + timedelta(days=365)).execute()
    assert due(Planner(desk), NOON) == {mailbox.id: False}


BACK = NOON - timedelta(hours=2)


def test_a_back_off_of_a_clock_that_was_ahead_holds_nothing_up(desk: Desk, mailbox: Mailbox) -> None:
    Mailbox.update(last_attempt=NOON, not_before=NOON + timedelta(minutes=10)).execute()
    assert due(Planner(desk), BACK) == {mailbox.id: False}
    assert due(Planner(desk), NOON + timedelta(minutes=6)) == {}


def test_a_worker_whose_clock_is_set_back_goes_on_at_once(desk: Desk, mailbox: Mailbox) -> None:
    planner = Planner(desk)
    planner.postpone(mailbox.id, NOON)
    assert planner.look(NOON, NOBODY) is not None
    plan = planner.look(BACK, NOBODY)
    assert plan is not None
    assert (plan.fetches, plan.sweep, plan.purge) == ({mailbox.id: False}, True, True)
    again = planner.look(BACK + timedelta(minutes=5), NOBODY)
    assert again is not None
    assert again.sweep


def test_a_schedule_that_nobody_understands_stops_only_its_mailbox(desk: Desk, mailbox: Mailbox) -> None:
    db.execute_sql("UPDATE mailbox SET schedule = 'now and then'")
    assert due(Planner(desk), NOON + timedelta(days=1)) == {}


def test_a_recurring_ticket_is_opened_when_its_time_comes_and_tried_again_by_the_sweeps(desk: Desk) -> None:
    given = {"schedule": "7 12 * * *", "subject": "Backup", "requester": "ana@corp.test"}
    definitions.add(desk, app_actor(desk), "Backup", **given)
    write("UPDATE recurring SET after = ?", utc_text(NOON))
    planner, begun = Planner(desk), []
    moment = NOON
    while moment < NOON + timedelta(minutes=12):
        plan = planner.look(moment, NOBODY)
        if plan is not None and plan.recurring:
            begun.append(moment)
        moment += timedelta(seconds=1)
    assert begun == [NOON + timedelta(minutes=7)], "at its second, and once though nothing opened it"
    assert sweep(desk, NOON + timedelta(minutes=13)) == ["1"]
    plan = planner.look(NOON + timedelta(days=1, minutes=7), NOBODY)
    assert plan is not None
    assert plan.recurring
