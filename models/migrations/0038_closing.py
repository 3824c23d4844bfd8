"""Tickets may be closed later, unless their customer writes."""

DDL = """
ALTER TABLE ticket ADD COLUMN closing TEXT;

CREATE INDEX ticket_closing ON ticket (closing) WHERE closing IS NOT NULL
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
