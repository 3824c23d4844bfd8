"""Reports read what was opened and closed from indexes alone."""

from models.migrate import run

DDL = """
DROP INDEX ticket_by_created;

CREATE INDEX ticket_by_created ON ticket (
    created, id, status, assignee_id, priority, overdue, department_id, mailbox_id, topic_id,
    attachment_count, updated, sla_id, team_id, closed, merged_into_id, deleted
);

DROP INDEX ticket_closed;

CREATE INDEX ticket_closed ON ticket (
    closed, id, status, department_id, created, sla_id, assignee_id, team_id, topic_id, mailbox_id,
    merged_into_id, deleted
) WHERE closed IS NOT NULL
"""


def up(migrator, db):
    run(db, DDL)
