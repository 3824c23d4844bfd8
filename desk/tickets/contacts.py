"""Contacts: who writes to the desk, known by an address. Addresses are kept in lower case."""

from __future__ import annotations

from collections.abc import Iterable

from models import contacts

NOBODY = ""
"""The address of the contact behind mails that name no sender at all."""


class Contacts:
    """Looks contacts up for a whole batch at once and creates those that are missing."""

    def __init__(self, created: str) -> None:
        self._created = created
        self._known: dict[str, tuple[int, str]] = {}
        self._looked_up: set[str] = set()
        self.made: list[int] = []
        """Contacts that were not there before."""

    def as_made(self) -> dict[str, list[int]]:
        """Return what an event says of contacts that it made, which go with it when it is undone."""
        return {"made": self.made} if self.made else {}

    def load(self, addresses: Iterable[str]) -> None:
        """Read those of ``addresses`` that exist."""
        wanted = set(addresses) - self._looked_up
        self._looked_up |= wanted
        for contact in contacts.by_email(wanted):
            self._known[contact.email.lower()] = (contact.id, contact.name)

    def get(self, address: str, name: str = "") -> int:
        """Return the contact's id, made in the caller's transaction if need be; a first name is kept.

        `NOBODY` has none: what one of them called himself is not what the others are.
        """
        name = name if address else ""
        if address not in self._looked_up:
            self.load([address])
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = (contacts.write(address, name, self._created), name)
            self.made.append(known[0])
        elif name and not known[1]:
            contacts.rename(known[0], name)
            known = self._known[address] = (known[0], name)
        return known[0]
