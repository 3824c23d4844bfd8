"""The move itself: what is done in which order, so that it may be broken off anywhere and run again.

While it lasts the origin has a number that nobody opens, so its rows stay as they were read. Rows and how far
they have come are one transaction of the goal. All rows of the goal are read again at the end and compared by
their number and checksum; then the origin is marked as moved, and after that the goal becomes a desk: at no
moment are there two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import islice

from config.records import Record
from models.database import DESK_MOVED, MOVE_BEGUN, SCHEMA_VERSION
from models.desk_moves.ends import Goal, Origin
from models.desk_moves.one_name import refuse_one_name
from models.desk_moves.refusals import MoveRefused
from models.desk_moves.rows import ALL, BLOBS, Count, Position, Table
from models.desk_moves.states import Pointer
from models.errors import DatabaseMoved

_AT_ONCE = 20_000
_BLOBS_AT_ONCE = 2_000


class Progress(Record):
    """How far a move is: what is being done, with which table, and how many of all rows."""

    step: str
    table: str
    rows: int
    of: int


class MovedTable(Record):
    """A table that is in its new place: its rows, and their checksum in both places."""

    name: str
    rows: int
    checksum: str


class Moved(Record):
    """What a move did. ``resumed``: it continued one that was broken off."""

    tables: tuple[MovedTable, ...]
    rows: int
    seconds: float
    resumed: bool


Tell = Callable[[Progress], object]


def move(origin: Origin, goal: Goal, tell: Tell, settle: Callable[[], None]) -> Moved:
    """Bring a desk from one database into another, while nobody works with it.

    A move that was broken off goes on. ``settle`` brings what stands beside the new one, once nothing
    refuses the move any more. Raises MoveRefused, and DatabaseMoved for a desk that is elsewhere.
    """
    begun = time.monotonic()
    with origin.alone():
        version = origin.version()
        pointer = _pointer(origin, goal, version)
        if version == SCHEMA_VERSION:
            refuse_one_name(origin, goal)
            origin.mark(MOVE_BEGUN, pointer)
        try:
            resumed = goal.begin(pointer.token)
        except Exception as error:
            if version == SCHEMA_VERSION:
                origin.mark(SCHEMA_VERSION, None)
            if version == DESK_MOVED and isinstance(error, MoveRefused):
                raise DatabaseMoved(origin.shown, pointer.to) from None
            raise
        try:
            settle()
            counts = {table: origin.count(table) for table in ALL}
            _copy_all(origin, goal, counts, tell)
            tell(Progress("indexing", "", 0, 0))
            goal.tighten()
            tables = _compared(goal, counts, tell)
            origin.mark(DESK_MOVED, pointer)
            goal.complete(origin.given_ids())
        finally:
            goal.close()
    rows = sum(each.rows for each in tables)
    return Moved(tuple(tables), rows, time.monotonic() - begun, resumed)


def give_up(origin: Origin) -> str:
    """Abandon a move that was broken off, so that the desk opens again; returns where it was to go.

    Raises MoveRefused where no move has begun, DatabaseMoved when it has ended.
    """
    with origin.alone():
        version, pointer = origin.version(), origin.pointer()
        if version == DESK_MOVED and pointer is not None:
            raise DatabaseMoved(origin.shown, pointer.to)
        if version != MOVE_BEGUN or pointer is None:
            raise MoveRefused(f"no move of {origin.shown} has begun", "nightdesk move URL begins one")
        origin.mark(SCHEMA_VERSION, None)
    return pointer.to


def _pointer(origin: Origin, goal: Goal, version: int) -> Pointer:
    """Return the pointer of the move that begins, or goes on."""
    if version == SCHEMA_VERSION:
        return Pointer(goal.shown, os.urandom(8).hex())
    pointer = origin.pointer()
    if version not in (MOVE_BEGUN, DESK_MOVED) or pointer is None:
        raise MoveRefused(
            f"{origin.shown} has schema {version}, this program knows {SCHEMA_VERSION}",
            "bring it up to date first: nightdesk doctor",
        )
    if pointer.to == goal.shown:
        return pointer
    if version == DESK_MOVED:
        raise DatabaseMoved(origin.shown, pointer.to)
    raise MoveRefused(
        f"a move of {origin.shown} to {pointer.to} has begun",
        "run that to its end, or give it up first: nightdesk move --give-up",
    )


def _copy_all(origin: Origin, goal: Goal, counts: dict[Table, int], tell: Tell) -> None:
    of, done = sum(counts.values()), 0
    for table in ALL:
        position = goal.position(table)
        at_once = _BLOBS_AT_ONCE if table.name == BLOBS else _AT_ONCE
        source = None if position.done else origin.rows(table, position.after)
        while source is not None:
            counted = Count(table, position)
            before = position.rows
            with goal.batch():
                goal.take(table, counted.each(islice(source, at_once) if table.numbered else source))
                whole = not table.numbered or counted.rows - before < at_once
                position = counted.position(done=whole)
                goal.note(table, position)
            if whole:
                break
            tell(Progress("copying", table.name, done + position.rows, of))
        done += position.rows
        tell(Progress("copying", table.name, done, of))


def _compared(goal: Goal, counts: dict[Table, int], tell: Tell) -> list[MovedTable]:
    """Read all rows of the goal, and compare them with what the origin has."""
    of, done = sum(counts.values()), 0
    tables = []
    for table, rows in counts.items():
        sent = goal.position(table)
        found = Count(table, Position())
        for _ in found.each(goal.rows(table, 0)):
            if found.rows % _AT_ONCE == 0:
                tell(Progress("comparing", table.name, done + found.rows, of))
        if not rows == sent.rows == found.rows or sent.total != found.total:
            raise MoveRefused(
                f"table {table.name} is not the same in both places: {rows} rows went, {found.rows} arrived,"
                f" checksum {sent.checksum} and {found.position(done=True).checksum}",
                "the old desk is as it was: nightdesk move --give-up opens it; then try an empty database",
            )
        done += rows
        tables.append(MovedTable(table.name, rows, sent.checksum))
    return tables
