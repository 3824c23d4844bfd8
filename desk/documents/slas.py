"""What an SLA promised of a ticket, with the sum; what another one would have meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from desk.slas import lengths
from desk.tickets.clocks import CLOCK_WORDS
from desk.tickets.promises import Promise, Span, pause_words
from desk.tickets.sla_trial import Compared, Explained, Explanation
from models.fields import utc_time

_DONE = {"first": "answered", "next": "answered", "resolve": "closed"}


def explanation(found: Explanation) -> dict[str, Any]:
    """Return the promises of a ticket, lengths in seconds; `spans`: the sum, `why` null where time counts."""
    return {
        "ticket": found.ticket.number,
        "sla": None if found.plan is None else found.plan.name,
        "at": found.moment,
        "promises": [
            {
                **promise(each.promise),
                "spans": [
                    {
                        "from": span.begin,
                        "to": span.end,
                        "seconds": int((span.end - span.begin).total_seconds()),
                        "counted": span.counted,
                        "why": span.why or None,
                    }
                    for span in each.spans
                ],
            }
            for each in found.promises
        ],
    }


def promise(found: Promise) -> dict[str, Any]:
    """Return a promise: `state` is running, paused, kept or broken."""
    return {
        "clock": found.kind,
        "from": found.begin,
        "done": found.end,
        "due": found.due,
        "length": int(found.length.total_seconds()),
        "used": int(found.used.total_seconds()),
        "state": found.state,
    }


def comparison(sla: str, since: datetime, found: Iterable[Compared]) -> dict[str, Any]:
    """Return how many tickets would have been kept and broken, and those of which it would differ."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    differ = []
    for each in found:
        was, would = each.outcomes
        before[was] += 1
        after[would] += 1
        if was != would:
            differ.append(
                {
                    "ticket": each.number,
                    "subject": each.subject,
                    "before": {"sla": each.sla, "outcome": was, "promises": [*map(promise, each.before)]},
                    "after": {"sla": sla, "outcome": would, "promises": [*map(promise, each.after)]},
                }
            )
    return {
        "sla": sla,
        "since": since,
        "tickets": sum(before.values()),
        "before": _outcomes(before),
        "after": _outcomes(after),
        "differ": differ,
    }


def explained_lines(found: Explanation, zone: tzinfo) -> list[str]:
    """Return the sum of a ticket's promises in lines."""
    by_hand = found.ticket.due_by_hand
    if found.plan is None:
        told = [] if by_hand is None else [f"It is due by hand {_time(utc_time(by_hand), zone)}."]
        return [f"#{found.ticket.number} has no SLA: nothing is promised.", *told]
    zone = found.plan.calendar.zone if found.plan.calendar is not None else zone
    lines = [f"#{found.ticket.number}: SLA {found.plan.name}, times of {zone}"]
    if by_hand is not None:
        lines += ["", f"It is due by hand {_time(utc_time(by_hand), zone)}, whatever is promised below."]
    for each in found.promises:
        lines += ["", *_told(each, zone)]
    return lines if found.promises else [*lines, "Nothing is owed, and nothing was."]


def _told(found: Explained, zone: tzinfo) -> list[str]:
    each = found.promise
    length = lengths.words(each.length.total_seconds())
    lines = [f"{CLOCK_WORDS[each.kind].capitalize()}: {length} from {_time(each.begin, zone)}"]
    lines += [f"  {line}" for line in _sum(found.spans, zone)]
    used = lengths.words(each.used.total_seconds())
    due = _paused(each, zone) if each.due is None else f"due {_time(each.due, zone)}"
    if each.end is not None:
        kept = "kept" if each.state == "kept" else "broken"
        lines.append(f"  {_DONE[each.kind]} {_time(each.end, zone)} after {used}, {due}: {kept}")
    elif each.state == "broken":
        lines.append(f"  {due}: late, {used} by now")
    else:
        left = lengths.words((each.length - each.used).total_seconds())
        lines.append(f"  {due}; {used} by now, {left} left")
    return lines


def _paused(found: Promise, zone: tzinfo) -> str:
    stops = [pause for pause in found.pauses if pause.end is None]
    return ", ".join(
        f"paused: {pause_words(pause.why)} since {_time(utc_time(pause.begin), zone)}" for pause in stops
    )


def _sum(spans: Sequence[Span], zone: tzinfo) -> list[str]:
    lines = []
    for span in spans:
        begin, end = span.begin.astimezone(zone), span.end.astimezone(zone)
        same = begin.date() == end.date()
        until = f"{end:%H:%M}" if same else f"{end:%a %Y-%m-%d %H:%M}"
        long = (span.end - span.begin).total_seconds()
        what = lengths.words(long) if span.counted else f"not counted, {span.why}"
        lines.append(f"{begin:%a %Y-%m-%d %H:%M} to {until}: {what}")
    return lines


def _time(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _outcomes(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in ("kept", "broken", "open", "none")}
