"""Whether anything changed in the desk, at the price of reading one number."""

from __future__ import annotations

from models.database import db


def change_number() -> int:
    """A number that differs from the last one when another connection committed since.

    SQLite counts per connection: ask from one and the same thread, which itself writes nothing.
    """
    return int(db.execute_sql("PRAGMA data_version").fetchone()[0])
