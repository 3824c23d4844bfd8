"""A private PostgreSQL on loopback as a child process, and databases in it that are made in a moment."""

from __future__ import annotations

import pwd
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

import peewee

from models.postgres.connection import PostgresDesk
from tests.support.servers.child import Child, free_ports, wait_until
from tests.support.servers.packages import NoServers

_OWNER = "postgres"
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
}
_KEEP = (
    "CREATE SCHEMA kept",
    """\
DO $$
DECLARE t text;
BEGIN
    CREATE TABLE kept.sequences AS
        SELECT sequencename::text AS name, coalesce(last_value, 0) AS value FROM pg_sequences;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE kept.%%I AS SELECT * FROM public.%%I', t, t);
    END LOOP;
END $$
""",
    """\
CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql AS $$
DECLARE t text; s record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        IF pg_relation_size(format('public.%%I', t)::regclass) > 0 THEN  -- most were never written
            EXECUTE format('DELETE FROM public.%%I', t);
            IF pg_relation_size(format('kept.%%I', t)::regclass) > 0 THEN
                EXECUTE format('INSERT INTO public.%%I SELECT * FROM kept.%%I', t, t);
            END IF;
        END IF;
    END LOOP;
    FOR s IN SELECT name, value FROM kept.sequences JOIN pg_sequences ON sequencename = name
        WHERE coalesce(last_value, 0) <> value LOOP
        PERFORM setval(format('public.%%I', s.name)::regclass, greatest(s.value, 1), s.value > 0);
    END LOOP;
END $$
""",
)
_numbers = count(1)


class Postgresql:
    """A running server; whoever comes over loopback is let in. ``settings``: besides those of all tests."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = {**_SETTINGS, **settings}
        (self.port,) = free_ports(1)
        self.programs = _programs()
        self._server = PostgresDesk(self.url("postgres"), folder, "the tests' server")
        self._handles: dict[str, PostgresDesk] = {}
        self._child: Child | None = None

    def start(self) -> Postgresql:
        """Make an empty cluster and start the server."""
        self.own(self.folder)
        self.do("initdb", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._launch()
        return self

    def own(self, folder: Path) -> Path:
        """Make a folder that is the server's."""
        owner = pwd.getpwnam(_OWNER)
        folder.mkdir()
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
        return folder

    def do(self, program: str, *words: str | Path, data: Path | None = None) -> None:
        """Run one of the server's programs as its owner, on its data or others."""
        command = [*self._as_owner(), self.programs / program, "-D", data or self.data, "-U", _OWNER, *words]
        made = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if made.returncode:
            raise NoServers(f"{program} failed: {made.stderr.strip().splitlines()[-1:]}")

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.folder / "data"

    def _as_owner(self) -> list[str]:
        group = str(pwd.getpwnam(_OWNER).pw_gid)
        return ["setpriv", "--reuid", _OWNER, "--regid", group, "--clear-groups"]

    def stop(self) -> None:
        """End the server."""
        if self._child:
            self._child.signal_first(signal.SIGINT)  # which breaks connections off, and ends
            self._child.stop(5.0)

    def restart(self) -> None:
        """Break every connection off and start again."""
        self.stop()
        self._launch()

    def url(self, database: str) -> str:
        """What `database =` of a desk says."""
        return f"postgresql://{_OWNER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database like another one; returns its name."""
        name = f"desk{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def keep_as_it_is(self, database: str) -> None:
        """Have `put_back` bring a database back to what it holds now."""
        for statement in _KEEP:
            self._in(database, statement)
        self._handles.pop(database).close()  # nobody is in a database that others are made like

    def put_back(self, database: str) -> None:
        """Give a database the rows that it had, in a hundredth of the time that a new one takes."""
        self._in(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        self._in(database, "SELECT kept.put_back()")

    def leave(self) -> None:
        """Be in no database of a desk, where a test looks for who is in one."""
        while self._handles:
            self._handles.popitem()[1].close()

    def _in(self, database: str, statement: str) -> None:
        if database not in self._handles:
            self._handles[database] = PostgresDesk(self.url(database), self.folder, database)
        self._handles[database].execute_sql(statement)

    def run(self, statement: str) -> None:
        """Run a statement on the server as its owner."""
        self._server.execute_sql(statement)

    def _launch(self) -> None:
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._child = Child(
            [
                *self._as_owner(),
                *(str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port)),
                *("-k", str(self.folder), *settings),
            ],
            self.folder / "log",
        )
        wait_until(self._answers, f"PostgreSQL, see {self.folder / 'log'}")

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except peewee.OperationalError:
            return False
        return True


def _programs() -> Path:
    """Where Debian keeps the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[4]))
    if not found:
        raise NoServers("no PostgreSQL here: apt-get install postgresql")
    return found[-1].parent
