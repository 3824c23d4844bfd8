"""Whether a database on a server can hold a desk, and this program write into it."""

from __future__ import annotations

from config.records import Record
from models.database import db

CREATEDB = "createdb NAME --owner USER --encoding UTF8 --locale C --template template0"
"""How a database for a desk is made."""

_ASKED = """\
SELECT lower('I') <> 'i', lower('\u00c9') <> '\u00c9', pg_is_in_recovery(),
    NOT has_table_privilege(to_regclass('ticket')::oid, 'INSERT')
"""


class Unfit(Record):
    """Why a desk cannot be in a database, or not work there, and what helps."""

    reason: str
    hint: str


def unfit(*, new: bool) -> Unfit | None:
    """Return what is wrong with a database for a desk that is there, or a new one; None: nothing."""
    other = f"make another database: {CREATEDB}"
    if db.execute_sql("SELECT current_setting('server_encoding') <> 'UTF8'").fetchone()[0]:
        return Unfit("the database has no room for every letter: its encoding is not UTF8", other)
    latin, letters, standby, refused = db.execute_sql(_ASKED).fetchone()
    if latin:
        return Unfit("in the database's language INFO@ and info@ are two addresses", other)
    if letters and new:
        # Names that are two in a file would be one, and a move would end at them.
        return Unfit(
            "in the database's language \u00c9 and \u00e9 are one letter: in a desk they are two", other
        )
    if standby:
        return Unfit("the server is a standby, which nobody writes to", "name the primary in config.toml")
    if refused:
        return Unfit("this user may not write into the desk's tables", "name their owner in config.toml")
    return None
