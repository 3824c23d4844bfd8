"""How far an import came: written in the transaction that stores its mails."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from config.clock import now
from models import imports
from models.fields import utc_text
from models.imports import SourceKind
from models.transactions import transaction

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
        """Return the files that are taken in."""
        return imports.names(self.id)

    def note(self, count: int, position: int | None, mark: str, names: Sequence[str]) -> None:
        """Count mails that were taken in, in the caller's transaction; what is None stays."""
        imports.count(self.id, count, utc_text(now()))
        if position is not None:
            imports.move_on(self.id, position, mark)
        for name in names:
            imports.add_name(self.id, name)

    def start_again(self) -> None:
        """Forget how far it came."""
        with transaction():
            imports.move_on(self.id, 0, "")
        self.position, self.mark = 0, ""


def open_ledger(kind: SourceKind, path: str) -> Ledger:
    """Return the ledger of a source, by the source's real path."""
    with transaction():
        state = imports.open_source(kind, path, utc_text(now()))
    return Ledger(state.id, state.position, state.mark, state.taken)


class UnwrittenLedger(Ledger):
    """What is known of a source, for who only looks: nothing is written."""

    def start_again(self) -> None:
        """Have it read from its beginning."""
        self.position, self.mark = 0, ""


def look_into_ledger(kind: SourceKind, path: str) -> Ledger:
    """Return what is known of a source, by the source's real path, and write nothing."""
    state = imports.source(kind, path)
    if state is None:
        return UnwrittenLedger(0, 0, "", 0)
    return UnwrittenLedger(state.id, state.position, state.mark, state.taken)


def mark_at(file: BinaryIO, position: int) -> str:
    """Return the mark of a file at a position; '' when the file is shorter."""
    start = max(0, position - _MARK_BYTES)
    file.seek(start)
    before = file.read(position - start)
    return hashlib.sha256(before).hexdigest() if len(before) == position - start else ""
