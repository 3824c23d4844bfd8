"""Which mailbox sends for which: its own outgoing account, else the default one's; never a third way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING

from config.records import Record
from desk import settings
from desk.errors import Refused
from models import mailboxes

if TYPE_CHECKING:
    from models.mailboxes import Mailbox


class Routes(Record):
    """One reading of all outgoing accounts."""

    sending: Mapping[int, str]
    """The address of each mailbox that has an outgoing account in use."""
    spoofing: Set[int]
    """Whose accounts may send as other addresses of the desk."""
    every: tuple[int, ...]
    default: int | None

    def of(self, mailbox_id: int | None) -> int | None:
        """Return the mailbox whose account sends for this one (None: for mail of no mailbox), or None."""
        return mailbox_id if mailbox_id in self.sending else self.default

    def through(self, route: int | None) -> list[int]:
        """Return the mailboxes whose mail leaves through that account (None: through any)."""
        found = {mailbox_id: self.of(mailbox_id) for mailbox_id in self.every}
        return [mailbox_id for mailbox_id, by in found.items() if by is not None and route in (None, by)]

    def missing(self, mailbox_ids: Iterable[int | None]) -> set[int | None]:
        """Return those of these mailboxes whose mail no account sends; None is the mail of no mailbox."""
        return {mailbox_id for mailbox_id in mailbox_ids if self.of(mailbox_id) is None}


class SendingRoute(Record):
    """How mail of one of the desk's addresses leaves. `open` is False while nobody can send it."""

    own: Mailbox | None
    sender: Mailbox
    open: bool


def read_routes() -> Routes:
    """Read what stands now."""
    accounts = mailboxes.outgoing_accounts()
    sending = {account.mailbox_id: account.address for account in accounts if account.sends}
    named = str(settings.get("mail.default_outgoing")).lower()
    return Routes(
        sending,
        {account.mailbox_id for account in accounts if account.spoofs},
        tuple(account.mailbox_id for account in accounts),
        next((key for key, address in sending.items() if address.lower() == named), None),
    )


def outgoing_for(mailbox_id: int | None) -> Mailbox | None:
    """Return the mailbox whose account sends for this one: itself, else the default one; None: none does."""
    own = None if mailbox_id is None else mailboxes.sender(mailbox_id)
    return own or default_outgoing()


def default_outgoing() -> Mailbox | None:
    """Return the mailbox that sends for those without an outgoing account, or None."""
    named = str(settings.get("mail.default_outgoing"))
    return mailboxes.sender_with_address(named) if named else None


def find_sending_route(mailbox_id: int | None) -> SendingRoute:
    """Return the way out for a mailbox's mail. Raises Refused when the desk has no address to send from."""
    own = None if mailbox_id is None else mailboxes.by_id(mailbox_id)
    way = outgoing_for(mailbox_id)
    sender = way or own or default_outgoing() or mailboxes.first()
    if sender is None:
        raise Refused("the desk has no address to send from", "nightdesk mailbox add ADDRESS ...")
    return SendingRoute(own, sender, way is not None)
