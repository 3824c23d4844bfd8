from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.paths import DeskPaths, Flags, find_desk, network_file_system, refuse_network_file_system


@pytest.fixture
def no_etc(tmp_path: Path) -> Path:
    return tmp_path / "no-etc"


def test_a_home_alone_is_a_whole_desk(tmp_path: Path) -> None:
    paths = DeskPaths(tmp_path)
    assert paths.config_file == tmp_path / "config.toml"
    assert paths.database == tmp_path / "data" / "desk.sqlite3"
    assert paths.key.parent == paths.blobs.parent == paths.data == tmp_path / "data"
    assert paths.spool == tmp_path / "spool"


def test_without_anything_the_desk_is_in_the_xdg_directories(no_etc: Path) -> None:
    paths = find_desk(Flags(), {"HOME": "/home/ana"}, no_etc)
    assert paths.home == Path("/home/ana/.local/share/nightdesk")
    assert paths.config_file == Path("/home/ana/.config/nightdesk/config.toml")


def test_xdg_variables_are_honoured_when_absolute(no_etc: Path) -> None:
    environ = {"HOME": "/home/ana", "XDG_DATA_HOME": "/srv/share", "XDG_CONFIG_HOME": "relative"}
    paths = find_desk(Flags(), environ, no_etc)
    assert paths.home == Path("/srv/share/nightdesk")
    assert paths.config_file == Path("/home/ana/.config/nightdesk/config.toml")


def test_etc_nightdesk_wins_over_xdg_and_names_the_home(tmp_path: Path) -> None:
    assert find_desk(Flags(), {"HOME": "/home/ana"}, tmp_path).home == Path("/var/lib/nightdesk")
    (tmp_path / "config.toml").write_text('home = "/srv/desk"\n')
    paths = find_desk(Flags(), {"HOME": "/home/ana"}, tmp_path)
    assert (paths.home, paths.config_file) == (Path("/srv/desk"), tmp_path / "config.toml")
    assert paths.found_by == "config.toml line 1"


def test_nightdesk_home_wins_over_etc_nightdesk(tmp_path: Path) -> None:
    paths = find_desk(Flags(), {"NIGHTDESK_HOME": "/srv/b"}, tmp_path)
    assert (paths.home, paths.config_file) == (Path("/srv/b"), Path("/srv/b/config.toml"))


def test_a_config_flag_wins_over_nightdesk_home(tmp_path: Path) -> None:
    file = tmp_path / "x" / "my.toml"
    file.parent.mkdir()
    file.write_text("")
    paths = find_desk(Flags(config=str(file)), {"NIGHTDESK_HOME": "/srv/b"}, tmp_path / "no-etc")
    assert (paths.home, paths.config_file, paths.found_by) == (file.parent, file, "--config")


def test_a_config_flag_for_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        find_desk(Flags(config=str(tmp_path / "nothing.toml")), {}, tmp_path)


def test_a_database_flag_alone_names_the_desk_around_it(no_etc: Path) -> None:
    environ = {"NIGHTDESK_HOME": "/srv/b"}
    inside = find_desk(Flags(database="sqlite:////srv/a/data/desk.sqlite3"), environ, no_etc)
    assert (inside.home, inside.data) == (Path("/srv/a"), Path("/srv/a/data"))
    alone = find_desk(Flags(database="/srv/copy/x.db"), environ, no_etc)
    assert (alone.home, alone.data, alone.database) == (
        Path("/srv/copy"),
        Path("/srv/copy"),
        Path("/srv/copy/x.db"),
    )


def test_the_database_comes_from_flag_then_environment_then_file(tmp_path: Path, no_etc: Path) -> None:
    (tmp_path / "config.toml").write_text('\n\ndatabase = "store/file.db"\n')
    environ = {"NIGHTDESK_HOME": str(tmp_path)}
    by_file = find_desk(Flags(), environ, no_etc)
    assert (by_file.database, by_file.database_from) == (tmp_path / "store/file.db", "config.toml line 3")
    by_variable = find_desk(Flags(), environ | {"NIGHTDESK_DATABASE": "/e/env.db"}, no_etc)
    assert (by_variable.database, by_variable.database_from) == (Path("/e/env.db"), "NIGHTDESK_DATABASE")
    config = str(tmp_path / "config.toml")
    by_flag = find_desk(Flags(config, "/f/flag.db"), environ | {"NIGHTDESK_DATABASE": "/e/env.db"}, no_etc)
    assert (by_flag.home, by_flag.database) == (tmp_path, Path("/f/flag.db"))


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_is_no_file_and_no_postgresql_is_refused(url: str, no_etc: Path) -> None:
    with pytest.raises(ConfigError):
        find_desk(Flags(), {"NIGHTDESK_HOME": "/h", "NIGHTDESK_DATABASE": url}, no_etc)


def test_a_database_password_is_in_no_text_of_the_paths(no_etc: Path) -> None:
    url = "postgresql://desk:s3cret@db/desk?sslpassword=s3cret"
    paths = find_desk(Flags(database=url), {"NIGHTDESK_HOME": "/h"}, no_etc)
    assert paths.database_url == url
    assert "s3cret" not in repr(paths)
    assert paths.shown_database == "postgresql://desk:********@db/desk?sslpassword=********"


def test_a_password_that_ends_too_early_in_the_url_is_refused_and_not_told(no_etc: Path) -> None:
    rest = "127.0.0.1:5432/desk"
    for written in ("p@s3cret", "p/s3cret@x", "p?x/s3cret", "p%s3cret"):
        with pytest.raises(ConfigError, match="cannot be read") as refused:
            find_desk(Flags(database=f"postgresql://u:{written}@{rest}"), {"NIGHTDESK_HOME": "/h"}, no_etc)
        assert "s3cret" not in f"{refused.value} {refused.value.hint}"
    for url in (
        f"postgresql://u:p%40%2F%23%3F%25@{rest}",
        f"postgresql://u:p#s3cr?et@{rest}",  # as the library reads it
        f"postgresql://{rest}?user=a@b",
        f"postgresql://u@{rest}?options=-c%20x&application_name=a@b",
        "postgresql:///desk?host=/run/postgresql",
    ):
        assert find_desk(Flags(database=url), {"NIGHTDESK_HOME": "/h"}, no_etc).server_url == url


def test_home_in_the_file_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("home = 3\n")
    with pytest.raises(ConfigError, match=r"config.toml line 1: home must be text"):
        find_desk(Flags(), {}, tmp_path)


def _mounts(tmp_path: Path, *lines: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text("\n".join(lines) + "\n")
    return table


def test_the_deepest_mount_decides_what_file_system_a_desk_is_on(tmp_path: Path) -> None:
    mounts = _mounts(
        tmp_path,
        "/dev/sda1 / ext4 rw 0 0",
        "server:/x /srv/with\\040space nfs4 rw 0 0",
        "/dev/sdb /srv/with\\040space/local xfs rw 0 0",
        "me@host: /sshfs fuse.sshfs rw 0 0",
    )
    assert network_file_system(Path("/srv/with space/desk"), mounts) == "nfs4"
    assert network_file_system(Path("/srv/with space/local/desk"), mounts) == ""
    assert network_file_system(Path("/srv/with spaces"), mounts) == ""
    assert network_file_system(Path("/sshfs"), mounts) == "fuse.sshfs"
    assert network_file_system(Path("/"), tmp_path / "no-such-table") == ""


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = _mounts(tmp_path, "/dev/sda1 / ext4 rw 0 0", "server:/x /nfs nfs rw 0 0")
    with pytest.raises(ConfigError, match="network file system") as error:
        refuse_network_file_system(DeskPaths(Path("/nfs/desk")), mounts)
    assert "local disk" in error.value.hint
    refuse_network_file_system(DeskPaths(Path("/nfs/desk"), server_url="postgresql://h/d"), mounts)
    refuse_network_file_system(DeskPaths(Path("/srv/desk")), mounts)


@pytest.mark.parametrize(
    "text",
    [
        'timezone = "Europe/Berlin"\nhome = "there"\n',
        "# home = 'nowhere'\n'home' = 'there'\n",
        '   home="there" # home\n',
        '"h\\u006fme" = "there"\n',
        '\ufeffhome = "there"\n',
        'note = """\n# home = "nowhere"\n"""\nhome = "there"\n',
    ],
)
def test_a_home_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, "utf-8")
    assert find_desk(Flags(config=str(config)), {}).home == tmp_path / "there"


def test_a_file_that_names_no_place_is_not_read_as_toml(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('# home = "nowhere"\ntimezone = "Etc/UTC"\n  # database = "no.sqlite3"\n', "utf-8")
    code = (
        "import sys; from config.paths import Flags, find_desk\n"
        "print(find_desk(Flags(config=sys.argv[1]), {}).home, 'tomllib' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(config)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == [str(tmp_path), "False"]
