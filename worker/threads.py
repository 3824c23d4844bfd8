"""Threads for what blocks, so that the event loop never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import ParamSpec, TypeVar

from models.database import close_database

P = ParamSpec("P")
T = TypeVar("T")


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


async def in_own_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the function in a thread that ends with it: a pool would keep as many as were ever needed."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Future[T]) -> None:
        if not result.cancelled():
            error = outcome.exception()
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(outcome.result())

    def run() -> None:
        outcome: Future[T] = Future()
        try:
            outcome.set_result(function(*args, **kwargs))
        except BaseException as error:
            outcome.set_exception(error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, outcome)

    Thread(target=run, name=function.__name__).start()
    return await result
