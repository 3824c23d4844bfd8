"""What blocks, in a thread of its own: beside an event loop, and no longer than it may take.

The threads are daemons, because a name server or a mail server that does not answer must not keep a process
that wants to end.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the function in a thread that ends with it, and return what it returns.

    A caller that is cancelled waits no longer; the thread goes on until its function is through.
    """
    import asyncio  # 30 ms, which fetching does not need

    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(outcome: Future[T]) -> None:
        if not result.cancelled():
            error = outcome.exception()
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(outcome.result())

    def run() -> None:
        outcome: Future[T] = Future()
        _fill(outcome, lambda: function(*args, **kwargs))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    Thread(target=run, name="blocking", daemon=True).start()
    return await result


def within(seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the function and return what it returns; raise TimeoutError when that takes longer."""
    done: Future[T] = Future()

    def run() -> None:
        _fill(done, lambda: function(*args, **kwargs))

    Thread(target=run, name="blocking", daemon=True).start()
    return done.result(seconds)


def _fill(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
