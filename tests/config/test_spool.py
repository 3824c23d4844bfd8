"""A mail is in the spool as a whole, on disk, under a random name, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import spool as spools


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    path.chmod(0o1733)
    return path


@given(
    facts=st.dictionaries(st.sampled_from(["recipient", "sender", "from-line"]), st.text()),
    chunks=st.lists(st.binary(min_size=1), min_size=1, max_size=4),
)
def test_what_was_written_is_read_again_whatever_it_is(
    tmp_path_factory: pytest.TempPathFactory, facts: dict[str, str], chunks: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    name = spools.write(str(folder), facts, chunks)
    data = (folder / name).read_bytes()
    found, start = spools.read_head(data, len(data))
    assert data[start:] == b"".join(chunks)
    assert set(facts) <= set(found)
    for key, value in facts.items():
        assert len(found[key]) == min(len(value), 1000)
        assert found[key].isprintable()


def test_names_are_random_and_files_private(folder: Path) -> None:
    written = {spools.write(str(folder), {}, [b"x"]) for _ in range(50)}
    assert len(written) == 50
    assert set(spools.names(str(folder))) == written
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in written} == {0o600}


@pytest.mark.parametrize("mail", [[], [b""]])
def test_no_mail_is_no_file(folder: Path, mail: list[bytes]) -> None:
    with pytest.raises(spools.NotTaken):
        spools.write(str(folder), {}, mail)
    assert list(folder.iterdir()) == []


def test_a_mail_over_the_limit_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "MAX_MAIL", 10)
    with pytest.raises(spools.NotTaken):
        spools.write(str(folder), {}, [b"12345", b"678901"])
    assert list(folder.iterdir()) == []


def test_a_reader_that_fails_midway_leaves_nothing(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"one"
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError):
        spools.write(str(folder), {}, broken())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "fchmod", "pwrite"])
def test_a_disk_that_fails_at_any_step_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError):
        spools.write(str(folder), {}, [b"mail"])
    monkeypatch.undo()
    assert list(folder.iterdir()) == []


def test_nothing_is_told_before_it_is_on_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def note(name: str, function: Callable[..., Any], *given: Any) -> Any:
        steps.append(name)
        return function(*given)

    monkeypatch.setattr(os, "fsync", partial(note, "fsync", os.fsync))
    monkeypatch.setattr(os, "rename", partial(note, "rename", os.rename))
    spools.write(str(folder), {}, [b"mail"])
    assert steps == ["fsync", "rename", "fsync"]


def test_no_spool_has_no_names(tmp_path: Path) -> None:
    assert list(spools.names(str(tmp_path / "none"))) == []
