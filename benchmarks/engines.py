"""``python -m benchmarks.engines [--tickets N] [--mails N]``: SQLite and PostgreSQL side by side.

The same mails are fetched into both, and the same large desk is read in both: a server on loopback, with
fsync and everything else as Debian has it. The large one came there by ``nightdesk move``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import big_desk, counting, fetching, listing, searching
from benchmarks.process import NIGHTDESK, environment, paired, run
from benchmarks.table import Result, below, machine
from config.paths import DeskPaths, find_desk
from config.settings import Settings, load
from desk.home import open_desk
from desk.intake.arrivals import Arrival, parse_ahead
from desk.intake.pipeline import take
from desk.tickets.search import search
from models.database import db
from models.opening import close_database
from models.transactions import transaction
from tests.generator import generate
from tests.support.servers import postgresql
from tests.support.servers.child import make_home
from tests.support.servers.dovecot import Dovecot

ROUNDS = 5
APPS = 50
NOTIFIED = 200


@contextmanager
def server() -> Iterator[postgresql.Postgresql]:
    """A PostgreSQL that writes durably, for the length of the block."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        postgresql._SETTINGS.pop(name, None)
    postgresql._SETTINGS["max_connections"] = "300"
    home = make_home()
    running = postgresql.Postgresql(home / "postgresql").start()
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


def home_on(running: postgresql.Postgresql, directory: Path) -> Path:
    """A home whose desk is in a new database of the server."""
    home = directory / "postgres"
    home.mkdir(parents=True)
    url = running.url(running.new_database())
    (home / "config.toml").write_text(f'database = "{url}"\n', "utf-8")
    run([*NIGHTDESK, "init"], environment(NIGHTDESK_HOME=str(home)))
    return home


def fetches(dovecot: Dovecot, running: postgresql.Postgresql, mails: int) -> Result:
    """The whole fetch into an empty desk, by turns."""
    user = fetching.filled(dovecot, mails)

    def into(new_desk: Callable[[Path], Path]) -> float:
        with tempfile.TemporaryDirectory() as directory:
            home = new_desk(Path(directory))
            fetching.add_mailbox(home, user)
            return fetching.fetch(home, mails)

    value, base = paired(
        lambda: into(lambda directory: home_on(running, directory)),
        lambda: into(lambda directory: fetching.new_desk(directory / "sqlite")),
        ROUNDS,
    )
    words = f"{value:.2f} s, {value / base:.2f}x"
    return Result(f"fetch {mails} mails, PostgreSQL", words, f"2x of SQLite's {base:.2f} s", value / base / 2)


def moved(source: Path, running: postgresql.Postgresql, directory: Path) -> Path:
    """A home whose desk in PostgreSQL came there by ``nightdesk move``, of a copy of one in SQLite."""
    home = directory / "moved"
    shutil.copytree(source, home)
    url = running.url(running.new_database())
    began = time.perf_counter()
    done = run([*NIGHTDESK, "move", url, "--json"], environment(NIGHTDESK_HOME=str(home)))
    seconds = time.perf_counter() - began
    rows = sum(table["rows"] for table in json.loads(done.output)["tables"])
    (home / "config.toml").write_text(f'database = "{url}"\n', "utf-8")
    _tell(f"moved {rows} rows in {seconds:.0f} s, {rows / seconds:.0f} a second")
    return home


@contextmanager
def _opened(home: Path) -> Iterator[None]:
    paths = find_desk(environ={"NIGHTDESK_HOME": str(home)})
    open_desk(paths, load(paths).settings)
    try:
        yield
    finally:
        close_database()


def stored(paths: DeskPaths, label: str, count: int = 500) -> str:
    """Milliseconds of storing a mail in a desk as it is."""
    desk = open_desk(paths, Settings())
    raws = [mail.raw for mail in generate(count, seed=time.time_ns() % 10**9, to="support@example.test")]
    arrivals = [Arrival(raw, "import") for raw in raws]
    batches = [parse_ahead(arrivals[at : at + 50], desk.blob_threshold) for at in range(0, count, 50)]
    for batch in batches:
        _ = batch[0].packed
    began = time.perf_counter()
    for batch in batches:
        take(desk, batch)
    each = (time.perf_counter() - began) / count * 1000
    close_database()
    return f"{label}: {each:.2f} ms to store a mail"


def listeners(home: Path) -> Iterator[str]:
    """What fifty apps cost a writer, and what looking costs an app."""
    with _opened(home):

        def writes() -> float:
            began = time.perf_counter()
            for _ in range(NOTIFIED):
                with transaction():
                    db.execute_sql("UPDATE setting SET value = value WHERE key = 'desk.id'")
            return (time.perf_counter() - began) / NOTIFIED * 1000

        alone = writes()
        heard: list[float] = []
        stop = threading.Event()

        def app() -> None:
            from models.postgres.news import News

            news = News(db.obj)
            while not stop.wait(1.0):
                began = time.perf_counter()
                news.number()
                heard.append((time.perf_counter() - began) * 1000)
            close_database()

        apps = [threading.Thread(target=app) for _ in range(APPS)]
        for each in apps:
            each.start()
        time.sleep(3)
        heard.clear()
        beside = writes()
        time.sleep(3)
        stop.set()
        for each in apps:
            each.join()
        yield f"a small commit: {alone:.2f} ms alone, {beside:.2f} ms beside {APPS} listeners"
        ordered = sorted(heard)
        yield (
            f"a look for news by each of {APPS} once a second: {statistics.median(ordered):.2f} ms,"
            f" p95 {ordered[len(ordered) * 95 // 100]:.2f} ms"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--runs", default="fetch,large", help="fetch, large, counts")
    parser.add_argument("--desk", type=Path, help="the large desk in SQLite, kept here")
    chosen = parser.parse_args()
    _tell(machine())
    with server() as running, tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        if "fetch" in chosen.runs:
            with fetching.server() as dovecot:
                _tell(fetches(dovecot, running, chosen.mails).line())
        if not {"large", "counts"} & set(chosen.runs.split(",")):
            return
        home = chosen.desk or directory / "large"
        if not (home / "data" / "desk.sqlite3").exists():
            fetching.new_desk(home)
            big_desk.create(home / "data" / "desk.sqlite3", chosen.tickets)
        if "large" in chosen.runs:
            _tell(stored(DeskPaths(fetching.new_desk(directory / "empty")), "SQLite, empty"))
            _tell(stored(_paths(home_on(running, directory / "none")), "PostgreSQL, empty"))
        large = moved(home, running, directory)
        for name, place in (("PostgreSQL", large), ("SQLite", home)):
            if "counts" in chosen.runs:
                for result in counting.results(place):
                    _tell(f"{name}: {result.line()}")
        if "large" not in chosen.runs:
            return
        for name, place in (("PostgreSQL", large), ("SQLite", home)):
            for result in listing.results(place):
                _tell(f"{name}: {result.line()}")
            with _opened(place):
                search("warm up")
                times = {query: searching._milliseconds(query) for query in searching.QUERIES}
            slowest = max(times, key=lambda query: times[query])
            _tell(f"{name}: " + below(f"search, first page ({slowest})", times[slowest], 150, "ms").line())
            _tell(stored(_paths(place), f"{name}, {chosen.tickets} tickets"))
        for line in listeners(large):
            _tell(line)


def _paths(home: Path) -> DeskPaths:
    return find_desk(environ={"NIGHTDESK_HOME": str(home)})


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
