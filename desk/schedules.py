"""Schedules: an interval ("every 45 minutes") or a cron line, in the desk's time zone.

A cron line of fixed times (minute and hour both without ``*``) runs once a day that it names: at the
autumn change at the first of the two, in the spring gap right after it. A line with ``*`` in the minute
or hour follows the clock as it ticks, like cron on Debian. Missed runs run once.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING

from config.clock import now
from config.expressions import expression
from desk.errors import WrongUse

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SHORTEST_MINUTES = 5
"""Below this a schedule warns: servers count log-ins."""

_INTERVAL = expression(r"every\s+(?:(\d{1,5})\s*)?(m|min|mins|minutes?|h|hours?|d|days?)", re.IGNORECASE)
_MINUTES = {"m": 1, "h": 60, "d": 1440}
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LONGEST_MINUTES = 366 * 1440
# Not R, by which the library draws lots anew each time that somebody asks for the next run.
_FIELD = expression(r"(?!.*(?:^|,)[Rr])[0-9A-Za-z*,/#-]+")
_LOOKED_BACK = (0.1, 2, 40, 400, 366 * 30)
"""So many days are looked through for the last run, as far as it takes."""
_NTH = ("first", "second", "third", "fourth", "fifth")
_NAMED_DAY = expression(r"(?:(L)?(\d|[a-z]{3}))(?:#(\d))?", re.IGNORECASE)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to do a thing, as entered (`text`): an interval of `minutes`, or the cron fields `cron`."""

    text: str
    minutes: int = 0
    cron: str = field(default="")

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first run after `moment`, aware, UTC. An interval counts from `moment`."""
        if not self.cron:
            return moment.astimezone(UTC) + timedelta(minutes=self.minutes)
        return next(self._runs(moment, zone))

    def next_runs(self, count: int, zone: ZoneInfo, moment: datetime | None = None) -> list[datetime]:
        """Return the next `count` runs after `moment` (default: now), in the zone's time."""
        moment = moment or now()
        if not self.cron:
            step = timedelta(minutes=self.minutes)
            return [(moment.astimezone(UTC) + step * turn).astimezone(zone) for turn in range(1, count + 1)]
        return [run.astimezone(zone) for run in islice(self._runs(moment, zone), count)]

    def due(self, last_attempt: datetime | None, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether a run is due at `moment`, the last one being at `last_attempt` (None: never)."""
        return last_attempt is None or self.next_after(last_attempt, zone) <= moment

    def last_run(self, after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last run behind `after`, up to `until`, aware, UTC; None when there is none."""
        if not self.cron:
            step = timedelta(minutes=self.minutes)
            times = (until - after) // step
            return after.astimezone(UTC) + step * times if times > 0 else None
        for days in _LOOKED_BACK:
            start = max(after, until - timedelta(days=days))
            runs = takewhile(lambda run: run <= until, self._runs(start, zone))
            last = next(iter(deque(runs, maxlen=1)), None)
            if last is not None or start == after:
                return last
        return None

    def words(self) -> str:
        """Return the schedule in English: "every 45 minutes", "at 09:00 on Monday to Friday"."""
        return _cron_words(self.cron) if self.cron else _interval_words(self.minutes)

    @property
    def warning(self) -> str:
        """What a person should think about before they keep this schedule; empty when nothing."""
        if not self.cron:
            return _too_often(self.minutes)
        # Any ordinary day shows the shortest distance: the clock changes play no part in it.
        start = datetime(2027, 1, 4, tzinfo=UTC)
        walls = list(islice(self._walls(start.replace(tzinfo=None)), 80))
        gaps = [(after - before).total_seconds() // 60 for before, after in pairwise(walls)]
        step = re.match(r"\*/(\d+) ", self.cron)
        if step and 60 % int(step[1]):
            minutes = sorted({wall.minute for wall in walls})
            shown = ", ".join(f":{minute:02d}" for minute in minutes)
            return (
                f"runs at {shown} of the hour, not every {step[1]} minutes;"
                f" for that write: every {step[1]} minutes"
            )
        return _too_often(min(gaps, default=SHORTEST_MINUTES))

    def _runs(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        after = moment.astimezone(UTC)
        start = after.astimezone(zone).replace(tzinfo=None, microsecond=0)
        if not _steady(after, zone, timedelta(days=2)):
            # A gap or a repeated hour may put a run elsewhere than its wall time says.
            start -= timedelta(days=2)
        fixed = not any(part.startswith("*") for part in self.cron.split()[:2])
        last: datetime | None = None
        pending: list[datetime] = []
        for wall in self._walls(start):
            pending += _moments(wall, zone, fixed=fixed)
            # A repeated hour gives times that the runs of later walls may come before.
            horizon = wall.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=3)
            pending.sort()
            while pending and (pending[0] <= horizon or _steady(pending[0], zone, timedelta(hours=3))):
                run = pending.pop(0)
                if run > after and run != last:
                    last = run
                    yield run

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Yield the wall times (naive) that the cron line names, after `start`."""
        from croniter import croniter  # 16 ms, for schedules

        times = croniter(self.cron, start, ret_type=datetime)
        while True:
            yield times.get_next()


def parse(text: str) -> Schedule:
    """Read a schedule; raises WrongUse with what is wrong and an example."""
    entered = " ".join(text.split())
    found = _INTERVAL.fullmatch(entered)
    if found is not None:
        minutes = int(found[1] or 1) * _MINUTES[found[2][0].lower()]
        if not 1 <= minutes <= _LONGEST_MINUTES:
            raise WrongUse(f"'{entered}' is no interval", "between 'every 1 minute' and 'every 366 days'")
        return Schedule(entered, minutes=minutes)
    cron = _ALIASES.get(entered.lower(), entered)
    parts = cron.split(" ")
    if len(parts) != 5 or not all(_FIELD.fullmatch(part) for part in parts):
        raise WrongUse(
            f"'{entered[:60]}' is no schedule",
            "write 'every 45 minutes', or a cron line of five fields: '*/10 8-18 * * 1-5'",
        )
    from croniter import CroniterError, croniter  # 18 ms, for schedules

    wrong = WrongUse(
        f"'{entered[:60]}' is no cron line", "minute hour day-of-month month day-of-week: '*/10 8-18 * * 1-5'"
    )
    try:
        valid = croniter.is_valid(cron, strict=True)
        if valid:
            croniter(cron, datetime(2024, 1, 1), ret_type=datetime).get_next()
    except (CroniterError, ValueError, OverflowError):
        raise wrong from None
    if not valid:
        raise wrong
    return Schedule(entered, cron=cron)


def _moments(wall: datetime, zone: ZoneInfo, *, fixed: bool) -> list[datetime]:
    """Return a wall time's moments: two in a repeated hour, in a gap none or (fixed times) the gap's end."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = first.astimezone(zone).replace(tzinfo=None)
    if shown != wall:
        if not fixed:
            return []
        # The old offset puts the wall behind the gap; as much of it as lies in the gap is taken off.
        return [_gap_end(first, zone)]
    if first == second:
        return [first]
    return [first] if fixed else [first, second]


def _steady(moment: datetime, zone: ZoneInfo, around: timedelta) -> bool:
    """Whether the clock is not changed so near to `moment`."""
    before, after = ((moment + distance).astimezone(zone).utcoffset() for distance in (-around, around))
    return before == after


def _gap_end(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock was put forward, shortly before `moment`."""
    after = moment.astimezone(zone).utcoffset()
    low, high = moment - timedelta(hours=26), moment
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return (high + timedelta(seconds=0.5)).replace(microsecond=0)


def _too_often(minutes: float) -> str:
    if minutes >= SHORTEST_MINUTES:
        return ""
    often = "every minute" if minutes == 1 else f"every {minutes:g} minutes"
    return f"runs {often}: some servers lock out who logs in that often"


def _interval_words(minutes: int) -> str:
    size, name = next(unit for unit in ((1440, "day"), (60, "hour"), (1, "minute")) if minutes % unit[0] == 0)
    count = minutes // size
    return f"every {name}" if count == 1 else f"every {count} {name}s"


def _cron_words(cron: str) -> str:
    minute, hour, day, month, weekday = cron.split()
    when = _time_words(minute, hour)
    if day != "*":
        when += f" on day {day} of the month"
    if weekday != "*":
        when += (" or on " if day != "*" else " on ") + _weekday_words(weekday)
    if month != "*":
        when += f" in month {month}"
    return when


def _time_words(minute: str, hour: str) -> str:
    step = re.fullmatch(r"\*/(\d+)", minute)
    hours = "" if hour == "*" else f" in hour{'' if hour.isdecimal() else 's'} {hour}"
    if minute == "*":
        return f"every minute{hours}"
    if step:
        if 60 % int(step[1]) == 0:
            return f"every {step[1]} minutes{hours}"
        shown = ", ".join(f":{at:02d}" for at in range(0, 60, int(step[1])))
        return f"at {shown} of every hour" if hour == "*" else f"at {shown}{hours}"
    if minute.isdecimal() and all(part.isdecimal() for part in hour.split(",")):
        return "at " + ", ".join(f"{int(part):02d}:{int(minute):02d}" for part in hour.split(","))
    if minute.isdecimal():
        every = re.fullmatch(r"\*/(\d+)", hour)
        if hour == "*":
            return f"every hour at :{int(minute):02d}"
        if every:
            return f"every {every[1]} hours at :{int(minute):02d}"
        return f"at :{int(minute):02d}{hours}"
    return f"at minutes {minute}" + (" of every hour" if hour == "*" else hours)


def _weekday_words(weekday: str) -> str:
    ranges = [" to ".join(map(_day_words, part.split("-"))) for part in weekday.split(",")]
    return ", ".join(ranges)


def _day_words(part: str) -> str:
    found = _NAMED_DAY.fullmatch(part)
    if found is None:
        return part
    last, day, nth = found.groups()
    names = (each for each in _DAYS if each[:3].lower() == day.lower())
    name = _DAYS[int(day) % 7] if day.isdecimal() else next(names, day)
    if last:
        return f"the last {name}"
    return f"the {_NTH[int(nth) - 1]} {name}" if nth and 1 <= int(nth) <= len(_NTH) else name
