"""How often somebody may call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_REMEMBERED = 10_000


class Limiter:
    """Token buckets: so many calls a minute each, in a burst or spread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, who: Hashable, per_minute: int) -> float:
        """Count a call; returns 0, or the seconds after which the next one is allowed."""
        moment = self._clock()
        left, at = self._buckets.pop(who, (float(per_minute), moment))
        left = min(float(per_minute), left + (moment - at) * per_minute / 60)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / per_minute
        self._buckets[who] = (left if wait else left - 1, moment)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return wait
