"""Teams, by which rule tickets are given out, and whose turn it is."""

DDL = """
CREATE TABLE team (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT COLLATE NOCASE NOT NULL UNIQUE,
    lead_id INTEGER REFERENCES agent(id),
    notes TEXT NOT NULL DEFAULT '',
    assignment TEXT NOT NULL DEFAULT 'hand' CHECK (assignment IN ('hand', 'round-robin', 'least-load')),
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE team_member (
    team_id INTEGER NOT NULL REFERENCES team(id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, agent_id)
) WITHOUT ROWID;

CREATE INDEX team_member_agent ON team_member (agent_id, team_id);

CREATE TABLE turn (
    id INTEGER NOT NULL PRIMARY KEY,
    agent_id INTEGER NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    team_id INTEGER REFERENCES team(id) ON DELETE CASCADE,
    department_id INTEGER REFERENCES department(id) ON DELETE CASCADE,
    number INTEGER NOT NULL
);

CREATE UNIQUE INDEX turn_of ON turn (COALESCE(team_id, 0), COALESCE(department_id, 0), agent_id);

ALTER TABLE department ADD COLUMN assignment TEXT NOT NULL DEFAULT 'hand'
    CHECK (assignment IN ('hand', 'round-robin', 'least-load'));

ALTER TABLE ticket ADD COLUMN team_id INTEGER REFERENCES team(id);

CREATE INDEX ticket_team ON ticket (team_id, updated, id, status) WHERE team_id IS NOT NULL;

INSERT INTO queue (name, agent_id, query, sort, tab)
    SELECT 'My teams', NULL, 'team:me', 'updated', 0
    WHERE NOT EXISTS (SELECT 1 FROM queue WHERE name = 'My teams' COLLATE NOCASE AND agent_id IS NULL)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
