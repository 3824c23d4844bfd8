"""Who outside the desk hears of what happens, and the calls to them."""

DDL = """
CREATE TABLE listener (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('webhook', 'push', 'hooks')),
    name TEXT NOT NULL COLLATE NOCASE,
    agent_id INTEGER REFERENCES agent(id) ON DELETE CASCADE,
    place TEXT NOT NULL DEFAULT '',
    address_sealed BLOB,
    secret_sealed BLOB,
    events TEXT NOT NULL DEFAULT '[]',
    condition TEXT NOT NULL DEFAULT '',
    active INTEGER NOT NULL DEFAULT 1,
    after_event INTEGER NOT NULL DEFAULT 0,
    after_notice INTEGER NOT NULL DEFAULT 0,
    failing_since TEXT,
    last_success TEXT,
    created TEXT NOT NULL
);

CREATE UNIQUE INDEX listener_name ON listener (kind, name);

CREATE TABLE call (
    id INTEGER NOT NULL PRIMARY KEY,
    listener_id INTEGER NOT NULL REFERENCES listener(id) ON DELETE CASCADE,
    delivery TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    event_id INTEGER,
    ticket_id INTEGER REFERENCES ticket(id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    created TEXT NOT NULL,
    not_before TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    words TEXT NOT NULL DEFAULT ''
);

CREATE INDEX call_waiting ON call (not_before, id) WHERE done = 0;

CREATE INDEX call_listener ON call (listener_id, id);

CREATE INDEX call_ticket ON call (ticket_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
