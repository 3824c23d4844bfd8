"""What groups of the system give their members, and which rights came from there."""

DDL = """
CREATE TABLE group_grant (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    department_id INTEGER REFERENCES department(id),
    role_id INTEGER REFERENCES role(id),
    team_id INTEGER REFERENCES team(id) ON DELETE CASCADE
);

CREATE INDEX group_grant_name ON group_grant (name);

ALTER TABLE agent ADD COLUMN by_group INTEGER NOT NULL DEFAULT 0;

ALTER TABLE agent_department ADD COLUMN by_group INTEGER NOT NULL DEFAULT 0;

ALTER TABLE team_member ADD COLUMN by_group INTEGER NOT NULL DEFAULT 0
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
