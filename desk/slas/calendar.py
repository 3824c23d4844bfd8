"""Business time: the spans of a week on the wall clock of a zone, without holidays.

What is counted is time that passes. Where a clock is set back, an hour of it may be open twice, and counts
twice; where it is set forward, what it leaves out does not count. A day off has no open time in what of it is
off, all of it as a rule. Moments here are whole microseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from config.records import Record
from desk.slas.hours import Span, Week, without

Moment = int
"""Microseconds since 1970, UTC."""

SECOND: Final = 1_000_000
_MINUTE: Final = 60 * SECOND
_DAY: Final = 86_400 * SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_THURSDAY: Final = 3
"""The first day of 1970."""
MOST_DAYS: Final = 40 * 366
"""So far ahead a promise is looked for."""


def moment_of(time: datetime) -> Moment:
    """Return an aware time as it is counted."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(moment: Moment) -> datetime:
    """Return the aware time, UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def day_number(day: date) -> int:
    """Return the days since 1970."""
    return day.toordinal() - _EPOCH.toordinal()


class Calendar(Record):
    """When work is done: a week on the wall clock of a zone, and what is off on which days (`day_number`)."""

    week: Week
    zone: tzinfo
    days_off: Mapping[int, tuple[Span, ...]]

    def spans(self, begin: Moment) -> Iterator[tuple[Moment, Moment]]:
        """Return the open spans from a moment on, in order, `MOST_DAYS` far; none is longer than a day."""
        last = begin + MOST_DAYS * _DAY
        offset = self._offset(begin)
        while begin < last:
            end = begin + _DAY
            after = self._offset(end)
            if after != offset:
                end = self._change(begin, end, offset)
            yield from self._within(begin, end, offset)
            begin, offset = end, self._offset(end)

    def local(self, moment: Moment) -> datetime:
        """Return the time on the zone's wall clock."""
        return time_of(moment).astimezone(self.zone)

    def _within(self, begin: Moment, end: Moment, offset: int) -> Iterator[tuple[Moment, Moment]]:
        """Return the open spans of a time in which the zone has one offset."""
        first, last = begin + offset, end + offset
        for day in range(first // _DAY, (last - 1) // _DAY + 1):
            midnight, open_then = day * _DAY, self.week[(day + _THURSDAY) % 7]
            off = self.days_off.get(day)
            for opens, closes in open_then if off is None else without(open_then, off):
                start = max(first, midnight + opens * _MINUTE)
                stop = min(last, midnight + closes * _MINUTE)
                if start < stop:
                    yield start - offset, stop - offset

    def _change(self, begin: Moment, end: Moment, offset: int) -> Moment:
        """Return the first second at which the zone's offset is another one."""
        low, high = begin // SECOND, -(-end // SECOND)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle * SECOND) == offset:
                low = middle
            else:
                high = middle
        return high * SECOND

    def _offset(self, moment: Moment) -> int:
        offset = time_of(moment).astimezone(self.zone).utcoffset()
        return 0 if offset is None else offset // _MICROSECOND
