"""An agent can say that unverified mail is not its sender's."""

from models.migrate import run

DDL = """
ALTER TABLE message ADD COLUMN denied TEXT
"""


def up(migrator, db):
    run(db, DDL)
