"""Threads for what blocks, so that the event loop never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar

from models.opening import close_database

P = ParamSpec("P")
T = TypeVar("T")

Guard = Callable[[], AbstractContextManager[None]]
"""Makes the block in which something is done."""


def guarded(guard: Guard, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the function in a block of the guard."""
    with guard():
        return function(*args, **kwargs)


class DeskThread:
    """One thread with one database connection, for short questions and writes in the order asked."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "desk")

    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function in the thread and return what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Finish what was asked, close the connection, end the thread."""
        self._pool.submit(close_database)
        self._pool.shutdown()
