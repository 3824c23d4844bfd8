"""Statuses that a desk names itself, each within one of the four states."""

DDL = """
CREATE TABLE named_status (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    state TEXT NOT NULL CHECK (state IN ('new', 'open', 'waiting', 'closed')),
    position INTEGER NOT NULL DEFAULT 100,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX named_status_name ON named_status (name);

ALTER TABLE ticket ADD COLUMN named_status_id INTEGER REFERENCES named_status(id) ON DELETE SET NULL;

CREATE INDEX ticket_named_status ON ticket (named_status_id, updated, id) WHERE named_status_id IS NOT NULL
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
