"""Whether a database on a server can hold a desk, and this program write into it."""

from __future__ import annotations

from config.records import Record
from models.database import db

CREATEDB = "createdb NAME --owner USER --encoding UTF8 --locale C --template template0"
"""How a database for a desk is made."""

_ASKED = """\
SELECT lower('I') <> 'i', pg_is_in_recovery(),
    NOT has_table_privilege(to_regclass('ticket')::oid, 'INSERT')
"""


class Unfit(Record):
    """Why a desk cannot be in a database, or not work there, and what helps."""

    reason: str
    hint: str


def unfit() -> Unfit | None:
    """Return why no desk can be in the database, or none can work there; None: nothing is wrong with it."""
    other = f"make another database: {CREATEDB}"
    if db.execute_sql("SELECT current_setting('server_encoding') <> 'UTF8'").fetchone()[0]:
        return Unfit("the database has no room for every letter: its encoding is not UTF8", other)
    latin, standby, refused = db.execute_sql(_ASKED).fetchone()
    if latin:
        return Unfit("in the database's language INFO@ and info@ are two addresses", other)
    if standby:
        return Unfit("the server is a standby, which nobody writes to", "name the primary in config.toml")
    if refused:
        return Unfit("this user may not write into the desk's tables", "name their owner in config.toml")
    return None
