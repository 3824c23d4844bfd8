"""Answered and unanswered tickets that are open are counted by indexes, closed ones by department too."""

from models.migrate import run

DDL = """
DROP INDEX ticket_closed;

CREATE INDEX ticket_closed ON ticket (closed, id, status, department_id) WHERE closed IS NOT NULL;

CREATE INDEX ticket_unanswered ON ticket (department_id, id)
    WHERE status != 'closed' AND COALESCE(last_customer, '') > COALESCE(last_answer, '');

CREATE INDEX ticket_answered ON ticket (department_id, id)
    WHERE status != 'closed' AND (
        last_answer IS NOT NULL AND NOT (COALESCE(last_customer, '') > COALESCE(last_answer, ''))
    )
"""


def up(migrator, db):
    run(db, DDL)
