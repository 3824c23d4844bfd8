"""The dashboard's numbers and the reports, on a large desk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.table import Result, below
from config.clock import now
from config.paths import find_desk
from config.settings import load
from desk.home import open_desk
from desk.reports.dashboard import dashboard
from desk.reports.figures import REPORTS, report
from desk.tickets.history import tickets_of
from models.database import db
from models.opening import close_database
from models.transactions import undone

BOARD = 500.0
"""Milliseconds: nobody waits for them, they are counted in a thread."""
REPORT = 2000.0
HISTORY = 100.0
"""Milliseconds, beside the thread of somebody with many tickets."""
MANY = 10_000
_BUSIEST = "SELECT contact_id FROM ticket GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
_PLAIN = "SELECT id, number, subject, status, updated FROM ticket WHERE contact_id = {} ORDER BY updated DESC"
_GIVE = "UPDATE ticket SET contact_id = {} WHERE id IN (SELECT id FROM ticket ORDER BY number LIMIT {})"
TRIES = 3
"""Of each the quickest counts: others work on the machine too."""


def results(home: Path) -> Iterator[Result]:
    """All numbers of the dashboard; the slowest report of a month, and of a year; a contact's history."""
    paths = find_desk(environ={"NIGHTDESK_HOME": str(home)})
    desk = open_desk(paths, load(paths).settings)
    try:
        yield below(
            "all numbers of the dashboard", _quickest(lambda: dashboard(desk.zone, now())), BOARD, "ms"
        )
        for days in (30, 365):
            begin = now() - timedelta(days=days)
            took = {name: _quickest(partial(report, name, begin, now(), desk.zone)) for name in REPORTS}
            slowest = max(took, key=lambda name: took[name])
            yield below(f"a report of {days} days (slowest: {slowest})", took[slowest], REPORT, "ms")
        yield from _history()
    finally:
        close_database()


def _history() -> Iterator[Result]:
    """The pane of whoever wrote most, and of somebody with 10,000 tickets."""
    busiest = int(db.execute_sql(_BUSIEST).fetchone()[0])
    with undone():
        for label, few in (("whoever wrote most", True), (f"a contact with {MANY} tickets", False)):
            if not few:
                db.execute_sql(_GIVE.format(busiest, MANY))
            pane = _quickest(lambda: tickets_of(busiest, 20))
            plain = _quickest(lambda: db.execute_sql(_PLAIN.format(busiest)).fetchmany(20))
            ratio = f"{pane / plain:.1f} times one plain query"
            yield below(f"the history pane of {label} ({ratio})", pane, HISTORY, "ms")


def _quickest(call: Callable[[], object]) -> float:
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return min(times)
