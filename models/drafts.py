"""Drafts: what an agent is writing, kept while they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, one_of
from models.mailboxes import Mailbox
from models.statements import Statement
from models.tickets import Ticket


class Draft(Row):
    """An unfinished reply, note or new ticket."""

    agent = peewee.ForeignKeyField(Agent, on_delete="CASCADE")
    ticket = peewee.ForeignKeyField(Ticket, null=True, on_delete="CASCADE")
    kind = peewee.TextField(constraints=[one_of("kind", ("reply", "note", "new"))])
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


_MOVE = Statement(lambda p: Draft.update({Draft.ticket: p("target")}).where(Draft.ticket == p("source")))


def move(source: int, target: int) -> None:
    """Give all drafts of one ticket to another one."""
    _MOVE.run(source=source, target=target)
