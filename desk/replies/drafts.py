"""Drafts: what an agent is writing, kept with every pause of the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from config.clock import now
from desk.errors import NotAllowed, NotFound, WrongUse
from desk.permissions import Actor
from desk.tickets.changes import find
from desk.tickets.since import Standing
from models.database import transaction
from models.drafts import Draft
from models.mailboxes import Mailbox

Kind = Literal["reply", "note", "new"]


@dataclass(frozen=True, slots=True)
class DraftView:
    """An unfinished reply, note or new ticket (then `number` is None).

    `recipients` holds what was typed: ``to``, ``cc`` (lists of addresses). `attachments` are paths. `seen` is
    how far its author knew the ticket, None where that was not noted.
    """

    id: int
    number: str | None
    kind: Kind
    mailbox: str | None
    recipients: dict[str, Any]
    subject: str
    body: str
    attachments: tuple[str, ...]
    status_after: str
    created: datetime
    updated: datetime
    ticket_subject: str = ""
    seen: Standing | None = None


def save(
    actor: Actor,
    *,
    draft_id: int | None = None,
    number: str | None,
    kind: Kind,
    body: str,
    subject: str = "",
    recipients: Mapping[str, Any] | None = None,
    attachments: Sequence[str] = (),
    status_after: str = "",
    mailbox: str | None = None,
    seen: Standing | None = None,
) -> int:
    """Keep what was written so far and return the draft's id; one write, no mail is touched.

    Without `draft_id` the actor's draft of that ticket and kind is replaced, if there is one. A draft
    that was sent or discarded meanwhile is made anew: text is never lost to a race.
    """
    owner = _owner(actor)
    values: dict[str, Any] = {
        "body": body,
        "subject": subject,
        "recipients": dict(recipients or {}),
        "attachments": list(attachments),
        "status_after": status_after,
        "mailbox": _mailbox(mailbox),
        "updated": now(),
    }
    if seen is not None:
        values |= {"seen_event": seen.event, "seen_message": seen.message}
    with transaction():
        if draft_id is not None:
            changed = Draft.update(**values).where(Draft.id == draft_id, Draft.agent == owner).execute()
            if changed:
                return draft_id
        ticket = None if number is None else find(number).id
        known = None if ticket is None else _newest(owner, ticket, kind)
        if known is not None:
            Draft.update(**values).where(Draft.id == known.id).execute()
            return int(known.id)
        return int(Draft.create(agent=owner, ticket=ticket, kind=kind, created=now(), **values).id)


def load(actor: Actor, number: str | None, kind: Kind) -> DraftView | None:
    """Return the actor's draft of that kind on a ticket (the newest one for new tickets), or None."""
    if actor.agent_id is None:
        return None
    row = _newest(actor.agent_id, None if number is None else find(number).id, kind)
    return None if row is None else _view(row)


def get(actor: Actor, draft_id: int) -> DraftView:
    """Return one of the actor's drafts; raises NotFound."""
    row = Draft.get_or_none((Draft.id == draft_id) & (Draft.agent == actor.agent_id))
    if row is None:
        raise NotFound(f"there is no draft {draft_id} of yours", "it was sent or discarded")
    return _view(row)


def discard(draft_id: int) -> None:
    """Throw a draft away, with the files that were kept for it."""
    from desk.replies.undo_send import discard_files

    discard_files(draft_id)
    Draft.delete().where(Draft.id == draft_id).execute()


def drafts(actor: Actor) -> list[DraftView]:
    """Return all drafts of the actor, the newest first."""
    if actor.agent_id is None:
        return []
    return [
        _view(row)
        for row in Draft.select().where(Draft.agent == actor.agent_id).order_by(Draft.updated.desc())
    ]


def others_writing(actor: Actor, number: str) -> list[tuple[str, datetime]]:
    """Return who else has a draft on the ticket, and when they last wrote."""
    rows = (
        Draft.select()
        .where(Draft.ticket == find(number).id, Draft.agent != (actor.agent_id or 0), Draft.kind == "reply")
        .order_by(Draft.updated.desc())
    )
    return [(row.agent.name, row.updated) for row in rows]


def _newest(agent_id: int, ticket_id: int | None, kind: str) -> Draft | None:
    on_ticket = Draft.ticket.is_null() if ticket_id is None else Draft.ticket == ticket_id
    row = (
        Draft.select()
        .where(Draft.agent == agent_id, on_ticket, Draft.kind == kind)
        .order_by(Draft.updated.desc())
        .first()
    )
    return row if isinstance(row, Draft) else None


def _owner(actor: Actor) -> int:
    if actor.agent_id is None:
        raise NotAllowed(
            "a draft needs an agent to belong to",
            f"nightdesk agent add {actor.login} --name NAME --role Admin",
        )
    return actor.agent_id


def _mailbox(address: str | None) -> int | None:
    if not address:
        return None
    row = Mailbox.get_or_none(Mailbox.address == address)
    if row is None:
        raise WrongUse(f"there is no mailbox {address}", "nightdesk mailbox list")
    return int(row.id)


def _view(row: Draft) -> DraftView:
    return DraftView(
        id=row.id,
        number=row.ticket.number if row.ticket else None,
        kind=row.kind,  # type: ignore[arg-type]
        mailbox=row.mailbox.address if row.mailbox else None,
        recipients=row.recipients,
        subject=row.subject,
        body=row.body,
        attachments=tuple(row.attachments),
        status_after=row.status_after,
        created=row.created,
        updated=row.updated,
        ticket_subject=row.ticket.subject if row.ticket else "",
        seen=None
        if row.seen_event is None or row.seen_message is None
        else Standing(row.seen_event, row.seen_message),
    )
