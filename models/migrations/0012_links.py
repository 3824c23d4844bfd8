"""Links between tickets: one blocks another, duplicates it, or has to do with it."""

DDL = """
CREATE TABLE ticket_link (
    ticket_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('blocks', 'duplicates', 'relates')),
    PRIMARY KEY (ticket_id, other_id, kind)
) WITHOUT ROWID;

CREATE INDEX ticket_link_other ON ticket_link (other_id)
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
