"""What business hours and lengths mean, and what is refused with words."""

from __future__ import annotations

import pytest

from desk.errors import WrongUse
from desk.slas.hours import minutes_in, week_of, working_day
from desk.slas.lengths import seconds_of, words
from tests.support.rows import every_row


def of_day(text: str, day: int) -> list[str]:
    spans = week_of(text)[day]
    return [f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}" for begin, end in spans]


@every_row(
    ("text", "day", "spans"),
    [
        ("mon-fri 09:00-17:00", 0, ["09:00-17:00"]),
        ("mon-fri 09:00-17:00", 5, []),
        ("Mon-Fri 8:00-12:00, 13:00-17:00; sat 10:00-14:00", 2, ["08:00-12:00", "13:00-17:00"]),
        ("mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00", 5, ["10:00-14:00"]),
        ("fri 22:00-06:00", 4, ["22:00-24:00"]),
        ("fri 22:00-06:00", 5, ["00:00-06:00"]),
        ("sun 22:00-06:00", 0, ["00:00-06:00"]),
        ("sat-mon 10:00-11:00", 6, ["10:00-11:00"]),
        ("sat-mon 10:00-11:00", 1, []),
        ("mon,wed,fri 10:00-11:00", 2, ["10:00-11:00"]),
        ("daily 00:00-24:00", 3, ["00:00-24:00"]),
        ("monday-friday 09:00-17:00", 4, ["09:00-17:00"]),
        ("mon 09:00-12:00; mon 11:00-13:00", 0, ["09:00-13:00"]),
        ("mon 09:00-09:00", 0, ["09:00-24:00"]),
    ],
)
def test_hours_as_people_write_them(text: str, day: int, spans: list[str]) -> None:
    assert of_day(text, day) == spans


@every_row(
    "text",
    [
        "",
        "mon-fri",
        "09:00-17:00",
        "mon 9-17",
        "mon 09:00-25:00",
        "xyz 09:00-17:00",
        "mon 09:60-10:00",
        ";",
        "mon ,",
    ],
)
def test_what_says_no_hours_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="business hours"):
        week_of(text)


def test_a_working_day_is_as_long_as_they_are_on_average() -> None:
    week = week_of("mon-thu 09:00-17:00; fri 09:00-13:00")
    assert (minutes_in(week), working_day(week)) == (36 * 60, 432)


@every_row(
    ("text", "hours", "seconds"),
    [
        ("30m", None, 1800),
        ("4h", None, 4 * 3600),
        ("2.5", None, 9000),
        ("18", None, 18 * 3600),
        ("3d", None, 3 * 86_400),
        ("1w", None, 7 * 86_400),
        ("3d", "mon-fri 09:00-17:00", 24 * 3600),
        ("1w", "mon-fri 09:00-17:00", 40 * 3600),
        ("4h", "mon-fri 09:00-17:00", 4 * 3600),
    ],
)
def test_lengths_as_people_write_them(text: str, hours: str | None, seconds: int) -> None:
    assert seconds_of(text, None if hours is None else week_of(hours)) == seconds


@every_row("text", ["", "0h", "-1h", "4 years", "8761h", "h", "nan", "1e3h", "4hh", "٣h"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match=r"length of time|no SLA"):
        seconds_of(text, None)


@every_row(("seconds", "told"), [(12, "12 s"), (2700, "45 min"), (9000, "2 h 30 min"), (7200, "2 h")])
def test_lengths_are_told_by_the_clock(seconds: int, told: str) -> None:
    assert words(seconds) == told
