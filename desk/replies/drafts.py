"""Drafts: what an agent is writing, kept with every pause of the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from config.clock import now
from desk.errors import NotAllowed, NotFound, WrongUse
from desk.permissions import Actor
from desk.replies import draft_files
from desk.tickets.changes import find
from desk.tickets.reading import require_for
from desk.tickets.since import News, Overtaken, SeenUpTo, own_messages, seen_up_to
from models import drafts as rows
from models import mailboxes
from models.drafts import DraftKind, StoredDraft, Written
from models.fields import utc_text
from models.transactions import transaction


@dataclass(frozen=True, slots=True)
class DraftView:
    """An unfinished reply, note or new ticket (then `number` is None).

    `recipients` holds what was typed: ``to``, ``cc`` (lists of addresses). `attachments` are paths. `seen` is
    how far its author knew the ticket, None where that was not noted.
    """

    id: int
    number: str | None
    kind: DraftKind
    mailbox: str | None
    recipients: dict[str, Any]
    subject: str
    body: str
    attachments: tuple[str, ...]
    status_after: str
    created: datetime
    updated: datetime
    ticket_subject: str = ""
    seen: SeenUpTo | None = None


@dataclass(frozen=True, slots=True)
class PutFile:
    """A file that was put into a draft of an answer."""

    draft_id: int
    number: str
    name: str


class DraftGone(Overtaken):
    """The draft was sent or thrown away elsewhere, as in another app of the same agent; nothing was done."""


def save(
    actor: Actor,
    *,
    draft_id: int | None = None,
    number: str | None,
    kind: DraftKind,
    body: str,
    subject: str = "",
    recipients: Mapping[str, Any] | None = None,
    attachments: Sequence[str] = (),
    attached_before: Sequence[str] = (),
    status_after: str = "",
    mailbox: str | None = None,
    seen: SeenUpTo | None = None,
) -> int:
    """Keep what was written so far and return the draft's id; one write, no mail is touched.

    Without `draft_id` the actor's draft of that ticket and kind is replaced, if there is one. A draft
    that was sent or discarded meanwhile is made anew: text is never lost to a race. `attached_before`: the
    files its author knew of; one that was put there since (`put_file`) stays.
    """
    owner = _owner(actor)
    written = Written(
        body,
        subject,
        dict(recipients or {}),
        attachments,
        status_after,
        _mailbox_id(mailbox),
        None if seen is None else seen.event,
        None if seen is None else seen.message,
    )
    moment = utc_text(now())
    with transaction():
        known = None if draft_id is None else rows.own(draft_id, owner)
        ticket_id = None if known is not None or number is None else find(number, actor).id
        if ticket_id is not None:
            known = rows.newest(owner, ticket_id, kind)
        if known is not None:
            put = [path for path in known.attachments if path not in (*attached_before, *attachments)]
            rows.rewrite(known.id, owner, written._replace(attachments=[*attachments, *put]), moment)
            return known.id
        return rows.write(owner, ticket_id, kind, written, moment)


def put_file(actor: Actor, number: str, name: str, data: bytes) -> PutFile:
    """Put a file into the actor's draft of an answer to a ticket, which is begun if there is none.

    An editor that has the draft open shows it. Raises NotFound, NotAllowed, OSError.
    """
    owner = _owner(actor)
    with transaction():
        ticket = find(number, actor)
        require_for(actor, "ticket.reply", ticket)
        draft = rows.newest(owner, ticket.id, "reply")
        there = () if draft is None else draft.attachments
        if draft is None:
            seen = seen_up_to()
            begun = Written("", "", {}, (), "", None, seen.event, seen.message)
            draft_id = rows.write(owner, ticket.id, "reply", begun, utc_text(now()))
        else:
            draft_id = draft.id
        kept = draft_files.name_for(name, {Path(path).name for path in there})
        place = draft_files.keep(draft_id, kept, data)
        rows.attach(draft_id, [*there, str(place)])
    return PutFile(draft_id, ticket.number, kept)


def load(actor: Actor, number: str | None, kind: DraftKind) -> DraftView | None:
    """Return the actor's draft of that kind on a ticket (the newest one for new tickets), or None."""
    if actor.agent_id is None:
        return None
    row = rows.newest(actor.agent_id, None if number is None else find(number, actor).id, kind)
    return None if row is None else _view(row)


def get(actor: Actor, draft_id: int) -> DraftView:
    """Return one of the actor's drafts; raises NotFound."""
    row = rows.own(draft_id, actor.agent_id or 0)
    if row is None:
        raise NotFound(f"there is no draft {draft_id} of yours", "it was sent or discarded")
    return _view(row)


def gone(actor: Actor, draft_id: int | None, number: str | None, seen: SeenUpTo | None) -> tuple[News, ...]:
    """Return that a draft was sent or thrown away elsewhere, as news, behind what its author wrote since.

    Nothing where the draft is still there, or was never kept.
    """
    if draft_id is None or actor.agent_id is None or rows.own(draft_id, actor.agent_id) is not None:
        return ()
    written = [] if number is None or seen is None else own_messages(actor, number, seen)
    at = written[-1].at if written else now()
    return (*written, News(number or "", at, "", "this draft was sent or thrown away elsewhere"))


def take(actor: Actor, draft_id: int | None, number: str | None) -> None:
    """Take a draft away, in the transaction that writes what it says; raises DraftGone.

    Two apps may have one draft open: what the first of them sends, the second does not send again.
    """
    if found := gone(actor, draft_id, number, None):
        raise DraftGone(found, seen_up_to())
    if draft_id is not None:
        rows.delete(draft_id)


def discard(draft_id: int) -> None:
    """Throw a draft away, with the files that were kept for it."""
    draft_files.discard(draft_id)
    rows.delete(draft_id)


def drafts(actor: Actor) -> list[DraftView]:
    """Return all drafts of the actor, the newest first."""
    if actor.agent_id is None:
        return []
    return [_view(row) for row in rows.of_agent(actor.agent_id)]


def others_writing(actor: Actor, number: str) -> list[tuple[str, datetime]]:
    """Return who else has a draft on the ticket, and when they last wrote."""
    others = rows.answers_of_others(find(number, actor).id, actor.agent_id or 0)
    return [(row.author, row.updated) for row in others]


def _owner(actor: Actor) -> int:
    if actor.agent_id is None:
        raise NotAllowed(
            "a draft needs an agent to belong to",
            f"nightdesk agent add {actor.login} --name NAME --role Admin",
        )
    return actor.agent_id


def _mailbox_id(address: str | None) -> int | None:
    if not address:
        return None
    mailbox_id = mailboxes.id_of(address)
    if mailbox_id is None:
        raise WrongUse(f"there is no mailbox {address}", "nightdesk mailbox list")
    return mailbox_id


def _view(row: StoredDraft) -> DraftView:
    return DraftView(
        id=row.id,
        number=row.number,
        kind=row.kind,
        mailbox=row.mailbox,
        recipients=row.recipients,
        subject=row.subject,
        body=row.body,
        attachments=tuple(row.attachments),
        status_after=row.status_after,
        created=row.created,
        updated=row.updated,
        ticket_subject=row.ticket_subject or "",
        seen=None
        if row.seen_event is None or row.seen_message is None
        else SeenUpTo(row.seen_event, row.seen_message),
    )
