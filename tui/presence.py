"""Who else is at which ticket, as words and marks on the screens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from config.records import Record

if TYPE_CHECKING:
    from desk.tickets.presence import Present

WRITES, READS = "w", "o"
"""What stands before a ticket's number in the list: somebody writes on it, somebody has it open."""


class Company(Record):
    """The other agents, each at a ticket; whoever came first is first."""

    people: tuple[Present, ...] = ()

    def at(self, number: str | None) -> tuple[Present, ...]:
        """Return who else is at a ticket, those who are writing first."""
        here = [each for each in self.people if each.number == number]
        return tuple(sorted(here, key=lambda each: not each.writing))

    def writing(self, numbers: Iterable[str]) -> tuple[Present, ...]:
        """Return who else is writing on one of these tickets."""
        wanted = set(numbers)
        return tuple(each for each in self.people if each.writing and each.number in wanted)

    def mark(self, number: str) -> str:
        """Return the sign of a ticket in a list: `WRITES`, `READS` or a blank."""
        here = self.at(number)
        return " " if not here else WRITES if here[0].writing else READS

    def words(self, number: str | None) -> str:
        """Return ``Jo Helper writes``, ``Jo Helper writes and 1 more``, or nothing."""
        here = self.at(number)
        if not here:
            return ""
        return here[0].words + (f" and {len(here) - 1} more" if len(here) > 1 else "")

    def began_to_write(self, before: Company, numbers: Iterable[str]) -> tuple[Present, ...]:
        """Return who is writing on one of these tickets now and was not before."""
        known = {(each.session, each.number) for each in before.people if each.writing}
        return tuple(each for each in self.writing(numbers) if (each.session, each.number) not in known)
