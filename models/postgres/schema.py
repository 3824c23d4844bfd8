"""Making a desk's tables in PostgreSQL from what the models declare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import peewee

from config.expressions import expression
from models.postgres.connection import MIGRATIONS, PostgresDesk
from models.postgres.news import CHANNEL
from models.schema import TABLES

# The schema's name is said: pg_dump and the server's own upkeep find nothing by a bare one.
DOMAIN_OF = """\
CREATE OR REPLACE FUNCTION domain_of(address citext) RETURNS citext LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT substr(address::text, strpos(address::text, ''@'') + 1)::public.citext COLLATE "C"'
"""

_BEFORE = (
    # Names and addresses are the same in upper and lower case, as with SQLite's NOCASE: so is citext of
    # COLLATE "C". An ICU collation would also ignore widths and invisible letters, and knows no LIKE.
    "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public",
    """\
CREATE FUNCTION instr(text, text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT strpos($1, $2)::bigint'
""",
    DOMAIN_OF,
)
# The thousands of messages that have a word lead to their tickets without a look at the messages.
OF_TICKET = "CREATE INDEX message_of_ticket ON message (id, ticket_id)"
# The server counts a narrow index in half the time that it takes for the one that reports are read from.
WHEN_CLOSED = """\
CREATE INDEX ticket_when_closed ON ticket (closed, department_id)
    WHERE status = 'closed' AND closed IS NOT NULL
"""
# Of equal keys the server counts rows in the order in which they are stored: by an index of different ones it
# looks up for each row anew whether all see it, and takes five times as long.
COUNTED = (
    "CREATE INDEX ticket_open_counted ON ticket (department_id) WHERE status != 'closed'",
    "CREATE INDEX ticket_overdue_counted ON ticket (department_id) WHERE overdue = 1 AND status != 'closed'",
)
# Many messages are written by one statement; each of their changes by its own.
NOTES = (
    """\
CREATE FUNCTION note_all_to_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message_to_index SELECT id FROM written ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
""",
    """\
CREATE TRIGGER message_written AFTER INSERT ON message
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION note_all_to_index()
""",
    """\
CREATE TRIGGER message_changed
AFTER UPDATE OF subject, text, sender_name, sender_email, recipients ON message
FOR EACH ROW EXECUTE FUNCTION note_to_index()
""",
)
# What is compressed already is not tried again.
PACKED = "ALTER TABLE blob ALTER COLUMN data SET STORAGE EXTERNAL"
_AFTER = (
    OF_TICKET,
    WHEN_CLOSED,
    *COUNTED,
    """\
CREATE TABLE message_search (
    message_id BIGINT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL,
    loose SMALLINT NOT NULL DEFAULT 0
)
""",
    "CREATE INDEX message_search_words ON message_search USING gin (words)",
    'CREATE TABLE search_word (word TEXT COLLATE "C" PRIMARY KEY)',
    # No reference to the message: who indexes finds those that are still there.
    "CREATE TABLE message_to_index (message_id BIGINT PRIMARY KEY)",
    """\
CREATE FUNCTION note_to_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message_to_index VALUES (new.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
""",
    *NOTES,
    PACKED,
    "CREATE TABLE desk_schema (version BIGINT NOT NULL)",
)
# A statement that found no row tells nothing, unless its transaction wrote before: else two programs that
# look for what is due would wake each other for ever.
_TELL_CHANGED = f"""\
CREATE OR REPLACE FUNCTION tell_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        PERFORM pg_notify('{CHANNEL}', '');
    END IF;
    RETURN NULL;
END $$
"""
_QUIET = ("blob", "sequence")
"""Tables that no screen shows, or only with a row of another one that is written with them."""
_RENEWED = {"lease": "name, owner, token", "presence": "session, ticket_id, agent_id, writing, since"}
"""Of tables whose rows are renewed every few seconds, which is no news, the columns of which a change is."""
_UNTOLD = """\
SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(%s) AND NOT EXISTS (
    SELECT FROM pg_trigger WHERE tgname = 'changed' AND tgrelid = format('%%I', tablename)::regclass
) ORDER BY tablename
"""
_KNOWN = {
    # Of an index that has some rows alone the planner learns nothing: it would take a Message-ID for one that
    # every two-hundredth message has, and read all of them for each batch of mails.
    "message_message_id_known": "(lower(message_id)) FROM message",
    # Hardly a closed ticket is nobody's: taken for independent, they would be many, and be looked for in all.
    "ticket_state_known": "status, (COALESCE(assignee_id, 0)) FROM ticket",
}
"""What the planner has to know beside each column: a name, and of what."""
_TIDIED = ("ticket", "ticket_tag", "message")
"""Tables that lists read in their indexes alone, as far as the server knows of no row that changed there.
Usually it looks when one in five did: until then whole tables are read for a count."""
_ONE_IN_FIFTY = 0.02
_NAME = expression(r'TEXT COLLATE "C"([^,]*?) COLLATE NOCASE')
_LATER = expression(r'("\w+") (BIGINT) REFERENCES (\w+) \(id\)')
_DOMAIN = expression(r"SUBSTR\((\S+), \(INSTR\(.*?\) \+ 1\)\) COLLATE NOCASE")


def create_tables(database: PostgresDesk, tables: Sequence[type[peewee.Model]]) -> None:
    """Make all tables with their indexes and triggers, in the caller's transaction."""
    for statement in _BEFORE:
        database.execute_sql(statement)
    later: list[str] = []
    for table in tables:
        for statement, values in _declared(table):
            database.execute_sql(_as_here(table._meta.table_name, statement, later), values)
    for statement in (*later, *_AFTER):
        database.execute_sql(statement)
    for name, known in _KNOWN.items():
        database.execute_sql(f"CREATE STATISTICS {name} ON {known}")
    tidy_often(database)
    tell_of_changes(database)


def tell_of_changes(database: PostgresDesk) -> None:
    """Make every table but the quiet ones notify `models.postgres.news` of what is written.

    Tables that somebody else keeps beside the desk's are none of its business.
    """
    database.execute_sql(_TELL_CHANGED)
    telling = [name for each in TABLES if (name := each._meta.table_name) not in _QUIET]
    for (table,) in database.execute_sql(_UNTOLD, (telling,)).fetchall():
        columns = f" OF {_RENEWED[table]}" if table in _RENEWED else ""
        database.execute_sql(
            f'CREATE TRIGGER changed AFTER INSERT OR UPDATE{columns} OR DELETE OR TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_changed()"
        )


def tidy_often(database: PostgresDesk) -> None:
    """Have the server look after the tables that lists read as soon as one row in fifty has changed."""
    for name in _TIDIED:
        database.execute_sql(
            f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = {_ONE_IN_FIFTY},"
            f" autovacuum_vacuum_insert_scale_factor = {_ONE_IN_FIFTY})"
        )


def tell_planner(database: PostgresDesk) -> None:
    """Have the planner know in a desk of an older program what it has to."""
    for name, known in _KNOWN.items():
        found = database.execute_sql("SELECT 1 FROM pg_statistic_ext WHERE stxname = %s", (name,))
        if found.fetchone() is None:
            database.execute_sql(f"CREATE STATISTICS {name} ON {known}")
            database.execute_sql(f"ANALYZE {known.rpartition(' ')[2]}")


def _declared(table: type[peewee.Model]) -> Iterator[tuple[str, Sequence[object]]]:
    schema: Any = table._schema  # type: ignore[attr-defined]
    yield schema._create_table(safe=False).query()
    for index in schema._create_indexes(safe=False):
        yield index.query()


def _as_here(table: str, statement: str, later: list[str]) -> str:
    """Return a statement that makes a table or an index, in the words of PostgreSQL.

    A reference to a table that may not be there yet is made ``later``.
    """
    for column, _, other in _LATER.findall(statement):
        later.append(f'ALTER TABLE "{table}" ADD FOREIGN KEY ({column}) REFERENCES "{other}" (id)')
    statement = _LATER.sub(r"\1 \2", statement)
    statement = _NAME.sub(r'CITEXT COLLATE "C"\1', statement)
    return _DOMAIN.sub(r"domain_of(\1)", statement).removesuffix(" WITHOUT ROWID")


def count_on(database: PostgresDesk, tables: Sequence[type[peewee.Model]]) -> None:
    """Make new rows get ids above those that exist, or were ever given (`models.given_ids`)."""
    for table in tables:
        if isinstance(table._meta.primary_key, peewee.AutoField):
            name = table._meta.table_name
            database.execute_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), given.newest) FROM (SELECT greatest("
                f'(SELECT max(id) FROM "{name}"),'
                f" (SELECT next - 1 FROM sequence WHERE name = '{name}_id')"
                ") AS newest) AS given WHERE given.newest > 0"
            )


def note_version(database: PostgresDesk, version: int) -> None:
    """Record the number of the last migration that the database has had."""
    database.execute_sql("DELETE FROM desk_schema")
    database.execute_sql("INSERT INTO desk_schema (version) VALUES (%s)", (version,))


def alone(database: PostgresDesk) -> None:
    """Wait until nobody else makes or changes the schema, and keep others out until the transaction ends."""
    database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (MIGRATIONS,))
