"""One batch being taken in: the desk's rules, what is known, and the moment it happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from desk.acknowledged import AcknowledgedLately, acknowledged_lately
from desk.filters.bans import matcher
from desk.filters.decision import ready
from desk.intake.lookups import Lookups
from models import filters, messages, tickets
from models.engine import engine
from models.fields import utc_text
from models.tickets import TicketState

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.arrivals import Prepared
    from desk.mailboxes.routes import SendingRoute
    from desk.rules import DeskRules

_LONGEST_CHAIN = 20


class Batch:
    """Shared by the steps of intake, inside one transaction."""

    def __init__(self, desk: Desk, rules: DeskRules, moment: datetime, mails: Sequence[Prepared]) -> None:
        self.desk = desk
        self.rules = rules
        self.moment = moment
        self.at = utc_text(moment)
        self._mails = mails
        self._routes: dict[int | None, SendingRoute] = {}
        self.known = Lookups(mails, self.at)
        self._acknowledged: AcknowledgedLately | None = None
        self.filters = ready(filters.every())
        self.banned = matcher(each.pattern for each in filters.bans())
        self._last_message = messages.newest()

    def sending_route(self, mailbox_id: int | None) -> SendingRoute:
        """Return how mail of this mailbox leaves."""
        if mailbox_id not in self._routes:
            from desk.mailboxes.routes import find_sending_route  # 1 ms, for acknowledgements

            self._routes[mailbox_id] = find_sending_route(mailbox_id)
        return self._routes[mailbox_id]

    @property
    def acknowledged(self) -> AcknowledgedLately:
        """Whom acknowledgements went to within the last hour, those of this batch among them."""
        if self._acknowledged is None:
            self._acknowledged = acknowledged_lately(self.moment)
        return self._acknowledged

    def index(self) -> None:
        """Make the text of the batch's mails searchable, all at once."""
        engine().index_newer_than(self._last_message)

    def forget(self) -> None:
        """Read again what is known, after a mail was rolled back."""
        self.known = Lookups(self._mails, self.at)
        self._acknowledged = None

    def ticket(self, ticket_id: int) -> TicketState | None:
        """Return the ticket, or the one it was joined to."""
        for _ in range(_LONGEST_CHAIN):
            ticket = tickets.read(ticket_id)
            if ticket is None or ticket.merged_into_id is None:
                return ticket
            ticket_id = ticket.merged_into_id
        return None

    def ticket_numbered(self, number: str) -> TicketState | None:
        """Return the ticket with this number, or the one it was joined to."""
        ticket = tickets.read_numbered(number)
        return None if ticket is None else self.ticket(ticket.id)
