"""Organizations with their domains; what is kept of a contact, and the contact's other addresses."""

DDL = """
CREATE TABLE organization (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    note TEXT NOT NULL DEFAULT '',
    shares INTEGER NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX organization_name ON organization (name);

CREATE TABLE organization_domain (
    domain TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
    organization_id INTEGER NOT NULL REFERENCES organization(id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX organization_domain_organization ON organization_domain (organization_id);

CREATE TABLE contact_address (
    email TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
    contact_id INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX contact_address_contact ON contact_address (contact_id);

ALTER TABLE contact ADD COLUMN phone TEXT NOT NULL DEFAULT '';

ALTER TABLE contact ADD COLUMN note TEXT NOT NULL DEFAULT '';

ALTER TABLE contact ADD COLUMN language TEXT NOT NULL DEFAULT '';

ALTER TABLE contact ADD COLUMN vip INTEGER NOT NULL DEFAULT 0;

CREATE TABLE organization_member (
    contact_id INTEGER NOT NULL PRIMARY KEY REFERENCES contact(id) ON DELETE CASCADE,
    organization_id INTEGER NOT NULL REFERENCES organization(id) ON DELETE CASCADE
);

CREATE INDEX organization_member_organization ON organization_member (organization_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
