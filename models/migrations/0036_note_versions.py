"""What notes said before they were edited is kept."""

from models.migrate import run

DDL = """
CREATE TABLE note_version (
    id INTEGER NOT NULL PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    agent_id INTEGER REFERENCES agent(id),
    at TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX note_version_message ON note_version (message_id, id)
"""


def up(migrator, db):
    run(db, DDL)
