"""A desk that goes into another database is the same there, wherever its way was broken off."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.operations import blob_moving, desk_moving
from desk.permissions import Actor
from desk.replies import reply
from desk.staff import teams
from models import blobs, hosts, leases, settings
from models.desk_moves.move import Progress
from models.desk_moves.refusals import MoveRefused
from models.engine import engine as own
from models.errors import DatabaseMissing, DatabaseMoved, DeskAtWork, MoveUnfinished
from models.opening import close_database
from models.queries.text import expression
from models.queries.tree import Word
from models.transactions import transaction
from tests.support.engines import SQLITE
from tests.support.mails import value, write
from tests.support.program import REPOSITORY
from tests.support.servers.postgresql import Postgresql
from tests.support.workbench import make_mailbox, make_ticket

SMALL = 65_536
STEPS: list[Progress] = []


def found(word: str) -> int:
    return len(own().messages_with(expression(Word(word)), None, None))


@pytest.fixture
def worked(desk: Desk, ana: Actor) -> Desk:
    """A desk with what engines keep in ways of their own."""
    mailbox = make_mailbox(desk, sends=True)
    ticket = make_ticket("Tab\tund\\N Zeilen", 'Düster "brennt"\n\\. es\r\n\u202e\U0001f525', mailbox=mailbox)
    make_ticket(requester="Ana@Corp.Example", tags=["Zwölf", "zwei"], department="Support")
    reply.send_reply(desk, ana, ticket.number, "A smouldering answer")
    for size in (10, 200_000):
        blobs.put(os.urandom(size), SMALL)
    make_ticket("Gone")
    hosts.report("a zero below zero", "0.0.1", None, -0.0, 0, 0)
    with transaction():
        settings.store("odd", {"of": [None, 1.5, "\\x00", "ü"]})
        write("UPDATE sla SET hours = 0.1 WHERE id = 1")
    return desk


@pytest.fixture
def places(worked: Desk, engine: str, postgresql: Postgresql, tmp_path: Path) -> Iterator[list[DeskPaths]]:
    """Where the desk is, where it goes, and where it goes from there: in turns of the two engines."""
    there = worked.paths
    server = DeskPaths(tmp_path / "server", server_url=postgresql.url(postgresql.new_database()))
    file = DeskPaths(tmp_path / "file")
    server.home.mkdir()
    file.home.mkdir()
    close_database()
    postgresql.leave()
    yield [there, server, file] if engine == SQLITE else [there, file, server]
    close_database()


def go(origin: DeskPaths, goal: DeskPaths) -> dict[str, tuple[int, str]]:
    """Move, and say of each table how many rows with which checksum are there.

    Counters are left out: a file keeps there which ids were given, a server beside its tables.
    """
    STEPS.clear()
    moved = desk_moving.move(origin, goal, SMALL, STEPS.append)
    return {each.name: (each.rows, each.checksum) for each in moved.tables if each.name != "sequence"}


@pytest.mark.sqlite
def test_names_that_are_one_in_the_language_of_the_new_place_are_told_before_anything_is_written(
    desk: Desk, ana: Actor, postgresql: Postgresql, tmp_path: Path
) -> None:
    make_ticket(tags=["Élan", "élan", "Elan"])
    for name in ("\u212aiosk", "kiosk", "Kirk"):
        teams.add_team(ana, name)
    close_database()
    postgresql.leave()
    postgresql.run("CREATE DATABASE spoken TEMPLATE template0 ENCODING UTF8 LOCALE 'C.UTF-8'")
    try:
        there = DeskPaths(tmp_path / "spoken", server_url=postgresql.url("spoken"))
        with pytest.raises(MoveRefused, match=r"are one name: ") as refused:
            go(desk.paths, there)
        assert "team: \u212aiosk and kiosk; " in str(refused.value)
        assert re.search(r"; ticket_tag: (Élan and élan|élan and Élan)$", str(refused.value))
        close_database()
        with pytest.raises(DatabaseMissing):
            open_desk(there, Settings())
        assert open_desk(desk.paths, Settings()).desk_id, "nothing was begun"
        close_database()
    finally:
        postgresql.leave()
        postgresql.run("DROP DATABASE spoken WITH (FORCE)")


def dumped(desk: DeskPaths, postgresql: Postgresql) -> DeskPaths:
    """The desk again, in another database: by the commands of docs/scaling.md."""
    page = (REPOSITORY / "docs" / "scaling.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n([^`]*?pg_(?:dump|restore) [^`]*)^```$", page, re.MULTILINE)
    assert len(blocks) == 2
    name = desk.server_url.rpartition("/")[2]
    script = "".join(blocks).replace("-Fc desk", f"-Fc {name}").replace("desk2", f"{name}_again")
    subprocess.run(
        ["sh", "-euc", script.replace("--owner desk", "--owner postgres")],
        env={
            "PATH": f"{postgresql.programs}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgresql.port),
            "PGUSER": "postgres",
        },
        cwd=desk.home,
        check=True,
        timeout=180,
    )
    return DeskPaths(desk.home, server_url=f"{desk.server_url}_again")


def test_a_desk_goes_there_and_comes_back_as_it_was(
    places: list[DeskPaths], ana: Actor, postgresql: Postgresql
) -> None:
    here, there, back = places
    open_desk(here, Settings())
    number, words = value("SELECT next FROM sequence WHERE name = 'ticket'"), found("brennt")
    newest = value("SELECT max(id) FROM event")
    close_database()
    assert words == 1
    first = go(here, there)
    assert "indexing" in [each.step for each in STEPS]
    assert STEPS[0].of > 20

    with pytest.raises(DatabaseMoved, match="the desk moved from") as moved:
        open_desk(here, Settings())
    assert there.shown_database in str(moved.value)
    close_database()
    with pytest.raises(DatabaseMoved):
        go(here, back)
    with pytest.raises(DatabaseMoved):
        desk_moving.give_up(here)

    assert go(dumped(there, postgresql) if there.server_url else there, back) == first
    desk = open_desk(back, Settings())
    assert found("brennt") == found("smouldering") == 1
    assert value("SELECT next FROM sequence WHERE name = 'ticket'") == number
    assert not list(blobs.examine(None))
    assert desk.message_secret
    ticket = make_ticket(text="Afterglow")
    reply.send_reply(desk, ana, ticket.number, "Again")
    assert found("afterglow") == 1
    assert value("SELECT max(id) FROM event") > newest
    assert blob_moving.move(desk, ana).damaged == ()


_KILLED = """
import json, os, signal, sys
from config.paths import DeskPaths
from desk.operations import desk_moving
from models.desk_moves import move as moves
from pathlib import Path

given = json.loads(sys.argv[1])
if given["at"] == "rows":
    noted = []
    moves._AT_ONCE = moves._BLOBS_AT_ONCE = 1

def told(progress):
    if progress.step == given["at"] or (given["at"] == "rows" and progress.rows == 25):
        os.kill(os.getpid(), signal.SIGKILL)

def at(end, name):
    real = getattr(end, name)
    def killed(self, *arguments):
        result = real(self, *arguments)
        if arguments[:1] == (2**31 - 3,) or name == "begin":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(end, name, killed)

places = [DeskPaths(Path(home), server_url=url) for home, url in given["places"]]
origin, goal = desk_moving._origin(places[0]), desk_moving._goal(places[1], 65536)
if given["at"] == "begun":
    at(type(goal), "begin")
if given["at"] == "marked":
    at(type(origin), "mark")
desk_moving.move(places[0], places[1], 65536, told)
"""


def killed(at: str, places: list[DeskPaths]) -> None:
    given = {"at": at, "places": [[str(each.home), each.server_url] for each in places[:2]]}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, json.dumps(given)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_a_move_that_is_killed_again_and_again_ends_equal(places: list[DeskPaths]) -> None:
    here, there, back = places
    for at in ("begun", "rows", "indexing", "marked"):
        killed(at, places)
        expected = DatabaseMoved if at == "marked" else MoveUnfinished
        with pytest.raises(expected):
            open_desk(here, Settings())
        close_database()
        with pytest.raises(MoveUnfinished, match="a move into"):
            open_desk(there, Settings())
        close_database()
    first = go(here, there)
    assert first["ticket"][0] == 3
    assert go(there, back) == first
    open_desk(back, Settings())
    assert found("brennt") == 1


@pytest.mark.sqlite
def test_a_directory_that_is_shared_is_left_as_it_is(desk: Desk, tmp_path: Path) -> None:
    """A desk's directory is its user's alone: that of others, /tmp say, was shut to all."""
    close_database()
    shared = tmp_path / "shared"
    (shared / "a folder").mkdir(parents=True)
    shared.chmod(0o1777)
    with pytest.raises(ConfigError, match=r"shared holds other things \(a folder\)"):
        go(desk.paths, DeskPaths(tmp_path, database=shared / "desk.sqlite3"))
    with pytest.raises(MoveRefused, match=r"a folder is a directory$"):
        go(desk.paths, DeskPaths(tmp_path, database=shared / "a folder"))
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert [each.name for each in shared.iterdir()] == ["a folder"]
    go(desk.paths, DeskPaths(tmp_path, database=tmp_path / "own" / "desk.sqlite3"))
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


@pytest.mark.sqlite
def test_what_another_move_left_half_is_not_taken_for_the_new_one(places: list[DeskPaths]) -> None:
    here, there, back = places
    killed("indexing", places)
    assert desk_moving.give_up(here) == there.shown_database
    open_desk(here, Settings())
    make_ticket("New since then")
    close_database()
    with pytest.raises(MoveRefused, match="is not empty"):
        go(here, there)
    open_desk(here, Settings())
    close_database()
    assert go(here, back)["ticket"][0] == 4


def test_a_desk_at_work_stays_where_it_is(places: list[DeskPaths], monkeypatch: pytest.MonkeyPatch) -> None:
    from models.desk_moves import postgres_ends

    monkeypatch.setattr(postgres_ends, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr("models.locks.PATIENCE_SECONDS", 0.3)
    here, there, _ = places
    open_desk(here, Settings())
    lease = leases.acquire("worker", "elsewhere:1:1:x", 60)
    assert lease is not None
    hosts.report("desk2", "0.0.1", "elsewhere:1:1:x", 0.0, 0, 0)
    close_database()
    with pytest.raises(DeskAtWork, match="the desk is at work") as refused:
        go(here, there)
    assert ("(worker at desk2)" in str(refused.value)) == bool(here.server_url), "where it has to be ended"
    assert not there.data.exists(), "nothing is left of what was refused"
    open_desk(here, Settings())
    lease.release()
    close_database()
    code = (
        "import sys; from pathlib import Path; from config.paths import DeskPaths;"
        "from config.settings import Settings; from desk.home import open_desk;"
        "open_desk(DeskPaths(Path(sys.argv[1]), server_url=sys.argv[2]), Settings());"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(here.home), here.server_url],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(DeskAtWork, match=r"the desk is at work \(.+\)"):
            go(here, there)
        other.communicate()
    assert go(here, there)["ticket"][0] == 3


@pytest.mark.sqlite
def test_a_row_that_arrives_otherwise_is_told_and_the_old_desk_stays(
    places: list[DeskPaths], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, _ = places
    goal = type(desk_moving._goal(there, SMALL))
    tighten = goal.tighten

    def damaged(self: object) -> None:
        tighten(self)  # type: ignore[arg-type]
        self._run("UPDATE ticket SET subject = subject || ' ' WHERE id = 1")  # type: ignore[attr-defined]

    monkeypatch.setattr(goal, "tighten", damaged)
    with pytest.raises(MoveRefused, match="table ticket is not the same"):
        go(here, there)
    close_database()
    desk_moving.give_up(here)
    open_desk(here, Settings())
    assert value("SELECT count(*) FROM ticket") == 3
