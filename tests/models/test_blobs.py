"""Blobs: what was put in comes out, once, durably."""

from __future__ import annotations

import hashlib
import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import blobs
from models.database import db
from models.opening import close_database, open_database
from models.transactions import transaction

NOISE = random.Random(1).randbytes(200_000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    open_database(data / "desk.sqlite3", create=True)
    yield data
    close_database()


def files(data: Path) -> list[Path]:
    return sorted(path for path in (data / "blobs").rglob("*") if path.is_file())


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=2000), max_size=5), st.sampled_from([0, 100, 65_536]))
def test_what_was_put_in_comes_out(database: Path, raws: list[bytes], small: int) -> None:
    assert [blobs.read(blob) for blob in blobs.put_many(raws, small)] == raws


def test_many_are_read_as_one_is_and_of_a_large_one_the_beginning(database: Path) -> None:
    dice = random.Random(3)
    raws = [b"", b"From: a\n\nx", b"b" * 70_000, dice.randbytes(66_000), b"a line\n" * 50_000]
    for small in (0, 1 << 30):
        ids = blobs.put_many([raw + bytes([small % 7]) for raw in raws], small)
        reader = blobs.Reader([*ids, 10**9])
        for blob_id in ids:
            whole = blobs.read(blob_id)
            assert reader.whole(blob_id) == whole
            beginning = reader.beginning(blob_id)
            assert whole.startswith(beginning)
            assert len(beginning) == min(len(whole), 65_536)
        for ask in (reader.whole, reader.beginning):
            with pytest.raises(blobs.BlobDamaged):
                ask(10**9)
    for file in files(database):
        file.write_bytes(b"other")
    reader = blobs.Reader(range(1, len(raws) + 1))
    for blob_id in range(1, len(raws) + 1):
        with pytest.raises(blobs.BlobDamaged):
            reader.whole(blob_id)
    db.execute_sql("UPDATE blob SET data = x'00', codec = 'zstd' WHERE path IS NULL")
    with pytest.raises(blobs.BlobDamaged):
        blobs.Reader([ids[-1]]).beginning(ids[-1])


def test_the_same_bytes_are_one_blob(database: Path) -> None:
    assert blobs.put_many([b"a", b"b", b"a"]) == [1, 2, 1]
    assert blobs.put(b"b") == 2


def test_small_ones_are_in_the_database_and_large_ones_are_files(database: Path) -> None:
    blobs.put_many([b"small" * 100, NOISE])
    assert [path.stat().st_size for path in files(database)] == [len(NOISE)]
    assert db.execute_sql("SELECT path IS NULL FROM blob ORDER BY id").fetchall() == [(1,), (0,)]


def test_what_compresses_well_is_small_however_long(database: Path) -> None:
    blobs.put(b"log line\n" * 100_000)
    assert files(database) == []


def test_files_and_directories_are_private(database: Path) -> None:
    old = os.umask(0)
    try:
        blobs.put(NOISE)
    finally:
        os.umask(old)
    (file,) = files(database)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in list(file.parents)[:4]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_is_complete_before_its_row_is_written(database: Path) -> None:
    packed = blobs.write_blobs(blobs.pack([NOISE]))
    (file,) = files(database)
    assert file.read_bytes() == NOISE
    assert file.name.startswith(hashlib.sha256(NOISE).hexdigest())
    assert db.execute_sql("SELECT count(*) FROM blob").fetchone() == (0,)
    with transaction():
        assert blobs.read(blobs.insert(packed[0])) == NOISE


def test_no_temporary_file_stays_when_the_disk_is_full(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    blobs.write_blobs(blobs.pack([NOISE + b"x"]))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put(NOISE)
    assert len(files(database)) == 1


def test_damage_is_said_never_shown_as_the_mail(database: Path) -> None:
    blob = blobs.put(NOISE)
    (file,) = files(database)
    file.write_bytes(NOISE[:-1] + b"!")
    with pytest.raises(blobs.BlobDamaged, match="other bytes"):
        blobs.read(blob)
    file.unlink()
    with pytest.raises(blobs.BlobDamaged, match="cannot be read"):
        blobs.read(blob)
    with pytest.raises(blobs.BlobDamaged, match="no blob 99"):
        blobs.read(99)
