"""Invitations and other calendar parts (RFC 5545, RFC 5546) as a card: what, when, where, who."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from mail.inert import clean, one_line

if TYPE_CHECKING:
    from icalendar.cal import Component

MAX_CALENDAR_CHARS: Final = 512 * 1024
_MAX_EVENTS: Final = 20
_MAX_PEOPLE: Final = 30
_METHOD: Final = expression(r"(?im)^METHOD[^:\r\n]{0,60}:[ \t]*([A-Z-]{1,20})")
_HEADLINES: Final = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "Another time proposed",
    "DECLINECOUNTER": "Proposed time declined",
    "ADD": "Added to a series",
    "REFRESH": "Asks for the newest state",
}
_ANSWERS: Final = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "DELEGATED": "delegated",
    "NEEDS-ACTION": "",
    "COMPLETED": "done",
    "IN-PROCESS": "in process",
}
_FREQUENCIES: Final = {
    "DAILY": "day",
    "WEEKLY": "week",
    "MONTHLY": "month",
    "YEARLY": "year",
    "HOURLY": "hour",
}
_MAX_DAYS_OFF: Final = 10
_ORDINALS: Final = {
    "1": "first",
    "2": "second",
    "3": "third",
    "4": "fourth",
    "-1": "last",
    "-2": "last but one",
}
_DAYS: Final = {"MO": "Mon", "TU": "Tue", "WE": "Wed", "TH": "Thu", "FR": "Fri", "SA": "Sat", "SU": "Sun"}


def method_of(text: str) -> str:
    """Return what a calendar part asks for: REQUEST, CANCEL, REPLY, PUBLISH ...; empty if it does not say."""
    found = _METHOD.search(text[:20_000])
    return found[1].upper() if found else ""


def card(text: str, zone: tzinfo) -> str:
    """Return the events in a calendar part, times in `zone`; its text where unreadable. Never raises."""
    try:
        blocks = list(_blocks(text[:MAX_CALENDAR_CHARS], zone))
    except Exception:  # strangers' calendars break the library in any way; the text must still come
        blocks = []
    return clean("\n\n".join(blocks)) if blocks else text.strip()


def _blocks(text: str, zone: tzinfo) -> Iterator[str]:
    from icalendar import Calendar  # 44 ms, for invitations

    method = method_of(text)
    count = 0
    for calendar in Calendar.from_ical(text, multiple=True):
        for event in calendar.walk():
            if event.name not in ("VEVENT", "VTODO", "VJOURNAL"):
                continue
            count += 1
            if count > _MAX_EVENTS:
                yield "[There are more events in the calendar file.]"
                return
            yield "\n".join(_lines(event, method, zone))


def _lines(event: Component, method: str, zone: tzinfo) -> Iterator[str]:
    people = _several(event, "ATTENDEE")
    title = _line(event.get("SUMMARY")) or "(no title)"
    yield f"{_headline(event, method, people)}: {title}"
    whens = [each for each in (_when(event, zone), _repeats(event), _apart(event, zone)) if each]
    for number, when in enumerate(whens):
        yield f"{'       ' if number else 'When:  '}{when}"
    where = _line(event.get("LOCATION"))
    if where:
        yield f"Where: {where}"
    organizer = event.get("ORGANIZER")
    who = [f"{_person(organizer)} (organizer)"] if organizer else []
    for person in people[:_MAX_PEOPLE]:
        name = _person(person)
        if organizer is not None and _address(person) == _address(organizer):
            continue
        answer = _ANSWERS.get(str(person.params.get("PARTSTAT", "")).upper(), "")
        who.append(f"{name} ({answer})" if answer else name)
    if len(people) > _MAX_PEOPLE:
        who.append(f"and {len(people) - _MAX_PEOPLE} more")
    for number, name in enumerate(who):
        yield f"{'       ' if number else 'Who:   '}{name}"
    for name in ("COMMENT", "DESCRIPTION"):
        for said in _several(event, name):
            words = str(said).strip()
            if words:
                yield ""
                yield words


def _headline(event: Component, method: str, people: list[Any]) -> str:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return "Cancelled"
    if method == "REPLY":
        answers = {_ANSWERS.get(str(one.params.get("PARTSTAT", "")).upper(), "") for one in people}
        said = answers.pop() if len(answers) == 1 else ""
        return f"Answer, {said}" if said else "Answer"
    return _HEADLINES.get(method, "Task" if event.name == "VTODO" else "Event")


def _when(event: Component, zone: tzinfo) -> str:
    begin = _moment(event, "DTSTART")
    end = _moment(event, "DTEND") or _moment(event, "DUE")
    length = getattr(event.get("DURATION"), "dt", None)
    if end is None and isinstance(begin, date) and isinstance(length, timedelta):
        end = begin + length
    if begin is None:
        written = _line(event.get("DTSTART"))
        if written:
            return f"{written} (as it is written)"
        if not isinstance(end, datetime):
            return f"due {_said(end, zone)}" if end is not None else ""
        return f"due {_said(end, zone)} ({zone})" if end.tzinfo is not None else f"due {_said(end, zone)}"
    if not isinstance(begin, datetime):
        last = end - timedelta(days=1) if isinstance(end, date) and not isinstance(end, datetime) else begin
        day = begin.strftime("%a %-d %b %Y")
        return f"{day} (all day)" if last <= begin else f"{day} to {last.strftime('%a %-d %b %Y')} (all day)"
    first = _said(begin, zone)
    if not isinstance(end, datetime):
        return f"{first} ({_zone_name(event, begin, zone)})"
    last_said = _said(end, zone)
    if last_said.rpartition(" ")[0] == first.rpartition(" ")[0]:
        last_said = last_said.rpartition(" ")[2]
    return f"{first} to {last_said} ({_zone_name(event, begin, zone)})"


def _moment(event: Component, name: str) -> date | None:
    try:
        value = getattr(event.get(name), "dt", None)
    except Exception:  # the library's own, for a time that is written otherwise
        if not event.get("SUMMARY"):
            raise
        return None
    return value if isinstance(value, date) else None


def _said(moment: date, zone: tzinfo) -> str:
    if not isinstance(moment, datetime):
        return moment.strftime("%a %-d %b %Y")
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    return moment.strftime("%a %-d %b %Y %H:%M")


def _zone_name(event: Component, moment: datetime, zone: tzinfo) -> str:
    """Name the zone of a time; one without is meant where the reader is (RFC 5545 3.3.5)."""
    if moment.tzinfo is not None:
        return str(zone)
    return _line(event["DTSTART"].params.get("TZID")) or "local time"


def _repeats(event: Component) -> str:
    rule = event.get("RRULE")
    if not rule:
        return ""
    rule = rule[0] if isinstance(rule, list) else rule
    if not isinstance(rule, dict):
        return f"repeats ({_line(rule)})"
    unit = _FREQUENCIES.get(str((rule.get("FREQ") or [""])[0]).upper())
    if unit is None:
        return "repeats"
    every = int((rule.get("INTERVAL") or [1])[0])
    words = f"repeats every {unit}" if every == 1 else f"repeats every {every} {unit}s"
    days = [_day(str(day)) for day in rule.get("BYDAY") or () if str(day)[-2:] in _DAYS]
    if days and len(days) <= len(_DAYS):
        words += f" on {', '.join(days)}"
    numbers = [int(day) for day in rule.get("BYMONTHDAY") or ()]
    if numbers:
        words += f" on day {', '.join('last' if day == -1 else str(day) for day in numbers)}"
    if rule.get("COUNT"):
        words += f", {int(rule['COUNT'][0])} times"
    elif rule.get("UNTIL"):
        words += f" until {rule['UNTIL'][0].strftime('%-d %b %Y')}"
    return words


def _day(written: str) -> str:
    """Return a day of a rule in words: MO, or 1MO and -1FR for the first and the last of a month."""
    name, number = _DAYS[written[-2:]], written[:-2].lstrip("+")
    return f"the {_ORDINALS.get(number, f'{number}.')} {name}" if number else name


def _apart(event: Component, zone: tzinfo) -> str:
    """Say what of a series it is about, and on which days of it nothing is."""
    one = _moment(event, "RECURRENCE-ID")
    if one is not None:
        if one == _moment(event, "DTSTART"):
            return "one of a series"
        return f"instead of {_said(one, zone)} in a series"
    left = [each.dt for some in _several(event, "EXDATE") for each in getattr(some, "dts", ())]
    days = [each.astimezone(zone) if getattr(each, "tzinfo", None) else each for each in left[:_MAX_DAYS_OFF]]
    if not days:
        return ""
    more = f" and {len(left) - len(days)} more" if len(left) > len(days) else ""
    return f"not on {', '.join(each.strftime('%-d %b %Y') for each in days)}{more}"


def _several(event: Component, name: str) -> list[Any]:
    value = event.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def _address(person: Any) -> str:
    return re.sub(r"(?i)^mailto:", "", str(person)).strip().lower()


def _person(person: Any) -> str:
    name = _line(person.params.get("CN"))
    address = one_line(re.sub(r"(?i)^mailto:", "", str(person)), 254)
    return f"{name} <{address}>" if name and name.lower() != address.lower() else address


def _line(value: object) -> str:
    return one_line(str(value or ""), 300)
