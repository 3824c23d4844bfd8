"""Tickets may be due by hand, and pinned."""

from models.migrate import run

DDL = """
ALTER TABLE ticket ADD COLUMN due_by_hand TEXT;

ALTER TABLE ticket ADD COLUMN pinned TEXT;

CREATE INDEX ticket_pinned ON ticket (updated, id, pinned) WHERE pinned IS NOT NULL
"""


def up(migrator, db):
    run(db, DDL)
