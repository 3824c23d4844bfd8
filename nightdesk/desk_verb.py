"""A verb that works on an open desk: it returns what it has to tell, and is printed here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

import click

from nightdesk import output
from nightdesk.arguments import json_flag, rows_wanted
from nightdesk.context import desk_open
from nightdesk.exit import Exit
from nightdesk.options import Options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from desk.permissions import Actor

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VerbContext:
    """What a verb works with. `as_json` is for those that print as they go."""

    desk: Desk
    as_json: bool

    @property
    def actor(self) -> Actor:
        """Who acts. Raises `desk.errors.NotAllowed` for a login that is no agent's."""
        from desk.permissions import current_actor  # 25 ms, for an open desk

        return current_actor(self.desk)

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone, in which people read times."""
        return self.desk.zone


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb tells: a document to scripts, or words to people; only the one that is asked for is made.

    An iterator as the document is written as an array, item by item, for what may be longer than memory.
    `remarks` are said on standard error afterwards, to both.
    """

    document: Callable[[], object]
    words: Callable[[], None]
    remarks: Iterable[str] = ()
    status: Exit = Exit.DONE

    def print(self, as_json: bool) -> None:
        """Print the document or the words, and say the remarks."""
        most = rows_wanted()
        if not as_json:
            with output.at_most(most):
                self.words()
        else:
            document = self.document()
            if most is not None and isinstance(document, list):
                document = document[:most]
            if isinstance(document, Iterator):
                output.emit_json_array(document)
            else:
                output.emit_json(document)
        for remark in self.remarks:
            output.say(remark)


class OnDesk(Protocol[P]):
    """A verb that opens its desk itself."""

    def __call__(self, as_json: bool, *args: P.args, **kwargs: P.kwargs) -> Exit:
        """Run it and print its result."""


def told(document: object, *lines: str) -> Result:
    """Return a result that people read in a few lines."""

    def words() -> None:
        for line in lines:
            output.line(line)

    return Result(lambda: document, words)


def one_by_one(things: Iterable[T], words: Callable[[T], None]) -> None:
    """Print things of several lines each, with an empty line between them."""
    for position, thing in enumerate(things):
        if position:
            output.line()
        words(thing)


def desk_verb(
    verb: Callable[Concatenate[VerbContext, P], Result | Exit],
) -> OnDesk[P]:
    """Run a verb on the desk that the options before it mean, and print its result; gives it `--json`.

    A verb that prints as it goes returns its exit status instead. Errors pass on to `nightdesk.entry`.
    """

    def run(as_json: bool, *args: P.args, **kwargs: P.kwargs) -> Exit:
        options = click.get_current_context().find_object(Options)
        assert options is not None
        with desk_open(options) as desk:
            result = verb(VerbContext(desk, as_json), *args, **kwargs)
            if not isinstance(result, Result):
                return result
            result.print(as_json)
            return result.status

    functools.update_wrapper(run, verb)
    return json_flag(run)
