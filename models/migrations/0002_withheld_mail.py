"""What a server does not hand out whole, and the fingerprint by which a UID that is used again is seen."""

DDL = """
CREATE TABLE withheld_mail (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox(id),
    folder TEXT NOT NULL,
    number TEXT NOT NULL,
    why TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    since TEXT NOT NULL,
    not_before TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, folder, number)
) WITHOUT ROWID;

ALTER TABLE folder_mark ADD COLUMN newest_uid INTEGER NOT NULL DEFAULT 0;

ALTER TABLE folder_mark ADD COLUMN newest_size INTEGER NOT NULL DEFAULT 0;

ALTER TABLE folder_mark ADD COLUMN newest_date TEXT NOT NULL DEFAULT ''
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
