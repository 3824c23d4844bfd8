"""Transactions: what is written together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from models import database
from models.database import db, schema_version
from models.errors import DatabaseTooNew, DatabaseUnusable

StatementFailed = peewee.PeeweeException
"""Whatever the database refuses."""
DatabaseFailed = peewee.OperationalError
"""The database is locked for long, full, or gone: what failed now may work later."""


@contextmanager
def transaction() -> Iterator[None]:
    """Run the block as one writing transaction, alone among all; nested blocks are savepoints.

    In SQLite it begins with ``BEGIN IMMEDIATE``, in PostgreSQL with an advisory lock.

    An outermost block first looks whether the file is still the desk's and of this program's schema, so that
    a process that outlived a restore or an upgrade leaves with a sentence instead of writing what nobody
    reads. Raises DatabaseReplaced, DatabaseTooNew, DatabaseUnusable after a move.
    """
    outermost = not db.in_transaction()
    with db.atomic():
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
        yield
        if outermost:
            db.complete()


@contextmanager
def savepoint() -> Iterator[None]:
    """Run the block as a nested transaction of constant name: Peewee's asks for a random one each time."""
    db.execute_later("SAVEPOINT one_mail")
    try:
        yield
        db.execute_sql("RELEASE one_mail")
    except BaseException:
        db.roll_back_to("one_mail")
        raise


@contextmanager
def undone() -> Iterator[None]:
    """Run the block inside a transaction and undo everything that it wrote."""
    with db.atomic() as nested:
        yield
        nested.rollback()
