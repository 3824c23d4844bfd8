"""Blobs: stored bytes, by their SHA-256; small ones in the database, large ones as files."""

from __future__ import annotations

import peewee

from models.database import Row


class Blob(Row):
    """Bytes that are kept: compressed in ``data``, or as the file ``path`` below the blob directory."""

    sha256 = peewee.TextField()
    size = peewee.IntegerField()
    codec = peewee.TextField()
    data = peewee.BlobField(null=True)
    path = peewee.TextField(null=True)
