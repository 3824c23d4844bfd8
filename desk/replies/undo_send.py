"""Taking a mail back within its undo time: the message becomes a draft again."""

from __future__ import annotations

from config.clock import now
from desk.permissions import Actor
from desk.replies import draft_files
from desk.tickets import lifecycle, since
from desk.tickets.reading import require_for
from mail.mime.address import typed
from models import deliveries, departments, drafts, messages, tickets
from models.deliveries import StoredDelivery
from models.drafts import DraftKind, Written
from models.fields import utc_text
from models.messages import StoredMessage
from models.tickets import TicketState
from models.transactions import transaction


def cancel_send(actor: Actor, delivery_id: int) -> bool:
    """Stop an answer that no sender took yet; True when it was stopped, False when it is too late.

    The message leaves the ticket and is its author's draft again, files included; the ticket is as it was
    before. A ticket that was opened by this mail goes with it. Without an agent to keep the draft the
    message stays in the ticket, its delivery cancelled.
    """
    files: list[tuple[str, bytes]] = []
    with transaction():
        delivery = deliveries.by_id(delivery_id)
        if delivery is None or delivery.kind != "reply" or not _untouched(delivery):
            return False
        message = None if delivery.message_ref_id is None else messages.by_id(delivery.message_ref_id)
        ticket = None if delivery.ticket_id is None else tickets.read(delivery.ticket_id)
        if message is None or ticket is None:
            return False
        if actor.agent_id is None or message.agent_id != actor.agent_id:
            require_for(actor, "outbox.edit", ticket)
        deliveries.cancel(delivery_id, utc_text(now()))
        lifecycle.answer_recalled(ticket.id, message.id, delivery_id)
        if message.agent_id is None:
            lifecycle.send_cancelled(ticket.id, actor, now())
            return True
        files = _files(message)
        opened_by_it = ticket.message_count == 1
        draft_id = _draft(message.agent_id, message, ticket, delivery.mailbox_id, new=opened_by_it)
        drafts.attach(draft_id, [str(draft_files.place_of(draft_id, name)) for name, _ in files])
        lifecycle.message_withdrawn(ticket.id, message.id)
        if not opened_by_it:
            lifecycle.send_cancelled(ticket.id, actor, now())
        # Inside the transaction: a draft never names files that are not there.
        for name, data in files:
            draft_files.keep(draft_id, name, data)
    return True


def _untouched(delivery: StoredDelivery) -> bool:
    if delivery.sender is not None or delivery.attempts or delivery.done:
        return False
    return deliveries.states(delivery.id) == {"queued"}


def _draft(author: int, message: StoredMessage, ticket: TicketState, sender: int | None, *, new: bool) -> int:
    from desk.outbox.render import signature_block  # 8 ms, for mail that leaves

    block = signature_block(departments.by_id(ticket.department_id), author)
    body = message.text.removesuffix(block) if block else message.text
    people = {kind: message.recipients.get(kind, []) for kind in ("to", "cc", "bcc")}
    lines = {f"{kind}_line": typed([(pair[0], pair[1]) for pair in each]) for kind, each in people.items()}
    seen = since.seen_up_to()
    written = Written(
        body=body,
        subject=ticket.subject if new else message.subject,
        recipients={**{kind: [pair[1] for pair in each] for kind, each in people.items()}, **lines},
        attachments=(),
        status_after="",
        mailbox_id=ticket.mailbox_id if new else sender,
        seen_event=seen.event,
        seen_message=seen.message,
    )
    kind: DraftKind = "new" if new else "forward" if message.kind == "note" else "reply"
    return drafts.write(author, None if new else ticket.id, kind, written, utc_text(now()))


def _files(message: StoredMessage) -> list[tuple[str, bytes]]:
    from desk.tickets.detail import attachment_bytes  # 11 ms, for the files of a draft

    found: list[tuple[str, bytes]] = []
    for row in messages.attachments_of([message.id]):
        name = draft_files.name_for(row.name, {known for known, _ in found})
        found.append((name, attachment_bytes(row.id)))
    return found
