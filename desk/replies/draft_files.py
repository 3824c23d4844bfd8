"""Files that the desk keeps for a draft: of a mail that was taken back, or put there over SSH."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from config.files import atomic_write, ensure_dir
from mail.inert import one_line
from models import blobs

LARGEST = 25_000_000
"""Bytes of one file that can be attached; most mail servers refuse more."""


def name_for(name: str, taken: Collection[str]) -> str:
    """Return a name as a draft keeps it: no directory, no leading dot, none that is `taken`."""
    clean = one_line(name, 400).replace("/", "_").lstrip(".")[:100] or "file"
    number = 1
    kept = clean
    while kept in taken:
        kept = f"{number}-{clean}"
        number += 1
    return kept


def place_of(draft_id: int, name: str) -> Path:
    """Return where a file of a draft is."""
    return _folder(draft_id) / name


def keep(draft_id: int, name: str, data: bytes) -> Path:
    """Write a file of a draft down and return where; `name` is from `name_for`. Raises OSError."""
    ensure_dir(_folder(draft_id).parent)
    ensure_dir(_folder(draft_id))
    place = place_of(draft_id, name)
    atomic_write(place, data)
    return place


def discard(draft_id: int) -> None:
    """Delete what is kept for a draft."""
    shutil.rmtree(_folder(draft_id), ignore_errors=True)


def _folder(draft_id: int) -> Path:
    return blobs.directory().with_name("drafts") / str(draft_id)
