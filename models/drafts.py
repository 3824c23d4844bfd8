"""Drafts: what an agent is writing, kept while they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json, one_of
from models.given_ids import GivenIds
from models.mailboxes import Mailbox
from models.statements import Lookup, Statement, as_read
from models.tickets import Ticket

DraftKind = Literal["reply", "note", "new", "forward"]


class Draft(Row):
    """An unfinished reply, note or new ticket."""

    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    ticket = peewee.ForeignKeyField(Ticket, null=True, on_delete="CASCADE")
    kind = peewee.TextField(constraints=[one_of("kind", get_args(DraftKind))])
    mailbox = peewee.ForeignKeyField(Mailbox, null=True)
    recipients = JsonField(default=dict)
    subject = peewee.TextField(default="")
    body = peewee.TextField(default="")
    attachments = JsonField(default=list)
    status_after = peewee.TextField(default="")
    created = UtcField()
    updated = UtcField()
    seen_event = peewee.IntegerField(null=True)
    """The desk's newest event, and its newest message, that its author could know; NULL: not noted."""
    seen_message = peewee.IntegerField(null=True)

    if TYPE_CHECKING:
        agent_id: int
        ticket_id: int | None
        mailbox_id: int | None


Draft.add_index(Draft.agent, Draft.ticket, Draft.kind, name="draft_agent")


class Written(Record):
    """What an agent has written so far. ``recipients`` is what was typed, ``attachments`` are paths."""

    body: str
    subject: str
    recipients: Mapping[str, Any]
    attachments: Sequence[str]
    status_after: str
    mailbox_id: int | None
    seen_event: int | None = None
    """The desk's newest event and message that its author could know; None leaves what was noted before."""
    seen_message: int | None = None


class StoredDraft(Record):
    """A draft with the names of what it belongs to; ``number`` and ``ticket_subject`` None: a new ticket."""

    id: int
    author: str
    number: str | None
    ticket_subject: str | None
    kind: DraftKind
    mailbox: str | None
    recipients: dict[str, Any]
    subject: str
    body: str
    attachments: Sequence[str]
    status_after: str
    created: datetime
    updated: datetime
    seen_event: int | None
    seen_message: int | None


_READ = (
    *(Draft.id, Agent.name, Ticket.number, Ticket.subject, Draft.kind, Mailbox.address, Draft.recipients),
    *(Draft.subject, Draft.body, Draft.attachments, Draft.status_after, Draft.created, Draft.updated),
    *(Draft.seen_event, Draft.seen_message),
)


def _drafts(*which: peewee.Node) -> peewee.ModelSelect[Draft]:
    return (
        Draft.select(*_READ)
        .join(Agent)
        .join_from(Draft, Ticket, peewee.JOIN.LEFT_OUTER)
        .join_from(Draft, Mailbox, peewee.JOIN.LEFT_OUTER)
        .where(*which)
        .order_by(Draft.updated.desc(), Draft.id.desc())
    )


_OWN = Lookup(
    lambda p: _drafts(Draft.id == p("draft_id"), Draft.agent == p("agent_id")), as_read(_READ, StoredDraft)
)
_OF_AGENT = Lookup(lambda p: _drafts(Draft.agent == p("agent_id")), as_read(_READ, StoredDraft))
_NEWEST_ON_TICKET = Lookup(
    lambda p: _drafts(
        Draft.agent == p("agent_id"), Draft.ticket == p("ticket_id"), Draft.kind == p("kind")
    ).limit(1),
    as_read(_READ, StoredDraft),
)
_NEWEST_WITHOUT_TICKET = Lookup(
    lambda p: _drafts(Draft.agent == p("agent_id"), Draft.ticket.is_null(), Draft.kind == p("kind")).limit(1),
    as_read(_READ, StoredDraft),
)
_ANSWERS_OF_OTHERS = Lookup(
    lambda p: _drafts(Draft.ticket == p("ticket_id"), Draft.agent != p("agent_id"), Draft.kind == "reply"),
    as_read(_READ, StoredDraft),
)
_IDS = GivenIds(Draft)
_WRITE = Statement(
    lambda p: Draft.insert(
        {
            **_IDS.of_new(),
            Draft.agent: p("agent_id"),
            Draft.ticket: p("ticket_id"),
            Draft.kind: p("kind"),
            Draft.mailbox: p("mailbox_id"),
            Draft.recipients: p("recipients"),
            Draft.subject: p("subject"),
            Draft.body: p("body"),
            Draft.attachments: p("attachments"),
            Draft.status_after: p("status_after"),
            Draft.seen_event: p("seen_event"),
            Draft.seen_message: p("seen_message"),
            Draft.created: p("at"),
            Draft.updated: p("at"),
        }
    ).returning(Draft.id)
)
_REWRITE = Statement(
    lambda p: Draft.update(
        {
            Draft.mailbox: p("mailbox_id"),
            Draft.recipients: p("recipients"),
            Draft.subject: p("subject"),
            Draft.body: p("body"),
            Draft.attachments: p("attachments"),
            Draft.status_after: p("status_after"),
            Draft.seen_event: peewee.fn.COALESCE(p("seen_event"), Draft.seen_event),
            Draft.seen_message: peewee.fn.COALESCE(p("seen_message"), Draft.seen_message),
            Draft.updated: p("at"),
        }
    ).where(Draft.id == p("draft_id"), Draft.agent == p("agent_id"))
)
_ATTACH = Statement(
    lambda p: Draft.update({Draft.attachments: p("attachments")}).where(Draft.id == p("draft_id"))
)
_DELETE = Statement(lambda p: Draft.delete().where(Draft.id == p("draft_id")))


def own(draft_id: int, agent_id: int) -> StoredDraft | None:
    """Return a draft if it is this agent's."""
    return _OWN.one(draft_id=draft_id, agent_id=agent_id)


def of_agent(agent_id: int) -> list[StoredDraft]:
    """Return all drafts of an agent, the newest first."""
    return _OF_AGENT.every(agent_id=agent_id)


def newest(agent_id: int, ticket_id: int | None, kind: DraftKind) -> StoredDraft | None:
    """Return an agent's newest draft of that kind on a ticket (None: on no ticket), or None."""
    if ticket_id is None:
        return _NEWEST_WITHOUT_TICKET.one(agent_id=agent_id, kind=kind)
    return _NEWEST_ON_TICKET.one(agent_id=agent_id, ticket_id=ticket_id, kind=kind)


def answers_of_others(ticket_id: int, agent_id: int) -> list[StoredDraft]:
    """Return the answers to a ticket that other agents are writing, the newest first."""
    return _ANSWERS_OF_OTHERS.every(ticket_id=ticket_id, agent_id=agent_id)


def write(agent_id: int, ticket_id: int | None, kind: DraftKind, written: Written, at: str) -> int:
    """Write a new draft, at a moment as stored; returns its id."""
    return _WRITE.new_id(agent_id=agent_id, ticket_id=ticket_id, kind=kind, at=at, **_stored(written))


def rewrite(draft_id: int, agent_id: int, written: Written, at: str) -> bool:
    """Replace the text of an agent's draft; False when there is no such draft."""
    return _REWRITE.changed(draft_id=draft_id, agent_id=agent_id, at=at, **_stored(written)) > 0


def attach(draft_id: int, paths: Sequence[str]) -> None:
    """Make these the files of a draft."""
    _ATTACH.run(draft_id=draft_id, attachments=as_json(paths))


def delete(draft_id: int) -> None:
    """Delete a draft; no other draft ever gets its id, which an editor may still hold."""
    _IDS.keep()
    _DELETE.run(draft_id=draft_id)


def _stored(written: Written) -> dict[str, Any]:
    return {
        "body": written.body,
        "subject": written.subject,
        "recipients": as_json(written.recipients),
        "attachments": as_json(written.attachments),
        "status_after": written.status_after,
        "mailbox_id": written.mailbox_id,
        "seen_event": written.seen_event,
        "seen_message": written.seen_message,
    }
