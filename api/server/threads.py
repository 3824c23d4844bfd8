"""Threads for what blocks, so that the event loop never does."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from mail.inert import guard, one_line
from models.opening import rest_connection

P = ParamSpec("P")
T = TypeVar("T")

_READERS = 6
_WRITERS = 3
"""SQLite has one writer at a time; the others parse meanwhile."""


class Threads:
    """Two kinds of work, so that callers who wait for the write lock keep nobody from reading."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(_READERS, "api-read")
        self._writers = ThreadPoolExecutor(_WRITERS, "api-write")

    async def read(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something short."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: _done(function, *args, **kwargs))

    async def write(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that may wait for the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, lambda: _done(function, *args, **kwargs))

    def later(self, function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run something whose end nobody waits for; that it failed is said on standard error."""
        work = functools.partial(_done, function, *args, **kwargs)
        self._writers.submit(work).add_done_callback(_say_failure)

    def close(self) -> None:
        """Finish what was begun."""
        self._readers.shutdown()
        self._writers.shutdown()


def _done(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        rest_connection()


def _say_failure(done: Future[Any]) -> None:
    error = done.exception()
    if error is not None:
        words = one_line(f"{type(error).__name__}: {error}", 300)
        sys.stderr.write(f"nightdesk serve: a log line or a key's last use is lost: {guard(words)}\n")
