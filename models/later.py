"""Statements of one thread's transaction that wait until an answer is needed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from config.expressions import expression
from models.remembered import NewRow

_NAME = expression(r'"(\w+)"')

_named: dict[str, frozenset[str] | None] = {}


def _names_in(sql: str) -> frozenset[str] | None:
    """Return what a statement names, tables among it; None for one that may touch anything."""
    if sql not in _named:
        told = sql.startswith(("INSERT", "UPDATE", "DELETE"))
        _named[sql] = frozenset(_NAME.findall(sql)) if told else None
    return _named[sql]


class Later(threading.local):
    """The statements that wait, in their order, and which new rows among them may still be changed."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []
        self._rows: dict[str, dict[int, NewRow]] = {}
        """By their tables and ids."""

    def add(self, sql: str, params: Any = None) -> None:
        """Have a statement wait; its values may be a row whose id is known."""
        table = ""
        if type(params) is NewRow:
            table = params.table
            self._rows.setdefault(table, {})[params.id] = params
        self._settle(sql, table)
        self.statements.append((sql, params or ()))

    def amend(self, table: str, row_id: int, values: Mapping[str, Any]) -> bool:
        """Change a row where it waits; False where that is not possible."""
        row = self._rows.get(table, {}).get(row_id)
        return row is not None and row.amend(values)

    def take(self, most: int | None = None) -> list[tuple[str, Any]]:
        """Return the first statements, or all, which go now."""
        taken = self.statements[:most]
        del self.statements[:most]
        if not self.statements:
            self._rows.clear()
            return taken
        for _, row in taken:
            if type(row) is NewRow:
                self._rows.get(row.table, {}).pop(row.id, None)
        return taken

    def forget_from(self, sql: str) -> bool:
        """Forget all from the last such statement on, if it still waits; else all there is."""
        at = max((place for place, each in enumerate(self.statements) if each[0] == sql), default=None)
        kept = self.statements[: at or 0]
        self.take()
        self.statements += kept
        return at is not None

    def _settle(self, sql: str, table: str) -> None:
        """Let no row be changed any more that a statement behind it may read, change or give back.

        ``table``: where that statement writes a new row of its own, which changes no other one.
        """
        named = _names_in(sql)
        if named is None:
            self._rows.clear()
            return
        for each in [each for each in self._rows if each != table and each in named]:
            del self._rows[each]


def bound(params: Any) -> Any:
    """Return the values of a statement that waited."""
    return params.bound() if type(params) is NewRow else params
