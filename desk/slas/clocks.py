"""What a clock has counted, and when it runs out: business time, without the pauses.

Pauses may come in any order and overlap. One without an end goes on. A calendar of None is round the clock.
Moments and lengths are microseconds (`desk.slas.calendar`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate

from desk.slas.calendar import MOST_DAYS, SECOND, Calendar, Moment

Pause = tuple[Moment, Moment | None]
"""From a moment to before another one; None: it goes on."""

_NEVER = 1 << 62
_SURELY_LOOKED_FOR = (MOST_DAYS - 2) * 86_400 * SECOND


def runs_out(
    calendar: Calendar | None, begin: Moment, length: int, pauses: Iterable[Pause] = ()
) -> Moment | None:
    """Return when a clock has counted a length from a moment on; None while a pause keeps it from that."""
    left = length
    for start, stop in counted(calendar, begin, _NEVER, pauses):
        if stop - start >= left:
            return start + left
        left -= stop - start
    return None


class RunsOut:
    """Says the same as `runs_out` of clocks that nothing stops: the hours are looked up once for all of them.

    Best of those that begin in order: before the first one asked about, all is looked up each time.
    """

    def __init__(self, calendar: Calendar | None) -> None:
        """Look nothing up yet."""
        self._calendar = calendar
        self._ahead: Iterator[tuple[Moment, Moment]] = iter(())
        self._first = _NEVER
        self._starts: list[Moment] = []
        self._sums = [0]
        """What is open before each start, and before the one that is not looked up yet."""
        self._until = 0

    def __call__(self, begin: Moment, length: int) -> Moment | None:
        """Return when a clock has counted a length from a moment on."""
        if self._calendar is not None and self._first == _NEVER:
            self._first = self._until = begin
            self._ahead = self._calendar.spans(begin)
        if begin >= self._first and length > 0:
            self._look_up(until=begin)
            place = bisect_right(self._starts, begin) - 1
            whole = length
            if place >= 0:
                whole += min(self._sums[place] + begin - self._starts[place], self._sums[place + 1])
            self._look_up(count=whole)
            place = bisect_left(self._sums, whole) - 1
            if place < len(self._starts):
                end = self._starts[place] + whole - self._sums[place]
                if end < begin + _SURELY_LOOKED_FOR:
                    return end
        return runs_out(self._calendar, begin, length)

    def _look_up(self, *, until: Moment = 0, count: int = 0) -> None:
        while self._until < until or self._sums[-1] < count:
            span = next(self._ahead, None)
            if span is None:
                return
            self._starts.append(span[0])
            self._sums.append(self._sums[-1] + span[1] - span[0])
            self._until = span[1]


def passed(calendar: Calendar | None, begin: Moment, end: Moment, pauses: Iterable[Pause] = ()) -> int:
    """Return what a clock has counted between two moments."""
    return sum(stop - start for start, stop in counted(calendar, begin, end, pauses))


def passing(
    calendar: Calendar | None, begin: Moment, end: Moment
) -> Callable[[Moment, Moment, Iterable[Pause]], int]:
    """Return what says the same as `passed` of any two moments between two: the hours are looked up once."""
    spans = [] if calendar is None else list(_open(calendar, begin, end))
    starts = [start for start, _ in spans]
    sums = [0, *accumulate(stop - start for start, stop in spans)]

    def until(at: Moment) -> int:
        if calendar is None:
            return at
        place = bisect_right(starts, at) - 1
        return 0 if place < 0 else sums[place] + min(at, spans[place][1]) - spans[place][0]

    def between(since: Moment, at: Moment, pauses: Iterable[Pause]) -> int:
        if calendar is None:
            at = min(at, since + MOST_DAYS * 86_400 * SECOND)
        whole = until(at) - until(since) if at > since else 0
        for start, stop in joined(pauses):
            cut = max(start, since), at if stop is None else min(stop, at)
            whole -= until(cut[1]) - until(cut[0]) if cut[1] > cut[0] else 0
        return whole

    return between


def reading(calendar: Calendar, begin: Moment, end: Moment) -> Callable[[Sequence[float]], list[float]]:
    """Return what reads a clock at many moments between two, in seconds since 1970: it shows seconds.

    It shows any number at first; what it has counted between two moments is the difference.
    """
    edges, shown, counts, whole = list[float](), [0.0], [False], 0
    for start, stop in _open(calendar, begin, end):
        edges += start / SECOND, stop / SECOND
        shown.append((whole - start) / SECOND)
        whole += stop - start
        shown.append(whole / SECOND)
        counts += True, False
    place_of = partial(bisect_right, edges)

    def read(moments: Sequence[float]) -> list[float]:
        places = map(place_of, moments)
        return [
            shown[place] + at if counts[place] else shown[place]
            for place, at in zip(places, moments, strict=True)
        ]

    return read


def counted(
    calendar: Calendar | None, begin: Moment, end: Moment, pauses: Iterable[Pause] = ()
) -> Iterator[tuple[Moment, Moment]]:
    """Return the spans that a clock counts between two moments, in order."""
    breaks = joined(pauses)
    last = min([end, *(start for start, stop in breaks if stop is None)])
    at = 0
    for start, stop in _open(calendar, begin, last):
        while start < stop:
            while at < len(breaks) and (breaks[at][1] or _NEVER) <= start:
                at += 1
            cut = stop if at == len(breaks) else min(stop, max(start, breaks[at][0]))
            if start < cut:
                yield start, cut
            start = stop if cut == stop else min(stop, breaks[at][1] or _NEVER)


def joined(pauses: Iterable[Pause]) -> Sequence[Pause]:
    """Return the same pauses in order and apart."""
    found: list[Pause] = []
    for start, stop in sorted(pauses, key=lambda pause: (pause[0], pause[1] or _NEVER)):
        if stop is not None and stop <= start:
            continue
        if found and (found[-1][1] is None or start <= found[-1][1]):
            before = found[-1]
            open_end = before[1] is None or stop is None
            found[-1] = before[0], None if open_end else max(before[1] or 0, stop or 0)
        else:
            found.append((start, stop))
    return found


def _open(calendar: Calendar | None, begin: Moment, end: Moment) -> Iterator[tuple[Moment, Moment]]:
    if calendar is None:
        last = min(end, begin + MOST_DAYS * 86_400 * SECOND)
        if begin < last:
            yield begin, last
        return
    for start, stop in calendar.spans(begin):
        if start >= end:
            return
        yield start, min(stop, end)
