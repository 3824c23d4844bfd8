"""Which addresses are the desk's own, and which mailbox mail for one of them is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.records import Record
from mail.mime.address import as_compared
from mail.mime.domain import unicode_domain
from models import mailboxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.mailboxes import MailboxAddress


class OwnAddresses(Record):
    """One reading of the desk's addresses, all as `mail.mime.address.as_compared` has them."""

    mailboxes: Mapping[str, int]
    """The mailbox of every address and alias in use."""
    others: frozenset[str]
    """Addresses that were the desk's, and those that its accounts log in as: their mail comes here too."""

    def is_own(self, address: str) -> bool:
        """Whether mail for this address comes to the desk: it never writes there, nor lets it take part."""
        wanted = as_compared(address)
        return any(each in self.mailboxes or each in self.others for each in (wanted, without_tag(wanted)))

    def mailbox_of(self, address: str) -> int | None:
        """Return the mailbox with this address or alias, exactly or with the plus-tag left out."""
        wanted = as_compared(address)
        found = self.mailboxes.get(wanted)
        return self.mailboxes.get(without_tag(wanted)) if found is None else found

    def has_domain_of(self, address: str) -> bool:
        """Whether the address is at a domain of the desk, whoever it names there; one without domain is."""
        _, at, domain = address.rpartition("@")
        return not at or _known_as(domain) in self.domains

    @property
    def domains(self) -> frozenset[str]:
        """The domains of the addresses in use, in their own script."""
        return frozenset(_known_as(address.rpartition("@")[2]) for address in self.mailboxes)


def read_own_addresses() -> OwnAddresses:
    """Read what stands now."""
    return known_from(mailboxes.addresses())


def known_from(every: Sequence[MailboxAddress]) -> OwnAddresses:
    """Return the desk's addresses where those of its mailboxes were just read; reads the accounts' logins."""
    in_use = {as_compared(each.address): each.mailbox_id for each in reversed(every) if each.in_use}
    logins = {as_compared(login) for pair in mailboxes.logins() for login in pair if "@" in login}
    return OwnAddresses(in_use, frozenset(logins | {as_compared(each.address) for each in every}))


def without_tag(address: str) -> str:
    """Return ``support+anything@host`` without its tag; other addresses as they are."""
    local, at, host = address.rpartition("@")
    return local.partition("+")[0] + at + host if at and "+" in local[1:] else address


def _known_as(domain: str) -> str:
    domain = domain.rstrip(".")
    return unicode_domain(domain) or domain.lower()
