"""Indexes that answer by themselves what lists are asked for, and the words of the full-text index."""

DROPPED = (
    *("ticket_by_updated", "ticket_by_created", "ticket_by_priority", "ticket_by_due"),
    *("ticket_open", "ticket_status", "ticket_snoozed"),
)

DDL = """
CREATE INDEX ticket_by_updated ON ticket (updated, id, status, assignee_id, priority, overdue,
    department_id, mailbox_id, topic_id, attachment_count, created);

CREATE INDEX ticket_by_created ON ticket (created, id, status, assignee_id, priority, overdue,
    department_id, mailbox_id, topic_id, attachment_count, updated);

CREATE INDEX ticket_by_priority ON ticket (priority, updated, id, status, assignee_id, overdue,
    department_id, mailbox_id, topic_id, attachment_count, created);

CREATE INDEX ticket_by_due ON ticket (due, id, status, assignee_id, priority, overdue,
    department_id, mailbox_id, topic_id, attachment_count, created, updated);

CREATE INDEX ticket_open ON ticket (updated, id, status, assignee_id, priority, overdue,
    department_id, mailbox_id, topic_id, attachment_count, created, due, last_customer, last_answer)
    WHERE status != 'closed';

CREATE INDEX ticket_state ON ticket (status, COALESCE(assignee_id, 0), priority);

CREATE INDEX ticket_snoozed ON ticket (updated, id, snoozed_until, status, assignee_id)
    WHERE snoozed_until IS NOT NULL;

CREATE INDEX ticket_with_files ON ticket (id, attachment_count) WHERE attachment_count > 0;

CREATE INDEX ticket_merged ON ticket (merged_into_id) WHERE merged_into_id IS NOT NULL;

CREATE VIRTUAL TABLE message_search_place USING fts5vocab (message_search, instance)
"""


def up(migrator, db):
    for name in DROPPED:
        db.execute_sql(f"DROP INDEX {name}")
    for statement in DDL.split(";"):
        db.execute_sql(statement)
