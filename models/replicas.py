"""Replicas: a desk's file in an object store, as it was at many moments; each costs what has changed since.

A moment is a whole copy, made by SQLite's online backup. It is cut into chunks that are kept by the SHA-256
of their bytes, so a chunk that did not change is there already; lists of chunks are kept in the same way, and
a small document names the lists. That is written last: what was broken off is no moment. Nothing that is
there is ever written over with something else, nobody's checkpoints matter, and every byte is compared with
its digest when it is read. Large mails, which are files and never change, are objects of their own.

``objects/ab/abcd....zst`` is bytes by their digest, ``files/`` has large mails by their names, and
``moments/20261129T011000Z-DIGEST.json`` is a moment.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path
from typing import Any

import zstandard

from config.clock import now
from config.expressions import expression
from config.records import Record
from models import blobs
from models.stores import Store

CHUNK = 65_536
"""Bytes of a database that are kept, or not, as one: 16 pages."""
LISTED = 256
"""So many chunks, or files, stand in one list."""
CHECKED_EVERY = timedelta(days=1)
"""How often all that is in the database is read and compared, not only what has changed."""
READ_EVERY = timedelta(days=7)
"""How long it takes until all that is in the store was read back, a part with each moment."""
STRAY_AFTER = timedelta(days=1)
"""An object without a moment is removed when it is so old: a younger one may be of one that is being made."""

_THREADS = 8
_LARGEST = 2**31
_MOMENT = expression(r"moments/(\d{8}T\d{6}Z)-([0-9a-f]{32})\.json")
_FILES = "files/"
_STAMP = "%Y%m%dT%H%M%SZ"


class ReplicaDamaged(Exception):
    """An object is missing, or has other bytes than were kept."""


class Moment(Record):
    """A desk as it was; ``lists`` of the database's chunks and of its ``files``, by digest.

    ``desk``: the id of the desk; empty in a moment that was made without one.
    """

    at: datetime
    name: str
    size: int
    tickets: int
    lists: tuple[str, ...]
    files: tuple[str, ...]
    key: str | None
    damaged: tuple[str, ...]
    in_store: int
    checked: datetime
    desk: str


class Kept(Record):
    """What a moment cost: how many objects with how many bytes were new."""

    moment: Moment
    objects: int
    bytes: int


class _KeptBefore(Record):
    """The lists of the moment before, which names are in the store, and where an item of a list is."""

    lists: Sequence[str]
    there: Collection[str]
    place_of: Callable[[str], str]
    doubted: Callable[[float], bool]
    """Whether what stands there, by the share of the lists before it, is to be read back."""

    def has(self, digest: str, names: Iterable[str]) -> bool:
        """Whether a list and all that it names is there."""
        return _name(digest) in self.there and all(self.place_of(each) in self.there for each in names)


class Replica:
    """The moments of one desk in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._objects = self._bytes = 0
        self._damaged: list[str] = []
        self._there: Collection[str] = ()

    @property
    def shown(self) -> str:
        """The store's name as people see it."""
        return self._store.shown

    def moments(self) -> list[tuple[datetime, str]]:
        """Return when each moment was and its name, the oldest first. Raises StoreAway."""
        found = (_MOMENT.fullmatch(name) for name, _ in self._store.names())
        return sorted((_time(each[1]), each[0]) for each in found if each)

    def newest(self, before: datetime | None = None) -> Moment | None:
        """Return the newest moment, or the newest not after a time. Raises ReplicaDamaged, StoreAway."""
        names = [name for at, name in self.moments() if before is None or at <= before]
        return self._moment(names[-1]) if names else None

    def newest_sound(self) -> Moment | None:
        """Return the newest moment whose own document is not damaged. Raises StoreAway."""
        for _, name in reversed(self.moments()):
            try:
                return self._moment(name)
            except ReplicaDamaged:
                continue
        return None

    def keep(
        self,
        database: Path,
        folder: Path,
        files: dict[str, str],
        key: bytes | None,
        previous: Moment | None,
        facts: dict[str, Any],
    ) -> Kept:
        """Keep a copy of a database that nobody writes to, and the files below a folder that it names.

        ``files`` have their names and the SHA-256 of the mail that each holds; one that is missing or damaged
        is added to what is ``damaged`` by the ``facts``. Raises StoreAway, OSError.
        """
        self._objects, self._bytes, self._damaged = 0, 0, []
        self._there = there = {name for name, _ in self._store.names()}
        at = self._next_moment()
        doubted = _between(previous.at if previous else at, at)
        with ThreadPoolExecutor(_THREADS, "replica") as threads:
            kept = _KeptBefore(previous.lists if previous else (), there, _name, doubted)
            lists = self._keep_lists(threads, kept, _chunks(database), _digest, self._put)
            kept = _KeptBefore(previous.files if previous else (), there, _FILES.__add__, doubted)
            names = self._keep_lists(threads, kept, iter(files), str, self._put_file(folder, files))
            key_digest = None if key is None else self._put(key)
        facts["damaged"] = sorted({*facts["damaged"], *self._damaged})
        document = {
            "format": 1,
            "size": database.stat().st_size,
            "lists": lists,
            "files": names,
            "key": key_digest,
            **facts,
        }
        raw = json.dumps(document).encode()
        name = f"moments/{at.strftime(_STAMP)}-{_digest(raw)[:32]}.json"
        self._store.create(name, raw)
        return Kept(self._moment(name), self._objects, self._bytes)

    def _next_moment(self) -> datetime:
        """Return the time that a moment is named by: a second after all that are there.

        The newest is the one that is restored: two of one second would have no order, and one that was made
        before the clock was set back would stand for what came since.
        """
        at = now().replace(microsecond=0)
        taken = [_time(each[1]) for each in map(_MOMENT.fullmatch, self._there) if each]
        return max([at, *(each + timedelta(seconds=1) for each in taken)])

    def _keep_lists(
        self,
        threads: ThreadPoolExecutor,
        kept: _KeptBefore,
        items: Iterator[Any],
        named: Callable[[Any], str],
        put: Callable[[Any], object],
    ) -> list[str]:
        """Keep items in lists of their names; what stood at the same place before is there already.

        What somebody removed meanwhile, as rules of buckets do by age, is kept anew; so is what the store has
        lost or changed, once its turn comes to be read back.
        """
        lists: list[str] = []
        for place, some in enumerate(_grouped(items, LISTED)):
            names = [named(each) for each in some]
            raw = "\n".join(names).encode()
            digest = _digest(raw)
            before = kept.lists[place] if place < len(kept.lists) else ""
            if before and kept.doubted(place / len(kept.lists)):
                before = ""
            if before == digest and kept.has(digest, names):
                lists.append(digest)
                continue
            known = {each for each in self._still_listed(before) if kept.place_of(each) in kept.there}
            new = [each for each, name in zip(some, names, strict=True) if name not in known]
            for _ in threads.map(put, new):
                pass
            self._put(raw)
            lists.append(digest)
        return lists

    def bring(self, moment: Moment, database: Path, files: Path) -> bytes | None:
        """Write a moment's database and files, checked by their digests; returns the key's file.

        Whoever restores them compares the files with the digests in the database.

        Raises ReplicaDamaged, StoreAway, OSError.
        """
        with ThreadPoolExecutor(_THREADS, "replica") as threads:
            chunks = (threads.map(self._get, self._names(each)) for each in moment.lists)
            _write(database, (chunk for some in chunks for chunk in some))
            if database.stat().st_size != moment.size:
                raise ReplicaDamaged("a part of the database is missing")
            told = set(moment.damaged)
            for each in moment.files:
                for name in self._names(each):
                    if Path(name).stem in told:
                        continue
                    place = files / name
                    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    try:
                        _write(place, [self._store.read(f"{_FILES}{name}")])
                    except FileNotFoundError:
                        raise ReplicaDamaged(f"the mail {name} is missing") from None
        return None if moment.key is None else self._get(moment.key)

    def forget(self, before: datetime) -> int:
        """Remove the moments before a time but the newest of all, and objects that none names any more.

        Returns how many moments. Raises ReplicaDamaged, StoreAway.
        """
        found = self.moments()
        old = [name for at, name in found[:-1] if at < before]
        self._store.remove(old)
        used: set[str] = set()
        lists: set[str] = set()
        names: set[str] = set()
        for _, name in found:
            if name not in old:
                moment = self._moment(name)
                lists |= {*moment.lists, *moment.files}
                names |= {f"{_FILES}{each}" for listed in moment.files for each in self._names(listed)}
                used |= {moment.key} if moment.key else set()
        for each in lists:
            used |= set(self._names(each))
        names |= {_name(each) for each in (*lists, *used)}
        outdated = now() - STRAY_AFTER
        self._store.remove(
            [
                name
                for name, stored in self._store.names()
                if name.startswith((_FILES, "objects/")) and name not in names and stored < outdated
            ]
        )
        return len(old)

    def _still_listed(self, digest: str) -> set[str]:
        """Return what a list of before names; nothing of a damaged one, whose items are then kept anew."""
        try:
            return set(self._names(digest)) if digest else set()
        except ReplicaDamaged:
            return set()

    def _names(self, digest: str) -> list[str]:
        return [name for name in self._get(digest).decode().split("\n") if name]

    def _moment(self, name: str) -> Moment:
        match = _MOMENT.fullmatch(name)
        try:
            raw = self._store.read(name)
        except FileNotFoundError:
            raise ReplicaDamaged(f"{name} is missing") from None
        if match is None or _digest(raw)[:32] != match[2]:
            raise ReplicaDamaged(f"{name} has other bytes than were kept")
        found = json.loads(raw)
        return Moment(
            _time(match[1]),
            name,
            found["size"],
            found["tickets"],
            tuple(found["lists"]),
            tuple(found["files"]),
            found["key"],
            tuple(found["damaged"]),
            found["in_store"],
            datetime.fromisoformat(found["checked"]),
            found.get("desk", ""),
        )

    def _put_file(self, folder: Path, files: dict[str, str]) -> Callable[[str], None]:
        def put(name: str) -> None:
            place = folder / name
            if not place.is_file() or not blobs.is_whole(place, files[name]):
                self._damaged.append(files[name])
                return
            raw = place.read_bytes()
            self._keep(f"{_FILES}{name}", raw, raw, lambda stored: stored)

        return put

    def _put(self, raw: bytes) -> str:
        """Keep bytes; what is there already is read back, and replaced if it is not the same."""
        digest = _digest(raw)
        name = _name(digest)
        self._keep(name, raw, zstandard.ZstdCompressor(level=3).compress(raw), _unpacked)
        return digest

    def _keep(self, name: str, raw: bytes, packed: bytes, unpacked: Callable[[bytes], bytes | None]) -> None:
        if name in self._there or not self._store.create(name, packed):
            with suppress(FileNotFoundError):
                if unpacked(self._store.read(name)) == raw:
                    return
            self._store.replace(name, packed)
        self._objects += 1
        self._bytes += len(packed)

    def _get(self, digest: str) -> bytes:
        """Return kept bytes. Raises ReplicaDamaged, StoreAway."""
        try:
            raw = _unpacked(self._store.read(_name(digest)))
        except FileNotFoundError:
            raise ReplicaDamaged(f"the object {_name(digest)} is missing") from None
        if raw is None or _digest(raw) != digest:
            raise ReplicaDamaged(f"the object {_name(digest)} has other bytes than were kept")
        return raw


def _between(begin: datetime, end: datetime) -> Callable[[float], bool]:
    """Return whether a place, as a share of the whole, has its turn between two times."""
    length = READ_EVERY.total_seconds()
    first, last = begin.timestamp() / length, end.timestamp() / length

    def has_its_turn(place: float) -> bool:
        return floor(last - place) > floor(first - place)

    return has_its_turn


def _name(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}.zst"


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _unpacked(packed: bytes) -> bytes | None:
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)
    except zstandard.ZstdError:
        return None


def _time(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _chunks(database: Path) -> Iterator[bytes]:
    with database.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _write(place: Path, chunks: Iterable[bytes]) -> None:
    handle = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _grouped(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    some: list[Any] = []
    for each in items:
        some.append(each)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
