"""Tickets sleep, are spam, have a key that mail is gathered by; filters run on states and by the clock."""

DDL = """
ALTER TABLE ticket ADD COLUMN snoozed_until TEXT;

ALTER TABLE ticket ADD COLUMN snooze_ends TEXT CHECK (snooze_ends IN ('answer', 'event', 'date'));

ALTER TABLE ticket ADD COLUMN spam TEXT;

ALTER TABLE ticket ADD COLUMN merge_key TEXT;

CREATE INDEX ticket_snoozed ON ticket (updated, id, snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE INDEX ticket_spam ON ticket (updated, id, spam) WHERE spam IS NOT NULL;

CREATE INDEX ticket_merge_key ON ticket (merge_key, id) WHERE merge_key IS NOT NULL;

ALTER TABLE filter RENAME TO old_filter;

CREATE TABLE filter (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT COLLATE NOCASE NOT NULL UNIQUE,
    runs_on TEXT NOT NULL CHECK (runs_on IN ('new', 'reply', 'status', 'time')),
    condition TEXT NOT NULL,
    actions TEXT NOT NULL DEFAULT '[]',
    place INTEGER NOT NULL DEFAULT 100,
    stops INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    schedule TEXT NOT NULL DEFAULT '',
    last_run TEXT,
    after_event INTEGER NOT NULL DEFAULT 0
);

INSERT INTO filter (id, name, runs_on, condition, actions, place, stops, active)
    SELECT id, name, runs_on, condition, actions, place, stops, active FROM old_filter;

DROP TABLE old_filter;

CREATE TABLE filter_act (
    filter_id INTEGER NOT NULL REFERENCES filter(id) ON DELETE CASCADE,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    fact TEXT NOT NULL,
    PRIMARY KEY (filter_id, ticket_id)
) WITHOUT ROWID;

CREATE INDEX filter_act_ticket ON filter_act (ticket_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
