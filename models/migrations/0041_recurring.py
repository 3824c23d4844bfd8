"""Tickets open themselves by a schedule."""

import peewee

from models.migrate import run

DDL = """
CREATE TABLE recurring (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT COLLATE NOCASE NOT NULL,
    schedule TEXT NOT NULL,
    zone TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    requester_name TEXT NOT NULL DEFAULT '',
    requester_email TEXT NOT NULL,
    department_id INTEGER REFERENCES department(id),
    topic_id INTEGER REFERENCES topic(id),
    sla_id INTEGER REFERENCES sla(id),
    priority INTEGER CHECK (priority BETWEEN 1 AND 4),
    team_id INTEGER REFERENCES team(id),
    assignee_id INTEGER REFERENCES agent(id),
    tags TEXT NOT NULL DEFAULT '[]',
    checklist TEXT NOT NULL DEFAULT '[]',
    due_after TEXT NOT NULL DEFAULT '',
    acknowledge INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    after TEXT NOT NULL
);

CREATE UNIQUE INDEX recurring_name ON recurring (name);

CREATE TABLE occurrence (
    recurring_id INTEGER NOT NULL REFERENCES recurring(id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    PRIMARY KEY (recurring_id, at)
) WITHOUT ROWID;

CREATE INDEX occurrence_ticket ON occurrence (ticket_id)
"""


def up(migrator, db):
    if isinstance(db, peewee.SqliteDatabase):
        run(db, DDL)
        return
    from models.postgres.schema import tell_of_changes  # 12 ms, for PostgreSQL alone

    switches = ("acknowledge", "active")
    statements = DDL
    for each in switches:
        statements = statements.replace(f"{each} INTEGER", f"{each} SMALLINT")
    run(db, statements)
    tell_of_changes(db)
