"""Invitations and other calendar parts (RFC 5545, RFC 5546) as a card: what, when, where, who."""

from __future__ import annotations

import re
import warnings
from binascii import a2b_qp
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta, tzinfo
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from mail.inert import clean, one_line
from mail.mime.charset import decode

if TYPE_CHECKING:
    from icalendar.cal import Component

MAX_CALENDAR_CHARS: Final = 512 * 1024
_MAX_EVENTS: Final = 20
_MAX_PEOPLE: Final = 30
_MAX_ZONE_RULES: Final = 40
_ALONE: Final = Lock()
_FOLDED: Final = expression(r"(?:\r?\n)+[ \t]")
# A zone changes once or twice a year; what is said of hours, or an interval of 0, has no end in sight.
_TAME: Final = expression(
    r":(?:(?:FREQ=YEARLY|INTERVAL=1|BYMONTH=\d{1,2}|BYDAY=[-+]?\d?[A-Z]{2}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,6}"
    r"|(?:UNTIL|WKST|COUNT)=\w+)(?:;|$))+$"
)
_METHOD: Final = expression(r"(?im)^METHOD[^:\r\n]{0,60}:[ \t]*([A-Z-]{1,20})")
_QUOTED: Final = expression(
    r"(?im)^([A-Z-]{1,40})((?:;[^:;\r\n]{1,100}){0,5});ENCODING=QUOTED-PRINTABLE"
    r"((?:;[^:;\r\n]{1,100}){0,5}):((?:[^\r\n]*=\r?\n)*[^\r\n]*)"
)
_CHARSET: Final = expression(r"(?i);CHARSET=\"?([^;:\"]{1,40})\"?")
_TAG: Final = expression(r"(?i)</(?:a|b|p|i|u|div|span|ul|ol|li|table|strong|em|html|font|h[1-6])>|<br ?/?>")
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
_NAMES: Final = {"VTODO": "Task", "VJOURNAL": "Note"}
_LAST_LINE: Final = "\nEND:VCALENDAR\n"
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
    text = text.strip()
    begun = [f"\nEND:{name}" for name in ("VEVENT", "VTODO", "VJOURNAL") if f"BEGIN:{name}" in text][:1]
    for ends in ("", _LAST_LINE, *(f"{end}{_LAST_LINE}" for end in begun)):  # the mail may have been cut
        blocks = _read(f"{text[:MAX_CALENDAR_CHARS]}{ends}", zone)
        if blocks and (not ends or "\nWhen:" in blocks[0]):
            return clean("\n\n".join(blocks))
    return text


@contextmanager
def opened(text: str) -> Iterator[Sequence[Component]]:
    """Read the calendars in a text of a stranger, for as long as they are looked at.

    Its own time zones hold for it alone; one whose rules go on for ever is left out. Raises whatever the
    library trips over.
    """
    from icalendar import Calendar, use_zoneinfo  # 44 ms, for invitations

    # The library keeps the zones of a calendar by their names, and another sender's may have the same.
    with _ALONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are for programmers; who pipes mail must see nothing
        use_zoneinfo()  # type: ignore[no-untyped-call]
        yield Calendar.from_ical(_without_endless_zones(text), multiple=True)


def _without_endless_zones(text: str) -> str:
    """Leave out the time zones that would be reckoned for ever, or for an hour: each minute from 1601 on."""
    if "VTIMEZONE" not in text.upper():
        return text
    kept: list[str] = []
    begun, rules, tame = -1, 0, True
    for line in _FOLDED.sub("", text).split("\n"):
        kept.append(line)
        field = line.upper().rstrip()
        bound = field.partition(":")[0].partition(";")[0] if field.endswith(":VTIMEZONE") else ""
        if bound == "BEGIN" and begun < 0:
            begun, tame = len(kept) - 1, True
        elif begun >= 0 and field.startswith("RRULE"):
            rules += 1
            tame = tame and rules <= _MAX_ZONE_RULES and _TAME.search(field) is not None
        elif bound == "END" and begun >= 0:
            if not tame:
                del kept[begun:]
            begun = -1
    return "\n".join(kept if begun < 0 or tame else kept[:begun])


def _read(text: str, zone: tzinfo) -> list[str]:
    try:
        with opened(_QUOTED.sub(_unquoted, text)) as calendars:
            return list(_blocks(calendars, method_of(text), zone))
    except Exception:  # strangers' calendars break the library in any way; the text must still come
        return []


def _blocks(calendars: Sequence[Component], method: str, zone: tzinfo) -> Iterator[str]:
    count = 0
    for calendar in calendars:
        for event in calendar.walk():
            if event.name not in ("VEVENT", "VTODO", "VJOURNAL"):
                continue
            count += 1
            if count > _MAX_EVENTS:
                yield "[There are more events in the calendar file.]"
                return
            yield "\n".join(_lines(event, method, zone))


def _unquoted(line: re.Match[str]) -> str:
    """Return a line of vCalendar 1.0 without its quoted-printable, which newer calendars do not have."""
    parameters = line[2] + line[3]
    charset = _CHARSET.search(parameters)
    words = decode(a2b_qp(line[4].encode("utf-8", "replace")), charset[1] if charset is not None else "utf-8")
    words = words.replace("\\", "\\\\").replace("\r\n", "\n").replace("\n", "\\n").replace(",", "\\,")
    return f"{line[1]}{_CHARSET.sub('', parameters)}:{words.replace(';', chr(92) + ';')}"


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
    link = _line(event.get("URL"))
    if link and not any(link in str(said) for said in _several(event, "DESCRIPTION")):
        yield f"Link:  {link}"
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
            words = _without_tags(str(said).strip())
            if words:
                yield ""
                yield words


def _without_tags(words: str) -> str:
    """Return a description as it is read, also one that was written in HTML where none belongs."""
    if _TAG.search(words) is None:
        return words
    if not words.startswith("<"):
        words = words.replace("\n", "<br>")  # some words have tags, the lines are as they are
    from mail.mime.html.document import html_to_text  # 9 ms, for such descriptions

    return html_to_text(words)


def _headline(event: Component, method: str, people: list[Any]) -> str:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return "Cancelled"
    if method == "REPLY":
        answers = {_ANSWERS.get(str(one.params.get("PARTSTAT", "")).upper(), "") for one in people}
        said = answers.pop() if len(answers) == 1 else ""
        return f"Answer, {said}" if said else "Answer"
    return _HEADLINES.get(method, _NAMES.get(str(event.name), "Event"))


def _when(event: Component, zone: tzinfo) -> str:
    begin = _moment(event, "DTSTART")
    end = _moment(event, "DTEND") or _moment(event, "DUE")
    length = getattr(event.get("DURATION"), "dt", None)
    if end is None and isinstance(begin, date) and isinstance(length, timedelta):
        with suppress(OverflowError):
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
        with suppress(OverflowError):  # the first and the last day that there are
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
    said = [("also", _days(event, "RDATE", zone)), ("not", _days(event, "EXDATE", zone))]
    return ", ".join(f"{word} on {days}" for word, days in said if days)


def _days(event: Component, name: str, zone: tzinfo) -> str:
    every = [each.dt for some in _several(event, name) for each in getattr(some, "dts", ())]
    dates = [each[0] if isinstance(each, tuple) else each for each in every]  # or a time and its end
    days = [
        each.astimezone(zone) if getattr(each, "tzinfo", None) else each for each in dates[:_MAX_DAYS_OFF]
    ]
    more = f" and {len(every) - len(days)} more" if len(every) > len(days) else ""
    return f"{', '.join(each.strftime('%-d %b %Y') for each in days)}{more}" if days else ""


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
