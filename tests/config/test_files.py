from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.files import atomic_write, check_mode, check_private, ensure_dir, refuse_device, write_once


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True, params=[0o000, 0o077])
def umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_written_file_has_exactly_the_mode_asked_for(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", b"1")
    atomic_write(tmp_path / "b", b"1", 0o644)
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o600, 0o644)


def test_a_failing_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    atomic_write(target, b"old")

    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(OSError, match="No space"):
            atomic_write(target, b"new")
    assert target.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_no_pipe_and_no_device_is_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for place in (pipe, link):
        with pytest.raises(ConfigError, match="is a device or a pipe"):
            atomic_write(place, b"x")
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, pipe]


@pytest.mark.parametrize("place", ["/dev/null", "/dev/stdout", "/dev/fd/0", "/dev/full"])
def test_what_every_program_uses_is_no_place_for_a_file(place: str, tmp_path: Path) -> None:
    with (tmp_path / "stdin").open("w") as file:
        before = os.dup(0)
        os.dup2(file.fileno(), 0)
        try:
            with pytest.raises(ConfigError, match="is a device or a pipe"):
                refuse_device(Path(place))
        finally:
            os.dup2(before, 0)
            os.close(before)


def test_of_many_that_create_a_file_at_once_exactly_one_wins(tmp_path: Path) -> None:
    target, wins = tmp_path / "key", []
    threads = [
        threading.Thread(target=lambda n=n: wins.append(n) if write_once(target, b"%d" % n) else None)
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == b"%d" % wins[0]
    assert len(wins) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("wanted", [0o700, 0o711, 0o755, 0o1733])
def test_a_directory_gets_exactly_its_mode_also_the_second_time(tmp_path: Path, wanted: int) -> None:
    target = tmp_path / "x" / "y"
    ensure_dir(target, wanted)
    assert mode(target) == wanted
    target.chmod(0o777)
    ensure_dir(target, wanted)
    assert mode(target) == wanted


def test_a_file_where_a_directory_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ConfigError, match="not a directory"):
        ensure_dir(tmp_path / "x")


def test_what_others_could_open_is_a_problem_with_its_cure(tmp_path: Path) -> None:
    file = tmp_path / "key"
    atomic_write(file, b"")
    ensure_dir(tmp_path / "data")
    assert check_private(file) == check_private(tmp_path / "data") == []
    file.chmod(0o640)
    (problem,) = check_private(file)
    assert problem.message == "has mode 0640, not 0600"
    assert problem.hint == f"chmod 0600 {file}"
    (tmp_path / "data").chmod(0o755)
    assert check_private(tmp_path / "data")


def test_a_missing_path_is_a_problem(tmp_path: Path) -> None:
    assert check_mode(tmp_path / "nothing", 0o700)[0].message == "is missing"
