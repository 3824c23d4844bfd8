"""Time that was spent: as people write it, by a clock, in the ticket, undone, and in reports."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import now
from desk.errors import DeskError, NotAllowed, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor, only_reading
from desk.reports import time_spent as reports
from desk.tickets import detail, time_spent, undo
from models.time_spent import Whose
from tests.support.mails import BOB, Door, mail, write
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def kim(desk: Desk) -> Actor:
    door = Door(desk)
    door.take(mail())
    door.take(mail("Bob's.", sender=BOB, subject="Second"))
    return make_agent("kim", ["ticket.note"])


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("45m", 45),
        ("1h30", 90),
        ("1h", 60),
        ("1h 05m", 65),
        ("2h5m", 125),
        ("1:30", 90),
        ("1.5h", 90),
        ("20", 20),
    ],
)
def test_a_length_of_time(text: str, minutes: int) -> None:
    assert time_spent.seconds_of(text) == minutes * 60


@pytest.mark.parametrize(
    "text", ["", "0m", "h", "-5m", "1d", "25h", "soon", "1h30h", "\u0663m", "1:99", "1h60"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(WrongUse):
        time_spent.seconds_of(text)


def test_it_stands_in_the_ticket_and_is_undone(kim: Actor) -> None:
    time_spent.add(kim, "1", "1h30", "looked at the tunnel")
    time_spent.add(ADMIN, "1", "15m")
    found = detail.show("1")
    assert [(each.agent, each.seconds, each.note) for each in found.time_spent] == [
        ("Kim", 5400, "looked at the tunnel"),
        (None, 900, ""),
    ]
    assert "1h 30m spent" in [event.text for event in found.events]
    assert undo.undo_last(kim)
    assert [each.agent for each in detail.show("1").time_spent] == [None]


def test_a_clock_runs_until_it_is_stopped(kim: Actor) -> None:
    time_spent.start(kim, "1")
    with pytest.raises(Refused, match="your clock runs on #1"):
        time_spent.start(kim, "2")
    write("UPDATE timer SET since = ?", (now() - timedelta(minutes=50)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    number, seconds = time_spent.stop(kim, "done")
    assert number == "1"
    assert 3000 <= seconds < 3100
    assert time_spent.running(kim) is None
    with pytest.raises(Refused):
        time_spent.stop(kim)
    with pytest.raises(Refused, match="an agent's"):
        time_spent.start(ADMIN, "1")


def test_a_forgotten_clock_counts_a_day(kim: Actor) -> None:
    time_spent.start(kim, "1")
    write("UPDATE timer SET since = '2020-01-01T00:00:00.000000Z'")
    assert time_spent.stop(kim)[1] == time_spent.LONGEST


def test_an_entry_is_taken_away(kim: Actor) -> None:
    entry = time_spent.add(kim, "1", "5m")
    with pytest.raises(DeskError):
        time_spent.remove(kim, "2", entry)
    time_spent.remove(kim, "1", entry)
    assert detail.show("1").time_spent == ()


def test_an_entry_that_was_taken_away_comes_back_by_undo_and_no_other_one_has_its_id(kim: Actor) -> None:
    time_spent.add(kim, "1", "5m", "the tunnel")
    entry = time_spent.add(ADMIN, "1", "7m", "its end")
    before = detail.show("1").time_spent
    time_spent.remove(kim, "1", entry)
    other = time_spent.add(ADMIN, "2", "9m")
    assert other != entry
    assert undo.undo_last(kim) == "undone: #1 7m taken away"
    assert detail.show("1").time_spent == before
    assert [each.id for each in detail.show("2").time_spent] == [other]


def test_who_may_not_write_notes_writes_no_time(kim: Actor) -> None:
    with pytest.raises(NotAllowed):
        time_spent.add(only_reading(kim), "1", "5m")


def test_reports_tell_it_by_whom_and_for_whom(kim: Actor) -> None:
    write("INSERT INTO organization (id, name) VALUES (1, 'Corp')")
    write("INSERT INTO organization_domain (domain, organization_id) VALUES ('corp.test', 1)")
    time_spent.add(kim, "1", "1h")
    time_spent.add(kim, "2", "30m")
    time_spent.add(ADMIN, "1", "15m")
    begin, end = now() - timedelta(days=1), now() + timedelta(days=1)

    def told(by: Whose, reader: Actor = ADMIN) -> list[tuple[str | None, int]]:
        return [(line.name, line.seconds // 60) for line in reports.report(by, begin, end, reader).lines]

    assert told("agent") == [("Kim", 90), (None, 15)]
    assert told("ticket") == [("1", 75), ("2", 30)]
    assert told("department") == [("Support", 105)]
    assert told("organization")[0][0] in ("Corp", None)
    assert sum(minutes for _, minutes in told("organization")) == 105
    assert reports.report("agent", begin - timedelta(days=9), begin).lines == ()
