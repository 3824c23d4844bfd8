"""When nothing is mailed, on the clock of whoever wants it so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import WrongUse
from desk.quiet_times import parse
from tests.support.rows import every_row

BERLIN = ZoneInfo("Europe/Berlin")
WORK = "mon-fri 18:00-08:00, sat-sun"


@every_row(
    ("text", "moment", "ends"),
    [
        (WORK, "2026-11-25 12:00", "2026-11-25 12:00"),  # a Wednesday
        (WORK, "2026-11-25 18:00", "2026-11-26 08:00"),
        (WORK, "2026-11-25 07:59", "2026-11-25 08:00"),
        (WORK, "2026-11-25 08:00", "2026-11-25 08:00"),
        (WORK, "2026-11-27 19:00", "2026-11-30 00:00"),  # Friday's evening; nothing is said of Monday's night
        (WORK + ", mon 00:00-08:00", "2026-11-27 19:00", "2026-11-30 08:00"),
        ("18:00-08:00, sat-sun", "2026-11-27 19:00", "2026-11-30 08:00"),  # what is advised
        ("22:00-07:00", "2026-11-25 23:30", "2026-11-26 07:00"),
        ("22:00-07:00", "2026-11-25 06:59", "2026-11-25 07:00"),
        ("sat", "2026-11-28 10:00", "2026-11-29 00:00"),
        ("sun-tue 09:00-10:00", "2026-11-30 09:30", "2026-11-30 10:00"),
        ("2026-12-24..2026-12-26", "2026-12-24 00:00", "2026-12-27 00:00"),
        ("2026-12-24 12:00-24:00", "2026-12-24 13:00", "2026-12-25 00:00"),
        ("2026-12-24..2026-12-26, 22:00-07:00", "2026-12-25 12:00", "2026-12-27 07:00"),
        ("Mon Wed 08:00 - 09:00", "2026-11-25 08:10", "2026-11-25 09:00"),
        ("02:00-03:00", "2026-10-25 02:30", "2026-10-25 03:00"),  # that hour comes twice
        ("01:00-02:30", "2026-03-29 01:30", "2026-03-29 03:30"),  # its end is no time of that day
        ("", "2026-11-25 12:00", "2026-11-25 12:00"),
    ],
)
def test_it_is_quiet_until(text: str, moment: str, ends: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
    assert parse(text).end(at, BERLIN).astimezone(BERLIN) == datetime.fromisoformat(ends).replace(
        tzinfo=BERLIN
    )


@every_row(
    ("text", "says"),
    [
        ("always", "no quiet time"),
        ("mon-", "no quiet time"),
        ("08:00", "no quiet time"),
        ("25:00-26:00", "time that is none"),
        ("08:61-09:00", "time that is none"),
        ("2026-02-30", "day that is none"),
        ("2026-12-26..2026-12-24", "ends before"),
        ("mon-sun", "for ever"),
        ("00:00-24:00", "for ever"),
        ("mon-fri, sat 00:00-24:00, sun 00:00-24:00", "for ever"),
    ],
)
def test_what_cannot_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        parse(text)


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), min_size=1, max_size=3),
    st.integers(0, 366 * 24 * 60),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_what_ends_is_not_quiet_any_more(spans: list[tuple[int, int]], minutes: int, zone: str) -> None:
    text = ", ".join(f"{start:02}:00-{end:02}:00" for start, end in spans)
    try:
        quiet = parse(text)
    except WrongUse:
        return
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends = quiet.end(moment, ZoneInfo(zone))
    assert moment <= ends <= moment + timedelta(days=2)
    assert quiet.end(ends, ZoneInfo(zone)) == ends
