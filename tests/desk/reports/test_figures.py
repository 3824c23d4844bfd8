"""Reports: given these tickets and what happened to them, these lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.errors import WrongUse
from desk.home import Desk
from desk.reports import figures, table
from desk.reports.figures import ReportLine, ReportName, Spread, report, spread, time_of
from desk.reports.spreadsheet import as_csv
from desk.staff import slas
from models.events import Event
from models.messages import Message
from models.opening import close_database
from models.teams import Team
from models.tickets import Ticket
from tests.support.workbench import ADMIN, make_agent, make_desk, make_mailbox, make_ticket

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield make_desk(tmp_path)
    close_database()


def answer(ticket: Ticket, agent: int | None, at: datetime) -> None:
    Message.create(ticket=ticket, kind="reply", agent=agent, sender_email="a@desk.example", created=at)


def lines(name: ReportName, days: int = 7) -> dict[str | None, ReportLine]:
    found = report(name, NOW - days * DAY, NOW)
    return {line.name: line for line in found.lines} | {"total": found.total}


def test_a_line_tells_what_happened_in_the_time(desk: Desk) -> None:
    jo, an = (make_agent(login).agent_id for login in ("jo", "an"))
    box = make_mailbox(desk)
    tickets = [
        make_ticket(
            moment=NOW - days * DAY,
            assignee=owner,
            status=status,
            mailbox=box,
            tags=tags,
            closed=NOW - closed * DAY if closed is not None else None,
        )
        for days, owner, status, tags, closed in (
            (1, jo, "open", ("vpn", "p1"), None),
            (2, jo, "closed", ("vpn",), 1),
            (9, an, "closed", (), 3),
            (9, None, "open", ("VPN",), None),
        )
    ]
    answer(tickets[0], an, NOW - DAY + 2 * HOUR)
    answer(tickets[0], an, NOW - DAY + 5 * HOUR)
    answer(tickets[1], jo, NOW - 2 * DAY + 4 * HOUR)
    Event.create(ticket=tickets[3], at=NOW - 2 * DAY, kind="reopened")
    Event.create(ticket=tickets[1], at=NOW - DAY, kind="overdue")

    found = lines("agents")
    assert found["jo"] == ReportLine(
        "jo",
        opened=2,
        answered=1,
        closed=1,
        reopened=0,
        open=1,
        backlog=(0, 1, 0, 0, 0),
        first_response=Spread(2 * 3600, 4 * 3600, 2),
        resolution=Spread(86_400, 86_400, 1),
        promised=2,
        kept=1,
    )
    assert (found["an"].answered, found["an"].closed, found["an"].resolution.median) == (1, 1, 6 * 86_400)
    assert (found[None].reopened, found[None].open, found[None].backlog) == (1, 1, (0, 0, 0, 0, 1))
    total = found["total"]
    assert (total.opened, total.answered, total.closed, total.reopened, total.open) == (2, 2, 2, 1, 2)
    assert (total.promised, total.kept) == (2, 1)

    tags = lines("tags")
    assert {name: (line.opened, line.open) for name, line in tags.items()} == {
        "p1": (1, 1),
        "VPN": (2, 2),
        "total": (2, 2),
    }
    network = Team.create(name="Network").id
    Ticket.update(team=network).where(Ticket.id.in_([tickets[0].id, tickets[2].id])).execute()
    teams = lines("teams")
    assert {name: (line.opened, line.answered, line.closed, line.open) for name, line in teams.items()} == {
        "Network": (1, 1, 1, 1),
        None: (1, 1, 1, 1),
        "total": (2, 2, 2, 2),
    }
    by_name: tuple[tuple[ReportName, str | None], ...] = (
        ("departments", "Support"),
        ("mailboxes", "support@desk.example"),
        ("topics", None),
    )
    for name, line in by_name:
        assert lines(name)[line].closed == lines(name)["total"].closed == 2


def test_what_was_merged_is_counted_as_the_ticket_that_it_went_into(desk: Desk) -> None:
    kept = make_ticket(moment=NOW - DAY)
    make_ticket(moment=NOW - DAY, status="closed", closed=NOW - HOUR, merged_into=kept)
    for name in ("departments", "days"):
        total = report(name, NOW - 7 * DAY, NOW).total
        assert (total.opened, total.closed, total.resolution.count, total.promised) == (1, 0, 0, 0)


def test_days_that_begin_between_the_hours_of_others_are_counted_once(desk: Desk) -> None:
    """On Lord Howe summer is half an hour."""
    for day in (-250, -100, -1):
        make_ticket(moment=NOW + day * DAY)
    found = report("days", NOW - 300 * DAY, NOW, zone=ZoneInfo("Australia/Lord_Howe"))
    assert [line.opened for line in found.lines if line.opened] == [1, 1, 1]


def test_the_report_of_days_adds_up(desk: Desk) -> None:
    for days in (0.1, 0.2, 1.5, 6.9, 8):
        make_ticket(moment=NOW - days * DAY, status="closed", closed=NOW - days * DAY + HOUR)
    found = report("days", NOW - 7 * DAY, NOW)
    assert [line.name for line in found.lines][::7] == ["2026-11-13", "2026-11-20"]
    assert sum(line.opened for line in found.lines) == found.total.opened == 4
    assert [line.opened for line in found.lines][-2:] == [1, 2]
    assert found.lines[0].open is None
    assert found.total.open == 0


def test_the_first_and_the_last_moment_are_told_apart(desk: Desk) -> None:
    make_ticket(moment=NOW - DAY)
    make_ticket(moment=NOW)
    assert report("departments", NOW - DAY, NOW).total.opened == 1
    assert report("departments", NOW, NOW + DAY).total.opened == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", NOW - 30 * DAY),
        ("2w", NOW - 14 * DAY),
        ("12h", NOW - 12 * HOUR),
        ("2026-11-01", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("2026-11", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("today", datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ("week", datetime(2026, 11, 15, 23, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_age_or_a_date_of_the_desks_zone(text: str, expected: datetime) -> None:
    assert time_of(text, ZoneInfo("Europe/Berlin"), NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "30", "2026-13-01", "<2d", "1d..2d"])
def test_what_is_no_time_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(WrongUse) as refused:
        time_of(text, UTC, NOW)
    assert "2026-11-01" in refused.value.hint


@given(st.lists(st.integers(0, 10**7), min_size=1))
def test_half_and_nine_of_ten_do_not_exceed_the_spread(lengths: list[int]) -> None:
    found = spread(lengths)
    assert found.median is not None
    assert found.p90 is not None
    assert 2 * sum(each <= found.median for each in lengths) >= len(lengths)
    assert 2 * sum(each < found.median for each in lengths) < len(lengths)
    assert 10 * sum(each <= found.p90 for each in lengths) >= 9 * len(lengths)
    assert found.p90 in lengths


@given(st.text(max_size=30))
def test_no_cell_of_a_spreadsheet_is_a_formula(name: str) -> None:
    written = as_csv(["name", "number"], [[name, 1]])
    head, row = csv.reader(io.StringIO(written, newline=""))
    assert head == ["name", "number"]
    assert not row[0].lstrip().startswith(("=", "+", "-", "@", "|", "%", "\t", "\r", "＝", "＋", "－", "＠"))
    assert row[1] == "1"


@pytest.mark.parametrize("name", ["=1+1", "+4930", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n\n@x", "＝1"])
def test_a_formula_is_shown_as_it_was_written(name: str) -> None:
    cell = next(csv.reader(io.StringIO(as_csv([name], []), newline="")))[0]
    assert cell[0] == "'"
    assert cell.lstrip("' ") == name.strip()


def test_the_spreadsheet_has_every_number(desk: Desk) -> None:
    make_ticket(moment=NOW - DAY, tags=["=cmd|'/c calc'!A1"])
    written = table.spreadsheet(report("tags", NOW - 7 * DAY, NOW))
    heads, row, total = csv.reader(io.StringIO(written, newline=""))
    assert heads[:6] == ["tag", "opened", "answered", "closed", "reopened", "open"]
    assert row[0] == "'=cmd|'/c calc'!A1"
    assert (row[1], total[0], total[1]) == ("1", "total", "1")
    assert len(heads) == len(row) == len(total)


def test_a_report_of_too_many_days_is_refused(desk: Desk) -> None:
    with pytest.raises(WrongUse):
        report("days", NOW - (figures.LONGEST_DAYS + 10) * DAY, NOW)


def test_lengths_are_in_the_business_hours_of_the_tickets_sla(desk: Desk) -> None:
    slas.add_sla(ADMIN, "Office", "4h", business_hours="mon-fri 09:00-17:00", zone="UTC")
    office = slas.sla_id_of("Office")
    friday = datetime(2026, 11, 13, 16, 0, tzinfo=UTC)
    for sla in (office, 1):
        ticket = make_ticket(moment=friday, sla=sla, status="closed", closed=friday + 4 * DAY)
        answer(ticket, None, friday + 3 * DAY)
        answer(ticket, None, friday - 30 * DAY)  # It came with an old ticket that was merged into this one.
    weeks = 700
    make_ticket(moment=friday - weeks * 7 * DAY, sla=office, status="closed", closed=friday + 4 * DAY)
    total = lines("departments", days=10)["total"]
    assert total.first_response == Spread(8 * 3600, 3 * 86_400, 2)
    assert total.resolution == Spread(4 * 86_400, (weeks * 40 + 16) * 3600, 3)


TIMES = st.integers(0, 20 * 24).map(lambda hours: NOW - 20 * DAY + hours * HOUR)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lives=st.lists(
        st.tuples(TIMES, st.none() | TIMES, st.lists(TIMES, max_size=3), st.lists(TIMES, max_size=2)),
        max_size=6,
    )
)
def test_days_and_times_long_ago_are_counted_as_any_other_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lives: list[Any]
) -> None:
    """A day's line is what a report of that day alone says, read in whichever way."""
    Message.delete().execute()
    Event.delete().execute()
    Ticket.delete().execute()
    for made, end, answers, events in lives:
        ticket = make_ticket(
            moment=made,
            status="open" if end is None else "closed",
            closed=None if end is None else max(end, made),
        )
        for at in answers:
            answer(ticket, None, max(at, made))
        for place, at in enumerate(events):
            Event.create(ticket=ticket, at=max(at, made), kind=("overdue", "reopened")[place])
    begin = NOW - 9 * DAY
    of_days = report("days", begin, NOW)
    long_ago = NOW + 900 * DAY
    for clock in (NOW, long_ago):
        monkeypatch.setattr(figures, "now", lambda clock=clock: clock)
        assert report("days", begin, NOW) == of_days
        assert report("departments", begin, NOW).total == of_days.total
        for (first, last), line in zip(figures.days_of(begin, NOW, UTC), of_days.lines, strict=True):
            of_day = report("departments", max(first, begin), min(last, NOW)).total
            assert replace(of_day, name=line.name, open=None, backlog=()) == line
