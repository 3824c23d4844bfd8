"""Filters and bans."""

DDL = """
CREATE TABLE filter (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT COLLATE NOCASE NOT NULL UNIQUE,
    runs_on TEXT NOT NULL CHECK (runs_on IN ('new', 'reply')),
    condition TEXT NOT NULL,
    actions TEXT NOT NULL DEFAULT '[]',
    place INTEGER NOT NULL DEFAULT 100,
    stops INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE ban (
    id INTEGER NOT NULL PRIMARY KEY,
    pattern TEXT COLLATE NOCASE NOT NULL UNIQUE,
    note TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
