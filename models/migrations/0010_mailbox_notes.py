"""What colleagues should know about a mailbox."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE mailbox ADD COLUMN notes TEXT NOT NULL DEFAULT ''")
