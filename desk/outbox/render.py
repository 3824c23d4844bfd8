"""Mail that leaves: who it is from, what it answers, rendered once and put into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from config.clock import now
from config.records import Record
from desk import settings
from desk.errors import Refused
from desk.mailboxes.routes import SendingRoute, find_sending_route
from desk.outbox.sender_names import sender_name
from desk.permissions import Actor
from mail.compose.signed_tag import SignedTag, tagged, untagged
from mail.inert import one_line
from mail.mime.address import Address
from models import agents, blobs, deliveries, departments, mailboxes, messages
from models.deliveries import DeliveryKind, NewDelivery
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.home import Desk
    from models.departments import StoredDepartment
    from models.mailboxes import Mailbox


class MailToSend(Record):
    """What is to be sent. `to`, `cc` and `bcc` are (name, address); `attachments` (name, type, bytes).

    Whoever stands in `bcc` gets the mail, of which nothing tells the others.

    `mailbox_id` is the desk's address it is from (None: the default outgoing mailbox's). `automatic`: a
    machine writes, so the mail says so and no machine is to answer. `null_sender`: envelope sender ``<>``.
    """

    kind: DeliveryKind
    mailbox_id: int | None
    to: Sequence[tuple[str, str]]
    subject: str
    text: str
    cc: Sequence[tuple[str, str]] = ()
    ticket_id: int | None = None
    message_row: int | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    attachments: Sequence[tuple[str, str, bytes]] = ()
    automatic: Literal["", "auto-replied", "auto-generated"] = ""
    null_sender: bool = False
    not_before: datetime | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    answers_to: int | None = None
    """The mailbox that answers are to reach, where the one it is from is not fetched."""
    author: Actor | None = None
    """The agent who wrote it, whom From may name."""
    bcc: Sequence[tuple[str, str]] = ()
    tag: SignedTag | None = None
    """What the plus-address that answers go to says, where the desk signs addresses."""


class QueuedMail(Record):
    """A delivery in the outbox. `warning` says why it will not leave by itself, if so."""

    delivery_id: int
    message_id: str
    blob_id: int
    raw: bytes
    not_before: datetime
    recipients: tuple[str, ...]
    warning: str | None


class Rendered(Record):
    """A mail as it will leave, its bytes on disk if they are many, not yet in the outbox."""

    mail: MailToSend
    message_id: str
    raw: bytes
    packed: blobs.Packed
    sender: str
    mailbox_id: int
    envelope_from: str
    recipients: tuple[str, ...]
    warning: str | None


def sender_of(department: StoredDepartment, mailbox_id: int | None) -> int | None:
    """Return the mailbox that an answer is from: the department's outgoing one, else the ticket's."""
    wanted = department.outgoing_mailbox_id
    if wanted is None or mailboxes.in_use_by_id(wanted) is None:
        return mailbox_id
    return wanted


def queue_mail(desk: Desk, mail: MailToSend, route: SendingRoute | None = None) -> QueuedMail:
    """Render a mail and put it into the outbox, in the caller's transaction; raises as `render` does."""
    return enqueue(render(desk, mail, route))


def render(desk: Desk, mail: MailToSend, route: SendingRoute | None = None) -> Rendered:
    """Render a mail; its Message-ID is made here and never changes. Writes no row: call it before BEGIN.

    `route`: what `find_sending_route` said for its mailbox, for who sends many. Raises Refused when it has no
    recipient, or when the desk has no address to send from.
    """
    route = route or find_sending_route(mail.mailbox_id)
    own, sender = route.own, route.sender
    recipients = tuple(recipients_of(mail))
    if not recipients:
        raise Refused("this mail has no recipient", "give an address in To")
    message_id, raw = _compose(desk, mail, sender, own)
    packed = blobs.write_blobs(blobs.pack([raw]))[0]
    return Rendered(
        mail=mail,
        message_id=message_id,
        raw=raw,
        packed=packed,
        sender=sender.address,
        mailbox_id=own.id if own is not None else sender.id,
        envelope_from="" if mail.null_sender else sender.address,
        recipients=recipients,
        warning=None if route.open else no_route_out(sender.address),
    )


def enqueue(
    rendered: Rendered,
    message_row: int | None = None,
    ticket_id: int | None = None,
    blob_id: int | None = None,
) -> QueuedMail:
    """Put a rendered mail into the outbox, in the caller's transaction; ``blob_id``: its bytes, if stored."""
    mail = rendered.mail
    moment = now()
    not_before = mail.not_before or moment
    blob_id = blobs.insert(rendered.packed) if blob_id is None else blob_id
    new = NewDelivery(
        kind=mail.kind,
        ticket_id=ticket_id or mail.ticket_id,
        message_ref_id=message_row or mail.message_row,
        mailbox_id=rendered.mailbox_id,
        message_id=rendered.message_id,
        envelope_from=rendered.envelope_from,
        subject=one_line(mail.subject),
        blob_id=blob_id,
        created=utc_text(moment),
        not_before=utc_text(not_before),
    )
    delivery_id = deliveries.write(new, rendered.recipients)
    return QueuedMail(
        delivery_id,
        rendered.message_id,
        blob_id,
        rendered.raw,
        not_before,
        rendered.recipients,
        rendered.warning,
    )


def no_route_out(address: str) -> str:
    """Say that mail of this address stays in the outbox, and what to do."""
    return (
        f"{address} has no outgoing account and there is no default one: the mail stays queued"
        f" (nightdesk mailbox edit {address} --smtp-host HOST, or set mail.default_outgoing)"
    )


def recipients_of(mail: MailToSend) -> list[str]:
    """Return the envelope's recipients, each once."""
    found: dict[str, str] = {}
    for _, address in (*mail.to, *mail.cc, *mail.bcc):
        if address:
            found.setdefault(address.lower(), address)
    return list(found.values())


def numbered_subject(subject: str, number: str, *, reply: bool) -> str:
    """Return the subject with ``[#number]`` in it once, and ``Re:`` before it when it answers."""
    mark = f"[#{number}]"
    text = one_line(subject.replace(mark, " "), 900)
    prefix = ""
    if reply:
        while text[:3].lower() == "re:":
            text = text[3:].lstrip()
        prefix = "Re: "
    return f"{prefix}{mark} {text}".rstrip()


def signature_block(department: StoredDepartment, agent_id: int | None = None) -> str:
    """Return what is put below an answer: the signatures of its author and of the department, if any."""
    own = "" if agent_id is None else agents.signature_of(agent_id).strip()
    signature = "\n".join(part for part in (own, _signature_of(department)) if part)
    return f"\n\n-- \n{signature}\n" if signature else ""


def _signature_of(department: StoredDepartment) -> str:
    """Return a department's signature, else that of the nearest one above it; a private one has none."""
    if department.private:
        return ""
    if department.signature.strip() or department.parent_id is None:
        return department.signature.strip()
    every = departments.every()
    known = {each.id: "" if each.private else each.signature.strip() for each in every}
    return next((known[each] for each in departments.above(department.id, every) if known[each]), "")


def conversation(ticket_id: int, answered: str | None = None) -> tuple[str | None, list[str]]:
    """Return the Message-ID that an answer answers and the ticket's chain of them.

    That is the customer's newest mail, unless ``answered`` is the Message-ID of another one.
    """
    written = messages.chain(ticket_id)
    chain = list(dict.fromkeys(name for name, _ in written))
    last = chain[-1] if chain else None
    newest = next((name for name, kind in reversed(written) if kind == "customer"), last)
    parent = answered if answered in chain else newest
    if parent is not None:
        # What is answered stands last, as mail programs expect it.
        chain.remove(parent)
        chain.append(parent)
    return parent, chain


def _compose(desk: Desk, mail: MailToSend, sender: Mailbox, own: Mailbox | None) -> tuple[str, bytes]:
    from mail.compose import message_id as signed_ids  # 1.1 ms, for mail that leaves
    from mail.compose.outgoing import OutgoingMail, build  # 10 ms, for mail that leaves

    payload = str(mail.ticket_id or 0)
    author, name = _author(sender, own, mail.author)
    message_id = signed_ids.make(payload, str(author.address).rpartition("@")[2], desk.message_secret)
    answered = _answered_at(mail, own or sender)
    signed = _signed_address(desk, mail, answered.address)
    differs = answered.id != author.id or signed != answered.address
    reply_to = [Address(answered.name, signed)] if differs else []
    raw = build(
        OutgoingMail(
            message_id=message_id,
            sender=Address(name, author.address),
            to=[Address(*person) for person in mail.to],
            cc=[Address(*person) for person in mail.cc],
            reply_to=reply_to,
            subject=mail.subject,
            text_markdown=untagged(mail.text),
            in_reply_to=mail.in_reply_to,
            references=list(mail.references),
            date=now().astimezone(desk.zone),
            attachments=list(mail.attachments),
            auto_submitted=mail.automatic or None,
            desk_id=desk.desk_id,
            headers=dict(mail.headers),
        )
    )
    return message_id, raw


def _author(sender: Mailbox, own: Mailbox | None, agent: Actor | None) -> tuple[Mailbox, str]:
    """Return whose address a mail is from, and the name before it."""
    shown = own if own is not None and own.name else sender
    name = shown.name if agent is None else sender_name(agent, shown.name)
    # Unless it may say so, a server lets an account send as itself only; answers go to the other address.
    return own if own is not None and sender.smtp_spoof else sender, name


def shown_from(agent: Actor, mailbox_id: int | None) -> str:
    """Return what recipients see an agent's mail come from now; empty: the desk has no address."""
    try:
        route = find_sending_route(mailbox_id)
    except Refused:
        return ""
    author, name = _author(route.sender, route.own, agent)
    return f"{name} <{author.address}>" if name else author.address


def _signed_address(desk: Desk, mail: MailToSend, address: str) -> str:
    """Return the address with the plus-tag that the mail has, or that mail to customers gets."""
    tag = mail.tag
    if tag is None and mail.ticket_id is not None and mail.kind in ("reply", "acknowledgement"):
        tag = SignedTag("answer", mail.ticket_id)
    if tag is None or not settings.get("mail.signed_addresses"):
        return address
    return tagged(address, tag, desk.message_secret)


def _answered_at(mail: MailToSend, own: Mailbox) -> Mailbox:
    """Return the mailbox that answers are to reach: the one it is from, if that is fetched."""
    if own.protocol != "none" or mail.answers_to in (None, own.id):
        return own
    return mailboxes.in_use_by_id(mail.answers_to) or own
