"""Departments have a manager and say who may have their tickets; topics nest; fields close tickets."""

import peewee

from models.migrate import run

DDL = """
ALTER TABLE department ADD COLUMN manager_id INTEGER REFERENCES agent (id);

ALTER TABLE department ADD COLUMN private SWITCH NOT NULL DEFAULT 0;

ALTER TABLE department ADD COLUMN assignable TEXT NOT NULL DEFAULT 'anyone'
    CHECK (assignable IN ('anyone', 'members', 'primary'));

ALTER TABLE department ADD COLUMN claims SWITCH NOT NULL DEFAULT 1;

ALTER TABLE department ADD COLUMN keeps_owner SWITCH NOT NULL DEFAULT 1;

ALTER TABLE department ADD COLUMN autoresponse SWITCH NOT NULL DEFAULT 1;

ALTER TABLE topic ADD COLUMN parent_id INTEGER REFERENCES topic (id);

ALTER TABLE custom_field ADD COLUMN required SWITCH NOT NULL DEFAULT 0
"""


def up(migrator, db):
    switch = "INTEGER" if isinstance(db, peewee.SqliteDatabase) else "SMALLINT"
    run(db, DDL.replace("SWITCH", switch))
