"""Whether a database on a server can hold a desk, and this program write into it."""

from __future__ import annotations

from config.records import Record
from models.database import db

CREATEDB = "createdb NAME --owner USER --encoding UTF8 --locale C --template template0"
"""How a database for a desk is made."""

_OLDEST = 14

_ASKED = """\
SELECT lower('I') <> 'i', pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
    current_schema() IS NULL,
    (SELECT NOT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('ticket'))
"""
# What an extension brought is nobody's.
_OTHERS = """\
SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'v', 'm')
    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
ORDER BY relname LIMIT 3
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
    number, version = db.execute_sql(
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version')"
    ).fetchone()
    if number < _OLDEST:
        return Unfit(f"the server is PostgreSQL {version}", f"a desk takes PostgreSQL {_OLDEST} or newer")
    latin, standby, read_only, nowhere, foreign = db.execute_sql(_ASKED).fetchone()
    if latin:
        return Unfit("in the database's language INFO@ and info@ are two addresses", other)
    if standby:
        return Unfit("the server is a standby, which nobody writes to", "name the primary in config.toml")
    if read_only:
        return Unfit(
            "the server lets nobody write: default_transaction_read_only is on",
            "see why at the server: some set it themselves when their disk is full",
        )
    if nowhere:
        return Unfit("no schema of this user's search_path is there", "ALTER ROLE USER RESET search_path")
    if foreign:
        return Unfit("the desk's tables are not this user's", "name their owner in config.toml")
    return None


def occupied() -> str:
    """Return which tables are where a new desk would get its own; '' where there are none."""
    return ", ".join(name for (name,) in db.execute_sql(_OTHERS).fetchall())
