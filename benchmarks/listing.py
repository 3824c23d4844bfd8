"""Pages of the ticket list, counts, and the way to one ticket by its number, on a large desk."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from functools import partial
from pathlib import Path

from benchmarks.table import Result, below
from config.paths import find_desk
from config.settings import load
from desk import queues
from desk.home import open_desk
from desk.permissions import Actor
from desk.tickets import detail, lists, query
from models.database import DeskDatabase, db
from models.opening import close_database

FRAME = 33.0
"""Milliseconds."""
PAGE = 60
TRIES = 3
"""Of each call the quickest counts: others work on the machine too."""
JUMPS = 200
FILTERS = (
    "",
    "tag:vpn",
    "owner:none p:urgent",
    "from:@globex.test",
    "created:<30d",
    "printer",
    "state:closed laptop",
    "zyzzyva",
    "-tag:vpn p:high,urgent",
    "vpn OR badge",
)
_NOBODY = Actor(None, "", "", "", None, frozenset())
_BOUND = Actor(5, "edsger", "Edsger", "", 3, frozenset(["ticket.reply"]))
"""Who reads one of the departments, which has a third of the tickets."""


def results(home: Path) -> Iterator[Result]:
    """Every view in every order with each filter: first page, next page, last page; then counts and jumps."""
    paths = find_desk(environ={"NIGHTDESK_HOME": str(home)})
    open_desk(paths, load(paths).settings)
    try:
        yield _within_a_frame("a page of the ticket list", dict(_pages(_NOBODY)))
        yield _within_a_frame("a page for who reads one department", dict(_pages(_BOUND)))
        yield _within_a_frame("counts of all views", {"counts": partial(lists.counts, _NOBODY)})
        yield _within_a_frame("counts of a queue", dict(_queues()))
        yield _within_a_frame("from #number to the ticket", dict(_jumps()))
    finally:
        close_database()


def _pages(actor: Actor) -> Iterator[tuple[str, Callable[[], object]]]:
    for view in lists.VIEWS:
        for sort in lists.SORTS:
            for text in FILTERS:
                wanted = lists.ListQuery(view.key, query.parse(text, actor) if text else None, sort, actor)
                name = f"{view.key} by {sort} {text}".strip()
                yield name, partial(lists.page, wanted, limit=PAGE)
                first = lists.page(wanted, limit=PAGE)
                if len(first) == PAGE:
                    anchor = lists.anchor_of(first[-1], sort)
                    yield f"{name}, next", partial(lists.page, wanted, after=anchor, limit=PAGE)
                yield f"{name}, last", partial(lists.last_page, wanted, PAGE)


def _queues() -> Iterator[tuple[str, Callable[[], object]]]:
    for line in queues.queues(_NOBODY):
        yield line.name, partial(queues.count, line, _NOBODY, UTC)


def _jumps() -> Iterator[tuple[str, Callable[[], object]]]:
    chance = random.Random(1)
    highest = max(int(line.number) for line in lists.page(_newest(), limit=1))
    for number in chance.sample(range(1, highest + 1), min(JUMPS, highest)):
        yield f"#{number}", partial(detail.show, str(number))


def _newest() -> lists.ListQuery:
    return lists.ListQuery("all", None, "created", _NOBODY)


def _within_a_frame(what: str, calls: dict[str, Callable[[], object]]) -> Result:
    """Measure the calls; the plan of the slowest is printed when the budget is missed."""
    times = {name: min(_milliseconds(call) for _ in range(TRIES)) for name, call in calls.items()}
    worst = max(times, key=lambda name: times[name])
    p95 = statistics.quantiles(times.values(), n=20)[-1] if len(times) > 1 else times[worst]
    if times[worst] > FRAME:
        sys.stdout.write(f"{worst}, {times[worst]:.0f} ms:\n{_plan(calls[worst])}\n")
    return below(f"{what}, p95 of {len(times)} (worst {times[worst]:.0f} ms: {worst})", p95, FRAME, "ms")


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _plan(call: Callable[[], object]) -> str:
    """Return how SQLite answers the statements of a call."""
    if not isinstance(db.obj, DeskDatabase):
        return "(the plan is shown of SQLite alone)"
    statements: list[str] = []
    connection = db.obj.connection()  # type: ignore[no-untyped-call]
    connection.set_trace_callback(statements.append)
    try:
        call()
    finally:
        connection.set_trace_callback(None)
    lines = []
    for statement in statements:
        if statement.startswith("--"):
            # What the full-text index asks its own tables.
            continue
        lines.append("  " + " ".join(statement.split()))
        lines += [f"    {row[3]}" for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return "\n".join(lines)
