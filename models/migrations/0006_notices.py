"""What agents are told of, and what became of that."""

DDL = """
CREATE TABLE notice (
    id INTEGER NOT NULL PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    message_id INTEGER REFERENCES message(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('new_ticket', 'customer_wrote', 'assigned', 'transferred', 'noted',
        'overdue', 'undelivered')),
    agent_id INTEGER REFERENCES agent(id),
    at TEXT NOT NULL,
    told TEXT,
    trace TEXT NOT NULL DEFAULT '[]'
);

CREATE INDEX notice_waiting ON notice (id) WHERE told IS NULL;

CREATE INDEX notice_ticket ON notice (ticket_id, id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
