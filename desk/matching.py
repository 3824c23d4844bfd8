"""Reply or new ticket: which ticket a mail belongs to, by the first evidence that holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from mail import message_id as signed_ids
from models.database import db
from models.fields import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.arrivals import Letter
    from desk.batch import Batch, TicketState
    from desk.known import KnownMessage

_NUMBER_IN_SUBJECT = re.compile(r"\[#([^\]\s]{1,40})\]")
_NUMBERS_LOOKED_AT = 5

_TAKES_PART = """
SELECT EXISTS (SELECT 1 FROM ticket t JOIN contact c ON c.id = t.contact_id WHERE t.id = ? AND c.email = ?)
    OR EXISTS (SELECT 1 FROM collaborator k JOIN contact c ON c.id = k.contact_id
               WHERE k.ticket_id = ? AND c.email = ?)
    OR EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = ? AND m.sender_email = ?
               AND m.kind = 'customer' AND m.unverified = 0 AND m.machine IN ('', 'list'))
"""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a mail goes: into ``ticket`` as ``kind``, or (None) into a new one that may refer to ``old``."""

    ticket: TicketState | None = None
    kind: Literal["customer", "reply", "note"] = "customer"
    unverified: bool = False
    agent_id: int | None = None
    old: TicketState | None = None
    await_parents: bool = False
    """Mails that it refers to and that are not here yet may draw it, and what it began, into their ticket."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A Message-ID of ours that the mail refers to."""

    reference: str
    ticket: TicketState
    kind: str
    addressed: frozenset[str]


def find_landing(batch: Batch, letter: Letter, trace: list[str]) -> Landing:
    """Decide where the mail goes; each step that decides says so in ``trace``."""
    for sent in _sent_by_us(batch, letter):
        return _answer_to_us(batch, letter, sent, trace)
    strange: Landing | None = None
    for reference, message in _stored(batch, letter):
        ticket = batch.ticket(message.ticket_id)
        if ticket is None:
            continue
        how = f"{_where(letter, reference)} {reference} of ticket {ticket.number}"
        part = _part_in(ticket, letter, message.addressed)
        if part:
            trace.append(f"matched {how}: {part}")
            return Landing(ticket)
        strange = strange or _stranger(batch, letter, ticket, how, trace)
    if strange is None:
        for ticket in _named_in_subject(batch, letter):
            how = f"[#{ticket.number}] in the subject"
            if takes_part(ticket, letter.sender.email):
                trace.append(f"matched {how}: the sender takes part in it")
                return Landing(ticket)
            strange = strange or _stranger(batch, letter, ticket, how, trace)
    return strange or Landing(await_parents=True)


def takes_part(ticket: TicketState, address: str) -> bool:
    """Whether this address is the ticket's contact, a collaborator, or wrote in it before, undoubted."""
    if not address:
        return False
    return bool(db.execute_sql(_TAKES_PART, (ticket.id, address) * 3).fetchone()[0])


def keeps_closed(batch: Batch, ticket: TicketState) -> bool:
    """Whether the ticket was closed too long ago to open again, by the rule of its department."""
    if ticket.status != "closed":
        return False
    department = batch.standing.departments.get(ticket.department_id)
    if department is None or department.reopen_days is None:
        return False
    limit = utc_text(batch.moment - timedelta(days=department.reopen_days))
    return department.reopen_days == 0 or (ticket.closed or "") < limit


def _sent_by_us(batch: Batch, letter: Letter) -> Iterator[_Sent]:
    for reference in letter.references:
        delivery = batch.known.deliveries.get(reference)
        if delivery is not None and delivery.ticket_id is not None:
            ticket = batch.ticket(delivery.ticket_id)
            if ticket is not None:
                yield _Sent(reference, ticket, delivery.kind, delivery.addressed)
                continue
        for message in batch.known.messages.get(reference, ()):
            ticket = batch.ticket(message.ticket_id) if message.kind == "reply" else None
            if ticket is not None:
                yield _Sent(reference, ticket, "reply", message.addressed())
        payload = signed_ids.ours(reference, batch.standing.message_secret)
        if payload is not None:
            ticket = batch.ticket(int(payload)) if payload.isdecimal() else None
            if ticket is not None:
                yield _Sent(reference, ticket, "reply", frozenset())


def _answer_to_us(batch: Batch, letter: Letter, sent: _Sent, trace: list[str]) -> Landing:
    sender, ticket = letter.sender.email, sent.ticket
    how = f"{_where(letter, sent.reference)} {sent.reference}, which this desk sent in ticket {ticket.number}"
    agent_id = batch.standing.agents.get(sender)
    if agent_id is not None and sender in sent.addressed and sent.kind == "alert":
        trace.append(f"matched {how}: an agent answers an alert, kept as a note")
        return Landing(ticket, kind="note", agent_id=agent_id)
    if agent_id is not None and sender in sent.addressed and not _is_contact(ticket, sender):
        trace.append(f"matched {how}: an agent answers, taken as a reply to the customer")
        return Landing(ticket, kind="reply", agent_id=agent_id)
    if takes_part(ticket, sender):
        trace.append(f"matched {how}: the sender takes part in it")
        return Landing(ticket)
    if sender in sent.addressed and agent_id is None:
        trace.append(f"matched {how}: it was sent to this sender")
        return Landing(ticket)
    trace.append(f"matched {how}; {sender or 'nobody'} takes no part in it: filed there, unverified")
    return Landing(ticket, unverified=True)


def _stored(batch: Batch, letter: Letter) -> Iterator[tuple[str, KnownMessage]]:
    for reference in letter.references:
        for message in batch.known.messages.get(reference, ()):
            yield reference, message


def _named_in_subject(batch: Batch, letter: Letter) -> Iterator[TicketState]:
    numbers = dict.fromkeys(_NUMBER_IN_SUBJECT.findall(letter.subject))
    for number in list(numbers)[:_NUMBERS_LOOKED_AT]:
        ticket = batch.ticket_numbered(number)
        if ticket is not None:
            yield ticket


def _part_in(ticket: TicketState, letter: Letter, addressed: object) -> str:
    if takes_part(ticket, letter.sender.email):
        return "the sender takes part in it"
    if callable(addressed) and letter.sender.email and letter.sender.email in addressed():
        return "that mail was addressed to the sender"
    return ""


def _stranger(batch: Batch, letter: Letter, ticket: TicketState, how: str, trace: list[str]) -> Landing:
    sender = letter.sender.email
    if sender in batch.standing.agents:
        trace.append(f"{how} names it, an agent's address without proof: filed there, unverified")
        return Landing(ticket, unverified=True)
    trace.append(f"{how} names it, but {sender or 'nobody'} takes no part in that ticket")
    return Landing(old=ticket, await_parents=True)


def _is_contact(ticket: TicketState, address: str) -> bool:
    row = db.execute_sql("SELECT email FROM contact WHERE id = ?", (ticket.contact_id,)).fetchone()
    return row is not None and row[0].lower() == address


def _where(letter: Letter, reference: str) -> str:
    return "In-Reply-To" if letter.references and reference == letter.references[0] else "References"
