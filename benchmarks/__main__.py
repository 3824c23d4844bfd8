"""``python -m benchmarks [RUN ...] [--tickets N] [--mails N] [--desk DIR]``: measure and print."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    big_desk,
    counting,
    fetching,
    filtering,
    hostile,
    listing,
    piping,
    reading,
    screen,
    searching,
    telling,
    threads,
)
from benchmarks.table import Result, machine

RUNS = (
    "fetch",
    "once",
    "start",
    "keys",
    "busy",
    "lists",
    "counts",
    "search",
    "memory",
    "hostile",
    "html",
    "pipe",
    "filters",
    "storm",
    "tell",
    "threads",
)
BUSY_MAILS = 10_000


def main() -> None:
    """Run what was asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"any of: {', '.join(RUNS)}")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="tickets of the large desk")
    parser.add_argument("--mails", type=int, default=2_000, help="mails of one fetch")
    parser.add_argument("--desk", type=Path, help="keep the large desk here, and use it if it is there")
    chosen = parser.parse_args()
    unknown = set(chosen.runs) - set(RUNS)
    if unknown:
        parser.error(f"no run is called {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    sys.stdout.write(machine() + "\n")
    with tempfile.TemporaryDirectory() as directory:
        home = chosen.desk or Path(directory) / f"desk-{chosen.tickets}"
        for result in _results(set(chosen.runs or RUNS), home, chosen.tickets, chosen.mails):
            sys.stdout.write(result.line() + "\n")
            sys.stdout.flush()


def _results(runs: set[str], home: Path, tickets: int, mails: int) -> Iterator[Result]:
    if "hostile" in runs:
        yield from hostile.results()
    if "html" in runs:
        yield reading.html()
    if "pipe" in runs:
        yield from piping.results()
    if "storm" in runs:
        yield from filtering.storm()
    if "tell" in runs:
        yield from telling.results()
    if "threads" in runs:
        yield from threads.results()
    if runs & {"once", "fetch", "filters"}:
        with fetching.server() as dovecot:
            if "once" in runs:
                yield fetching.nothing_new(dovecot)
            if "filters" in runs:
                yield filtering.on_the_fetch(dovecot, mails)
                yield from filtering.trial(dovecot, mails)
            if "fetch" in runs:
                result, empty = fetching.empty_desk(dovecot, mails)
                yield result
                yield fetching.big_desk(dovecot, _large(home, tickets), mails, empty)
    if runs & {"start", "keys", "busy", "lists", "counts", "search", "memory"}:
        _large(home, tickets)
        yield from _on_large_desk(runs, home)


def _on_large_desk(runs: set[str], home: Path) -> Iterator[Result]:
    if "lists" in runs:
        yield from listing.results(home)
    if "counts" in runs:
        yield from counting.results(home)
    if "search" in runs:
        yield from searching.results(home)
    marker = screen.first_ticket(home)
    single: dict[str, Callable[[Path, bytes], Result]] = {"start": screen.start, "memory": screen.memory}
    for name, measure in single.items():
        if name in runs:
            yield measure(home, marker)
    if "keys" in runs:
        yield from screen.keys(home, marker)
    if "busy" in runs:
        with fetching.server() as dovecot:
            fetching.add_mailbox(home, fetching.filled(dovecot, BUSY_MAILS))
            yield screen.keys_while_fetching(home, marker)


def _large(home: Path, tickets: int) -> Path:
    if not (home / "data" / "desk.sqlite3").exists():
        fetching.new_desk(home)
        big_desk.create(home / "data" / "desk.sqlite3", tickets)
    return home


if __name__ == "__main__":
    main()
