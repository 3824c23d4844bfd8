"""Rows that wait to be written, put together by their tables.

An INSERT of given values reads nothing, so it may go before what stands beside it, as long as a row comes
behind those that it refers to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import peewee

from config.expressions import expression
from models.later import WaitingRow, bound, rule_of

Waiting = tuple[str, Any]
"""A statement and its values."""

_INSERT = expression(
    r'INSERT (?:OR IGNORE )?INTO "(\w+)" \(("\w+"(?:, "\w+")*)\)'
    r" VALUES \((%s(?:, %s)*|(?:(?!%s| ON CONFLICT | RETURNING ).)*?)\)"
    r'( ON CONFLICT(?: \("\w+"(?:, "\w+")*\))? DO NOTHING)?(?: RETURNING .*)?'
)
_READ_FROM = expression(r'FROM "(\w+)"')
_COUNTER = "sequence"
"""The table in which an INSERT may look for the id of its row, beside its own."""
_CHANGE = expression(
    r'UPDATE "(ticket|notice)" SET (?!.*"number" = )(.*) WHERE'
    r' (?:\("\1"\."id" = (?:%s|\?)\)|\(\("\1"\."id" = %s\) AND (\((?:(?!%s).)*\))\))'
)
"""Waits until the rows are there; it changes nothing that tells rows apart."""
_GIVEN = expression(r'"\w+" = %s(?:, "\w+" = %s)*')
_FORGET = expression(r'DELETE FROM "(seen)" WHERE .*')
"""No row refers to what an agent has seen."""
_FORGET_OF = expression(r'DELETE FROM "seen" WHERE \(\("seen"\."(\w+)" = %s\) AND (\((?:(?!%s).)*\))\)')
_QUESTION = expression(r'SELECT (?!.*(?:FROM|JOIN) [^"(]).* FROM ".*')
"""Names all tables that it reads in quotes."""
_REFERS = expression(r"REFERENCES (\w+) ")


class Insert(NamedTuple):
    """An INSERT of one row. ``rank``: how many tables stand before its own in the order of references."""

    table: str
    columns: tuple[str, ...]
    conflict: str
    rank: int


class Change(NamedTuple):
    """A statement that may wait for rows.

    One that gives values to a row, or deletes those of a ticket, names what its values are, last of them what
    tells which row that is; ``others``: what has to be true of it besides.
    """

    table: str
    columns: tuple[str, ...] = ()
    others: str = ""

    @property
    def deletes(self) -> bool:
        """Whether the rows are gone then."""
        return self.table == "seen"


class Gathered(NamedTuple):
    """A statement, and the values of each time that it is to run; ``kind`` where it is of a known one."""

    text: str
    values: list[Any]
    kind: Insert | Change | None = None


_known: dict[str, Insert | Change | None] = {}


def _kind_of(sql: str) -> Insert | Change | None:
    """Return the INSERT that a statement is, the change if it may wait for rows, or None."""
    try:
        return _known[sql]
    except KeyError:
        pass
    found: Insert | Change | None = None
    if (insert := _INSERT.fullmatch(sql)) is not None:
        table, columns, values, conflict = insert.groups()
        if {*_READ_FROM.findall(values)} <= {table, _COUNTER}:
            names = tuple(columns.replace('"', "").split(", "))
            found = Insert(table, names, conflict or "", _rank(model_of(table)))
    elif (change := _CHANGE.fullmatch(sql)) is not None:
        table, values, others = change.groups()
        given = (*_NAME.findall(values), "id") if _GIVEN.fullmatch(values) else ()
        found = Change(table, given, others or "")
    elif _FORGET.fullmatch(sql) is not None:
        of = _FORGET_OF.fullmatch(sql)
        found = Change("seen") if of is None else Change("seen", (of[1],), of[2])
    _known[sql] = found
    return found


def gathered(statements: Iterable[Waiting]) -> list[Gathered]:
    """Return what does the same as some statements in their order: rows of a table together.

    So are changes of rows, if each is of another row than all those before.
    """
    ready: list[Gathered] = []
    rows: dict[str, Gathered] = {}
    behind: list[Gathered] = []
    alike: dict[str, Gathered] = {}
    changed: set[tuple[str, Any]] = set()
    forgotten: set[str] = set()

    def end() -> None:
        ready.extend(sorted(rows.values(), key=lambda each: getattr(each.kind, "rank", 0)))
        ready.extend(behind)
        for each in (rows, behind, alike, changed, forgotten):
            each.clear()

    def change(sql: str, values: Any, kind: Change) -> None:
        if not kind.columns:
            behind.append(Gathered(sql, [values]))
            alike.clear()
            return
        row = (kind.table, values[-1])
        if row in changed or sql not in alike:
            alike[sql] = Gathered(sql, [], kind)
            behind.append(alike[sql])
        alike[sql].values.append(values)
        changed.add(row)

    for sql, params in statements:
        kind = _kind_of(sql)
        if isinstance(kind, Insert):
            others = rows.get(kind.table)
            if kind.table in forgotten or (others is not None and others.text != sql):
                end()
                others = None
            if others is None:
                others = rows[kind.table] = Gathered(sql, [], kind)
            others.values.append(bound(params))
        elif kind is not None:
            change(sql, bound(params), kind)
            if kind.deletes:
                forgotten.add(kind.table)
        else:
            end()
            ready.append(Gathered(sql, [bound(params)]))
    end()
    return ready


_asked: dict[str, frozenset[str] | None] = {}
"""What questions name, tables among it; None for what is no question."""
_MOST_ASKED = 2_000
"""So many texts are known at most: some have values in them."""
_NAME = expression(r'"(\w+)"')


def may_be_asked_before(sql: str, params: Any, statements: Iterable[Waiting]) -> bool:
    """Whether a question reads nothing of what some statements write, which then may wait on."""
    if sql not in _asked:
        if len(_asked) > _MOST_ASKED:
            _asked.clear()
        _asked[sql] = frozenset(_NAME.findall(sql)) if _QUESTION.fullmatch(sql) else None
    named = _asked[sql]
    if named is None:
        return False
    perhaps: list[WaitingRow] = []
    rule = rule_of(sql)
    known = _known
    for text, values in statements:
        kind = known[text] if text in known else _kind_of(text)
        if kind is None:
            return False
        if kind[0] in named:
            if rule is None:
                return False
            perhaps.append(_row(kind, values))
    if rule is None or not perhaps:
        return True
    apart, names = rule
    asked: dict[str, list[Any]] = {}
    for name, value in zip(names, params, strict=True):
        asked.setdefault(name, []).append(value)
    return apart.holds(asked, perhaps)


def _row(kind: Insert | Change, values: Any) -> WaitingRow:
    if isinstance(kind, Insert):
        return WaitingRow(kind.table, kind.columns, values)
    return WaitingRow(kind.table, ("id",), () if kind.deletes else values[-1:])


def _name(model: type[peewee.Model]) -> str:
    return str(model._meta.table_name)


def _models() -> Iterator[type[peewee.Model]]:
    """Yield the classes of all tables, which have a base of their own; that one's module needs this one."""
    for base in peewee.Model.__subclasses__():
        yield from base.__subclasses__()


def model_of(table: str) -> type[peewee.Model]:
    """Return the class of a table's rows."""
    return next(each for each in _models() if _name(each) == table)


_ranks: dict[str, int] = {}


def _rank(model: type[peewee.Model]) -> int:
    """Return a number that is higher than those of all tables that this one refers to, but itself."""
    name = _name(model)
    if name not in _ranks:
        _ranks[name] = 0  # lest one that refers back to it asks again
        _ranks[name] = 1 + max((_rank(each) for each in _referred(model)), default=0)
    return _ranks[name]


def _referred(model: type[peewee.Model]) -> set[type[peewee.Model]]:
    found: set[type[peewee.Model]] = set()
    for field in model._meta.sorted_fields:
        if isinstance(field, peewee.ForeignKeyField):
            found.add(field.rel_model)
        for each in field.constraints or ():
            told = _REFERS.match(each.sql) if isinstance(each, peewee.SQL) else None
            if told is not None:
                found.update(other for other in _models() if _name(other) == told.group(1))
    return found - {model}
