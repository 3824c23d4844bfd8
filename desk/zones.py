"""Time zones that people name: of agents, SLAs and recurring tickets."""

from __future__ import annotations

from config import clock
from config.errors import ConfigError
from desk.errors import WrongUse
from mail.inert import one_line


def zone_name(text: str) -> str:
    """Return the IANA name of a zone as it is kept, '' for none. Raises WrongUse with the nearest names."""
    name = text.strip()
    if not name:
        return ""
    try:
        return clock.zone(name).key
    except ConfigError as error:
        raise WrongUse(f"there is no time zone '{one_line(name, 40)}'", error.hint) from None
