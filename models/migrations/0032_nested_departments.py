"""Departments below other ones."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE department ADD COLUMN parent_id INTEGER REFERENCES department(id)")
