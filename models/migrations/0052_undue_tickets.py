"""Open tickets without a promise are found by an index; PostgreSQL knows a message's ticket by one, too."""

import peewee

from models.migrate import run

DDL = """
CREATE INDEX ticket_undue ON ticket (id, status, assignee_id, overdue)
    WHERE status != 'closed' AND due IS NULL
"""


def up(migrator, db):
    run(db, DDL)
    if not isinstance(db, peewee.SqliteDatabase):
        from models.postgres.schema import OF_TICKET  # 12 ms, for PostgreSQL alone

        db.execute_sql(OF_TICKET)
