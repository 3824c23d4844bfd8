"""Several folds in a message: what is quoted may stand above, below and between what is new."""

DDL = """
ALTER TABLE message ADD COLUMN folds TEXT NOT NULL DEFAULT '[]';

UPDATE message SET folds = '[[' || reply_length || ',' || length(text) || ']]'
WHERE reply_length BETWEEN 0 AND length(text) - 1;

ALTER TABLE message DROP COLUMN reply_length
"""


def up(migrator, db):
    for statement in DDL.split(";"):
        db.execute_sql(statement)
