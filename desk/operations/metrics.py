"""How the desk is, for probes that ask every few seconds: cheap looks only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.intake import receipts
from desk.mailboxes import registry
from desk.operations import doctor
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.tickets import lists
from models import leases

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.lists import MailboxLine
    from desk.operations.doctor import Finding

_NOBODY = Actor(None, "", "", "", None, frozenset())


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: its name, what it is, the labels that tell it from others of that name."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def findings(desk: Desk) -> list[Finding]:
    """Return what is wrong or well; the same findings as the doctor's, without those that read everything."""
    return list(doctor.vital(desk))


def samples(desk: Desk) -> list[Sample]:
    """Return the desk in numbers."""
    return list(_samples(desk))


def _samples(desk: Desk) -> Iterator[Sample]:
    alive = leases.alive(leases.WORKER)
    yield Sample("nightdesk_worker_alive", "Whether a worker works for the desk.", int(alive))
    for key, number in lists.counts(_NOBODY).items():
        if key != "mine":
            yield Sample("nightdesk_tickets", "Tickets in a list.", number, (("list", key),))
    for state, number in deliveries.counts().items():
        yield Sample("nightdesk_outbox_recipients", "Recipients of the outbox.", number, (("state", state),))
    for verdict, number in receipts.counts().items():
        yield Sample("nightdesk_receipts", "Mails taken in, by verdict.", number, (("verdict", verdict),))
    for line in registry.entries(desk):
        yield from _mailbox(line)


def _mailbox(line: MailboxLine) -> Iterator[Sample]:
    labels = (("mailbox", line.address),)
    yield Sample("nightdesk_mailbox_enabled", "Whether mail is fetched.", int(line.enabled), labels)
    yield Sample("nightdesk_mailbox_failures", "Failed fetches in a row.", line.error_count, labels)
    if line.last_success is not None:
        at = line.last_success.timestamp()
        yield Sample("nightdesk_mailbox_last_success_seconds", "When a fetch last succeeded.", at, labels)
