"""A ticket is marked overdue once, with an event and a log line, and not before its time."""

from __future__ import annotations

from datetime import timedelta

from config.clock import now
from desk import logs, overdue, tickets
from desk.actors import Actor
from desk.home import Desk
from models.database import db
from tests.desk.workbench import make_ticket


def test_what_is_due_is_marked_once(desk: Desk) -> None:
    late = make_ticket(due=now() - timedelta(minutes=1))
    make_ticket(due=now() + timedelta(minutes=1))
    make_ticket(due=None)
    make_ticket(due=now() - timedelta(days=1), status="closed")
    assert overdue.sweep(now()) == [late.id]
    assert overdue.sweep(now()) == []
    shown = tickets.show(late.number)
    assert shown.overdue
    assert [event.kind for event in shown.events] == ["overdue"]
    assert logs.entries()[0].ticket == late.number


def test_many_are_marked_in_one_sweep(desk: Desk) -> None:
    late = {make_ticket(due=now() - timedelta(hours=1)).id for _ in range(450)}
    assert set(overdue.sweep(now())) == late


def test_a_sweep_that_finds_nothing_writes_nothing(desk: Desk) -> None:
    make_ticket(due=now() + timedelta(hours=1))
    before = db.execute_sql("SELECT total_changes()").fetchone()[0]
    overdue.sweep(now())
    assert db.execute_sql("SELECT total_changes()").fetchone()[0] == before


def test_a_ticket_reopened_after_it_was_overdue_can_be_late_again(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(due=now() - timedelta(hours=1))
    overdue.sweep(now())
    tickets.close(ana, [ticket.number])
    tickets.reopen(ana, [ticket.number])
    assert overdue.sweep(now()) == []
    assert overdue.sweep(now() + timedelta(hours=19)) == [ticket.id]
