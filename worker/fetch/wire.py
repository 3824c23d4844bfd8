"""One thread for one connection, watched over by whoever uses it: a server cannot keep us for ever.

A wait on the network ends when a byte comes, so a server that dribbles outlasts every limit on a single wait.
Therefore the connection is used in a thread of its own, and cut from outside when the run's time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Generic, ParamSpec, Protocol, Self, TypeVar

from mail.errors import TimedOut
from models.opening import close_database
from worker.fetch.limits import OutOfTime, Stopped

if TYPE_CHECKING:
    from worker.fetch.limits import Limits

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="Session")

GOODBYE_SECONDS = 5.0
"""So long a server may take to let us go; the work is done by then."""


class Session(Protocol):
    """What a wire needs of a connection. `cut` may be called by any thread at any time."""

    @property
    def host(self) -> str:
        """The server's name."""

    def open(self) -> None:
        """Connect and log in."""

    def leave(self) -> None:
        """Take leave of the server, changing nothing."""

    def cut(self) -> None:
        """Close the connection at once; what is under way in it fails."""


class Wire(Generic[S]):
    """A session as a context manager: connected in the block, and cut behind it."""

    def __init__(self, connect: Callable[[], S], limits: Limits) -> None:
        self.session = connect()
        self._connect = connect
        self._limits = limits
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon: one that waits for a name server must not keep the process.
        self._thread = Thread(target=self._work, name="wire", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.call(self.session.open)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            wait([self.submit(self.session.leave)], timeout=GOODBYE_SECONDS)
        self._end()

    def reconnect(self) -> None:
        """Give up this connection for a new one."""
        self.session.cut()
        self.session = self._connect()
        self.call(self.session.open)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the function after what was submitted before."""
        future: Future[T] = Future()

        def do() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        self._asked.put(do)
        return future

    def result(self, future: Future[T]) -> T:
        """Wait for it as long as the run may last; whoever waits in vain has no connection any more.

        Raises what it raised, `TimedOut` when the run's time is over, or what `Limits.result` raises.
        """
        try:
            return self._limits.result(future)
        except OutOfTime:
            self.session.cut()
            raise TimedOut(
                f"{self.session.host} kept us waiting beyond the {self._limits.seconds:g} seconds that a"
                " mailbox may take",
                hint="The server is slow or hangs, it is tried again later; the limit is fetch_time_limit.",
            ) from None
        except Stopped:
            self.session.cut()
            raise

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function and wait for it, as `result` does."""
        return self.result(self.submit(function, *args, **kwargs))

    def _end(self) -> None:
        self.session.cut()
        self._asked.put(None)

    def _work(self) -> None:
        try:
            while (do := self._asked.get()) is not None:
                do()
        finally:
            close_database()  # a login may have renewed a token
