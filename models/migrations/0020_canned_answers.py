"""Canned answers."""

DDL = """
CREATE TABLE canned_answer (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT COLLATE NOCASE NOT NULL UNIQUE,
    folder TEXT NOT NULL DEFAULT '',
    department_id INTEGER REFERENCES department(id),
    body TEXT NOT NULL
)
"""


def up(migrator, db):
    db.execute_sql(DDL)
