"""Moving stored bytes to where the desk keeps them now: rows, files or an object store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models import blobs
from models.blobs import Blob, BlobWriter, Packed
from models.database import db
from models.statements import Lookup, Statement
from models.transactions import transaction

if TYPE_CHECKING:
    from models.stores import Store


class Moved(Record):
    """What one step moved: how many blobs, how many stored bytes, and which blobs could not be read whole."""

    blobs: int
    size: int
    damaged: tuple[str, ...]


class _Placed(Record):
    id: int
    packed: Packed


_COLUMNS = (Blob.id, Blob.sha256, Blob.size, Blob.codec, Blob.data, Blob.path)


def _placed(
    blob_id: int, sha256: str, size: int, codec: str, data: bytes | None, path: str | None
) -> _Placed:
    return _Placed(blob_id, Packed(sha256, size, codec, None if data is None else bytes(data), path))


def _large(small: peewee.Value) -> peewee.Expression:
    return Blob.path.is_null() & (peewee.fn.LENGTH(Blob.data) > small)


_INTO_STORE = Lookup(
    lambda p: (
        Blob.select(*_COLUMNS)
        .where(Blob.id > p("after"), Blob.path.contains("/") | _large(p("small")))
        .order_by(Blob.id)
        .limit(p("most"))
    ),
    _placed,
)
_INTO_FILES = Lookup(
    lambda p: (
        Blob.select(*_COLUMNS)
        .where(
            Blob.id > p("after"),
            (Blob.path.is_null(False) & ~Blob.path.contains("/")) | _large(p("small")),
        )
        .order_by(Blob.id)
        .limit(p("most"))
    ),
    _placed,
)
_PLACE = Statement(
    lambda p: Blob.update({Blob.data: p("data"), Blob.path: p("path")}).where(
        Blob.id == p("blob_id"), Blob.sha256 == p("sha256"), Blob.codec == p("codec")
    )
)
_STILL = Lookup(lambda p: Blob.select(Blob.path).where(Blob.id == p("blob_id")), lambda path: (path,))


def move_some(after: int, most: int, small: int, origin: Store | None = None) -> tuple[int, Moved] | None:
    """Move the next blobs above the id ``after`` that are not in place; returns the last id, None at the end.

    ``small``: bytes up to which a blob stays in its row. ``origin``: the store that they are taken from,
    where the desk has none any more. What was moved is read back before a row names it, and taken from its
    old place after that; whatever ends it in between leaves a blob in both. Raises OSError.
    """
    found = (_INTO_FILES if db.obj.store is None else _INTO_STORE).every(after=after, most=most, small=small)
    if not found:
        return None
    writer, places, damaged = BlobWriter(small), dict[int, int](), list[str]()
    for each in found:
        data = _data(each.packed, origin)
        if data is None:
            damaged.append(each.packed.sha256)
        else:
            places[each.id] = writer.add(each.packed._replace(data=data, path=None))
    writer.finish()
    count = size = 0
    left: list[str] = []
    for each in found:
        if each.id not in places:
            continue
        laid = writer.packed[places[each.id]]
        if not blobs.holds(laid):
            damaged.append(laid.sha256)
            continue
        if _name(each, laid) and each.packed.path not in (None, laid.path):
            left.append(str(each.packed.path))
        count += 1
        size += len(each.packed.data or b"") or laid.size
    _clear(left, origin)
    return found[-1].id, Moved(count, size, tuple(damaged))


def _data(packed: Packed, origin: Store | None) -> bytes | None:
    """Return the stored bytes of a blob, None unless they are those that came in."""
    try:
        if packed.path is None:
            data = packed.data or b""
        elif origin is not None and "/" not in packed.path:
            data = origin.read(packed.path)
        else:
            data = blobs.bytes_of(packed.path)
    except FileNotFoundError:
        return None
    return data if blobs.is_sound(data, packed.codec, packed.size, packed.sha256) else None


def _name(each: _Placed, laid: Packed) -> bool:
    """Let the row name the new place, unless it was purged or moved meanwhile."""
    with transaction():
        if _STILL.one(blob_id=each.id) != (each.packed.path,):
            return False
        if laid.found and not blobs.is_in_place(str(laid.path)):
            return False
        return bool(
            _PLACE.changed(
                blob_id=each.id, sha256=laid.sha256, codec=laid.codec, data=laid.data, path=laid.path
            )
        )


def _clear(paths: Sequence[str], origin: Store | None) -> None:
    """Remove what was moved from where it was."""
    if origin is not None:
        origin.remove([path for path in paths if "/" not in path])
    else:
        blobs.remove(path for path in paths if "/" not in path)
    for path in paths:
        if "/" in path:
            (blobs.directory() / Path(path)).unlink(missing_ok=True)
