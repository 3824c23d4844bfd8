"""A contact's tickets are found in the order of their activity."""

from models.migrate import run

DDL = """
DROP INDEX ticket_contact;

CREATE INDEX ticket_contact ON ticket (contact_id, updated, id, status)
"""


def up(migrator, db):
    run(db, DDL)
