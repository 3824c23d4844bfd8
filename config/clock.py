"""Now, and the desk's time zone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.expressions import expression

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_NAME = expression(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,3}")


def now() -> datetime:
    """Return the present moment, aware, UTC."""
    return datetime.now(UTC)


def waits(until: datetime | None, moment: datetime, longest: timedelta) -> bool:
    """Whether there is something to wait for at a moment: no wait is longer than `longest`.

    A time further ahead was written by a clock that has been set back since.
    """
    return until is not None and moment < until <= moment + longest


def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone `name`; raises ConfigError with the nearest names for an unknown one."""
    from zoneinfo import ZoneInfo  # 4 ms

    try:
        if not _NAME.fullmatch(name):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ConfigError(f"there is no time zone '{name}'", _nearest(name)) from error


def _nearest(name: str) -> str:
    import difflib  # 2 ms
    from zoneinfo import available_timezones  # 4 ms

    names = {known.lower(): known for known in available_timezones()}
    tails = {known.lower().rsplit("/", 1)[-1]: known for known in sorted(names.values())}
    wanted = name.lower().replace(" ", "_")
    close = [names[hit] for hit in difflib.get_close_matches(wanted, names, 2, 0.75)]
    close += [tails[hit] for hit in difflib.get_close_matches(wanted, tails, 2, 0.75)]
    if close:
        return f"did you mean {' or '.join(dict.fromkeys(close))}?"
    return "use an IANA name such as Europe/Berlin or UTC"


def system_zone(environ: Mapping[str, str] | None = None, etc: Path = Path("/etc")) -> str:
    """Return this machine's IANA time zone: TZ, /etc/timezone, where /etc/localtime points, else UTC."""
    environ = os.environ if environ is None else environ
    for name in (environ.get("TZ", "").removeprefix(":"), _timezone_file(etc), _localtime_link(etc)):
        if not name:
            continue
        try:
            zone(name)
        except ConfigError:
            continue
        return name
    return "UTC"


def _timezone_file(etc: Path) -> str:
    try:
        return (etc / "timezone").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _localtime_link(etc: Path) -> str:
    target = os.path.realpath(etc / "localtime")
    name = target.partition("/zoneinfo/")[2]
    return re.sub(r"^(?:posix|right)/", "", name)
