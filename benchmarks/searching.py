"""Full-text search over every message of a large desk."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.table import Result, below
from config.paths import DeskPaths, find_desk
from config.settings import load
from desk.home import open_desk
from desk.tickets.search import search
from models.opening import close_database

QUERIES = ("printer", "vpn tunnel", "error 0x80070005", '"cannot be opened"', "serv*", "zyzzyva", "the")


def first_pages(home: Path) -> Result:
    """The slowest first page of some common, rare and absent words."""
    paths: DeskPaths = find_desk(environ={"NIGHTDESK_HOME": str(home)})
    open_desk(paths, load(paths).settings)
    try:
        search("warm up")
        slowest, word = max((_milliseconds(query), query) for query in QUERIES)
    finally:
        close_database()
    return below(f"full-text search, first page (slowest: {word})", slowest, 100, "ms")


def _milliseconds(query: str) -> float:
    began = time.perf_counter()
    search(query)
    return (time.perf_counter() - began) * 1000
