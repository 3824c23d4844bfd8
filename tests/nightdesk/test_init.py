from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from config.paths import DeskPaths
from config.secrets import Sealer
from tests.support.other_users import NOBODY, give_away, needs_root
from tests.support.program import Program


def modes(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): f"{stat.S_IMODE(path.stat().st_mode):04o}"
        for path in [home, *home.rglob("*")]
    }


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_init_makes_a_desk_with_exactly_the_promised_modes(program: Program, umask: int) -> None:
    before = os.umask(umask)
    try:
        done = program("init")
    finally:
        os.umask(before)
    assert (done.status, done.err) == (0, "")
    found = modes(program.home)
    expected = {".": "0711", "data": "0700", "data/blobs": "0700", "spool": "1733", "bin": "0755"}
    expected |= {"bin/nightdesk-pipe": "0755"}
    expected |= {"config.toml": "0600", "data/desk.key": "0600", "data/desk.sqlite3": "0600"}
    assert {name: found[name] for name in expected} == expected
    others = {mode for name, mode in found.items() if name not in expected}
    assert others <= {"0600"}
    assert not DeskPaths(program.home).problems()


def test_init_writes_the_machines_iana_zone_or_the_one_given(program: Program) -> None:
    assert program("init", "--json", TZ="Asia/Tokyo").document["timezone"] == "Asia/Tokyo"
    assert program("init", "--json").document["timezone"] == "Asia/Tokyo"
    assert program("init", "--json", "--timezone", "Europe/Oslo").document["timezone"] == "Europe/Oslo"


def test_init_may_be_run_twice_and_then_changes_nothing(desk: Program) -> None:
    def contents() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in desk.home.rglob("*") if path.is_file()}

    before = contents()
    done = desk("init", "--json")
    assert done.status == 0
    assert done.document["created"] == []
    assert contents() == before


@pytest.mark.postgres
def test_init_of_a_desk_on_a_server_makes_no_file_of_a_database(desk: Program) -> None:
    """Each time it said that it had made one."""
    assert desk("init", "--json").document["created"] == []


@pytest.mark.parametrize("lost", ["config.toml", "data/blobs", "spool", "bin", "bin/nightdesk-pipe"])
def test_init_makes_again_what_was_lost(desk: Program, lost: str) -> None:
    path = desk.home / lost
    inside = [str(found) for found in sorted(path.rglob("*"))]
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert desk("init", "--json").document["created"] == [str(path), *inside]


def test_a_new_key_beside_an_old_database_is_said_aloud(desk: Program) -> None:
    (desk.home / "data" / "desk.key").unlink()
    done = desk("init")
    assert done.status == 0
    assert "passwords must be entered again" in done.err
    assert Sealer(desk.home / "data" / "desk.key").desk_secret()


def test_init_repairs_modes_that_were_opened(desk: Program) -> None:
    (desk.home / "data").chmod(0o755)
    assert desk("init").status == 0
    assert modes(desk.home)["data"] == "0700"


def test_a_directory_with_other_things_in_it_is_not_taken_over(program: Program) -> None:
    program.home.mkdir(mode=0o755)
    (program.home / "thesis.txt").write_text("")
    done = program("init")
    assert done.status == 78
    assert "thesis.txt" in done.err
    assert modes(program.home) == {".": "0755", "thesis.txt": modes(program.home)["thesis.txt"]}


def test_a_desk_may_live_in_its_users_home_directory(program: Program) -> None:
    program.home.mkdir()
    (program.home / ".ssh").mkdir()
    assert program("init").status == 0


def test_a_database_elsewhere_takes_key_and_blobs_with_it(program: Program, tmp_path: Path) -> None:
    done = program("init", "--json", NIGHTDESK_DATABASE=str(tmp_path / "store" / "x.db"))
    assert done.status == 0, done.err
    assert {path.name for path in (tmp_path / "store").iterdir()} >= {"x.db", "desk.key", "blobs"}
    assert not (program.home / "data").exists()


def test_a_database_flag_alone_makes_a_desk_around_the_file(program: Program, tmp_path: Path) -> None:
    done = program("--database", f"sqlite:///{tmp_path}/copy/data/desk.sqlite3", "init", "--json")
    assert done.document["home"] == str(tmp_path / "copy")
    assert not program.home.exists()


def test_an_unknown_zone_makes_nothing(program: Program) -> None:
    done = program("init", "--timezone", "Europe/Berlinn")
    assert done.status == 78
    assert "Europe/Berlin" in done.err
    assert not program.home.exists()


@needs_root
def test_root_makes_the_desk_for_the_owner_of_its_home(shared: Program) -> None:
    shared.home.mkdir()
    give_away(shared.home)
    done = shared("init")
    assert done.status == 0, done.err
    assert {path.stat().st_uid for path in shared.home.rglob("*")} == {NOBODY.pw_uid}


@needs_root
def test_root_makes_a_desk_in_one_directory_for_whoever_has_that(shared: Program) -> None:
    shared.home.mkdir(mode=0o700)
    give_away(shared.home)
    place = ("--database", f"{shared.home}/desk.sqlite3")
    done = shared(*place, "init")
    assert done.status == 0, done.err
    assert {path.stat().st_uid for path in shared.home.rglob("*")} == {NOBODY.pw_uid}
    assert shared(*place, "ticket", "list").status == 0


@needs_root
def test_init_leaves_nothing_in_a_directory_of_somebody_else(shared: Program) -> None:
    shared.home.mkdir()
    shared.home.chmod(0o1777)
    code = (
        f"import os; os.setgroups([]); os.setgid({NOBODY.pw_gid}); os.setuid({NOBODY.pw_uid})\n"
        "import sys; from nightdesk import entry\n"
        f"sys.exit(int(entry.run(['--database', '{shared.home}/desk.sqlite3', 'init'])))"
    )
    done = shared.python("-c", code)
    assert done.status == 78, done.err
    assert "belongs to root, you are nobody" in done.err
    assert list(shared.home.iterdir()) == []
