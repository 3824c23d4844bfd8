"""A desk in PostgreSQL comes back to any moment, as docs/scaling.md says it does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.database import db
from models.opening import close_database, open_server
from tests.support.servers.child import make_home, wait_until
from tests.support.servers.postgresql import Postgresql
from tests.support.workbench import make_ticket

pytestmark = pytest.mark.postgres

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"


def said(name: str, archive: Path) -> str:
    """What the page has a setting be, but with another archive."""
    [line] = [each for each in PAGE.read_text("utf-8").splitlines() if each.startswith(f"{name} = ")]
    return line.partition(" = ")[2].strip("'").replace("/mnt/archive", str(archive))


def subjects() -> list[str]:
    return sorted(row[0] for row in db.execute_sql("SELECT subject FROM ticket").fetchall())


@pytest.mark.usefixtures("postgresql")
def test_a_desk_comes_back_as_it_was_at_a_moment(tmp_path: Path) -> None:
    home = make_home()
    archive, base = home / "archive", home / "base"
    command = said("archive_command", archive)
    server = Postgresql(home / "postgresql", archive_mode="on", archive_command=command).start()
    try:
        server.own(archive)
        server.own(base).chmod(0o700)
        url = server.url(server.new_database())
        open_server(url, "the desk", tmp_path, create=True)
        make_ticket("Before the backup")
        port = ("-h", "127.0.0.1", "-p", str(server.port))
        server.do("pg_basebackup", *port, "-X", "stream", "-c", "fast", "--no-sync", data=base)
        make_ticket("After it")
        moment = db.execute_sql("SELECT clock_timestamp()::text").fetchone()[0]
        make_ticket("The mistake")
        last = db.execute_sql("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0]
        assert subjects() == ["After it", "Before the backup", "The mistake"]
        close_database()
        wait_until((archive / last).exists, "the log in the archive")
        server.stop()
        shutil.rmtree(server.data)
        base.rename(server.data)
        with (server.data / "postgresql.conf").open("a") as file:
            file.write(f"restore_command = '{said('restore_command', archive)}'\n")
            file.write(f"recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n")
        (server.data / "recovery.signal").touch()
        shutil.chown(server.data / "recovery.signal", "postgres")
        server.restart()
        open_server(url, "the desk", tmp_path)
        wait_until(lambda: not db.execute_sql("SELECT pg_is_in_recovery()").fetchone()[0], "the promotion")
        assert subjects() == ["After it", "Before the backup"]
        assert make_ticket("Goes on").id > 2
    finally:
        close_database()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
