"""In PostgreSQL triggers tell that somebody wrote, whatever program that was."""

import peewee


def up(migrator, db):
    if not isinstance(db, peewee.SqliteDatabase):
        from models.postgres.schema import tell_of_changes  # 12 ms, for PostgreSQL alone

        tell_of_changes(db)
