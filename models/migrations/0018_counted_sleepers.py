"""Whether a ticket sleeps, in the index that reports count by."""

DDL = """
DROP INDEX ticket_at_work;

CREATE INDEX ticket_at_work ON ticket (
    department_id, assignee_id, mailbox_id, topic_id, status, priority, overdue, due, waiting_since, created,
    snoozed_until
) WHERE status != 'closed'
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
