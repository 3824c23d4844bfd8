"""Vacation: when an agent is away, and who stands in for them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from config.records import Record
from desk.errors import WrongUse
from mail.inert import one_line
from models.fields import utc_text, utc_time

if TYPE_CHECKING:
    from models.agents import StoredAgent


class Vacation(Record):
    """When an agent is away: from a time, or at once, until a time, or until they say so."""

    begins: datetime | None = None
    ends: datetime | None = None
    stand_in: int | None = None
    """The agent who is told what they would be told."""

    def covers(self, moment: datetime) -> bool:
        """Whether they are away at that moment."""
        return self.begins is None or moment >= self.begins


_AWAY, _FROM, _UNTIL, _STAND_IN = "away", "away_from", "away_until", "stand_in"


def of(preferences: Mapping[str, Any], moment: datetime) -> Vacation | None:
    """Return the vacation that an agent is on or plans; None when there is none, or it is over."""
    if not preferences.get(_AWAY):
        return None
    ends = _time(preferences.get(_UNTIL))
    if ends is not None and moment >= ends:
        return None
    return Vacation(_time(preferences.get(_FROM)), ends, stand_in_of(preferences))


def is_away(preferences: Mapping[str, Any], moment: datetime) -> bool:
    """Whether an agent is away."""
    found = of(preferences, moment)
    return found is not None and found.covers(moment)


def stand_in(agent: StoredAgent, everybody: Sequence[StoredAgent], moment: datetime) -> StoredAgent | None:
    """Return who stands in for an agent who is away; None when nobody does who is there.

    A stand-in who is away too has one of their own.
    """
    seen = {agent.id}
    found = of(agent.preferences, moment)
    while found is not None and found.covers(moment):
        one = next((each for each in everybody if each.id == found.stand_in and each.active), None)
        if one is None or one.id in seen:
            return None
        if not is_away(one.preferences, moment):
            return one
        seen.add(one.id)
        found = of(one.preferences, moment)
    return None


def in_place_of(agent: StoredAgent, everybody: Sequence[StoredAgent], moment: datetime) -> StoredAgent | None:
    """Return who is told in the place of an agent who is away, or was switched off; None when nobody is."""
    if agent.active:
        return stand_in(agent, everybody, moment)
    wanted = stand_in_of(agent.preferences)
    one = next((each for each in everybody if each.id == wanted and each.active), None)
    if one is None or not is_away(one.preferences, moment):
        return one
    return stand_in(one, everybody, moment)


def kept(preferences: Mapping[str, Any], vacation: Vacation | None) -> dict[str, Any]:
    """Return an agent's preferences with that vacation, or without one; who stands in stays so."""
    chosen = {key: value for key, value in preferences.items() if key not in (_FROM, _UNTIL)}
    chosen[_AWAY] = vacation is not None
    if vacation is None:
        return chosen
    if vacation.begins is not None:
        chosen[_FROM] = utc_text(vacation.begins)
    if vacation.ends is not None:
        chosen[_UNTIL] = utc_text(vacation.ends)
    if vacation.stand_in is not None:
        chosen[_STAND_IN] = vacation.stand_in
    return chosen


def stand_in_of(preferences: Mapping[str, Any]) -> int | None:
    """Return who is told in an agent's place while they are away, whether or not they are."""
    found = preferences.get(_STAND_IN)
    return found if isinstance(found, int) else None


def with_stand_in(preferences: Mapping[str, Any], agent_id: int | None) -> dict[str, Any]:
    """Return an agent's preferences with another stand-in, or without one."""
    chosen = {key: value for key, value in preferences.items() if key != _STAND_IN}
    return chosen if agent_id is None else {**chosen, _STAND_IN: agent_id}


def begin_of(text: str, zone: tzinfo) -> datetime:
    """Return when a vacation begins: a time, or a day from its start, in a time zone. Raises WrongUse."""
    return _read(text, zone, after=0)


def end_of(text: str, zone: tzinfo) -> datetime:
    """Return when a vacation is over: a time, or the end of its last day. Raises WrongUse."""
    return _read(text, zone, after=1)


def shown_begin(moment: datetime | None, zone: tzinfo) -> str:
    """Return a beginning as `begin_of` reads it; '' for None."""
    return "" if moment is None else _shown(moment.astimezone(zone), after=0)


def shown_end(moment: datetime | None, zone: tzinfo) -> str:
    """Return an end as `end_of` reads it, a day for the end of that day; '' for None."""
    return "" if moment is None else _shown(moment.astimezone(zone), after=1)


def words(vacation: Vacation, zone: tzinfo, stand_in: str | None = None) -> str:
    """Return a vacation in a few words: ``away until 2027-01-02``."""
    begin, end = shown_begin(vacation.begins, zone), shown_end(vacation.ends, zone)
    told = "away" + (f" from {begin}" if begin else "") + (f" until {end}" if end else "")
    return told + (f", {stand_in} stands in" if stand_in else "")


def _read(text: str, zone: tzinfo, *, after: int) -> datetime:
    given = text.strip()
    try:
        if len(given) == len("2026-12-24"):
            day = date.fromisoformat(given) + timedelta(days=after)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        found = datetime.fromisoformat(given)
    except (ValueError, OverflowError):
        raise WrongUse(
            f"'{one_line(text, 40)}' is no day", "write 2026-12-24, or 2026-12-24T12:00 for a time of it"
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)


def _shown(local: datetime, *, after: int) -> str:
    if local.time() == time():
        return (local.date() - timedelta(days=after)).isoformat()
    return local.strftime("%Y-%m-%dT%H:%M")


def _time(stored: object) -> datetime | None:
    return utc_time(stored) if isinstance(stored, str) and stored else None
