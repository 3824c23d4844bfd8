"""A desk in an object store: each moment is whole or not there, and what is damaged is never restored."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from operator import add
from pathlib import Path

import pytest
import zstandard

from config.clock import now
from config.settings import Settings
from desk.home import Desk, open_desk
from models import blobs, replicas
from models import stores as store_rows
from models.backup import BackupError, Files, forget, replicate, restore_moment
from models.errors import StoreAway
from models.opening import close_database
from models.replicas import Replica
from models.stores import Store
from models.transactions import transaction
from tests.support.mails import rows, value
from tests.support.servers.s3 import S3
from tests.support.workbench import make_ticket

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_rows, "RETRIES", 0)


@pytest.fixture(params=["s3", "directory"])
def replica(request: pytest.FixtureRequest, tmp_path: Path) -> Replica:
    """An empty store, on a server or in a directory."""
    if request.param == "directory":
        return Replica(Store(f"file://{tmp_path}/store"))
    server: S3 = request.getfixturevalue("s3")
    return Replica(Store(server.url(f"replica-{tmp_path.name}")))


def files_of(desk: Desk) -> Files:
    return Files(desk.paths.database, desk.paths.key, desk.paths.blobs)


def subjects(desk: Desk) -> list[str]:
    open_desk(desk.paths, Settings())
    found = [row[0] for row in rows("SELECT subject FROM ticket ORDER BY id")]
    assert not list(blobs.examine(None))
    close_database()
    return found


def later(replica: Replica, desk: Desk, monkeypatch: pytest.MonkeyPatch, minutes: int) -> replicas.Kept:
    """A moment some minutes from now."""
    with monkeypatch.context() as patch:
        patch.setattr(replicas, "now", lambda: now() + timedelta(minutes=minutes))
        return replicate(files_of(desk), replica, desk.desk_id)


def test_each_moment_can_be_brought_back_and_costs_what_changed(
    desk: Desk, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ticket("First")
    with transaction():
        blobs.put(os.urandom(200_000))
    first = later(replica, desk, monkeypatch, 0)
    make_ticket("Second")
    second = later(replica, desk, monkeypatch, 5)
    third = later(replica, desk, monkeypatch, 10)
    assert second.objects < first.objects
    assert third.objects == 0
    assert [each.tickets for each in (first.moment, second.moment, third.moment)] == [1, 2, 2]
    make_ticket("Never kept")
    (name,) = (row[0] for row in rows("SELECT path FROM blob WHERE path IS NOT NULL"))
    (blobs.directory() / name).unlink()
    close_database()

    _, at = restore_moment(files_of(desk), replica, first.moment.at + timedelta(minutes=3))
    assert at == first.moment.at
    assert subjects(desk) == ["First"]
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["First", "Second"]
    with pytest.raises(BackupError, match=r"no moment of a desk in .* so early"):
        restore_moment(files_of(desk), replica, first.moment.at - timedelta(days=1))


def test_what_is_damaged_or_missing_is_told_and_nothing_is_changed(
    desk: Desk, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ticket("Good")
    blobs.put(os.urandom(100_000))
    old = later(replica, desk, monkeypatch, 0)
    make_ticket("Better")
    new = later(replica, desk, monkeypatch, 5)
    make_ticket("Here")
    close_database()
    store = replica._store
    only_new = set(replica._names(new.moment.lists[0])) - set(replica._names(old.moment.lists[0]))
    chunk = replicas._name(sorted(only_new)[0])
    whole = store.read(chunk)
    for damaged in (b"", whole[:-9], zstandard.compress(b"other")):
        store.replace(chunk, damaged)
        with pytest.raises(BackupError, match="has other bytes than were kept"):
            restore_moment(files_of(desk), replica, None)
    store.remove([chunk])
    with pytest.raises(BackupError, match="is missing"):
        restore_moment(files_of(desk), replica, None)
    moment = store.read(new.moment.name)
    store.replace(new.moment.name, moment.replace(b'"tickets": 2', b'"tickets": 3'))
    with pytest.raises(BackupError, match="has other bytes"):
        restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Good", "Better", "Here"]
    (mail,) = (name for name, _ in store.names() if name.startswith("files/"))
    store.replace(mail, b"other")
    with pytest.raises(BackupError, match="is damaged"):
        restore_moment(files_of(desk), replica, old.moment.at)
    assert subjects(desk) == ["Good", "Better", "Here"]


@pytest.mark.parametrize("what", ["moment", "list"])
def test_a_damaged_newest_moment_hinders_no_later_one(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    replica = Replica(Store(f"file://{tmp_path}/store"))
    make_ticket("Good")
    kept = later(replica, desk, monkeypatch, 0).moment
    replica._store.replace(kept.name if what == "moment" else replicas._name(kept.lists[0]), b"other")
    make_ticket("Better")
    later(replica, desk, monkeypatch, 5)
    close_database()
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Good", "Better"]


def test_what_a_rule_of_the_bucket_removed_is_kept_anew(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = Replica(Store(f"file://{tmp_path}/store"))
    make_ticket("Good")
    blobs.put(os.urandom(100_000))
    kept = later(replica, desk, monkeypatch, 0).moment
    names = [
        replicas._name(kept.lists[0]),
        replicas._name(replica._names(kept.lists[0])[0]),
        f"files/{replica._names(kept.files[0])[0]}",
    ]
    for minutes, name in enumerate(names, 5):
        replica._store.remove([name])
        later(replica, desk, monkeypatch, minutes)
        assert replica._store.stored_at(name) is not None, name
    close_database()
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Good"]


def test_what_is_broken_off_is_no_moment_and_goes_on(
    desk: Desk, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ticket("Kept")
    later(replica, desk, monkeypatch, 0)
    make_ticket("Broken off")
    create, calls = Store.create, []

    def ended(self: Store, name: str, data: bytes) -> bool:
        calls.append(name)
        if name.startswith("moments/"):
            raise KeyboardInterrupt
        return create(self, name, data)

    monkeypatch.setattr(Store, "create", ended)
    with pytest.raises(KeyboardInterrupt):
        replicate(files_of(desk), replica, desk.desk_id)
    assert len(calls) > 2
    monkeypatch.setattr(Store, "create", create)
    assert len(replica.moments()) == 1
    kept = later(replica, desk, monkeypatch, 5)
    assert kept.objects <= 4, "what was there is not written again"
    close_database()
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Kept", "Broken off"]


def test_a_store_that_is_away_is_told(desk: Desk, s3: S3, tmp_path: Path) -> None:
    replica = Replica(Store(s3.url(tmp_path.name), "the store of backups"))
    make_ticket("Kept")
    replicate(files_of(desk), replica, desk.desk_id)
    for fault in ("503", "reset"):
        with s3.failing(fault), pytest.raises(StoreAway, match="the store of backups is away"):
            replicate(files_of(desk), replica, desk.desk_id)
    close_database()
    with s3.failing("503"), pytest.raises(StoreAway):
        restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Kept"]
    assert len(replica.moments()) == 1


def test_old_moments_are_forgotten_but_the_newest(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = Replica(Store(f"file://{tmp_path}/store"))
    make_ticket("First")
    first = later(replica, desk, monkeypatch, -60 * 24 * 9)
    make_ticket("Second")
    later(replica, desk, monkeypatch, -60 * 24 * 8)
    third = later(replica, desk, monkeypatch, -60 * 24 * 7)
    monkeypatch.setattr(replicas, "STRAY_AFTER", timedelta(days=-1))
    before = sum(name.startswith("objects/") for name, _ in replica._store.names())
    assert forget(replica, first.moment.at + timedelta(hours=1)) == 1
    assert sum(name.startswith("objects/") for name, _ in replica._store.names()) < before
    assert forget(replica, third.moment.at + timedelta(days=5)) == 1
    assert [name for _, name in replica.moments()] == [third.moment.name]
    assert value("SELECT count(*) FROM ticket") == 2
    close_database()
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["First", "Second"]


def test_a_store_keeps_one_desk(desk: Desk, tmp_path: Path) -> None:
    replica = Replica(Store(f"file://{tmp_path}/store"))
    make_ticket("Ours")
    ours = replicate(files_of(desk), replica, desk.desk_id).moment
    with pytest.raises(BackupError, match="keeps another desk"):
        replicate(files_of(desk), replica, "another")
    assert replica.newest() == ours


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=-2), timedelta(hours=-1)])
def test_moments_have_the_order_in_which_they_were_made_though_the_clock_stands_or_goes_back(
    desk: Desk, replica: Replica, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    begun = now()
    kept = []
    for made in range(1, 9):
        monkeypatch.setattr(replicas, "now", partial(add, begun, made * step))
        make_ticket(f"Number {made}")
        kept.append(replicate(files_of(desk), replica, desk.desk_id).moment)
    assert [name for _, name in replica.moments()] == [moment.name for moment in kept]
    close_database()
    for made, moment in enumerate(kept, 1):
        restore_moment(files_of(desk), replica, moment.at)
        assert len(subjects(desk)) == made
    restore_moment(files_of(desk), replica, None)
    assert len(subjects(desk)) == 8


def test_what_was_checked_by_a_clock_that_was_ahead_is_checked_again(
    desk: Desk, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("models.backup.now", partial(add, now(), timedelta(days=600)))
        assert replicate(files_of(desk), replica, desk.desk_id).moment.checked > now()
    assert replicate(files_of(desk), replica, desk.desk_id).moment.checked <= now()


def test_what_the_store_lost_without_a_word_is_read_back_in_its_turn_and_kept_anew(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = Replica(Store(f"file://{tmp_path}/store"))
    monkeypatch.setattr(replicas, "LISTED", 2)
    make_ticket("Good")
    blobs.put(os.urandom(100_000))
    kept = later(replica, desk, monkeypatch, 0).moment
    assert len(kept.lists) > 5
    objects = [name for name, _ in replica._store.names() if not name.startswith("moments/")]
    for name in objects:
        replica._store.replace(name, b"rotten")

    wrong = len(objects)
    for hours in range(24, 24 * 8, 24):
        later(replica, desk, monkeypatch, hours * 60)
        before, wrong = wrong, sum(replica._store.read(name) == b"rotten" for name in objects)
        assert wrong <= before
    assert wrong == 0
    close_database()
    restore_moment(files_of(desk), replica, kept.at)
    assert subjects(desk) == ["Good"]


_KILLED_ANYWHERE = """
import os, signal, sys
from pathlib import Path
from models import replicas
from models.backup import Files, replicate
from models.replicas import Replica
from models.stores import Store

home, place = Path(sys.argv[1]), sys.argv[2]
files = Files(home / "data/desk.sqlite3", home / "data/desk.key", home / "data/blobs")
left = 0

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(name):
    whole = getattr(Store, name)
    def stepwise(self, *given):
        step()
        done = whole(self, *given)
        step()
        return done
    setattr(Store, name, stepwise)

watched("create")
watched("replace")
replicas._THREADS = 1
for steps in range(1, 200):
    child = os.fork()
    if child == 0:
        left = steps
        replicate(files, Replica(Store(place)), sys.argv[3])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        print(steps)
        sys.exit()
    assert os.WTERMSIG(status) == signal.SIGKILL, status
"""


def test_killed_anywhere_it_leaves_the_moments_before_and_the_next_call_makes_one(
    desk: Desk, tmp_path: Path
) -> None:
    store = f"file://{tmp_path}/store"
    make_ticket("Before")
    before = replicate(files_of(desk), Replica(Store(store)), desk.desk_id).moment
    make_ticket("After")
    blobs.put(os.urandom(100_000))
    close_database()
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_ANYWHERE, desk.paths.home, store, desk.desk_id],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) > 5, "it was killed at so many places"
    replica = Replica(Store(store))
    restore_moment(files_of(desk), replica, None)
    assert subjects(desk) == ["Before", "After"]
    restore_moment(files_of(desk), replica, before.at)
    assert subjects(desk) == ["Before"]
