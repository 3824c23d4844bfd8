"""A mail that an agent forwards to the desk: its author asks then, and the agent's words are a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.records import Record
from desk.intake import proofs
from desk.intake.arrivals import MAX_TEXT
from desk.intake.mail_commands import MailCommands, read_commands
from desk.tickets import lifecycle
from mail.errors import MailError
from mail.mime import forwarded, message
from mail.mime.author import Author
from models import blobs, messages, receipts
from models.blobs import BlobDamaged
from models.fields import utc_text
from models.messages import NewMessage

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.permissions import Actor
    from models.tickets import TicketState


class Forward(Record):
    """What an agent says above a mail that they forward."""

    agent: Actor
    words: str
    commands: MailCommands

    def note(self, incoming: Incoming, ticket: TicketState) -> None:
        """Keep the agent's words as an internal note on the ticket, without the commands above them."""
        words = self.words[self.commands.span[1] :].strip("\n")
        if not words.strip():
            return
        moment = incoming.batch.moment
        note = NewMessage("note", self.agent.name, self.agent.email, words, utc_text(moment))
        note = note._replace(agent_id=self.agent.agent_id)
        lifecycle.noted(ticket.id, note, self.agent, moment)
        incoming.said_after_all(f"what {self.agent.login} wrote above it is a note")


def sent_before(incoming: Incoming) -> TicketState | None:
    """Return the ticket that this very mail opened, where an agent's forward comes a second time.

    Its message has the name of what was forwarded, so it is its bytes that tell.
    """
    mail = incoming.mail
    found = _forwarded(incoming)
    if found is None or mail.message_id is None:
        return None
    for known in messages.by_message_id([each for each in (mail.message_id, found.message_id) if each]):
        receipt_id = messages.receipt_of(known.id)
        stored = receipts.arrival(receipt_id) if receipt_id is not None else None
        if stored is None:
            continue
        try:
            before = message.parse(blobs.read(stored.blob_id)).message_id
        except (BlobDamaged, MailError):
            continue
        if before == mail.message_id:
            return incoming.batch.ticket(known.ticket_id)
    return None


def taken(incoming: Incoming) -> Forward | None:
    """Make the author of a forwarded mail the author of this one; None where it is no such mail.

    Only for an agent who is proved to have written: anybody may write in an agent's name.
    """
    mail = incoming.mail
    if mail.machine.kind != "human" or not mail.says_one_author or incoming.author.on_hearsay:
        return None
    agent = incoming.rules.agents[incoming.author.address.email]
    found = _forwarded(incoming)
    if found is None:
        return None
    proof = proofs.proof(incoming, agent)
    if not proof:
        incoming.says("it looks like a forward by an agent, but nothing proves the agent: taken as it is")
        return None
    if incoming.rules.own.is_own(found.sender.email):
        incoming.says(f"it forwards a mail of {found.sender.email}, an address of this desk: taken as it is")
        return None
    incoming.says(f"{agent.login} forwards a mail of {found.sender.email}, who asks then ({proof})")
    incoming.author = Author(found.sender)
    known = messages.by_message_id([found.message_id]) if found.message_id is not None else []
    ticket = incoming.batch.ticket(known[0].ticket_id) if known else None
    if ticket is not None:
        incoming.says(f"that mail is in ticket {ticket.number} already: the new one refers to it")
        incoming.match = incoming.match._replace(old=ticket)
    original = mail._replace(
        subject=found.subject or mail.subject,
        text=found.text[:MAX_TEXT],
        pieces=(),
        to=tuple(each for each in (*mail.to, *mail.cc) if incoming.rules.own.is_own(each.email)),
        cc=(),
        from_html=False,
        message_id=None if known else found.message_id or mail.message_id,
    )
    incoming.prepared = incoming.prepared._replace(mail=original)
    return Forward(agent, found.words, read_commands(found.words))


def _forwarded(incoming: Incoming) -> forwarded.ForwardedMail | None:
    """Return the mail that this one forwards, attached or below its text."""
    mail = incoming.mail
    found = forwarded.attached(message.parse(incoming.arrival.raw)) if _has_a_mail(incoming) else None
    return found or forwarded.inline(mail.text, mail.pieces)


def _has_a_mail(incoming: Incoming) -> bool:
    return any(part.type == "message/rfc822" for part in incoming.mail.attachments)
