"""Blobs: stored bytes, by their SHA-256; small ones in the database, large ones as files or in a store.

A file is complete, fsynced and in its place before the row that names it is written, so that a row never
points at nothing. What a crash leaves behind is a file without a row, never a row without a file. In an
object store (`models.stores`) it is the same: an object has its name, made of the digest, before a row does.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

import peewee

from config.expressions import expression
from config.records import Record
from models import remembered, sqlite
from models.database import Row, db
from models.engine import engine
from models.errors import StoreAway, StoreNotNamed
from models.fields import one_of
from models.statements import Lookup, Places, Statement, literal
from models.transactions import transaction

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from models.stores import Store

_LEVEL = 3
_LARGE, _LEVEL_OF_LARGE = 65_536, 1
"""A large mail is nearly all base64: no level finds more in it, and this one takes half the time."""
_WORTH = 0.95
"""Compressed to more than this share of its size, a blob is kept as it is."""

_SYNC_THREADS = 8

_OBJECT = expression(r"[0-9a-f]{64}\.(?:zst|eml)")


class Blob(Row):
    """Bytes that are kept: compressed in ``data``, or as the file ``path`` below the blob directory.

    A ``path`` without a directory is the name of an object in the desk's store.
    Where ``data`` is empty although ``size`` is not 0 the bytes were purged; their digest is known.
    """

    sha256 = peewee.TextField(unique=True)
    size = peewee.IntegerField()
    codec = peewee.TextField(constraints=[one_of("codec", ("zstd", "raw"))])
    data = peewee.BlobField(null=True)
    path = peewee.TextField(null=True)

    class Meta:
        constraints: ClassVar = [peewee.Check("(data IS NULL) <> (path IS NULL)")]


class BlobDamaged(Exception):
    """A blob's file is missing or holds other bytes than were stored."""

    exit_status = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.hint = "restore the blob directory from a backup; nightdesk doctor lists what is missing"


class BlobPurged(BlobDamaged):
    """A blob's bytes went with the ticket that they belonged to."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.hint = "a backup from before has them"


class Packed(Record):
    """Bytes ready to be stored; with ``path`` they are on disk or in the store already, ``data`` is None.

    ``found``: the store had them before, so that a purge may take them until a row names them.
    """

    sha256: str
    size: int
    codec: str
    data: bytes | None
    path: str | None = None
    found: bool = False


def directory() -> Path:
    """Return where the files are: ``blobs`` beside the database."""
    return Path(db.obj.folder) / "blobs"


def pack(raws: Sequence[bytes]) -> list[Packed]:
    """Hash and compress bytes, without touching database or disk."""
    compress = _compressor()
    return [_packed(raw, compress) for raw in raws]


def write_blobs(packed: Sequence[Packed], small: int | None = None) -> list[Packed]:
    """Write what is larger than ``small`` (None: than the engine keeps in a row) into files, durably.

    Returns all with the paths filled in.

    Call it before the transaction that stores the rows. Raises OSError (disk full, permissions): then
    nothing may be stored.
    """
    writer = BlobWriter(small)
    places = [writer.add(each) for each in packed]
    writer.finish()
    return [writer.packed[place] for place in places]


class BlobWriter:
    """Writes blobs to disk: files are written and synced in parallel while more are added.

    `finish` waits for them and syncs their directory once; until then nothing may be stored.
    """

    def __init__(self, small: int | None = None) -> None:
        self.packed: list[Packed] = []
        self._store: Store | None = db.obj.store
        usual = engine().LARGEST_BLOB if self._store is None else sqlite.LARGEST_BLOB
        self._small = usual if small is None else small
        self._day = datetime.now(UTC).strftime("%Y/%m/%d")
        self._writing: dict[str, Future[bool]] = {}
        self._threads: ThreadPoolExecutor | None = None

    def add(self, packed: Packed) -> int:
        """Take a blob, and begin to write it if it is large; returns its index in `packed`."""
        if packed.data is not None and len(packed.data) > self._small:
            name = f"{packed.sha256}.{'zst' if packed.codec == 'zstd' else 'eml'}"
            if name not in self._writing:
                self._writing[name] = self._begin(name, packed)
            path = name if self._store is not None else f"{self._day}/{name}"
            packed = Packed(packed.sha256, packed.size, packed.codec, None, path)
        self.packed.append(packed)
        return len(self.packed) - 1

    def finish(self) -> None:
        """Wait until all blobs are in place under their names.

        Raises OSError when one could not be written, `models.stores.StoreAway` among them.
        """
        if self._threads is None:
            return
        try:
            found = {name for name, writing in self._writing.items() if writing.result()}
        finally:
            self._threads.shutdown(wait=True, cancel_futures=True)
        if self._store is None:
            _sync(directory() / self._day)
        elif found:
            self.packed = [each._replace(found=True) if each.path in found else each for each in self.packed]

    def _begin(self, name: str, packed: Packed) -> Future[bool]:
        folder = directory() / self._day
        if self._threads is None:
            if self._store is None:
                _make_folder(folder)
            from concurrent.futures import ThreadPoolExecutor  # 2 ms, for large blobs

            self._threads = ThreadPoolExecutor(_SYNC_THREADS, "blobs")
        if self._store is not None:
            return self._threads.submit(_put_away, self._store, name, packed)
        return self._threads.submit(_write, folder / name, packed.data or b"")


def prepare(raws: Sequence[bytes], small: int | None = None) -> tuple[BlobWriter, list[int]]:
    """Pack all, the largest first, so that the disk is already busy with them while the rest is packed."""
    writer, compress = BlobWriter(small), _compressor()
    places = [0] * len(raws)
    for place in sorted(range(len(raws)), key=lambda place: -len(raws[place])):
        places[place] = writer.add(_packed(raws[place], compress))
    return writer, places


def _compressor() -> Callable[[bytes], bytes]:
    import zstandard  # 0.9 ms, for what is packed

    usual = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
    quick = zstandard.ZstdCompressor(level=_LEVEL_OF_LARGE, write_content_size=True)
    return lambda raw: (quick if len(raw) > _LARGE else usual).compress(raw)


def _packed(raw: bytes, compress: Callable[[bytes], bytes]) -> Packed:
    squeezed = compress(raw)
    codec, data = ("zstd", squeezed) if len(squeezed) < len(raw) * _WORTH else ("raw", raw)
    return Packed(hashlib.sha256(raw).hexdigest(), len(raw), codec, data)


def _pair(blob_id: int, size: int) -> tuple[int, int]:
    return blob_id, size


def _row(p: Places) -> dict[Any, peewee.Value]:
    columns = (Blob.sha256, Blob.size, Blob.codec, Blob.data, Blob.path)
    return {column: p(column.name) for column in columns}


_INSERT_NEW = Statement(lambda p: Blob.insert(_row(p)).returning(Blob.id))
_BY_DIGESTS = Lookup(
    lambda p: Blob.select(Blob.sha256, Blob.id).where(Blob.sha256.in_(p.each("wanted"))),
    lambda digest, blob_id: (str(digest), int(blob_id)),
)
_INSERT = Lookup(
    lambda p: Blob.insert(_row(p)).on_conflict("nothing", conflict_target=[Blob.sha256]).returning(Blob.id),
    int,
)
_BY_DIGEST = Lookup(lambda p: Blob.select(Blob.id).where(Blob.sha256 == p("sha256")), int)
_IS_PURGED = (Blob.size > 0) & (peewee.fn.LENGTH(Blob.data) == 0)
_FILL = Statement(
    lambda p: Blob.update({Blob.codec: p("codec"), Blob.data: p("data"), Blob.path: p("path")}).where(
        Blob.id == p("blob_id"), _IS_PURGED
    )
)
_EMPTY = Statement(
    lambda p: Blob.update({Blob.codec: "raw", Blob.data: b"", Blob.path: None}).where(Blob.id == p("blob_id"))
)
_FILES = Lookup(
    lambda p: Blob.select(Blob.path).where(Blob.id.in_(p.each("wanted")), Blob.path.is_null(False)), str
)
_NAMED_FILES = Lookup(
    lambda p: Blob.select(Blob.path).where(Blob.sha256.in_(p.each("wanted")), Blob.path.is_null(False)), str
)
_SIZES = Lookup(lambda p: Blob.select(Blob.id, Blob.size).where(Blob.id.in_(p.each("wanted"))), _pair)
_BY_ID = Lookup(
    lambda p: Blob.select(Blob.sha256, Blob.size, Blob.codec, Blob.data, Blob.path).where(
        Blob.id == p("blob_id")
    ),
    Packed,
)
_BEGINNINGS = Lookup(
    lambda p: Blob.select(
        *(Blob.id, Blob.sha256, Blob.size, Blob.codec),
        *(peewee.fn.SUBSTR(Blob.data, literal(1), literal(_LARGE)), Blob.path),
    ).where(Blob.id.in_(p.each("wanted"))),
    lambda blob_id, *packed: (int(blob_id), Packed(*packed)),
)
"""Of large ones that are rows the first bytes: many at once would fill the memory."""


def look_up(digests: Iterable[str]) -> None:
    """Let the transaction know which of these bytes are already stored, for `insert`."""
    known = remembered.now.remembered
    if known is not None:
        wanted = sorted(set(digests))
        known.kept["blobs"] = dict.fromkeys(wanted) | dict(_BY_DIGESTS.each_of(wanted))


def questions(digests: Iterable[str]) -> Iterator[remembered.Asked]:
    """Yield what `look_up` asks."""
    yield from _BY_DIGESTS.questions_of(sorted(set(digests)))


def insert(packed: Packed) -> int:
    """Store the row in the caller's transaction and return its id; the same bytes are one row.

    Raises OSError when its file is gone: bytes that come again in the moment in which they are purged.
    """
    if packed.found and packed.path is not None and not is_in_place(packed.path):
        raise FileNotFoundError(f"{packed.path} was purged just now")
    known = remembered.now.remembered
    there: dict[str, int | None] = known.kept.get("blobs", {}) if known is not None else {}
    if packed.sha256 in there and there[packed.sha256] is None:
        fresh = there[packed.sha256] = _INSERT_NEW.new_id(
            sha256=packed.sha256, size=packed.size, codec=packed.codec, data=packed.data, path=packed.path
        )
        return fresh
    blob_id = _INSERT.one(
        sha256=packed.sha256, size=packed.size, codec=packed.codec, data=packed.data, path=packed.path
    )
    if blob_id is None:
        blob_id = _BY_DIGEST.one(sha256=packed.sha256)
        _fill(blob_id, packed)
    assert blob_id is not None
    return blob_id


def _fill(blob_id: int | None, packed: Packed) -> None:
    """Give a blob that was purged its bytes again."""
    filled = _FILL.changed(blob_id=blob_id, codec=packed.codec, data=packed.data, path=packed.path)
    if filled and packed.path is not None and not packed.found and not is_in_place(packed.path):
        raise FileNotFoundError(f"{packed.path} was purged just now")


def size_of(blob_ids: Iterable[int]) -> int:
    """Return how many bytes these blobs have together."""
    return sum(dict(_SIZES.each_of(blob_ids)).values())


def empty(blob_ids: Sequence[int]) -> list[str]:
    """Purge the bytes of blobs but keep their rows; returns their files, for `remove` after the commit."""
    files = sorted(set(_FILES.each_of(blob_ids)))
    for blob_id in blob_ids:
        _EMPTY.run(blob_id=blob_id)
    return files


def remove(files: Iterable[str]) -> None:
    """Remove files that no blob refers to.

    Whoever stores bytes that were purged looks in its own transaction whether their file is there.
    """
    for path in files:
        with transaction():
            if path in _NAMED_FILES.each_of([Path(path).stem]):
                continue
            if _in_store(path):
                _store().remove([path])
            else:
                (directory() / path).unlink(missing_ok=True)


def strays(before: float) -> list[str]:
    """Return files and objects without a blob that are older than a moment, in seconds of the epoch.

    A crash left them, or a mail that came while the database was away. Raises OSError.
    """
    found = [
        str(path.relative_to(directory()))
        # On a server's host they are those of the file that the desk came from.
        for path in sorted(directory().glob("*/*/*/*") if engine().FILES else ())
        if path.is_file() and path.stat().st_mtime < before
    ]
    if db.obj.store is not None:
        found += sorted(
            name
            for name, stored in db.obj.store.names()
            if stored.timestamp() < before and _OBJECT.fullmatch(name)
        )
    named = set(_NAMED_FILES.each_of([Path(path).stem for path in found])) if found else set()
    return [path for path in found if path not in named]


def put_many(raws: Sequence[bytes], small: int | None = None) -> list[int]:
    """Store bytes and return their blob ids in order; joins the caller's transaction if there is one."""
    laid = write_blobs(pack(raws), small)
    with transaction():
        return [insert(each) for each in laid]


def put(raw: bytes, small: int | None = None) -> int:
    """Store bytes and return the blob's id."""
    return put_many([raw], small)[0]


def read(blob_id: int, *, hurried: bool = False) -> bytes:
    """Return the bytes of a blob.

    ``hurried``: for what can do without. Within a transaction, for which every other writer waits, it is in
    any case: a store that hangs would hold up the whole desk.

    Raises BlobDamaged when they are not what was stored, `models.stores.StoreAway` (an OSError) when nobody
    can know for the moment.
    """
    return _bytes_of(blob_id, None, hurried=hurried)


class Reader:
    """Reads blobs, whose rows are looked up at once."""

    def __init__(self, blob_ids: Iterable[int]) -> None:
        """Look the rows up."""
        self._rows = dict(_BEGINNINGS.each_of(blob_ids))
        self._last = (0, b"")

    def whole(self, blob_id: int) -> bytes:
        """Return the bytes of a blob, those of the last one again as they are. Raises what `read` raises."""
        if self._last[0] != blob_id:
            row = self._rows.get(blob_id)
            is_all_there = row is not None and (row.path is not None or len(row.data or b"") < _LARGE)
            self._last = (blob_id, _bytes_of(blob_id, row if is_all_there else None))
        return self._last[1]

    def beginning(self, blob_id: int) -> bytes:
        """Return at least so much of a blob as the headers of a mail take; of a large one no more, unchecked.

        Raises what `read` raises.
        """
        row = self._rows.get(blob_id)
        if row is None or row.size <= _LARGE or (row.path is not None and _in_store(row.path)):
            return self.whole(blob_id)
        try:
            if row.path is None:
                found = _unpacked_beginning(BytesIO(bytes(row.data or b"")), row.codec)
            else:
                with (directory() / row.path).open("rb") as file:
                    found = _unpacked_beginning(file, row.codec)
        except OSError:
            return self.whole(blob_id)
        return found or self.whole(blob_id)


def _unpacked_beginning(file: IO[bytes], codec: str) -> bytes:
    """Return the first bytes of what a blob's file has; none where it cannot be unpacked."""
    if codec == "raw":
        return file.read(_LARGE)
    import zstandard  # 0.7 ms, for what is packed

    try:
        return zstandard.ZstdDecompressor().stream_reader(file, read_size=_LARGE).read(_LARGE)
    except zstandard.ZstdError:
        return b""


def _bytes_of(blob_id: int, row: Packed | None, *, hurried: bool = False) -> bytes:
    """Return the bytes of a blob, whose row may be known."""
    hurried = hurried or db.in_transaction()
    try:
        return _read(blob_id, row, hurried)
    except FileNotFoundError:
        pass
    try:
        return _read(blob_id, None, hurried)  # it may have been moved in between
    except FileNotFoundError as error:
        raise BlobDamaged(f"blob {blob_id} cannot be read: {error}") from None


def _read(blob_id: int, row: Packed | None, hurried: bool) -> bytes:
    """Return the bytes of a blob. Raises FileNotFoundError where its row says."""
    stored = row or _BY_ID.one(blob_id=blob_id)
    if stored is None:
        raise BlobDamaged(f"there is no blob {blob_id}")
    data, path = stored.data, stored.path
    if path is not None and _in_store(path):
        try:
            data = _store().read(path, hurried=hurried)
        except FileNotFoundError:
            raise FileNotFoundError(f"{path} is missing in {_store().shown}") from None
    elif path is not None:
        try:
            data = (directory() / path).read_bytes()
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{path}: {error.strerror}") from None
        except OSError as error:
            raise BlobDamaged(f"blob {blob_id} cannot be read: {path}: {error.strerror}") from None
    if path is None and not data and stored.size:
        raise BlobPurged(f"the bytes of blob {blob_id} were purged with their ticket")
    raw = _unpacked(bytes(data or b""), stored.codec, stored.size)
    if raw is None or hashlib.sha256(raw).hexdigest() != stored.sha256:
        raise BlobDamaged(f"blob {blob_id} holds other bytes than were stored")
    return raw


def copy(blob_id: int, target: BinaryIO) -> None:
    """Write the bytes of a blob into a file; those of one that is a file are never in memory at once.

    Raises what `read` raises; what was written by then is worth nothing.
    """
    stored = _BY_ID.one(blob_id=blob_id)
    path = None if stored is None else stored.path
    if stored is None or path is None or _in_store(path):
        target.write(read(blob_id))
        return
    try:
        with (directory() / path).open("rb") as file:
            whole = _unpacked_into(file, stored.codec, target) == stored.sha256
    except OSError:
        # It may have been moved in between.
        target.seek(0)
        target.truncate()
        target.write(read(blob_id))
        return
    if not whole:
        raise BlobDamaged(f"blob {blob_id} holds other bytes than were stored")


def _unpacked_into(file: BinaryIO, codec: str, target: BinaryIO) -> str:
    """Write what a blob's file has into another one; returns its SHA-256, '' for what cannot be unpacked."""
    import zstandard  # 0.7 ms, for what is packed

    digest = hashlib.sha256()
    reader: Any = zstandard.ZstdDecompressor().stream_reader(file) if codec == "zstd" else file
    try:
        while chunk := reader.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
    except zstandard.ZstdError:
        return ""
    return digest.hexdigest()


def holds(packed: Packed) -> bool:
    """Whether a packed blob can be read back, and is what came in. Raises StoreAway."""
    try:
        data = (packed.data or b"") if packed.path is None else bytes_of(packed.path)
    except FileNotFoundError:
        return False
    return is_sound(data, packed.codec, packed.size, packed.sha256)


def is_sound(data: bytes, codec: str, size: int, sha256: str) -> bool:
    """Whether stored bytes are those that came in."""
    raw = _unpacked(data, codec, size)
    return raw is not None and hashlib.sha256(raw).hexdigest() == sha256


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a blob's file holds the bytes that came in. Raises OSError when it cannot be read."""
    import zstandard  # 0.7 ms, for what is packed

    digest = hashlib.sha256()
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
        try:
            while chunk := reader.read(1 << 20):
                digest.update(chunk)
        except zstandard.ZstdError:
            return False
    return digest.hexdigest() == sha256


def _unpacked(data: bytes, codec: str, size: int) -> bytes | None:
    if codec == "raw":
        return data
    import zstandard  # 0.7 ms, for what is packed

    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError:
        return None


def _in_store(path: str) -> bool:
    return "/" not in path


def _store() -> Store:
    store: Store | None = db.obj.store
    if store is None:
        raise StoreNotNamed
    return store


def bytes_of(path: str) -> bytes:
    """Return what is stored under a path. Raises OSError."""
    return _store().read(path) if _in_store(path) else (directory() / path).read_bytes()


def is_in_place(path: str) -> bool:
    """Whether there is something under a path. Raises StoreAway."""
    if _in_store(path):
        return _store().stored_at(path, hurried=db.in_transaction()) is not None
    return (directory() / path).exists()


def _put_away(store: Store, name: str, packed: Packed) -> bool:
    """Put bytes into a store; whether it had them. Other bytes under their name are replaced."""
    data = packed.data or b""
    if store.create(name, data):
        return False
    try:
        if is_sound(store.read(name), packed.codec, packed.size, packed.sha256):
            return True
    except FileNotFoundError:
        pass
    store.replace(name, data)
    return True


def _make_folder(folder: Path) -> None:
    """Create a day's directory, 0700, with every new name on its way synced."""
    missing = []
    parent = folder
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        _sync(path.parent)


def _write(target: Path, data: bytes) -> bool:
    """Write a file durably; False, for files are never found."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(handle, "wb", buffering=0) as file:  # noqa: PTH123
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(handle)
        temporary.rename(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return False


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_BY_AGE = Lookup(
    lambda p: Blob.select(Blob.id).order_by(Blob.id.desc()).limit(p("most")),
    int,
)


_COUNT = Lookup(lambda p: Blob.select(peewee.fn.COUNT(Blob.id)), int)


def count() -> int:
    """Return the number of stored blobs."""
    return _COUNT.one() or 0


def some(most: int) -> list[int]:
    """Return the ids of at most so many blobs: the newest ones, and a random choice of as many older ones."""
    import random  # 0.6 ms, for a sample

    newest = _BY_AGE.every(most=most // 2)
    oldest_of_them = newest[-1] if newest else 1
    older = range(1, oldest_of_them)
    return [*newest, *random.sample(older, min(most - len(newest), len(older)))]


def examine(only: Sequence[int] | None = None) -> Iterator[tuple[str, Literal["missing", "damaged"]]]:
    """Read every blob and yield those that are not what came in, by file or id. Raises StoreAway.

    `only`: the ids of those that are to be read.
    """
    columns = Blob.select(Blob.id, Blob.sha256, Blob.size, Blob.codec, Blob.data, Blob.path)
    columns = columns.where(Blob.path.is_null(False) | (Blob.size == 0) | (peewee.fn.LENGTH(Blob.data) > 0))
    if only is not None:
        columns = columns.where(Blob.id.in_(only))
    for blob_id, sha256, size, codec, data, path in columns.tuples().iterator():
        try:
            if path and not _in_store(path):
                sound = is_whole(directory() / path, sha256)
            else:
                sound = is_sound(_store().read(path) if path else bytes(data), codec, size, sha256)
        except StoreAway:
            raise
        except OSError:
            yield path, "missing"
        else:
            if not sound:
                yield path or f"blob {blob_id} in the database", "damaged"
