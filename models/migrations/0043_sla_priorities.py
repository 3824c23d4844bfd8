"""A plan may promise other times by priority."""

from models.migrate import run

DDL = """
ALTER TABLE sla ADD COLUMN priorities TEXT NOT NULL DEFAULT ''
"""


def up(migrator, db):
    run(db, DDL)
