"""What a run found, and how it is printed."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """One figure against its limit; ``ratio`` at most 1 is within the budget."""

    what: str
    measured: str
    limit: str
    ratio: float

    def line(self) -> str:
        """The result as one line of the table."""
        word = "within" if self.ratio <= 1 else "OVER"
        return f"{self.what:<58} {self.measured:>22}  limit {self.limit:<26} {self.ratio:5.2f} {word}"


def against(what: str, value: float, base: float, times: float, unit: str = "s") -> Result:
    """A figure that may be at most ``times`` the ``base`` measured beside it."""
    return Result(
        what,
        f"{value:.3f} {unit}, {value / base:.2f}x",
        f"{times:g}x of {base:.3f} {unit}",
        value / (base * times),
    )


def below(what: str, value: float, limit: float, unit: str) -> Result:
    """A figure that must stay under a fixed limit."""
    return Result(what, f"{value:.1f} {unit}", f"{limit:g} {unit}", value / limit)


def machine() -> str:
    """One line about where the figures were taken."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, Linux {platform.release()},"
        f" Python {sys.version.split()[0]}"
    )
