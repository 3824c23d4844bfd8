"""Contacts: who writes to the desk, known by an address. Addresses are kept in lower case."""

from __future__ import annotations

from collections.abc import Iterable

from models.database import db
from models.lookups import rows_in

NOBODY = ""
"""The address of the contact behind mails that name no sender at all."""


class Contacts:
    """Looks contacts up for a whole batch at once and creates those that are missing."""

    def __init__(self, created: str) -> None:
        self._created = created
        self._known: dict[str, tuple[int, str]] = {}
        self._looked_up: set[str] = set()

    def load(self, addresses: Iterable[str]) -> None:
        """Read those of ``addresses`` that exist."""
        wanted = set(addresses) - self._looked_up
        self._looked_up |= wanted
        for contact_id, email, name in rows_in("SELECT id, email, name FROM contact WHERE email IN", wanted):
            self._known[str(email).lower()] = (int(contact_id), str(name))

    def get(self, address: str, name: str = "") -> int:
        """The contact's id, made in the caller's transaction if need be; a first name given is kept."""
        self.load([address])
        known = self._known.get(address)
        if known is None:
            contact_id = int(
                db.execute_sql(
                    "INSERT INTO contact (email, name, created) VALUES (?, ?, ?)",
                    (address, name, self._created),
                ).lastrowid
            )
            self._known[address] = (contact_id, name)
            return contact_id
        if name and not known[1]:
            db.execute_sql("UPDATE contact SET name = ? WHERE id = ?", (name, known[0]))
            self._known[address] = (known[0], name)
        return known[0]
