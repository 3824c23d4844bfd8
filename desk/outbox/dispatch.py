"""The outbox from the sender's side: claim what is due, write down what became of it.

A recipient is tried until it is sent, refused for good, or five days old. What is in doubt (a time-out
behind DATA, a sender that died) is ``uncertain``: shown, and never sent again without a person's word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from config.clock import now
from config.expressions import expression
from desk import logs
from desk.mailboxes.routes import Routes, read_routes
from desk.tickets import lifecycle
from mail.compose import header
from mail.inert import one_line
from mail.mime.address import Address, as_compared, parse_addresses
from models import blobs, deliveries, leases, mailboxes
from models.deliveries import AttemptedMail, ClaimedMail, DeliveryState, MailSender
from models.errors import StoreAway
from models.fields import utc_text, utc_time
from models.transactions import transaction

BACK_OFF_MINUTES = (1, 5, 15, 60, 240)
"""Before the second, third, ... attempt; the last one repeats."""
GIVE_UP_AFTER = timedelta(days=5)
SKEW = timedelta(minutes=1)
"""So much may the clocks of hosts with one desk differ."""
STRANGER_IS_DEAD_AFTER = timedelta(hours=1)
"""A sender on another machine, that cannot be seen die, is taken for dead after so long on one mail."""

_LEVELS: dict[DeliveryState, logs.Level] = {"sent": "info", "deferred": "warning"}
_DEAD_SENDER = "the sender stopped in the middle: it may have arrived or not"


class RecipientOutcome(Protocol):
    """What the server said about one recipient (see `mail.smtp.session`)."""

    @property
    def state(self) -> DeliveryState:
        """What became of them."""

    @property
    def code(self) -> int | None:
        """The reply code, if there was a reply."""

    @property
    def words(self) -> str:
        """The server's words, or our own."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that its claimer is to send now, to these recipients only."""

    delivery_id: int
    mailbox_id: int
    envelope_from: str
    recipients: list[str]
    message: bytes


def due_mailboxes(moment: datetime) -> list[int]:
    """Return the mailboxes whose outgoing account has something to send now."""
    waiting = deliveries.due_mailboxes(utc_text(moment))
    if not waiting:
        return []
    routes = read_routes()
    found = {routes.of(key) for key in waiting}
    return sorted(route for route in found if route is not None)


def has_due(moment: datetime) -> bool:
    """Whether there is something to send now, and a way to send it."""
    return bool(due_mailboxes(moment))


def next_due(moment: datetime) -> datetime | None:
    """Return when the next mail that is not due yet becomes so, or None."""
    not_before = deliveries.next_due(utc_text(moment))
    return utc_time(not_before) if not_before is not None else None


def claim(owner: str, moment: datetime, limit: int, *, mailbox_id: int | None = None) -> list[Outgoing]:
    """Take up to `limit` mails that are due, oldest first, and mark their recipients as being sent.

    Only mail with a way out is taken; with `mailbox_id` only what leaves through that mailbox's account.
    A mail whose bytes are damaged fails here, one whose bytes are in a store that is away is put off; neither
    holds up the others.
    """
    taken: list[Outgoing] = []
    while not taken and (due := _claimable(moment, limit, mailbox_id)):
        # Bytes may come from a store far away: they are at hand before anything is marked.
        raws = {mail.id: _raw_of(mail) for mail in due}
        with transaction():
            routes = read_routes()
            for mail in _claimable(moment, limit, mailbox_id):
                if mail.id not in raws:
                    continue
                deliveries.begin(mail.id, owner, utc_text(moment))
                raw = raws[mail.id]
                if isinstance(raw, _Outcome):
                    _settle_all(mail.id, raw)
                else:
                    taken.append(_outgoing(routes, mail, raw))
    return taken


def _claimable(moment: datetime, limit: int, mailbox_id: int | None) -> list[ClaimedMail]:
    wanted = read_routes().through(mailbox_id)
    return deliveries.claimable(wanted, utc_text(moment), limit) if wanted else []


def _raw_of(mail: ClaimedMail) -> bytes | _Outcome:
    """Return the bytes of a mail, or what it comes to without them."""
    try:
        return blobs.read(mail.blob_id)
    except blobs.BlobDamaged as error:
        return _Outcome("failed", str(error))
    except StoreAway as error:
        return _Outcome("deferred", str(error))


def claim_one(delivery_id: int, owner: str, moment: datetime) -> Outgoing:
    """Take this mail, in the caller's transaction, which enqueued it: nobody else has seen it yet."""
    mail = deliveries.claimed(delivery_id)
    assert mail is not None
    deliveries.begin(delivery_id, owner, utc_text(moment))
    return _outgoing(read_routes(), mail, blobs.read(mail.blob_id))


def _outgoing(routes: Routes, mail: ClaimedMail, raw: bytes) -> Outgoing:
    route = routes.of(mail.mailbox_id) or mail.mailbox_id
    address = routes.sending[route]
    message = raw if route in routes.spoofing else readdressed(raw, address)
    envelope = address if mail.envelope_from else ""
    return Outgoing(mail.id, route, envelope, deliveries.being_sent(mail.id), message)


def record(delivery_id: int, outcomes: Mapping[str, RecipientOutcome]) -> None:
    """Write down what the server said about each recipient, and when the rest is tried again."""
    with transaction():
        _settle(delivery_id, outcomes)


def give_back(delivery_id: int, reason: str) -> None:
    """Put a claimed mail back whose sending never began: tried again later, with `reason` shown."""
    with transaction():
        mail = deliveries.claimed(delivery_id)
        route = None if mail is None else read_routes().of(mail.mailbox_id)
        if route is not None:
            mailboxes.sending_failed(route, one_line(reason), utc_text(now()))
        _settle_all(delivery_id, _Outcome("deferred", reason))


def recover(is_dead: Callable[[str], bool] | None = None) -> int:
    """Mark mail as uncertain whose sender died while it was sending; returns how many mails."""
    gone = is_dead or leases.is_dead
    found = 0
    for mail in deliveries.with_senders():
        foreign = mail.sender.partition(":")[0] != leases.owner_id().partition(":")[0]
        age = now() - utc_time(mail.last_attempt)
        long_ago = foreign and abs(age) > STRANGER_IS_DEAD_AFTER
        if not (gone(mail.sender) or long_ago):
            continue
        with transaction():
            if deliveries.sender_of(mail.id) == MailSender(mail.sender):
                _settle_all(mail.id, _Outcome("uncertain", _DEAD_SENDER))
                found += 1
    return found


def after_clock_set_back(moment: datetime) -> int:
    """Let mail that was queued while the clock was ahead wait as long as it was to, from now; how many mails.

    Other hosts' clocks differ a little: `SKEW` of that counts for nothing.
    """
    found = deliveries.queued_ahead(utc_text(moment + SKEW))
    for mail in found:
        written = utc_time(max(mail.created, mail.last_attempt or ""))
        wait = max(utc_time(mail.not_before) - written, timedelta(0))
        with transaction():
            deliveries.set_back(mail, utc_text(moment), utc_text(moment + wait))
    return len(found)


def readdressed(raw: bytes, address: str) -> bytes:
    """Return the mail as sent by another account: From is its address, answers still go to the old one.

    For mail rendered before its mailbox lost its own way out. The mail's own From is left alone when it
    is that address already.
    """
    head, blank, body = raw.partition(b"\r\n\r\n")
    found = _FROM.search(head)
    written = found[1].replace(b"\r\n", b"").decode("utf-8", "replace") if found else ""
    people = parse_addresses([written])
    if not found or len(people) != 1 or as_compared(people[0].email) == as_compared(address):
        return raw
    [author] = people
    begin, end = found.span(1)
    changed = head[:begin] + b" " + header.addresses([Address(author.name, address)]) + head[end:]
    if not _REPLY_TO.search(head):
        changed += b"\r\nReply-To: " + header.addresses([Address("", author.email)])
    return changed + blank + body


_FROM = expression(rb"^From:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_REPLY_TO = expression(rb"^Reply-To:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: DeliveryState
    words: str
    code: int | None = None


def failed(words: str, code: int | None = None) -> RecipientOutcome:
    """Return the outcome of a recipient who is not tried again."""
    return _Outcome("failed", words, code)


def _settle_all(delivery_id: int, outcome: _Outcome) -> None:
    _settle(delivery_id, dict.fromkeys(deliveries.being_sent(delivery_id), outcome))


def _settle(delivery_id: int, outcomes: Mapping[str, RecipientOutcome]) -> None:
    """Give every recipient that is being sent its state, and the delivery its next attempt or its end."""
    moment = now()
    mail = deliveries.attempted(delivery_id)
    assert mail is not None
    told = {address.lower(): outcome for address, outcome in outcomes.items()}
    too_old = mail.tried_since is not None and moment - utc_time(mail.tried_since) > GIVE_UP_AFTER
    words = ""
    for address in deliveries.being_sent(delivery_id):
        outcome = told.get(address.lower()) or _Outcome(
            "deferred", "the sender said nothing about this recipient"
        )
        state, detail = outcome.state, one_line(outcome.words)
        if state == "deferred" and too_old:
            state, detail = "failed", f"given up after {GIVE_UP_AFTER.days} days: {detail}"
        deliveries.settle_recipient(delivery_id, address, state, outcome.code, detail, utc_text(moment))
        words = words if state == "sent" else detail
        _note_outcome(mail, address, state, detail)
    waiting = deliveries.to_be_tried(delivery_id) > 0
    not_before = utc_text(moment + back_off(mail.attempts)) if waiting else mail.not_before
    deliveries.settle(delivery_id, done=not waiting, words=words, not_before=not_before)
    if any(outcome.state == "sent" for outcome in outcomes.values()):
        if mail.kind == "reply":
            deliveries.want_copy(delivery_id)
        route = read_routes().of(mail.mailbox_id or 0)
        if route is not None:
            mailboxes.sending_worked(route, utc_text(moment))


def back_off(attempts: int) -> timedelta:
    """Return the time to wait after so many attempts, with jitter, so that not all come back at once."""
    minutes = BACK_OFF_MINUTES[min(max(attempts, 1), len(BACK_OFF_MINUTES)) - 1]
    return timedelta(minutes=minutes * random.uniform(0.8, 1.2))  # noqa: S311


def _note_outcome(mail: AttemptedMail, address: str, state: DeliveryState, detail: str) -> None:
    """Write the log line of an outcome; an answer that did not arrive wakes its ticket."""
    subject = f"#{mail.ticket_number}" if mail.ticket_number else mail.kind
    logs.write(
        _LEVELS.get(state, "error"),
        "send",
        f"{subject} to {address}: {state}: {detail}",
        mailbox_id=mail.mailbox_id,
        ticket_id=mail.ticket_id,
    )
    if mail.kind != "reply" or mail.ticket_id is None:
        return
    if state == "failed":
        lifecycle.delivery_failed(mail.ticket_id, address, detail, now())
    elif state == "uncertain":
        lifecycle.delivery_uncertain(mail.ticket_id, address, detail, now())
