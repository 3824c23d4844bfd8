"""Ids that a POP3 server said it deleted are kept until they are seen to be gone."""

DDL = """
CREATE TABLE deleted_uidl (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    uidl TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, uidl)
) WITHOUT ROWID
"""


def up(migrator, db):
    db.execute_sql(DDL)
