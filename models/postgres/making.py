"""A new desk in an empty PostgreSQL database, and one of an older program brought up to this one."""

from __future__ import annotations

from playhouse.migrations import Runner

from models.errors import DatabaseUnusable
from models.migrate import MIGRATIONS
from models.postgres import schema
from models.postgres.connection import PostgresDesk
from models.postgres.fitness import CREATEDB, occupied, unfit
from models.schema import TABLES, declared, write_first_rows


def create(handle: PostgresDesk, version: int) -> None:
    """Make all tables and the rows that a desk begins with; of two processes at once one waits."""
    with handle.atomic():
        schema.alone(handle)
        if handle.execute_sql("SELECT to_regclass('desk_schema')").fetchone()[0] is not None:
            return
        create_empty(handle, version)
        with declared(handle):
            write_first_rows()
        schema.count_on(handle, TABLES)


def create_empty(handle: PostgresDesk, version: int) -> None:
    """Make all tables of a desk, in the caller's transaction. Raises DatabaseUnusable where none can be."""
    wrong = unfit()
    if wrong is not None:
        raise DatabaseUnusable(wrong.reason, wrong.hint)
    if others := occupied():
        raise DatabaseUnusable(
            f"the database is not empty: it has {others}", f"make one for the desk alone: {CREATEDB}"
        )
    with declared(handle):
        schema.create_tables(handle, TABLES)
    Runner(handle, MIGRATIONS).fake()
    schema.note_version(handle, version)


def migrate(handle: PostgresDesk, want: int) -> None:
    """Bring the tables to schema ``want``; all in one transaction, alone among all who write."""
    with handle.atomic():
        schema.alone(handle)
        handle.wait_for_turn()
        if handle.schema_version() < want:
            Runner(handle, MIGRATIONS).up()
            schema.tell_of_changes(handle)  # also of the tables that are new
            schema.tell_planner(handle)
            schema.tidy_often(handle)
            schema.note_version(handle, want)
