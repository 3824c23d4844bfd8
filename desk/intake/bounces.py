"""Bounces: mails that say that one of ours did not arrive. They mark the recipient and wake the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.records import Record
from mail.compose import message_id as signed_ids
from mail.inert import one_line
from models import deliveries

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.intake.lookups import KnownDelivery
    from mail.mime.bounces import BouncedRecipient
    from models.tickets import TicketState


class Undelivered(Record):
    """A recipient that a mail of ours did not reach, and the server's words."""

    address: str
    why: str


class Bounced(Record):
    """What a bounce says: of which ticket's mail, and who did not get it."""

    ticket: TicketState | None
    recipients: tuple[Undelivered, ...] = ()


def read_bounce(incoming: Incoming) -> Bounced:
    """Find the mail of ours that came back and mark its recipients; no ticket when it is none of ours.

    A recipient is marked only when the bounce names a mail that we sent, by the Message-ID that none but its
    recipients know, and that went to that address or to one person alone: a forged bounce mutes nobody.
    """
    for reference in _named(incoming):
        delivery = incoming.batch.known.delivery(reference)
        if delivery is not None:
            incoming.says(f"bounce of {reference}, which this desk sent")
            failed = _mark(incoming, delivery)
            ticket_id = delivery.ticket_id
            return Bounced(incoming.batch.ticket(ticket_id) if ticket_id is not None else None, failed)
    for reference in _named(incoming):
        payload = signed_ids.ours(reference, incoming.rules.message_secret)
        if payload is not None and payload.isdecimal():
            ticket = incoming.batch.ticket(int(payload))
            if ticket is not None:
                incoming.says(f"bounce of {reference}, signed by this desk for ticket {ticket.number}")
                return Bounced(ticket)
    incoming.says("bounce of a mail that this desk did not send: no ticket")
    return Bounced(None)


def _named(incoming: Incoming) -> list[str]:
    mail = incoming.mail
    originals = [bounced.original_message_id for bounced in mail.bounced if bounced.original_message_id]
    return list(dict.fromkeys([*originals, *mail.references]))


def _mark(incoming: Incoming, delivery: KnownDelivery) -> tuple[Undelivered, ...]:
    failed: list[Undelivered] = []
    for bounced in _concerned(incoming, delivery):
        recipient_id = delivery.recipients[bounced.address.lower()]
        words = one_line(" ".join(filter(None, (bounced.status, bounced.diagnostic))) or "bounced", 500)
        if _is_final(bounced):
            deliveries.bounced(recipient_id, words, incoming.batch.at)
            failed.append(Undelivered(bounced.address.lower(), words))
        else:
            deliveries.delayed(recipient_id, words, incoming.batch.at)
        state = "failed" if _is_final(bounced) else "delayed"
        incoming.says(f"recipient {bounced.address.lower()} marked as {state}: {words}")
    return tuple(failed)


def _concerned(incoming: Incoming, delivery: KnownDelivery) -> list[BouncedRecipient]:
    """Those whom the bounce is about. Of a mail to one person it is that one, whatever address it names.

    A recipient who forwards mail is bounced for under the address behind.
    """
    told = incoming.mail.bounced
    known = [bounced for bounced in told if bounced.address.lower() in delivery.recipients]
    if told and not known and len(delivery.recipients) == 1:
        only = next(iter(delivery.recipients))
        final = next((bounced for bounced in told if _is_final(bounced)), told[0])
        if final.address:
            incoming.says(f"it names {one_line(final.address, 200)}, where mail for {only} must have gone")
        return [final._replace(address=only)]
    for bounced in told:
        if bounced not in known:
            named = one_line(bounced.address, 200)
            incoming.says(f"it names {named}, to whom that mail did not go: not marked")
    return known


def _is_final(bounced: BouncedRecipient) -> bool:
    return bounced.action not in ("delayed", "delivered", "relayed", "expanded")
