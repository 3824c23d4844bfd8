"""Overdue tickets of a department are counted by an index, and in PostgreSQL closed ones by a narrow one."""

import peewee

from models.migrate import run

DDL = """
DROP INDEX ticket_overdue;

CREATE INDEX ticket_overdue ON ticket (updated, id, status, overdue, department_id)
    WHERE overdue = 1 AND status != 'closed';

DROP INDEX ticket_trash;

CREATE INDEX ticket_trash ON ticket (updated, id, deleted, status, closed) WHERE deleted IS NOT NULL
"""


def up(migrator, db):
    run(db, DDL)
    if not isinstance(db, peewee.SqliteDatabase):
        from models.postgres.schema import WHEN_CLOSED  # 12 ms, for PostgreSQL alone

        db.execute_sql(WHEN_CLOSED)
