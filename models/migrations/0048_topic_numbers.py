"""Help topics say how their tickets' numbers look, and what counts them."""

from models.migrate import run

DDL = """
ALTER TABLE topic ADD COLUMN number_format TEXT;

ALTER TABLE topic ADD COLUMN number_sequence TEXT
"""


def up(migrator, db):
    run(db, DDL)
