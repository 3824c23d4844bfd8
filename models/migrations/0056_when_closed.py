"""In SQLite, too, tickets closed in a time are counted by a narrow index."""

import peewee

from models import sqlite


def up(migrator, db):
    if isinstance(db, peewee.SqliteDatabase):
        db.execute_sql(sqlite.WHEN_CLOSED)
