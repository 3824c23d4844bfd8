"""Plans with three clocks, business hours and pauses; what runs goes on as it was promised."""

DDL = """
ALTER TABLE sla ADD COLUMN next_hours REAL;

ALTER TABLE sla ADD COLUMN resolve_hours REAL;

ALTER TABLE sla ADD COLUMN business_hours TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN zone TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN holidays TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN country_days TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN own_days TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN pause TEXT NOT NULL DEFAULT '';

ALTER TABLE sla ADD COLUMN reminders TEXT NOT NULL DEFAULT '100';

ALTER TABLE ticket ADD COLUMN response_from TEXT;

ALTER TABLE ticket ADD COLUMN resolve_from TEXT;

ALTER TABLE ticket ADD COLUMN response_due TEXT;

ALTER TABLE ticket ADD COLUMN resolve_due TEXT;

ALTER TABLE ticket ADD COLUMN pauses TEXT;

ALTER TABLE ticket ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

ALTER TABLE ticket ADD COLUMN reminder TEXT;

UPDATE ticket SET resolve_from = created WHERE status != 'closed';

UPDATE ticket SET response_due = due, response_from = COALESCE(
    (SELECT strftime('%Y-%m-%dT%H:%M:%f', substr(ticket.due, 1, 23), '-' || (s.hours * 3600) || ' seconds')
        || substr(ticket.due, 24) FROM sla AS s WHERE s.id = ticket.sla_id),
    created
) WHERE status != 'closed' AND due IS NOT NULL;

UPDATE ticket SET response_from = waiting_since
    WHERE status != 'closed' AND due IS NULL AND sla_id IS NULL AND waiting_since IS NOT NULL;

CREATE INDEX ticket_reminder ON ticket (reminder) WHERE reminder IS NOT NULL;

CREATE INDEX ticket_paused ON ticket (updated, id, status) WHERE paused = 1 AND status != 'closed';

CREATE INDEX ticket_sla ON ticket (sla_id, updated, id, status) WHERE status != 'closed'
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
