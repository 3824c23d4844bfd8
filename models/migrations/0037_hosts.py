"""The hosts that work for a desk."""

from models.migrate import run

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
    run(db, DDL)
