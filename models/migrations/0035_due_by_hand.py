"""Tickets may be due by hand, and pinned."""

DDL = """
ALTER TABLE ticket ADD COLUMN due_by_hand TEXT;

ALTER TABLE ticket ADD COLUMN pinned TEXT;

CREATE INDEX ticket_pinned ON ticket (updated, id, pinned) WHERE pinned IS NOT NULL
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
