"""Which tickets go on from a ticket, and which mails are copies of one, is found by indexes."""

from models.migrate import run

DDL = """
CREATE INDEX ticket_refers_to ON ticket (refers_to_id) WHERE refers_to_id IS NOT NULL;

CREATE INDEX receipt_duplicate_of ON receipt (duplicate_of_id) WHERE duplicate_of_id IS NOT NULL
"""


def up(migrator, db):
    run(db, DDL)
