"""What an import asks of an osTicket's tables, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Protocol, Self

OldRow = dict[str, Any]
"""A row: text as `str`, contents of files as `bytes`, times as ``YYYY-MM-DD HH:MM:SS``."""

_AT_ONCE = 500


class NotAnOsticket(Exception):
    """These are not the tables of an osTicket; ``hint`` says what to try."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class OldTables(Protocol):
    """The tables; names are given without the installation's prefix. Use as a context manager."""

    zone: str
    """The time zone of its times as the server names it; empty: it does not say."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns; none for a table that is not there."""

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        key: str = "",
        wanted: Iterable[int] | None = None,
        order: Sequence[str] = (),
    ) -> list[OldRow]:
        """Return rows, those whose ``key`` is one of ``wanted``; a column that this version lacks is None."""


Run = Callable[[str, Sequence[int]], Iterable[Sequence[Any]]]
"""Runs a question with its values (``%s`` each) and returns the rows."""


def selected(
    run: Run,
    name: str,
    there: frozenset[str],
    columns: Sequence[str],
    key: str,
    wanted: Iterable[int] | None,
    order: Sequence[str],
) -> list[OldRow]:
    """Ask for rows of the table ``name``, which has the columns ``there``, some hundred keys at a time."""
    asked = [column for column in columns if column in there]
    if not asked or (key and key not in there):
        return []
    question = f"SELECT {', '.join(f'`{column}`' for column in asked)} FROM `{name}`"
    ordered = "".join(
        f" ORDER BY {', '.join(f'`{column}`' for column in order if column in there)}" if order else ""
    )
    found: list[OldRow] = []
    for values in _chunks(wanted):
        where = f" WHERE `{key}` IN ({', '.join(['%s'] * len(values))})" if values is not None else ""
        for row in run(question + where + ordered, values or ()):
            found.append(dict.fromkeys(columns) | dict(zip(asked, row, strict=True)))
    return found


def _chunks(wanted: Iterable[int] | None) -> Iterator[list[int] | None]:
    if wanted is None:
        yield None
        return
    rest = iter(dict.fromkeys(wanted))
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
