"""A desk of an earlier program in PostgreSQL is brought up to this one, and pg_dump copies desks.

``tests/data/postgres_34.sql.zst`` is what pg_dump says of a new desk of schema 34.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import zstandard

from desk.home import Desk
from models.database import SCHEMA_VERSION, schema_version
from models.opening import close_database, open_server
from tests.support.servers.postgresql import Postgresql
from tests.support.workbench import make_ticket

pytestmark = pytest.mark.postgres

OLDEST = Path(__file__).parents[1] / "data" / "postgres_34.sql.zst"
_COLUMNS = """
SELECT table_name, column_name, data_type, udt_name, collation_name, is_nullable, column_default, is_identity
FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'migration%'
"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'migration%'"
_REFERENCES = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""
_FUNCTIONS = """
SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
AND proname IN ('domain_of', 'instr', 'note_all_to_index', 'note_to_index', 'tell_changed') ORDER BY 1
"""
_STATISTICS = "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext"
_STORED = """
SELECT attrelid::regclass::text, attname, attstorage
FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
AND relname NOT LIKE 'migration%'
"""
_UPKEEP = "SELECT relname, reloptions FROM pg_class WHERE relkind = 'r' AND reloptions IS NOT NULL"
_TRIGGERS = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"


def described(url: str) -> list[list[tuple[object, ...]]]:
    """What a database's tables are, in a form that can be compared."""
    with closing(psycopg.connect(url)) as other:
        return [
            sorted(other.execute(question).fetchall(), key=repr)
            for question in (
                _COLUMNS,
                _INDEXES,
                _REFERENCES,
                _FUNCTIONS,
                _STATISTICS,
                _UPKEEP,
                _TRIGGERS,
                _STORED,
            )
        ]


@pytest.fixture
def old_desk(postgresql: Postgresql) -> Iterator[str]:
    """The URL of a desk of schema 34."""
    url = postgresql.url(postgresql.new_database())
    with closing(psycopg.connect(url, autocommit=True)) as other:
        other.execute(zstandard.ZstdDecompressor().decompress(OLDEST.read_bytes()))
    yield url
    close_database()


def test_an_older_desk_becomes_what_a_new_one_is(desk: Desk, old_desk: str, tmp_path: Path) -> None:
    close_database()
    open_server(old_desk, "an old desk", tmp_path)
    assert schema_version() == SCHEMA_VERSION
    assert make_ticket().number
    close_database()
    for old, new in zip(described(old_desk), described(desk.paths.server_url), strict=True):
        assert old == new


def test_pg_dump_copies_a_desk_and_the_copy_opens(desk: Desk, postgresql: Postgresql, tmp_path: Path) -> None:
    made = make_ticket()
    close_database()
    # "kept" is the tests' own.
    command = [str(postgresql.programs / "pg_dump"), "--inserts", "--no-owner", "--exclude-schema=kept"]
    said = subprocess.run([*command, desk.paths.server_url], capture_output=True, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
    url = postgresql.url(postgresql.new_database())
    text = b"\n".join(line for line in said.stdout.splitlines() if not line.startswith(b"\\"))
    with closing(psycopg.connect(url, autocommit=True)) as other:
        other.execute(text)
    open_server(url, "a copy", tmp_path)
    assert schema_version() == SCHEMA_VERSION
    assert int(make_ticket().number) > int(made.number)
    close_database()
