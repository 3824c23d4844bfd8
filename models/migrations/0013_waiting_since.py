"""Since when a customer waits, and the indexes that reports count by."""

DDL = """
ALTER TABLE ticket ADD COLUMN waiting_since TEXT;

UPDATE ticket SET waiting_since = (
    SELECT MIN(w.created) FROM message AS w
    WHERE w.ticket_id = ticket.id AND w.kind = 'customer'
    AND (w.machine = '' OR w.id = (SELECT MIN(f.id) FROM message AS f WHERE f.ticket_id = ticket.id))
    AND w.created > COALESCE(
        (SELECT MAX(r.created) FROM message AS r WHERE r.ticket_id = ticket.id AND r.kind = 'reply'), ''
    )
);

CREATE INDEX ticket_waiting ON ticket (waiting_since, id, status)
    WHERE status != 'closed' AND waiting_since IS NOT NULL;

CREATE INDEX ticket_closed ON ticket (closed, id, status) WHERE closed IS NOT NULL;

CREATE INDEX ticket_at_work ON ticket (
    department_id, assignee_id, mailbox_id, topic_id, status, priority, overdue, due, waiting_since, created
) WHERE status != 'closed';

CREATE INDEX message_reply ON message (created, ticket_id, agent_id) WHERE kind = 'reply';

CREATE INDEX event_reopened ON event (at, ticket_id) WHERE kind = 'reopened';

CREATE INDEX event_overdue ON event (at, ticket_id) WHERE kind = 'overdue'
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
