"""Transactions: what is written together, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import peewee

from models import database, remembered
from models.database import db, schema_version
from models.engine import engine
from models.errors import DatabaseTooNew, DatabaseUnusable, NotStorable, known_fault
from models.remembered import Remembered

StatementFailed = peewee.PeeweeException
"""Whatever the database refuses."""
ValueRefused = (NotStorable, peewee.DataError)
"""A value fits nowhere: a number too large, or half of a sign."""
DatabaseFailed = peewee.OperationalError
"""The database is locked for long, full, or gone: what failed now may work later."""


def outside(error: BaseException) -> str:
    """Return what is wrong with the database itself, in a sentence; '' for what is a fault of ours."""
    found = known_fault(error) if isinstance(error, DatabaseFailed) else None
    return "" if found is None else " - ".join(found)


class _Conditions(threading.local):
    """What each transaction of this thread begins with."""

    checks: tuple[Callable[[], None], ...] = ()


_conditions = _Conditions()


@contextmanager
def transaction() -> Iterator[None]:
    """Run the block as one writing transaction, with no other writer; nested blocks are savepoints.

    In SQLite it begins with ``BEGIN IMMEDIATE``, in PostgreSQL with an advisory lock.

    An outermost block first looks whether the file is still the desk's and of this program's schema, so that
    a process that outlived a restore or an upgrade leaves with a sentence instead of writing what nobody
    reads. Raises DatabaseReplaced, DatabaseTooNew, DatabaseUnusable after a move.
    """
    outermost = not db.in_transaction()
    with remembered.forgetting(), db.atomic():
        if outermost:
            db.wait_for_turn()
            db.check_in_place()
        if outermost and (version := schema_version()) != database.SCHEMA_VERSION:
            if version in (database.MOVE_BEGUN, database.DESK_MOVED):
                raise DatabaseUnusable(
                    "the desk was moved while this program ran",
                    "start Nightdesk again: it says where to",
                )
            raise DatabaseTooNew(
                "the desk was upgraded while this program ran",
                "start Nightdesk again to use the new version",
            )
        if outermost:
            for check in _conditions.checks:
                check()
        yield
        if outermost:
            db.complete()


@contextmanager
def only_while(check: Callable[[], None]) -> Iterator[None]:
    """Have each transaction that this thread begins in the block ask ``check`` first, which may raise."""
    before = _conditions.checks
    _conditions.checks = (*before, check)
    try:
        yield
    finally:
        _conditions.checks = before


@contextmanager
def remembering(tables: Iterable[str], rows: int) -> Iterator[Remembered]:
    """Remember within a transaction what is read (`models.remembered`).

    ``rows``: about so many new ones of each of these tables come, whose ids are asked for at once.
    """
    before, mine = remembered.now.remembered, Remembered(engine().new_ids, engine().IDS_COME_BACK)
    mine.will_write(tables, rows)
    remembered.now.remembered = mine
    try:
        with db.streaming():
            yield mine
            for write in mine.at_end.values():
                write()
    finally:
        remembered.now.remembered = before


@contextmanager
def read_once() -> Iterator[None]:
    """Answer each question of the block once, as if nobody wrote meanwhile: for what does nothing but read.

    Not to be left open while others run.
    """
    before = remembered.now.remembered
    remembered.now.remembered = before or Remembered(engine().new_ids, counted=False)
    try:
        yield
    finally:
        remembered.now.remembered = before


@contextmanager
def savepoint() -> Iterator[None]:
    """Run the block as a savepoint with a fixed name: Peewee's asks for a random one each time."""
    db.execute_later("SAVEPOINT one_mail")
    try:
        with remembered.forgetting():
            yield
            db.execute_sql("RELEASE one_mail")
    except BaseException:
        db.roll_back_to("one_mail")
        raise


@contextmanager
def undone() -> Iterator[None]:
    """Run the block inside a transaction and undo everything that it wrote."""
    with suppress(_Undo), remembered.forgetting(), db.atomic():
        yield
        raise _Undo


class _Undo(Exception):
    """Ends a block whose writes are undone."""
