"""Taking a mail back within its undo time: the message becomes a draft again."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.clock import now
from config.files import atomic_write, ensure_dir
from desk.permissions import Actor, require
from desk.tickets import lifecycle, since
from desk.tickets.changes import departments_of
from models import blobs, deliveries
from models.database import transaction
from models.deliveries import Delivery
from models.drafts import Draft
from models.fields import utc_text
from models.messages import Attachment, Message
from models.tickets import Ticket


def cancel_send(actor: Actor, delivery_id: int) -> bool:
    """Stop an answer that no sender took yet; True when it was stopped, False when it is too late.

    The message leaves the ticket and is its author's draft again, files included; the ticket is as it was
    before. A ticket that was opened by this mail goes with it. Without an agent to keep the draft the
    message stays in the ticket, its delivery cancelled.
    """
    files: list[tuple[str, bytes]] = []
    with transaction():
        delivery = Delivery.get_or_none((Delivery.id == delivery_id) & (Delivery.kind == "reply"))
        if (
            delivery is None
            or delivery.ticket is None
            or delivery.message_ref is None
            or not _untouched(delivery)
        ):
            return False
        message: Message = delivery.message_ref
        ticket: Ticket = delivery.ticket
        if actor.agent_id is None or message.agent_id != actor.agent_id:
            require(actor, "outbox.edit", *departments_of(ticket))
        deliveries.cancel(delivery_id, utc_text(now()))
        lifecycle.answer_recalled(ticket.id, message.id, delivery_id)
        if message.agent_id is None:
            lifecycle.send_cancelled(ticket.id, actor, now())
            return True
        files = _files(message)
        opened_by_it = Message.select().where(Message.ticket == ticket.id).count() == 1
        draft_id = _draft(message, ticket, delivery, files, new=opened_by_it)
        lifecycle.message_withdrawn(ticket.id, message.id)
        if not opened_by_it:
            lifecycle.send_cancelled(ticket.id, actor, now())
        # Inside the transaction: a draft never names files that are not there.
        _keep_files(draft_id, files)
    return True


def discard_files(draft_id: int) -> None:
    """Delete the files that `cancel_send` kept for a draft."""
    shutil.rmtree(_folder(draft_id), ignore_errors=True)


def _untouched(delivery: Delivery) -> bool:
    if delivery.sender is not None or delivery.attempts or delivery.done:
        return False
    return deliveries.states(delivery.id) == {"queued"}


def _draft(
    message: Message, ticket: Ticket, delivery: Delivery, files: list[tuple[str, bytes]], *, new: bool
) -> int:
    from desk.outbox.render import signature_block

    block = signature_block(ticket.department)
    body = message.text.removesuffix(block) if block else message.text
    people = {kind: [pair[1] for pair in message.recipients.get(kind, ())] for kind in ("to", "cc")}
    seen = since.standing()
    draft = Draft.create(
        agent=message.agent_id,
        ticket=None if new else ticket.id,
        kind="new" if new else "reply",
        mailbox=ticket.mailbox_id,
        recipients={**people, "to_line": ", ".join(people["to"]), "cc_line": ", ".join(people["cc"])},
        subject=ticket.subject if new else message.subject,
        body=body,
        created=now(),
        updated=now(),
        seen_event=seen.event,
        seen_message=seen.message,
    )
    paths = [str(_folder(draft.id) / name) for name, _ in files]
    Draft.update(attachments=paths).where(Draft.id == draft.id).execute()
    return int(draft.id)


def _files(message: Message) -> list[tuple[str, bytes]]:
    from desk.tickets.detail import attachment_bytes

    found: list[tuple[str, bytes]] = []
    rows = Attachment.select().where(Attachment.message == message.id).order_by(Attachment.id)
    for place, row in enumerate(rows):
        name = row.name.replace("/", "_").replace("\0", "_").lstrip(".")[:100] or "file"
        if name in {known for known, _ in found}:
            name = f"{place}-{name}"
        found.append((name, attachment_bytes(row.id)))
    return found


def _keep_files(draft_id: int, files: list[tuple[str, bytes]]) -> None:
    if not files:
        return
    ensure_dir(_folder(draft_id).parent)
    ensure_dir(_folder(draft_id))
    for name, data in files:
        atomic_write(_folder(draft_id) / name, data)


def _folder(draft_id: int) -> Path:
    return blobs.directory().with_name("drafts") / str(draft_id)
