"""A draft may be of a mail that is forwarded."""

DDL = """
ALTER TABLE draft RENAME TO old_draft;

DROP INDEX draft_agent;

CREATE TABLE draft (
    id INTEGER NOT NULL PRIMARY KEY,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    ticket_id INTEGER REFERENCES ticket(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('reply', 'note', 'new', 'forward')),
    mailbox_id INTEGER REFERENCES mailbox(id),
    recipients TEXT NOT NULL DEFAULT '{}',
    subject TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    attachments TEXT NOT NULL DEFAULT '[]',
    status_after TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    seen_event INTEGER,
    seen_message INTEGER
);

INSERT INTO draft (id, agent_id, ticket_id, kind, mailbox_id, recipients, subject, body, attachments,
                   status_after, created, updated, seen_event, seen_message)
    SELECT id, agent_id, ticket_id, kind, mailbox_id, recipients, subject, body, attachments,
           status_after, created, updated, seen_event, seen_message FROM old_draft;

DROP TABLE old_draft;

CREATE INDEX draft_agent ON draft (agent_id, ticket_id, kind)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
