"""Whether mail for an address is the desk's, and which mailbox it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desk.standing import without_tag
from models.database import db


@dataclass(frozen=True, slots=True)
class Recipients:
    """One reading of the desk's addresses and aliases, all in lower case."""

    mailboxes: Mapping[str, int]
    """The mailbox of every address and alias in use."""
    domains: frozenset[str]

    def is_ours(self, address: str) -> bool:
        """Whether the address is at a domain of the desk, whoever it names there; one without domain is."""
        _, at, domain = address.rpartition("@")
        return not at or _ascii(domain) in self.domains

    def mailbox_of(self, address: str) -> int | None:
        """The mailbox with this address or alias, exactly or with the plus-tag left out."""
        wanted = address.lower()
        found = self.mailboxes.get(wanted)
        return self.mailboxes.get(without_tag(wanted)) if found is None else found


def read_recipients() -> Recipients:
    """Read what stands now."""
    rows = db.execute_sql(
        "SELECT address, id FROM mailbox WHERE removed IS NULL UNION ALL "
        "SELECT a.address, a.mailbox_id FROM mailbox_alias a JOIN mailbox m ON m.id = a.mailbox_id "
        "WHERE m.removed IS NULL"
    )
    mailboxes = {str(address).lower(): int(mailbox) for address, mailbox in rows}
    domains = {_ascii(address.rpartition("@")[2]) for address in mailboxes}
    return Recipients(mailboxes, frozenset(domains))


def _ascii(domain: str) -> str:
    """The domain as DNS has it, in lower case."""
    domain = domain.lower().rstrip(".")
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain
