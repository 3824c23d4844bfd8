"""Tickets may be in the trash."""

DDL = """
ALTER TABLE ticket ADD COLUMN deleted TEXT;

CREATE INDEX ticket_trash ON ticket (updated, id, deleted) WHERE deleted IS NOT NULL
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
