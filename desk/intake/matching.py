"""Reply or new ticket: which ticket a mail belongs to, by the first evidence that holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from config.expressions import expression
from config.records import Record
from desk.tickets.participants import answered_at, takes_part
from mail.compose import message_id as signed_ids
from mail.compose.signed_tag import SignedTag, read_tag
from models import contacts, messages, tickets
from models.fields import utc_text
from models.messages import KnownMessage, MessageKind, compared_id
from models.tickets import TicketState

if TYPE_CHECKING:
    from desk.intake.incoming import Incoming
    from desk.intake.mail_commands import MailCommands
    from desk.permissions import Actor
    from models.deliveries import DeliveryKind

_NUMBER_IN_SUBJECT = expression(r"\[#([^\]\s]{1,40})\]")
_NUMBERS_LOOKED_AT = 5


class Match(Record):
    """Where a mail goes: into ``ticket`` as ``kind``, or (None) into a new one that may refer to ``old``."""

    ticket: TicketState | None = None
    kind: MessageKind = "customer"
    unverified: bool = False
    agent: Actor | None = None
    old: TicketState | None = None
    answers: tuple[str, ...] = ()
    """What the mail answers, as `models.messages` stores it: it may draw the mail to where it is."""
    by_number: bool = False
    """Nothing but a number in the subject led there."""
    gathered: bool = False
    """Nothing but a key that a filter found led there."""
    commands: MailCommands | None = None
    """What a proved agent's first lines ask for."""

    @property
    def brings_people(self) -> bool:
        """Whether its author and those it was addressed to join the conversation."""
        return self.kind == "customer" and not self.unverified and not self.by_number


class _Sent(Record):
    """A Message-ID of ours that the mail refers to."""

    reference: str
    ticket: TicketState
    kind: DeliveryKind
    addressed: frozenset[str]
    forwarded: bool = False
    """To somebody who takes no part: what comes back is for the agents."""


def find_match(incoming: Incoming) -> Match:
    """Decide where the mail goes; each step that decides says so in the trace."""
    names: list[str] = []
    for tag, tagged in _tagged_for(incoming):
        match = _by_tag(incoming, tag, tagged)
        if match is not None:
            return match
        if tag.agent_id is None and incoming.author.address.email not in incoming.rules.agents:
            names.append(messages.by_signed_address(tagged.id))
    for sent in _sent_by_us(incoming):
        return _answer_to_us(incoming, sent)
    strange: Match | None = None
    told = _answers(incoming)
    above = _place(incoming, told)
    answers = [*told, *names]
    for reference, message in _stored(incoming):
        ticket = incoming.batch.ticket(message.ticket_id)
        if ticket is None:
            continue
        how = f"{_where(incoming, reference)} {reference} of ticket {ticket.number}"
        if _goes_on_aside(incoming, ticket, message):
            incoming.says(f"matched {how}: a note, which the sender wrote or was sent; kept as a note")
            return Match(ticket, kind="note", unverified=bool(message.unverified))
        part = _part_in(ticket, incoming.author.address.email, message)
        if part:
            incoming.says(f"matched {how}: {part}")
        if above is not None and above.id != ticket.id:
            incoming.says(
                f"ticket {ticket.number} answers ticket {above.number}, where the sender takes part"
            )
        if part or above is not None:
            return _agent_or_customer(incoming, above or ticket, answers)
        strange = strange or _stranger(incoming, ticket, how)
    if strange is not None and strange.ticket is not None:
        return strange
    for ticket in _named_in_subject(incoming):
        how = f"[#{ticket.number}] in the subject"
        doubt = _doubt(incoming, ticket)
        takes_no_part = doubt == _takes_no_part(incoming.author.address.email)
        if not doubt or (takes_no_part and not _on_behalf(incoming, ticket)):
            answers.append(messages.by_number(ticket.id))
        if not doubt:
            incoming.says(f"matched {how}: the sender takes part in it")
            return Match(ticket, by_number=True, answers=tuple(answers))
        strange = strange or _stranger(incoming, ticket, how, doubt)
    if strange is not None and strange.ticket is not None:
        return strange
    return Match(old=None if strange is None else strange.old, answers=tuple(answers))


def _doubt(incoming: Incoming, ticket: TicketState) -> str:
    """Why a number in the subject does not let the author into the ticket; '' when it does.

    A form, a shop and a list write in the name of many: there it is not enough that their address takes part.
    """
    author = incoming.author
    if not takes_part(ticket, author.address.email):
        return _takes_no_part(author.address.email)
    return _on_behalf(incoming, ticket)


def _on_behalf(incoming: Incoming, ticket: TicketState) -> str:
    """Say why the author may be another, or where else they want answers to go; '' where nothing is odd."""
    author = incoming.author
    if author.on_hearsay:
        return f"nothing proves that {author.address.email} wrote it"
    known = {email for _, email in answered_at(ticket.id, ticket.contact_id)}
    strangers = [each.email for each in author.answers_to if each.email not in known]
    return next((_takes_no_part(email) for email in strangers if not takes_part(ticket, email)), "")


def _takes_no_part(address: str) -> str:
    return f"{address or 'nobody'} takes no part in that ticket"


def keeps_closed(incoming: Incoming, ticket: TicketState) -> bool:
    """Whether the ticket was closed too long ago to open again, by the rule of its department."""
    if ticket.status != "closed" or (ticket.deleted is not None and ticket.closed is None):
        return False
    department = incoming.rules.departments.get(ticket.department_id)
    if department is None or department.reopen_days is None:
        return False
    limit = utc_text(incoming.batch.moment - timedelta(days=department.reopen_days))
    return department.reopen_days == 0 or (ticket.closed or "") < limit


def _tagged_for(incoming: Incoming) -> Iterator[tuple[SignedTag, TicketState]]:
    """Yield the signed plus-tags of the addresses that the mail was sent to, with the ticket of each."""
    mail = incoming.mail
    addresses = [*(each.email for each in (*mail.to, *mail.cc)), *mail.envelope]
    for tag in dict.fromkeys(read_tag(each, incoming.rules.message_secret) for each in addresses):
        ticket = incoming.batch.ticket(tag.ticket_id) if tag is not None else None
        if tag is not None and ticket is not None:
            yield tag, ticket


def _by_tag(incoming: Incoming, tag: SignedTag, ticket: TicketState) -> Match | None:
    """Match mail to a signed plus-address; None where its author is not whom the tag is for.

    An agent's tag was shown to that agent alone, so it proves who wrote; a customer's only names the ticket.
    """
    sender = incoming.author.address.email
    how = f"the signed address of ticket {ticket.number}"
    if tag.agent_id is None:
        part = "" if sender in incoming.rules.agents else _takes_part_or_is_colleague(ticket, sender)
        if not part:
            return None
        incoming.says(f"matched {how}: {part}")
        return Match(ticket)
    agent = incoming.rules.agents.get(sender)
    sure = incoming.mail.says_one_author and not incoming.author.on_hearsay
    if agent is None or agent.agent_id != tag.agent_id or not sure:
        incoming.says(f"{how} was made for another agent than {sender or 'nobody'}: it proves nothing")
        return None
    return _as_agent(incoming, ticket, agent, how, "signed for this agent", note=tag.purpose == "note")


def _sent_by_us(incoming: Incoming) -> Iterator[_Sent]:
    batch = incoming.batch
    for reference in incoming.mail.references:
        delivery = batch.known.delivery(reference)
        if delivery is not None and delivery.ticket_id is not None:
            ticket = batch.ticket(delivery.ticket_id)
            if ticket is not None:
                addressed = frozenset(delivery.recipients)
                yield _Sent(reference, ticket, delivery.kind, addressed, delivery.forwarded)
                continue
        for message in batch.known.messages(reference):
            ticket = batch.ticket(message.ticket_id) if message.kind == "reply" else None
            if ticket is not None:
                yield _Sent(reference, ticket, "reply", message.addressed)
        payload = signed_ids.ours(reference, incoming.rules.message_secret)
        if payload is not None:
            ticket = batch.ticket(int(payload)) if payload.isdecimal() else None
            if ticket is not None:
                yield _Sent(reference, ticket, "reply", frozenset())


def _answer_to_us(incoming: Incoming, sent: _Sent) -> Match:
    sender, ticket, agents = incoming.author.address.email, sent.ticket, incoming.rules.agents
    where = _where(incoming, sent.reference)
    how = f"{where} {sent.reference}, which this desk sent in ticket {ticket.number}"
    if sender in agents and not _is_contact(ticket, sender):
        return _agent(incoming, ticket, how, sent)
    if takes_part(ticket, sender):
        incoming.says(f"matched {how}: the sender takes part in it")
        return Match(ticket, answers=(sent.reference,))
    if sent.forwarded:
        known = sender in sent.addressed
        whom = "it was forwarded to this sender" if known else f"it was not forwarded to {sender or 'nobody'}"
        incoming.says(f"matched {how}: {whom}; kept as a note")
        return Match(ticket, kind="note", unverified=not known)
    if sender in sent.addressed:
        stored = incoming.batch.known.messages(sent.reference)
        if any(sender in each.blind - each.addressed for each in stored):
            # As a customer's mail it would be quoted to the others, and its author be in Cc.
            incoming.says(f"matched {how}: this sender got a blind copy; kept as a note")
            return Match(ticket, kind="note")
        incoming.says(f"matched {how}: it was sent to this sender")
        return Match(ticket, answers=(sent.reference,))
    colleague = _colleague(ticket, sender)
    if colleague:
        incoming.says(f"matched {how}: {colleague}")
        return Match(ticket, answers=(sent.reference,))
    incoming.says(f"matched {how}; {sender or 'nobody'} takes no part in it: filed there, unverified")
    return Match(ticket, unverified=True)


def _agent(incoming: Incoming, ticket: TicketState, how: str, sent: _Sent | None) -> Match:
    """Match mail from an agent's address: what it may do depends on what proves that the agent wrote.

    A Message-ID that customers saw proves nothing; one that went to agents alone was seen by them alone.
    """
    from desk.intake import proofs  # 0.8 ms, for agents' mail

    agent = incoming.rules.agents[incoming.author.address.email]
    among_agents = (
        sent is not None and bool(sent.addressed) and sent.addressed <= incoming.rules.agents.keys()
    )
    among_agents = among_agents and sent is not None and agent.email.lower() in sent.addressed
    proof = proofs.proof(incoming, agent)
    if among_agents:
        proof = proof or "it went to agents alone"
    if not proof:
        incoming.says(f"{how} names it, an agent's address without proof: filed there, unverified")
        return Match(ticket, unverified=True)
    return _as_agent(incoming, ticket, agent, how, proof, note=sent is not None and sent.kind == "alert")


def _as_agent(
    incoming: Incoming, ticket: TicketState, agent: Actor, how: str, proof: str, *, note: bool
) -> Match:
    """Match mail that an agent is proved to have written, if the agent's role lets it do what it wants.

    What their machine says by itself (an absence note, a read receipt) is for nobody, and obeyed by nobody.
    """
    if not incoming.mail.by_person:
        incoming.says(f"matched {how}: it is no answer of {agent.login}, kept as a note that does nothing")
        return Match(ticket, kind="note")
    from desk.intake.mail_commands import read_commands  # 1 ms, for agents' mail

    commands = read_commands(incoming.mail.text)
    is_note = commands.kind == "note" if commands.kind else note or commands.is_all_of(incoming.mail.text)
    action = "ticket.note" if is_note else "ticket.reply"
    departments = (ticket.department_id, *tickets.referrals(ticket.id))
    if not any(agent.may(action, department) for department in departments):
        incoming.says(f"{how} names it, but the role of {agent.login} does not grant {action}: unverified")
        return Match(ticket, unverified=True)
    if is_note:
        why = "answers an alert, kept as a note" if note else "wants it kept as a note"
        incoming.says(f"matched {how}: an agent {why} ({proof})")
        return Match(ticket, kind="note", agent=agent, commands=commands)
    incoming.says(f"matched {how}: an agent answers, taken as a reply to the customer ({proof})")
    return Match(ticket, kind="reply", agent=agent, commands=commands)


def _agent_or_customer(incoming: Incoming, ticket: TicketState, answers: Sequence[str]) -> Match:
    """Match a participant's answer to a stored mail; an agent's, where it is proved, is for the customer."""
    sender = incoming.author.address.email
    if sender in incoming.rules.agents and not _is_contact(ticket, sender):
        return _agent(incoming, ticket, "what it answers", None)
    return Match(ticket, answers=tuple(answers))


def _stored(incoming: Incoming) -> Iterator[tuple[str, KnownMessage]]:
    for reference in incoming.mail.references:
        for message in incoming.batch.known.messages(reference):
            yield reference, message


def _answers(incoming: Incoming) -> list[str]:
    """Return the references to be kept: not those that others of them tell, nor mail of the desk."""
    known = incoming.batch.known
    kept = [each for each in incoming.mail.references if known.delivery(each) is None]
    here = known.answered(incoming.mail)
    if len(here) < 2:
        return kept
    said = messages.answered(message.id for found in here.values() for message in found)
    told = {name for names in said.values() for name in names}
    return [each for each in kept if each not in here or compared_id(each) not in told]


def _place(incoming: Incoming, answers: Sequence[str]) -> TicketState | None:
    """Return the ticket in which the mail belongs by what it answers, or None.

    Of two mails whose Message-IDs differ in case alone it answers the one that is spelled so.
    """
    answered: dict[int, KnownMessage] = {}
    for reference in answers:
        found = incoming.batch.known.messages(reference)
        exact = [message for message in found if message.message_id == reference]
        answered |= {message.id: message for message in exact or found}
    if not answered:
        return None
    mail = incoming.mail
    first, *others = {each.ticket_id for each in answered.values()}
    if not others:
        messages.look_ahead(first, incoming.author.address.email, utc_text(mail.created))
    from desk.tickets import threads  # 1 ms, for mail that answers

    arriving = threads.Arriving(
        compared_id(mail.message_id or ""),
        utc_text(mail.date) if mail.date is not None else "",
        incoming.author.address.email.lower(),
        tuple(answered),
        frozenset(message.ticket_id for _, message in _stored(incoming)),
    )
    place = threads.place_of(arriving, [(each.ticket_id, each.addressed) for each in answered.values()])
    return None if place is None else incoming.batch.ticket(place)


def _named_in_subject(incoming: Incoming) -> Iterator[TicketState]:
    subject = incoming.mail.subject
    numbers = dict.fromkeys(_NUMBER_IN_SUBJECT.findall(subject) if "[#" in subject else ())
    for number in list(numbers)[:_NUMBERS_LOOKED_AT]:
        ticket = incoming.batch.ticket_numbered(number)
        if ticket is not None:
            yield ticket


def _goes_on_aside(incoming: Incoming, ticket: TicketState, message: KnownMessage) -> bool:
    """Whether a mail goes on with what somebody said who takes no part, to the agents alone."""
    sender = incoming.author.address.email
    if message.kind != "note" or not sender or sender in incoming.rules.agents:
        return False
    is_theirs = sender == message.sender.lower() or sender in message.addressed
    return is_theirs and not takes_part(ticket, sender)


def _part_in(ticket: TicketState, sender: str, message: KnownMessage) -> str:
    if sender and not takes_part(ticket, sender) and sender in message.addressed:
        return "that mail was addressed to the sender"
    return _takes_part_or_is_colleague(ticket, sender)


def _takes_part_or_is_colleague(ticket: TicketState, sender: str) -> str:
    return "the sender takes part in it" if takes_part(ticket, sender) else _colleague(ticket, sender)


def _colleague(ticket: TicketState, sender: str) -> str:
    """Say whose organization lets the sender in; '' where none does."""
    from desk import organizations  # 3 ms, for answers of those who take no part

    shared = organizations.shared(sender, ticket.contact_id)
    return f"{shared} shares its tickets, and the sender is of it" if shared else ""


def _stranger(incoming: Incoming, ticket: TicketState, how: str, doubt: str = "") -> Match:
    sender = incoming.author.address.email
    if sender in incoming.rules.agents:
        return _agent(incoming, ticket, how, None)
    incoming.says(f"{how} names it, but {doubt or _takes_no_part(sender)}")
    return Match(old=ticket)


def _is_contact(ticket: TicketState, address: str) -> bool:
    return any(contact.id == ticket.contact_id for contact in contacts.by_email([address]))


def _where(incoming: Incoming, reference: str) -> str:
    references = incoming.mail.references
    return "In-Reply-To" if references and reference == references[0] else "References"
