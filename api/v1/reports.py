"""Calls that count what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from api.v1.calls import Call
from api.v1.documents import ReportQuery, TimeQuery
from config.clock import now
from desk.documents import reports as documents
from desk.errors import NotFound, WrongUse
from desk.reports import figures, time_spent
from mail.inert import one_line

if TYPE_CHECKING:
    from datetime import datetime

_NAMES: tuple[figures.ReportName, ...] = (*figures.REPORTS,)


def report(call: Call) -> documents.Report:
    """Count what was opened, answered and closed."""
    name = next((each for each in _NAMES if each == call.name), None)
    if name is None:
        known = ", ".join((*_NAMES, "time"))
        raise NotFound(f"there is no report '{one_line(call.name, 40)}'", f"there are {known}")
    begin, end = _span(call)
    return documents.report(figures.report(name, begin, end, call.desk.zone, call.actor))


def spent(call: Call) -> documents.TimeReport:
    """Count the time that was spent."""
    begin, end = _span(call)
    asked = cast("TimeQuery", call.query)
    return documents.time_spent(time_spent.report(asked.by, begin, end, call.actor))


def _span(call: Call) -> tuple[datetime, datetime]:
    asked, moment = cast("ReportQuery", call.query), now()
    end = figures.time_of(asked.until, call.desk.zone, moment) if asked.until else moment
    begin = figures.time_of(asked.since, call.desk.zone, moment)
    if begin >= end:
        raise WrongUse("the time ends before it begins", "give `since` a time before `until`")
    return begin, end
