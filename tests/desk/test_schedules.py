"""Schedules run when a person expects them to, also when the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as some

from desk.errors import WrongUse
from desk.schedules import parse
from tests.support.rows import every_row

BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_every_45_minutes_is_an_interval_and_not_a_cron_line() -> None:
    schedule = parse("every 45 minutes")
    runs = [MOMENT]
    for _ in range(100):
        runs.append(schedule.next_after(runs[-1], BERLIN))
    assert {after - before for before, after in pairwise(runs)} == {timedelta(minutes=45)}


def test_the_cron_line_that_looks_like_45_minutes_says_what_it_does() -> None:
    schedule = parse("*/45 * * * *")
    assert schedule.words() == "at :00, :45 of every hour"
    assert "not every 45 minutes" in schedule.warning
    assert "every 45 minutes" in schedule.warning


def test_an_interval_goes_on_through_the_clock_change() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert parse("every 45 minutes").next_after(before, BERLIN) == before + timedelta(minutes=45)


def test_a_fixed_time_runs_once_when_its_hour_comes_twice() -> None:
    runs = parse("30 2 * * *").next_runs(3, BERLIN, datetime(2026, 10, 24, 12, 0, tzinfo=UTC))
    assert [run.isoformat() for run in runs] == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
        "2026-10-27T02:30:00+01:00",
    ]


def test_a_fixed_time_that_does_not_exist_runs_once_right_after_the_gap() -> None:
    runs = parse("30 2 * * *").next_runs(2, BERLIN, datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    assert [run.isoformat() for run in runs] == ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]


def test_every_ten_minutes_runs_through_both_of_the_repeated_hours() -> None:
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    runs = parse("*/10 * * * *").next_runs(18, BERLIN, start)
    assert [run.astimezone(UTC) for run in runs] == [
        start + timedelta(minutes=10 * turn) for turn in range(1, 19)
    ]


EXPRESSIONS = (
    "30 2 * * *",
    "*/10 * * * *",
    "0 * * * *",
    "15 1,2,3 * * *",
    "*/20 1-3 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "45 23 * * 0",
    "0 */2 * * *",
    "5 2 29 3 *",
    "59 1 * * *",
    "0-30/10 2 * * *",
    "0 9 * * 1-5",
)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kathmandu",
    "America/Santiago",
    "UTC",
)


# It goes on by whole hours, and loses the one that begins half an hour after the clock was put back.
_CRONSIM_MISSES = ("0 */2 * * *", "Australia/Lord_Howe")


def test_an_hour_that_begins_after_half_an_hour_was_put_back_is_not_lost() -> None:
    expression, zone_name = _CRONSIM_MISSES
    midnight = datetime(2024, 4, 6, 13, 0, tzinfo=UTC)
    runs = parse(expression).next_runs(2, ZoneInfo(zone_name), midnight)
    assert [run.isoformat() for run in runs] == ["2024-04-07T02:00:00+10:30", "2024-04-07T04:00:00+10:30"]


@settings(max_examples=80)
@given(
    some.tuples(some.sampled_from(EXPRESSIONS), some.sampled_from(ZONES)).filter(_CRONSIM_MISSES.__ne__),
    some.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=some.just(UTC)),
)
def test_cron_lines_run_as_debian_runs_them(line: tuple[str, str], moment: datetime) -> None:
    expression, zone_name = line
    zone = ZoneInfo(zone_name)
    expected = [run.astimezone(UTC) for run in islice(CronSim(expression, moment.astimezone(zone)), 60)]
    found = [run.astimezone(UTC) for run in parse(expression).next_runs(60, zone, moment)]
    assert found == expected


def test_missed_runs_run_once() -> None:
    schedule = parse("0 * * * *")
    assert schedule.due(MOMENT - timedelta(days=3), MOMENT + timedelta(minutes=1), BERLIN)
    assert not schedule.due(MOMENT + timedelta(minutes=1), MOMENT + timedelta(minutes=2), BERLIN)


def test_what_never_ran_is_due() -> None:
    assert parse("every 3 days").due(None, MOMENT, BERLIN)


@every_row(
    ("text", "words"),
    [
        ("every 45 minutes", "every 45 minutes"),
        ("every minute", "every minute"),
        ("every 2 h", "every 2 hours"),
        ("every 1440 minutes", "every day"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0 * * * *", "every hour at :00"),
        ("30 2 * * *", "at 02:30"),
        ("0 9 * * 1-5", "at 09:00 on Monday to Friday"),
        ("0 */6 * * *", "every 6 hours at :00"),
        ("@daily", "at 00:00"),
        ("0 8,20 * * *", "at 08:00, 20:00"),
    ],
)
def test_a_schedule_is_told_in_words_and_kept_as_entered(text: str, words: str) -> None:
    assert parse(text).words() == words
    assert parse(text).text == text


@every_row("text", ["every 4 minutes", "*/2 * * * *", "* * * * *", "every minute"])
def test_less_than_five_minutes_warns(text: str) -> None:
    assert "some servers lock out" in parse(text).warning


@every_row("text", ["every 5 minutes", "*/5 * * * *", "0 9 * * *", "0 0 29 2 *"])
def test_five_minutes_and_more_do_not_warn(text: str) -> None:
    assert parse(text).warning == ""


@every_row(
    "text",
    [
        "",
        "every",
        "every 0 minutes",
        "every fortnight",
        "5",
        "1 2 3 4",
        "60 * * * *",
        "* * * * * *",
        "0 0 31 2 *",
        "H * * * *",
        "R * * * *",
        "0 0,r/2 * * *",
        "a b c d e",
        "every 999999 days",
        "*/0 * * * *",
        "@reboot",
        "0 0 * * 9",
    ],
)
def test_what_is_no_schedule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WrongUse) as refused:
        parse(text)
    assert refused.value.hint


@settings(max_examples=300)
@given(some.text(alphabet=" 0123456789*/,-@LWH#?everyminuts", max_size=30))
def test_any_text_is_a_schedule_or_is_refused(text: str) -> None:
    try:
        schedule = parse(text)
    except WrongUse:
        return
    assert schedule.next_after(MOMENT, BERLIN) > MOMENT
    assert schedule.words()
    assert isinstance(schedule.warning, str)
