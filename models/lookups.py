"""Looking up many rows by a set of values, in few statements."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from models.database import db

_AT_ONCE = 500


def rows_in(statement: str, values: Collection[Any]) -> list[tuple[Any, ...]]:
    """Run ``statement``, which ends in ``IN``, for all of ``values``; the rows come in no order."""
    wanted = list(values)
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        found += db.execute_sql(f"{statement} ({','.join('?' * len(some))})", some).fetchall()
    return found
