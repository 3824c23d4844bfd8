"""Important contacts are found by an index; an agent owns the account of an organization."""

from models.migrate import run

DDL = """
CREATE INDEX contact_vip ON contact (id) WHERE vip = 1;

ALTER TABLE organization ADD COLUMN owner_id INTEGER REFERENCES agent(id)
"""


def up(migrator, db):
    run(db, DDL)
