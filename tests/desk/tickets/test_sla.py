"""A ticket is marked overdue once, with an event and a log line, and not before its time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import now
from desk import logs
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, detail, sla
from models.database import db
from models.transactions import transaction
from tests.support.workbench import make_ticket


def test_what_is_due_is_marked_once(desk: Desk) -> None:
    late = make_ticket(due=now() - timedelta(minutes=1))
    make_ticket(due=now() + timedelta(minutes=1))
    make_ticket(due=None)
    make_ticket(due=now() - timedelta(days=1), status="closed")
    assert sla.sweep(now()) == [late.id]
    assert sla.sweep(now()) == []
    shown = detail.show(late.number)
    assert shown.overdue
    assert [event.kind for event in shown.events] == ["overdue"]
    assert logs.entries()[0].ticket == late.number


def test_many_are_marked_in_one_sweep(desk: Desk) -> None:
    with transaction():
        late = {make_ticket(due=now() - timedelta(hours=1)).id for _ in range(450)}
    assert set(sla.sweep(now())) == late


@pytest.mark.sqlite  # counts by SQLite's own number of changes
def test_a_sweep_that_finds_nothing_writes_nothing(desk: Desk) -> None:
    make_ticket(due=now() + timedelta(hours=1))
    before = db.execute_sql("SELECT total_changes()").fetchone()[0]
    sla.sweep(now())
    assert db.execute_sql("SELECT total_changes()").fetchone()[0] == before


def test_a_ticket_reopened_after_it_was_overdue_can_be_late_again(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(due=now() - timedelta(hours=1))
    sla.sweep(now())
    changes.close(ana, [ticket.number])
    changes.reopen(ana, [ticket.number])
    assert sla.sweep(now()) == []
    assert sla.sweep(now() + timedelta(hours=19)) == [ticket.id]
