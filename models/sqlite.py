"""What only SQLite has: raw statements of its own, kept in one place."""

from __future__ import annotations

from models.database import db


def change_number() -> int:
    """Return a number that differs from the last one when another connection committed since.

    SQLite counts per connection: ask from one and the same thread, which itself writes nothing.
    """
    return int(db.execute_sql("PRAGMA data_version").fetchone()[0])


def damage(most: int = 5) -> list[str]:
    """Return what is wrong with the file's structure, at most so many lines; empty when it is sound."""
    found = [str(row[0]) for row in db.execute_sql(f"PRAGMA quick_check({most:d})").fetchall()]
    return [] if found == ["ok"] else found


def wait_at_most(seconds: float) -> None:
    """Let this connection wait so long for another writer before it gives up."""
    db.execute_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
