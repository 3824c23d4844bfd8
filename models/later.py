"""Statements of one thread's transaction that wait until an answer is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from config.expressions import expression
from models.remembered import Column, NewRow, in_any_case

_NAME = expression(r'"(\w+)"')

_named: dict[str, frozenset[str] | None] = {}
"""What statements name, tables among it, but that of a new row; None for one that may touch anything."""


def _names_in(sql: str, table: str) -> frozenset[str] | None:
    told = sql.startswith(("INSERT", "UPDATE", "DELETE"))
    found = _named[sql] = frozenset(_NAME.findall(sql)) - {table} if told else None
    return found


class Later(threading.local):
    """The statements that wait, in their order, and which new rows among them may still be changed."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []
        self._rows: dict[tuple[str, int], NewRow] = {}
        """Those that may be changed, by their tables and ids."""
        self._tables: set[str] = set()

    def add(self, sql: str, params: Any = None) -> None:
        """Have a statement wait; its values may be a row whose id is known."""
        if type(params) is NewRow:
            table, key = params.table, (params.table, params.id)
        else:
            table, key = "", None
        named = _named[sql] if sql in _named else _names_in(sql, table)
        if named is None:
            self._rows.clear()
            self._tables.clear()
        elif not named.isdisjoint(self._tables):
            self._settle(named)
        if key is not None:
            self._tables.add(table)
            self._rows[key] = params
        self.statements.append((sql, params or ()))

    def amend(self, table: str, row_id: int, values: Mapping[str, Any]) -> bool:
        """Change a row where it waits; False where that is not possible."""
        row = self._rows.get((table, row_id))
        return row is not None and row.amend(values)

    def take(self, most: int | None = None) -> list[tuple[str, Any]]:
        """Return the first statements, or all, which go now."""
        taken = self.statements[:most]
        del self.statements[:most]
        if not self.statements:
            self._rows.clear()
            self._tables.clear()
            return taken
        for _, row in taken:
            if type(row) is NewRow:
                self._rows.pop((row.table, row.id), None)
        return taken

    def forget_from(self, sql: str) -> bool:
        """Forget all from the last such statement on, if it still waits; else all there is."""
        at = max((place for place, each in enumerate(self.statements) if each[0] == sql), default=None)
        kept = self.statements[: at or 0]
        self.take()
        self.statements += kept
        return at is not None

    def _settle(self, named: frozenset[str]) -> None:
        """Let no row be changed any more that a statement behind it may read, change or give back."""
        self._tables -= named
        self._rows = {key: row for key, row in self._rows.items() if key[0] not in named}


def bound(params: Any) -> Any:
    """Return the values of a statement that waited."""
    return params.bound() if type(params) is NewRow else params


class WaitingRow:
    """A row that waits to be written, or the change of one."""

    __slots__ = ("_columns", "_params", "table")

    def __init__(self, table: str, columns: tuple[str, ...], params: Any) -> None:
        self.table = table
        self._columns = columns
        self._params = params

    def get(self, column: str) -> Any:
        """Return a value of it; raises KeyError where that is not known."""
        if type(self._params) is NewRow:
            return self._params.value(column)
        if len(self._params) != len(self._columns) or column not in self._columns:
            raise KeyError(column)
        return self._params[self._columns.index(column)]

    def differs(self, column: str, values: Iterable[Any]) -> bool:
        """Whether its value is known to be none of these, in whatever case."""
        try:
            own = in_any_case(self.get(column))
        except KeyError:
            return False
        return all(in_any_case(value) != own for value in values)


class Apart:
    """The rule of a question that reads rows of others only: which rows it finds the same without.

    ``asked``: what the value is called that tells whose rows it reads; ``columns``: where each of the tables
    of which it reads no other rows has that value.
    """

    def __init__(self, asked: str, columns: Mapping[str, str]) -> None:
        self.asked = asked
        self.tables = columns

    def value(self, table: str, column: Column) -> Any:
        """Return whose row one is; raises KeyError where that is not known."""
        return column(self.tables[table])

    def holds(self, asked: Mapping[str, Sequence[Any]], rows: Sequence[WaitingRow]) -> bool:
        """Whether a question, by the values that it is asked with, finds the same without rows that wait."""
        own = asked[self.asked]
        return all(row.table in self.tables and row.differs(self.tables[row.table], own) for row in rows)


def of_others(value: str, **columns: str) -> Apart:
    """Return the rule of a question that reads of each of these tables only rows which have a value there."""
    return Apart(value, columns)


_rules: dict[str, tuple[Apart, Sequence[str]]] = {}


def tell_apart(sql: str, rule: Apart, names: Sequence[str]) -> None:
    """Note the rule of a question, and what its values are called, in their order."""
    _rules[sql] = rule, names


def rule_of(sql: str) -> tuple[Apart, Sequence[str]] | None:
    """Return the rule of a question, and what its values are called; None where it has none."""
    return _rules.get(sql)
