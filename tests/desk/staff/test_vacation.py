"""Vacations: when somebody is away on their own clock, and who is told meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from config.clock import now
from desk.alerts import notifications
from desk.errors import NotAllowed, WrongUse
from desk.home import Desk
from desk.staff import agents, vacation
from desk.tickets import changes, detail
from models.agents import Agent
from tests.support.mails import Door, mail, rows, write
from tests.support.workbench import ADMIN, make_agent

BERLIN = ZoneInfo("Europe/Berlin")


def away_at(login: str, *moment: int) -> bool:
    """Whether an agent is away at a time of Berlin."""
    stored = Agent.get(Agent.login == login)
    return vacation.is_away(stored.preferences, datetime(*moment, tzinfo=BERLIN))  # type: ignore[arg-type, misc]


def test_days_are_whole_days_of_the_agents_zone(desk: Desk) -> None:
    kim = make_agent("kim")
    agents.edit_agent(ADMIN, "kim", zone="Europe/Berlin")
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        line = agents.set_own_vacation(
            kim, UTC, away=True, away_from="2026-12-24", away_until="2027-01-02", stand_in=None
        )
        assert (line.away, line.away_from) == (False, datetime(2026, 12, 23, 23, tzinfo=UTC))
        assert line.away_until == datetime(2027, 1, 2, 23, tzinfo=UTC)
    assert not away_at("kim", 2026, 12, 23, 23, 59)
    assert away_at("kim", 2026, 12, 24)
    assert away_at("kim", 2027, 1, 2, 23, 59)
    assert not away_at("kim", 2027, 1, 3)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("tomorrow week", None),
        ("2026-02-30", None),
        (None, "24.12.2026"),
        ("2027-02-02", "2027-02-01"),
        (None, "2020-01-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_what_is_no_vacation_is_refused(desk: Desk, begin: str | None, end: str | None) -> None:
    make_agent("kim")
    with pytest.raises(WrongUse):
        agents.edit_agent(ADMIN, "kim", away_from=begin, away_until=end)
    assert not agents.agent("kim").away


def test_a_time_of_a_day_and_what_is_shown_of_it(desk: Desk) -> None:
    for text in ("2027-01-02", "2027-01-02T12:30"):
        for read, shown in ((vacation.begin_of, vacation.shown_begin), (vacation.end_of, vacation.shown_end)):
            assert shown(read(text, BERLIN), BERLIN) == text


def test_nobody_stands_in_for_themselves_and_no_stranger_does(desk: Desk) -> None:
    make_agent("kim")
    for login in ("kim", "ghost"):
        with pytest.raises(WrongUse):
            agents.edit_agent(ADMIN, "kim", stand_in=login)
    with pytest.raises(NotAllowed):
        agents.set_own_vacation(ADMIN, UTC, away=True)


def test_the_stand_in_stays_and_the_days_go_with_back(desk: Desk) -> None:
    make_agent("kim")
    make_agent("jo")
    agents.edit_agent(ADMIN, "kim", away_until="2199-01-01", stand_in="jo")
    line = agents.agent("kim")
    assert (line.away, line.stand_in) == (True, "jo")
    assert line.away_words(UTC) == "away until 2199-01-01, jo stands in"
    line = agents.edit_agent(ADMIN, "kim", away=False)
    assert (line.away, line.away_until, line.stand_in) == (False, None, "jo")
    assert agents.edit_agent(ADMIN, "kim", name="Kimberly").away is False


class Sending:
    """A desk that mails its agents, and how a ticket is given to Kim there."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._door = desk, Door(desk)
        for login in ("kim", "jo", "bo"):
            make_agent(login)

    def given(self) -> str:
        """Give a new ticket to Kim; returns its number."""
        number = str(self._door.take(mail()).ticket_number)
        write("DELETE FROM notice")
        changes.assign(ADMIN, [number], "kim")
        return number

    def told(self) -> list[str]:
        """The addresses that agents were mailed at just now."""
        write("DELETE FROM recipient")
        notifications.notify(self._desk, now())
        return sorted(row[0] for row in rows("SELECT address FROM recipient"))


@pytest.fixture
def sending(desk: Desk) -> Sending:
    """A desk that mails its agents."""
    return Sending(desk)


def test_of_their_tickets_the_stand_in_is_told(sending: Sending) -> None:
    agents.edit_agent(ADMIN, "kim", away=True, stand_in="jo")
    number = sending.given()
    assert sending.told() == ["jo@staff.example"]
    [line] = notifications.newest(1)
    assert [each.partition(" (")[0] for each in line.trace] == [
        "kim: not told, is away",
        "jo: mailed as stand-in of kim",
    ]
    assert detail.show(number).assignee_away


def test_a_stand_in_who_is_away_has_one_of_their_own_and_a_circle_has_none(sending: Sending) -> None:
    agents.edit_agent(ADMIN, "kim", away=True, stand_in="jo")
    agents.edit_agent(ADMIN, "jo", away=True, stand_in="bo")
    sending.given()
    assert sending.told() == ["bo@staff.example"]
    agents.edit_agent(ADMIN, "bo", away=True, stand_in="kim")
    sending.given()
    assert sending.told() == []


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_before_and_after_it_is_theirs_alone(sending: Sending, days: tuple[int, int]) -> None:
    begin, end = (now() + timedelta(days=each) for each in days)
    with time_machine.travel(begin - timedelta(days=2), tick=False):
        agents.edit_agent(
            ADMIN,
            "kim",
            away_from=begin.strftime("%Y-%m-%dT%H:%M"),
            away_until=end.strftime("%Y-%m-%dT%H:%M"),
            stand_in="jo",
        )
    sending.given()
    assert sending.told() == ["kim@staff.example"]
    assert agents.agent("kim").away is False
