"""Open tickets are listed in the order of a desk's own field by indexes that have no closed ones."""

import peewee

from models.migrate import run

DDL = """
ALTER TABLE ticket_field ADD COLUMN open SWITCH NOT NULL DEFAULT 1;

UPDATE ticket_field SET open = 0 WHERE ticket_id IN (SELECT id FROM ticket WHERE status = 'closed');

CREATE INDEX ticket_field_open ON ticket_field (field_id, value, ticket_id) WHERE open = 1;

CREATE INDEX ticket_field_open_number ON ticket_field (field_id, number, ticket_id)
    WHERE open = 1 AND number IS NOT NULL;

CREATE INDEX ticket_field_ticket ON ticket_field (field_id, ticket_id);

CREATE INDEX ticket_field_open_ticket ON ticket_field (field_id, ticket_id, open) WHERE open = 1;

CREATE INDEX ticket_open_by_id ON ticket (id, status, assignee_id, department_id) WHERE status <> 'closed'
"""


def up(migrator, db):
    switch = "INTEGER" if isinstance(db, peewee.SqliteDatabase) else "SMALLINT"
    run(db, DDL.replace("SWITCH", switch))
