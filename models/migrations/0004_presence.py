"""Who has which ticket open, and how far a draft's author knew what happened to its ticket."""

DDL = """
CREATE TABLE presence (
    session TEXT NOT NULL,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    writing INTEGER NOT NULL DEFAULT 0,
    since TEXT NOT NULL,
    expires TEXT NOT NULL,
    PRIMARY KEY (session, ticket_id)
) WITHOUT ROWID;

ALTER TABLE draft ADD COLUMN seen_event INTEGER;

ALTER TABLE draft ADD COLUMN seen_message INTEGER
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
