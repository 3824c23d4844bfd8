"""Opening a desk's database: connect, then migrate."""

from __future__ import annotations

from pathlib import Path

from models.database import SCHEMA_VERSION, close_database, point_at, schema_version
from models.errors import DatabaseDamaged, DatabaseMissing, DatabaseTooNew


def open_database(path: Path, *, create: bool = False) -> None:
    """Point the handle at the desk's file and bring its schema up to this program.

    With ``create`` a missing file is made, mode 0600; one that is there is never taken for a new one. Raises
    DatabaseMissing, DatabaseDamaged for a file that holds no desk, DatabaseTooNew for one of a newer
    program, DatabaseHeld while it is being restored. Pending migrations run under a file lock, after a
    backup (see `models.migrate`).
    """
    if not path.exists():
        if not create:
            raise DatabaseMissing(path)
        # All tables' modules: 40 ms that only the first start has to spare.
        from models.schema import create_database

        create_database(path)
    handle = point_at(path)
    version = schema_version()
    if version in range(1, SCHEMA_VERSION):
        # The library of migrations: 10 ms that only a first start after an upgrade has to spare.
        from models.migrate import migrate

        migrate(handle, path, SCHEMA_VERSION)
    elif version != SCHEMA_VERSION:
        close_database()
        if version == 0:
            raise DatabaseDamaged(path, "it holds no desk")
        raise DatabaseTooNew(
            f"{path} has schema {version}, this program knows {SCHEMA_VERSION}",
            "install the newer Nightdesk, or restore a backup made before it",
        )
