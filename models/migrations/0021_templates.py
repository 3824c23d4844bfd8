"""Texts that the desk wrote itself."""

DDL = """
CREATE TABLE template (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('mailbox', 'topic', 'department', 'desk')),
    scope_id INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
);

CREATE UNIQUE INDEX template_place ON template (name, language, scope, scope_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
