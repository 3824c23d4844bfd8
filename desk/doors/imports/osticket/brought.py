"""What rows of the old desk became, and how one that is new is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from desk.doors.imports.osticket.reading import number
from desk.doors.imports.osticket.tally import OldDeskTally
from desk.errors import DeskError
from mail.inert import one_line
from models import old_desks


class Named(Protocol):
    """A row here, as it is looked up by its name."""

    @property
    def id(self) -> int:
        """Its id."""


N = TypeVar("N", bound=Named)


class Brought:
    """Knows the new ids of an old desk's rows, by kind; what it notes is in the caller's transaction."""

    def __init__(self, desk_id: int, tally: OldDeskTally) -> None:
        self.desk_id = desk_id
        self.tally = tally
        self._ids: dict[str, dict[int, int]] = {}
        self._made: set[tuple[str, int]] = set()

    def known(self, kind: str) -> dict[int, int]:
        """Return the new ids of a kind, by the old ones."""
        if kind not in self._ids:
            self._ids[kind] = old_desks.brought(self.desk_id, kind)
        return self._ids[kind]

    def new_id(self, kind: str, old: object) -> int | None:
        """Return the new id of a row, None for one that was not brought."""
        return self.known(kind).get(number(old))

    def is_made(self, kind: str, old: object) -> bool:
        """Whether a row was made in this run, and so says nothing yet that somebody here wants."""
        return (kind, number(old)) in self._made

    def note(self, kind: str, old: int, new: int) -> None:
        """Note what a row became."""
        self.known(kind)[old] = new
        old_desks.note(self.desk_id, kind, old, new)

    def add(
        self,
        kind: str,
        old: object,
        name: str,
        named: Callable[[str], N | None],
        make: Callable[[str], object],
    ) -> None:
        """Make what is not there; what has the name already is taken for the same."""
        kept = one_line(name, 100)
        if not kept or number(old) in self.known(kind):
            return
        try:
            found = named(kept)
            if found is None:
                make(kept)
                self.tally.made[kind] += 1
                self._made.add((kind, number(old)))
                found = named(kept)
        except DeskError as error:
            self.tally.troubles.append(one_line(f"{kind} {kept} was left out: {error}", 300))
            return
        if found is not None:
            self.note(kind, number(old), found.id)
