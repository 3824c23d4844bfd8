"""Tickets have checklists, which help topics begin, and time that was spent on them."""

DDL = """
CREATE TABLE task (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    text TEXT NOT NULL,
    assignee_id INTEGER REFERENCES agent(id),
    due TEXT,
    done TEXT,
    PRIMARY KEY (ticket_id, place)
) WITHOUT ROWID;

CREATE TABLE time_spent (
    id INTEGER NOT NULL PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    agent_id INTEGER REFERENCES agent(id),
    seconds INTEGER NOT NULL CHECK (seconds > 0),
    at TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
);

CREATE INDEX time_spent_ticket ON time_spent (ticket_id);

CREATE INDEX time_spent_at ON time_spent (at);

CREATE TABLE timer (
    agent_id INTEGER NOT NULL PRIMARY KEY REFERENCES agent(id) ON DELETE CASCADE,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    since TEXT NOT NULL
);

ALTER TABLE topic ADD COLUMN checklist TEXT NOT NULL DEFAULT '[]'
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
