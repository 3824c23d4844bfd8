"""The test mail: sent at once through a mailbox's way out, with every word that was said to the server."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from config.clock import now
from config.errors import ConfigError, SecretUnavailable
from desk.errors import DeskError, Refused
from desk.mailboxes.accounts import outgoing_account
from desk.mailboxes.registry import get
from desk.mailboxes.routes import outgoing_for
from desk.outbox import dispatch
from desk.outbox.render import MailToSend, enqueue, no_route_out, render
from desk.permissions import Actor, require
from desk.settings import address_list
from desk.templates import texts
from mail.errors import MailError
from mail.inert import one_line
from models import leases
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from mail.account import OutgoingAccount
    from mail.smtp.dialogue import Dialogue
    from mail.smtp.session import SendOutcome
    from models.deliveries import DeliveryState

_CURES: Final = (
    (
        r"relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed|prohibited)|unable to relay",
        "The server takes mail for others only after a login: set --smtp-auth to same or basic, and use its"
        " submission port (587 starttls, 465 tls).",
    ),
    (
        r"authentication (?:is )?required|must (?:be )?authenticat|5\.7\.0 .*(?:log ?in|STARTTLS)",
        "The server wants a login first: set --smtp-auth to same or basic.",
    ),
    (
        r"SendAsDenied|not allowed to send as|not owned by user|sender address rejected",
        "The account may not use this sender: log in as that address, or let the server's admin allow it;"
        " --no-smtp-spoof keeps the account's own address in From.",
    ),
    (
        r"helo|ehlo|4\.7\.1.*hostname|invalid hostname",
        "The server does not like the name it is greeted with: give one with --smtp-helo.",
    ),
    (r"grey ?list|try again later|temporar", "The server puts strangers off at first: try again in minutes."),
    (r"user unknown|no such user|does not exist|5\.1\.1", "The recipient does not exist: check the address."),
    (r"quota|mailbox (?:is )?full|5\.2\.2", "The recipient's mailbox is full: use another one."),
    (r"size|too (?:big|large)", "The server takes no mail of this size."),
)


@dataclass(frozen=True, slots=True)
class ProbeMail:
    """How it went. `state` as of a Delivery's recipient; `dialogue` without passwords; `cure` what to do."""

    to: str
    through: str
    delivery_id: int
    message_id: str
    state: DeliveryState
    words: str
    cure: str
    dialogue: tuple[str, ...]

    @property
    def sent(self) -> bool:
        """Whether the server took it."""
        return self.state == "sent"


def send_test(desk: Desk, actor: Actor, address: str, to: str) -> ProbeMail:
    """Send a test mail from a mailbox, now and once; it stays in the outbox's books as any other mail.

    Blocks. Raises NotFound, WrongUse for a recipient that is none, Refused without a way out; a server's
    trouble is in the answer.
    """
    require(actor, "mailbox.edit")
    mailbox = get(address)
    recipients = address_list(to)
    if len(recipients) != 1:
        raise Refused("a test mail has one recipient", "give one address")
    way = outgoing_for(mailbox.id)
    if way is None:
        raise Refused(
            no_route_out(mailbox.address), f"nightdesk mailbox edit {mailbox.address} --smtp-host HOST"
        )
    facts = {
        "address": mailbox.address,
        "way": f"{way.smtp_host} port {way.smtp_port}",
        "at": f"{now().astimezone(desk.zone):%Y-%m-%d %H:%M:%S}",
    }
    said = texts.mail_text("test_mail", "", texts.Places(mailbox=mailbox.id), {"mailbox": facts})
    rendered = render(
        desk,
        MailToSend(
            kind="test",
            mailbox_id=mailbox.id,
            to=[("", recipients[0])],
            subject=said.subject,
            text=said.text,
            automatic="auto-generated",
        ),
    )
    with transaction():
        queued = enqueue(rendered)
        outgoing = dispatch.claim_one(queued.delivery_id, leases.owner_id(), now())
    from mail.smtp.dialogue import Dialogue  # 7 ms, for SMTP

    dialogue, outcome, trouble, hint = Dialogue(), None, "", ""
    try:
        account = outgoing_account(desk, way)
        dialogue = Dialogue([account.password.reveal()] if account.password is not None else [])
        outcome = asyncio.run(
            _send(account, dialogue, outgoing.envelope_from, outgoing.recipients, outgoing.message)
        )
    except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
        trouble, hint = one_line(str(error)), one_line(error.hint)
    state: DeliveryState
    if outcome is None:
        # A test is not tried again by itself: whoever asked for it is looking.
        state, words = "failed", trouble
        dispatch.record(queued.delivery_id, {recipients[0]: dispatch.failed(words)})
    else:
        told = next(iter(outcome.recipients.values()))
        state, words = told.state, " ".join(filter(None, [str(told.code or ""), told.words]))
        # "Deferred" would be tried again later, too.
        kept = dispatch.failed(told.words, told.code) if told.state == "deferred" else told
        dispatch.record(queued.delivery_id, {recipients[0]: kept})
    return ProbeMail(
        to=recipients[0],
        through=f"{way.smtp_host} port {way.smtp_port}",
        delivery_id=queued.delivery_id,
        message_id=queued.message_id,
        state=state,
        words=words,
        cure="" if state == "sent" else hint or cure_of(words),
        dialogue=tuple(dialogue.lines),
    )


async def _send(
    account: OutgoingAccount, dialogue: Dialogue, sender: str, recipients: list[str], message: bytes
) -> SendOutcome:
    from mail.smtp.session import SmtpSession  # 9 ms, for SMTP

    async with SmtpSession(account, dialogue) as session:
        return await session.send(sender, recipients, message)


def cure_of(words: str) -> str:
    """Return the likely cure for what a server says about a mail, in one sentence."""
    for pattern, cure in _CURES:
        if re.search(pattern, words, re.IGNORECASE):
            return cure
    return "The server's words say why; if they do not, ask its admin and show the dialogue."
