"""Saved queries, an agent's own or everybody's, and those that every desk has."""

DDL = """
CREATE TABLE queue (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    agent_id INTEGER REFERENCES agent(id) ON DELETE CASCADE,
    query TEXT NOT NULL,
    sort TEXT NOT NULL DEFAULT 'updated',
    columns TEXT NOT NULL DEFAULT '[]',
    tab INTEGER NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX queue_name ON queue (COALESCE(agent_id, 0), name)
"""

SHIPPED = (
    ("Unanswered", "is:unanswered", "updated"),
    ("Answered", "is:answered", "updated"),
    ("Overdue tickets", "is:overdue", "due"),
    ("Assigned to me", "owner:me", "updated"),
    ("Closed today", "state:closed closed:today", "updated"),
    ("Closed yesterday", "state:closed closed:yesterday", "updated"),
    ("Closed this week", "state:closed closed:week", "updated"),
    ("Closed this month", "state:closed closed:month", "updated"),
    ("Closed this quarter", "state:closed closed:quarter", "updated"),
    ("Closed this year", "state:closed closed:year", "updated"),
)


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
    places = ", ".join(["(?, ?, ?, 0)"] * len(SHIPPED))
    values = [value for row in SHIPPED for value in row]
    db.execute_sql(f"INSERT INTO queue (name, query, sort, tab) VALUES {places}", values)
