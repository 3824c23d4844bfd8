"""Indexes by department, for the lists of who does not read all of them."""

DDL = """
DROP INDEX ticket_at_work;

CREATE INDEX ticket_at_work ON ticket (
    department_id, assignee_id, mailbox_id, topic_id, status, priority, overdue, due, waiting_since, created,
    snoozed_until, updated
) WHERE status != 'closed';

CREATE INDEX ticket_department ON ticket (
    department_id, updated, id, status, assignee_id, priority, overdue, due, created
)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
