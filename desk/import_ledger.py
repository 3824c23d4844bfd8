"""How far an import came: written in the transaction that stores its mails."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from config.clock import now
from models.database import db, transaction
from models.fields import utc_text

_MARK_BYTES = 4096


@dataclass(slots=True)
class Ledger:
    """What is known of one source. ``position``: bytes of an mbox that are taken in."""

    id: int
    position: int
    mark: str
    """Digest of the bytes before `position`: an mbox that was rewritten since has others there."""
    taken: int
    """Mails taken in so far, in this run and those before."""

    def names(self) -> set[str]:
        """The files that are taken in."""
        rows = db.execute_sql("SELECT name FROM import_file WHERE source_id = ?", (self.id,))
        return {name for (name,) in rows}

    def note(self, count: int, position: int | None, mark: str, names: Sequence[str]) -> None:
        """Count mails that were taken in, in the caller's transaction; what is None stays."""
        db.execute_sql(
            "UPDATE import_source SET taken = taken + ?, position = coalesce(?, position), "
            "mark = CASE WHEN ? IS NULL THEN mark ELSE ? END, updated = ? WHERE id = ?",
            (count, position, position, mark, utc_text(now()), self.id),
        )
        for name in names:
            db.execute_sql(
                "INSERT OR IGNORE INTO import_file (source_id, name) VALUES (?, ?)", (self.id, name)
            )

    def start_again(self) -> None:
        """Forget how far it came."""
        with transaction():
            db.execute_sql("UPDATE import_source SET position = 0, mark = '' WHERE id = ?", (self.id,))
        self.position, self.mark = 0, ""


def open_ledger(kind: str, path: str) -> Ledger:
    """The ledger of a source, by the source's real path."""
    with transaction():
        db.execute_sql(
            "INSERT INTO import_source (kind, path, updated) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (kind, path, utc_text(now())),
        )
        row = db.execute_sql(
            "SELECT id, position, mark, taken FROM import_source WHERE kind = ? AND path = ?", (kind, path)
        ).fetchone()
    return Ledger(*row)


def mark_at(file: BinaryIO, position: int) -> str:
    """The mark of a file at a position; '' when the file is shorter."""
    start = max(0, position - _MARK_BYTES)
    file.seek(start)
    before = file.read(position - start)
    return hashlib.sha256(before).hexdigest() if len(before) == position - start else ""
