"""The hosts that work for a desk."""

import peewee

DDL = """
CREATE TABLE host (
    name TEXT NOT NULL PRIMARY KEY,
    worker TEXT,
    version TEXT NOT NULL,
    seen TEXT NOT NULL,
    skew REAL NOT NULL DEFAULT 0,
    spooled INTEGER NOT NULL DEFAULT 0,
    at_work INTEGER NOT NULL DEFAULT 0,
    drained TEXT
)
"""


def up(migrator, db):
    statement = DDL
    if not isinstance(db, peewee.SqliteDatabase):
        for there, here in {
            "TEXT": 'TEXT COLLATE "C"',
            "INTEGER": "BIGINT",
            "REAL": "DOUBLE PRECISION",
        }.items():
            statement = statement.replace(there, here)
    db.execute_sql(statement)
