"""Who is told of what: more kinds of notices, recipients for parts of the desk, watches, what is kept."""

DDL = """
CREATE TABLE notice_new (
    id INTEGER NOT NULL PRIMARY KEY,
    ticket_id INTEGER REFERENCES ticket(id) ON DELETE CASCADE,
    message_id INTEGER REFERENCES message(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('new_ticket', 'customer_wrote', 'answered', 'assigned', 'transferred',
        'noted', 'due_soon', 'overdue', 'undelivered', 'asked', 'mailbox_failing', 'mailbox_works')),
    agent_id INTEGER REFERENCES agent(id),
    at TEXT NOT NULL,
    told TEXT,
    whom TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '{}',
    trace TEXT NOT NULL DEFAULT '[]'
);

INSERT INTO notice_new (id, ticket_id, message_id, kind, agent_id, at, told, trace)
    SELECT id, ticket_id, message_id, kind, agent_id, at, told, trace FROM notice;

DROP TABLE notice;

ALTER TABLE notice_new RENAME TO notice;

CREATE INDEX notice_waiting ON notice (id) WHERE told IS NULL;

CREATE INDEX notice_ticket ON notice (ticket_id, id);

CREATE TABLE held_notice (
    id INTEGER NOT NULL PRIMARY KEY,
    notice_id INTEGER NOT NULL REFERENCES notice(id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    word TEXT NOT NULL,
    due TEXT NOT NULL
);

CREATE INDEX held_notice_due ON held_notice (due, agent_id);

CREATE UNIQUE INDEX held_notice_once ON held_notice (notice_id, agent_id);

CREATE TABLE notification (
    id INTEGER NOT NULL PRIMARY KEY,
    event TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('mailbox', 'topic', 'department', 'queue')),
    scope_id INTEGER NOT NULL,
    whom TEXT NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX notification_place ON notification (event, scope, scope_id);

CREATE TABLE watch (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    PRIMARY KEY (ticket_id, agent_id)
) WITHOUT ROWID
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
