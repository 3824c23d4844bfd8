"""Desks of other programs, and what came of their rows."""

DDL = """
CREATE TABLE old_desk (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    code TEXT NOT NULL DEFAULT '',
    updated TEXT NOT NULL
);

CREATE UNIQUE INDEX old_desk_name ON old_desk (name);

CREATE TABLE brought_row (
    desk_id INTEGER NOT NULL REFERENCES old_desk(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    old INTEGER NOT NULL,
    new INTEGER NOT NULL,
    PRIMARY KEY (desk_id, kind, old)
) WITHOUT ROWID
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
