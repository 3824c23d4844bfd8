"""One test of a table: all of its rows are tried, and each that does not hold is named.

For rows that cost next to nothing: collected, set up and reported as tests of their own, they cost more than
what they look at. What else a check asks for is a fixture, which all rows share: such a check only reads, or
leaves what the next row does not see.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any, Final

import pytest

_SHOWN: Final = 20
_LONGEST: Final = 1500

Check = Callable[..., None]
Test = Callable[..., None]


class _Table:
    """The rows of one decorator: values by the names of the check's arguments."""

    def __init__(self, names: str | tuple[str, ...], rows: Iterable[Any]) -> None:
        self.names = (names,) if isinstance(names, str) else names
        self.rows = [row if isinstance(names, tuple) else (row,) for row in rows]
        for row in self.rows:
            assert len(row) == len(self.names), (self.names, row)
        assert self.rows, "a table without rows shows nothing"


def every_row(names: str | tuple[str, ...], rows: Iterable[Any]) -> Callable[[Check], Test]:
    """Try a check with every row, as `pytest.mark.parametrize` does, in one test. Several multiply."""
    table = _Table(names, rows)

    def decorated(check: Check) -> Test:
        tables: list[_Table] = [table, *getattr(check, "tables", ())]
        tried: Check = getattr(check, "tried", check)
        of_rows = {name for one in tables for name in one.names}
        asked = inspect.signature(tried).parameters
        assert of_rows <= asked.keys(), (of_rows, list(asked))

        def test(**fixtures: Any) -> None:
            wrong = list(_wrong(functools.partial(tried, **fixtures), tables))
            if wrong:
                more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
                pytest.fail(
                    f"{len(wrong)} rows do not hold:\n" + "\n".join(wrong[:_SHOWN]) + more, pytrace=False
                )

        functools.update_wrapper(test, tried)  # so that it is reported where it stands
        test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [fixture for name, fixture in asked.items() if name not in of_rows]
        )
        test.tables, test.tried = tables, tried  # type: ignore[attr-defined]
        return test

    return decorated


def _wrong(check: Check, tables: list[_Table]) -> Iterator[str]:
    for rows in product(*(table.rows for table in tables)):
        given = {
            name: value
            for table, row in zip(tables, rows, strict=True)
            for name, value in zip(table.names, row, strict=True)
        }
        try:
            check(**given)
        except Exception as fault:  # whatever a row brings about, the others are tried
            said = f"{type(fault).__name__}: {fault}"[:_LONGEST]
            yield f"- {', '.join(f'{name}={value!r:.300}' for name, value in given.items())}\n  {said}"
