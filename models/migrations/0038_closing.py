"""Tickets may be closed later, unless their customer writes."""

from models.migrate import run

DDL = """
ALTER TABLE ticket ADD COLUMN closing TEXT;

CREATE INDEX ticket_closing ON ticket (closing) WHERE closing IS NOT NULL
"""


def up(migrator, db):
    run(db, DDL)
