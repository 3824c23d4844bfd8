"""Large mails in an object store: there before a row names them, told when they are not what came in."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from config.errors import ConfigError
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.intake.arrivals import Arrival
from desk.intake.pipeline import take
from desk.operations import blob_moving
from desk.operations.doctor import examine
from desk.tickets import purging
from models import blobs
from models import stores as store_rows
from models.database import db
from models.errors import StoreAway, StoreOfAnother
from models.opening import close_database
from models.stores import Store
from models.transactions import transaction
from tests.support.engines import SQLITE
from tests.support.servers.child import wait_until
from tests.support.servers.s3 import S3, Fault
from tests.support.workbench import make_agent

NOISE = random.Random(7).randbytes(90_000)
OTHER = random.Random(8).randbytes(90_000)


@pytest.fixture
def stored(engine: str, s3: S3, desk: Desk, tmp_path: Path) -> Iterator[Store]:
    """The store of the open desk; ``desk`` is reopened with it."""
    reopen(desk, s3.url(tmp_path.name))
    yield db.obj.store
    close_database()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_rows, "RETRIES", 0)


def reopen(desk: Desk, url: str | None, threshold: int = 65_536) -> Desk:
    return open_desk(desk.paths, Settings(blobs=url, blob_threshold=threshold))


def objects(store: Store) -> list[str]:
    return sorted(name for name, _ in store.names())


def paths() -> list[str | None]:
    return [row[0] for row in db.execute_sql("SELECT path FROM blob ORDER BY id").fetchall()]


def question(number: int, noise: bytes = NOISE) -> Arrival:
    """A mail with an attachment that does not compress: 24 bits become 32, of which zstd wins 25 % back."""
    head = (
        f"From: Ann <ann@client.test>\r\nTo: support@desk.example\r\nSubject: Broken {number}\r\n"
        f"Message-ID: <{number}@client.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
        ' boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n'
        'Content-Type: application/octet-stream; name="noise"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return Arrival(head.encode() + base64.encodebytes(noise) + b"--b--\r\n", "import")


def test_large_ones_are_objects_named_by_their_digest_and_small_ones_stay_in_the_row(stored: Store) -> None:
    first, second, third = blobs.put_many([NOISE, b"small", OTHER])
    assert [blobs.read(blob) for blob in (first, second, third)] == [NOISE, b"small", OTHER]
    named = [path for path in paths() if path]
    assert objects(stored) == sorted(named)
    assert len(named) == 2
    assert all(
        path.partition(".")[0] in {blobs.pack([NOISE, OTHER])[n].sha256 for n in (0, 1)} for path in named
    )
    assert blobs.put(NOISE) == first
    assert not (blobs.directory() / str(named[0])).exists()


@pytest.mark.parametrize("fault", ["503", "reset", "full"])
def test_a_store_that_is_away_stores_nothing(s3: S3, stored: Store, desk: Desk, fault: Fault) -> None:
    with s3.failing(fault), pytest.raises(StoreAway, match="is away"):
        take(reopen(desk, s3.url("x")), [question(1), question(2, OTHER)])
    assert paths() == []
    assert db.execute_sql("SELECT count(*) FROM receipt").fetchone() == (0,)


def test_a_slow_store_is_waited_for_and_what_it_had_is_not_stored_again(s3: S3, stored: Store) -> None:
    with s3.failing("slow"):
        stored.create(f"{blobs.pack([NOISE])[0].sha256}.eml", NOISE)
        blob = blobs.put(NOISE)
    assert blobs.read(blob) == NOISE


def test_other_bytes_under_the_name_are_replaced(stored: Store) -> None:
    name = f"{blobs.pack([NOISE])[0].sha256}.eml"
    stored.create(name, b"half of it")
    assert blobs.read(blobs.put(NOISE)) == NOISE
    assert stored.read(name) == NOISE


def test_what_is_purged_between_the_upload_and_its_row_is_no_mail(stored: Store) -> None:
    name = f"{blobs.pack([NOISE])[0].sha256}.eml"
    stored.create(name, NOISE)
    [laid] = blobs.write_blobs(blobs.pack([NOISE]))
    blobs.remove([name])
    with pytest.raises(FileNotFoundError), transaction():
        blobs.insert(laid)
    assert paths() == []


def test_what_is_read_is_what_came_in_or_it_is_said(s3: S3, stored: Store, desk: Desk) -> None:
    [taken] = take(reopen(desk, stored_url(stored)), [question(1)])
    blob = db.execute_sql("SELECT blob_id FROM receipt").fetchone()[0]
    for fault, error, words in (
        ("wrong bytes", blobs.BlobDamaged, "other bytes"),
        ("no such key", blobs.BlobDamaged, "missing in"),
        ("503", StoreAway, "is away"),
        ("reset", StoreAway, "is away"),
    ):
        with s3.failing(fault), pytest.raises(error, match=words):  # type: ignore[arg-type]
            blobs.read(blob)
    assert b"See below" in blobs.read(blob)
    assert taken.verdict == "ticket"
    close_database()
    reopen(desk, None)
    with pytest.raises(StoreAway, match="not told in which"):
        blobs.read(blob)


def stored_url(store: Store) -> str:
    return store._url


def test_the_same_mail_is_a_copy_though_the_store_is_away(s3: S3, stored: Store, desk: Desk) -> None:
    """Known mail is known by rows; only bytes that nobody has yet wait for the store."""
    here = reopen(desk, stored_url(stored))
    [first] = take(here, [question(1)])
    with s3.failing("503"), pytest.raises(StoreAway):
        take(here, [question(1)])
    [again] = take(here, [question(1)])
    assert (first.verdict, again.verdict) == ("ticket", "duplicate")


def test_purge_takes_what_no_row_names_after_a_day(stored: Store) -> None:
    boss = make_agent("boss")
    kept = blobs.put(OTHER)
    stored.create(f"{'0' * 64}.zst", b"left by a crash")
    stored.create("someone-elses", b"not ours")
    purging.purge(boss, now())
    assert f"{'0' * 64}.zst" in objects(stored)
    purging.purge(boss, now() + timedelta(days=2))
    assert "someone-elses" in objects(stored)
    assert f"{'0' * 64}.zst" not in objects(stored)
    with pytest.raises(blobs.BlobPurged):
        blobs.read(kept)  # no mail named it


@pytest.mark.parametrize("left", [0, 1])
def test_blobs_move_into_the_store_and_back(
    s3: S3, desk: Desk, engine: str, tmp_path: Path, left: int
) -> None:
    boss = make_agent("boss")
    url = s3.url(f"{tmp_path.name}-{left}")
    ids = blobs.put_many([NOISE, b"small", OTHER])
    here = reopen(desk, url)
    store = db.obj.store
    if left:  # a move that was broken off left an object, and a damaged one
        store.create(f"{blobs.pack([NOISE])[0].sha256}.eml", NOISE)
        store.create(f"{blobs.pack([OTHER])[0].sha256}.eml", b"?")
    moved = blob_moving.move(here, boss)
    assert (moved.blobs, moved.damaged) == (2, ())
    assert [path is not None and "/" not in path for path in paths()] == [True, False, True]
    assert [blobs.read(blob) for blob in ids] == [NOISE, b"small", OTHER]
    assert [file for file in (desk.paths.data / "blobs").rglob("*") if file.is_file()] == []
    assert blob_moving.move(here, boss).blobs == 0
    back = reopen(desk, None)
    assert blob_moving.move(back, boss, url).blobs == 2
    assert objects(store) == []
    assert [blobs.read(blob) for blob in ids] == [NOISE, b"small", OTHER]
    assert [path is None for path in paths()] == [engine != SQLITE, True, engine != SQLITE]


def test_a_move_leaves_what_is_damaged(s3: S3, desk: Desk, engine: str, tmp_path: Path) -> None:
    boss = make_agent("boss")
    ids = blobs.put_many([NOISE, OTHER])
    if engine == SQLITE:
        (desk.paths.data / "blobs" / str(paths()[0])).write_bytes(b"?")
    else:
        db.execute_sql("UPDATE blob SET data = %s WHERE id = %s", (NOISE[:-1] + b"?", ids[0]))
    moved = blob_moving.move(reopen(desk, s3.url(tmp_path.name)), boss)
    assert (moved.blobs, len(moved.damaged)) == (1, 1)
    assert blobs.read(ids[1]) == OTHER
    with pytest.raises(blobs.BlobDamaged):
        blobs.read(ids[0])


def test_doctor_says_when_the_store_is_away_and_what_is_missing_in_it(
    s3: S3, stored: Store, desk: Desk
) -> None:
    here = reopen(desk, stored_url(stored))
    take(here, [question(1)])
    found = list(examine(here, live=False))
    assert [each.level for each in found if each.area == "store"] == ["ok"]
    servers = [each.text for each in found if each.area == "server"]
    assert all("not the large mails in the store" in each for each in servers), servers
    with s3.failing("full"):
        (said_full,) = [each for each in examine(here, live=False) if each.area == "store"]
    assert said_full.level == "failure"
    assert said_full.text.startswith("nothing can be stored now, large mail waits: ")
    with s3.failing("503"):
        said = [each for each in examine(here, live=False) if each.area in ("store", "database")]
    assert [each.level for each in said if each.area == "store"] == ["failure"]
    assert not any("hush" in each.text for each in said)
    stored.remove([str(path) for path in paths() if path])
    missing = [each.text for each in examine(here, live=False) if each.level == "failure"]
    assert any("missing in s3://" in text and "hush" not in text for text in missing)
    assert "nightdesk-tried" not in dict(stored.names())


def test_a_bucket_that_is_not_there_is_told_as_that(s3: S3, desk: Desk) -> None:
    here = reopen(desk, s3.url("x").replace("/desk/", "/dask/"))
    with pytest.raises(StoreAway, match=r"s3://dask/x: there is no such bucket"):
        take(here, [question(1)])
    (said,) = [each.text for each in examine(here, live=False) if each.area == "store"]
    assert "there is no such bucket" in said


def test_a_host_whose_configuration_names_no_store_is_told_so(stored: Store, desk: Desk) -> None:
    """It is the first thing that is forgotten on a second host; all seemed well there."""
    take(reopen(desk, stored_url(stored)), [question(1)])
    close_database()
    here = open_desk(desk.paths, Settings())
    (said,) = [each for each in examine(here, live=False) if each.level == "failure"]
    assert said.text == "large mail of this desk is in an object store, and this host is not told in which"
    assert "the setting blobs" in said.cure


def test_what_is_done_about_damaged_mail_is_possible_where_the_desk_is(
    stored: Store, desk: Desk, engine: str
) -> None:
    here = reopen(desk, stored_url(stored))
    take(here, [question(1)])
    (name,) = [str(path) for path in paths() if path]
    stored.replace(name, b"other bytes")
    (damaged,) = [each for each in examine(here, live=False) if "other bytes" in each.text]
    assert ("nightdesk backup" in damaged.cure) == (engine == SQLITE), (
        "a server's desk is not backed up by it"
    )


def test_a_directory_is_a_store_too_and_other_urls_are_none(tmp_path: Path, desk: Desk, engine: str) -> None:
    here = reopen(desk, f"file://{tmp_path}/objects")
    blob = blobs.put(NOISE)
    assert blobs.read(blob) == NOISE
    assert len(objects(db.obj.store)) == 1
    assert (tmp_path / "objects").stat().st_mode & 0o777 == 0o700
    for url in ("http://x/y", "s3://", "s3:///prefix", "file://objects", "file:", "desk"):
        with pytest.raises(ConfigError, match="no object store"):
            reopen(here, url)


def test_a_store_that_hangs_holds_up_no_other_writer(
    stored: Store, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_rows, "HURRY_SECONDS", 0.2)
    blob_id = blobs.put(NOISE)
    before = len(s3.requests)
    with s3.failing("hang"):
        for _ in range(5):
            with transaction(), pytest.raises(StoreAway, match="is away"):
                blobs.read(blob_id)
        with pytest.raises(StoreAway):
            blobs.read(blob_id, hurried=True)
    assert len(s3.requests) == before + 1, "while it is slow, nobody who holds others up asks it again"
    assert blobs.read(blob_id) == NOISE, "who has time asks it"
    monkeypatch.setattr(stored, "_slow_until", 0.0)
    with transaction():
        assert blobs.read(blob_id) == NOISE


def test_a_store_that_hangs_holds_few_of_the_threads_that_read(
    stored: Store, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_rows, "TURN_SECONDS", 0.05)
    name = f"{'7' * 64}.zst"
    stored.create(name, NOISE)
    stored.let_read_at_once(2)
    before = len(s3.requests)
    with ThreadPoolExecutor(4) as threads:
        with s3.failing("hang"):
            waiting = [threads.submit(stored.read, name) for _ in range(2)]
            wait_until(lambda: len(s3.requests) == before + 2, "two readers who wait")
            with pytest.raises(StoreAway, match="others wait for it already"):
                threads.submit(stored.read, name).result()
        assert [each.result() for each in waiting] == [NOISE, NOISE]
        assert threads.submit(stored.read, name).result() == NOISE


def test_a_batch_for_a_store_that_hangs_waits_once_and_not_for_each_mail(
    engine: str, desk: Desk, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del engine
    monkeypatch.setattr(store_rows, "TIMEOUT_SECONDS", 1)
    reopen(desk, s3.url(tmp_path.name))
    raws = [NOISE + bytes([each]) for each in range(40)]
    before = len(s3.requests)
    with s3.failing("hang"), pytest.raises(StoreAway):
        blobs.put_many(raws)
    assert len(s3.requests) - before < 2 * blobs._SYNC_THREADS + 1, "the others were not begun"
    assert paths() == []
    close_database()


def test_a_store_has_one_desk_and_no_other_one_purges_or_writes_there(
    engine: str, desk: Desk, s3: S3, tmp_path: Path
) -> None:
    del engine
    url = s3.url(tmp_path.name)
    theirs = Store(url, owner="another desk")
    assert theirs.create(f"{'7' * 64}.zst", b"theirs")
    shared = reopen(desk, url)
    with pytest.raises(StoreOfAnother, match="keeps another desk's mail"):
        blobs.put(NOISE)
    with pytest.raises(StoreOfAnother):
        blobs.remove(blobs.strays((now() + timedelta(days=1)).timestamp()))
    assert [each.level for each in examine(shared, live=False) if each.area == "store"] == ["failure"]
    assert theirs.read(f"{'7' * 64}.zst") == b"theirs"
    own = reopen(desk, s3.url(f"{tmp_path.name}-own"))
    blob_id = blobs.put(NOISE)
    reopen(desk, s3.url(f"{tmp_path.name}-own"))
    assert blobs.read(blob_id) == NOISE
    assert blobs.put(OTHER) > blob_id, "another process of the same desk"
    assert db.obj.store.marked_by() == own.desk_id
    assert [each.level for each in examine(own, live=False) if each.area == "store"] == ["ok"]
    close_database()
