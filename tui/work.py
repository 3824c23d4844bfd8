"""How a screen asks the desk for something: in a thread, so that no key ever waits for a disk."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from textual.worker import Worker

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node

    from tui.app import NightdeskApp
else:
    # A mixin that is a DOMNode hides the style sheet of the widget class it is mixed into: Textual follows
    # the first base only.
    Node = object

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""Threads in which the desk is asked; each keeps its own database connection."""


async def in_pool(pool: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a blocking function in one of the threads and wait for it without blocking the screen."""
    context = contextvars.copy_context()
    work = functools.partial(context.run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(pool, work)


class Works(Node):
    """What a screen or widget mixes in to call `desk/`.

    Results come back on the event loop; one that was overtaken by a newer call of the same group,
    or whose screen is gone, is dropped. A refusal of the desk becomes one line on the status line.
    """

    _generations: dict[str, int]

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in a thread; its errors come to the caller."""
        return await in_pool(desk_app(self).pool, function, *args, **kwargs)

    def in_thread(
        self,
        function: Callable[..., T],
        *args: Any,
        then: Callable[[T], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        group: str = "",
    ) -> Worker[None]:
        """Run `function(*args)` in a thread, then call `then` with its result on the event loop.

        With a `group` only the newest call's result counts. Without `failed` an error is flashed.
        """
        number = self._next_generation(group)

        async def run() -> None:
            try:
                result = await in_pool(desk_app(self).pool, function, *args)
            except Exception as error:
                if self._is_current(group, number):
                    self._give_failure(error, failed)
                return
            if then is not None and self._is_current(group, number):
                then(result)

        return self.app.run_worker(run(), name=group or function.__name__, exit_on_error=False)

    def stream(
        self,
        produce: Callable[[], Iterator[T]],
        *,
        each: Callable[[T], object],
        then: Callable[[], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        group: str = "stream",
    ) -> Worker[None]:
        """Walk a blocking iterator in a thread and hand each item to `each` as it comes.

        A newer stream of the group, or the screen's end, stops it at its next item.
        """
        number = self._next_generation(group)

        def walk() -> None:
            for item in produce():
                if not self._is_current(group, number):
                    return
                self.app.call_later(self._hand_over, group, number, each, item)

        async def run() -> None:
            try:
                await in_pool(desk_app(self).pool, walk)
            except Exception as error:
                if self._is_current(group, number):
                    self._give_failure(error, failed)
                return
            if then is not None and self._is_current(group, number):
                self.app.call_later(self._end_stream, group, number, then)

        return self.app.run_worker(run(), name=group, exit_on_error=False)

    def forget(self, group: str) -> None:
        """Drop what the calls of this group may still bring."""
        self._next_generation(group)

    def _hand_over(self, group: str, number: int, each: Callable[[T], object], item: T) -> None:
        if self._is_current(group, number):
            each(item)

    def _end_stream(self, group: str, number: int, then: Callable[[], object]) -> None:
        if self._is_current(group, number):
            then()

    def _next_generation(self, group: str) -> int:
        if "_generations" not in self.__dict__:
            self._generations = {}
        self._generations[group] = self._generations.get(group, 0) + 1
        return self._generations[group]

    def _is_current(self, group: str, number: int) -> bool:
        return self.is_attached and (not group or self._generations.get(group) == number)

    def _give_failure(self, error: Exception, failed: Callable[[Exception], object] | None) -> None:
        if failed is not None:
            failed(error)
        else:
            desk_app(self).flash_error(error)


def desk_app(node: Node) -> NightdeskApp:
    """The app, by its own type."""
    from tui.app import NightdeskApp

    app = node.app
    if not isinstance(app, NightdeskApp):
        raise TypeError("this screen belongs to Nightdesk")
    return app
