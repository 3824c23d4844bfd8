"""Fields that a desk defines itself, and what stands in them."""

DDL = """
CREATE TABLE custom_field (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    label TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'date', 'choice', 'yesno', 'agent', 'contact')),
    belongs_to TEXT NOT NULL CHECK (belongs_to IN ('ticket', 'contact')),
    choices TEXT NOT NULL DEFAULT '[]',
    hint TEXT NOT NULL DEFAULT '',
    position INTEGER NOT NULL DEFAULT 100,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX custom_field_name ON custom_field (name);

CREATE TABLE custom_field_topic (
    field_id INTEGER NOT NULL REFERENCES custom_field(id) ON DELETE CASCADE,
    topic_id INTEGER NOT NULL REFERENCES topic(id) ON DELETE CASCADE,
    PRIMARY KEY (field_id, topic_id)
) WITHOUT ROWID;

CREATE TABLE ticket_field (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    field_id INTEGER NOT NULL REFERENCES custom_field(id) ON DELETE CASCADE,
    value TEXT NOT NULL COLLATE NOCASE,
    number REAL,
    PRIMARY KEY (ticket_id, field_id)
) WITHOUT ROWID;

CREATE INDEX ticket_field_value ON ticket_field (field_id, value, ticket_id);

CREATE INDEX ticket_field_number ON ticket_field (field_id, number, ticket_id) WHERE number IS NOT NULL;

CREATE TABLE contact_field (
    contact_id INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    field_id INTEGER NOT NULL REFERENCES custom_field(id) ON DELETE CASCADE,
    value TEXT NOT NULL COLLATE NOCASE,
    number REAL,
    PRIMARY KEY (contact_id, field_id)
) WITHOUT ROWID;

CREATE INDEX contact_field_value ON contact_field (field_id, value, contact_id);

CREATE INDEX contact_field_number ON contact_field (field_id, number, contact_id) WHERE number IS NOT NULL
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
