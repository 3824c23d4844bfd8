"""Help topics say whose their new tickets are, and in which state they begin."""

from models.migrate import run

DDL = """
ALTER TABLE topic ADD COLUMN assignee_id INTEGER REFERENCES agent (id);

ALTER TABLE topic ADD COLUMN team_id INTEGER REFERENCES team (id);

ALTER TABLE topic ADD COLUMN status TEXT CHECK (status IN ('new', 'open', 'waiting'));

ALTER TABLE topic ADD COLUMN named_status_id INTEGER REFERENCES named_status (id) ON DELETE SET NULL
"""


def up(migrator, db):
    run(db, DDL)
