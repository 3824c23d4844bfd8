"""The outbox from the sender's side: claim what is due, write down what became of it.

A recipient is tried until it is sent, refused for good, or five days old. What is in doubt (a time-out
behind DATA, a sender that died) is ``uncertain``: shown, and never sent again without a person's word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from config.clock import now
from desk import lifecycle, logs
from mail.inert import one_line
from models import blobs, leases
from models.database import db, transaction
from models.deliveries import Delivery
from models.fields import utc_text, utc_time
from models.mailboxes import Mailbox

BACK_OFF_MINUTES = (1, 5, 15, 60, 240)
"""Before the second, third, ... attempt; the last one repeats."""
GIVE_UP_AFTER = timedelta(days=5)
STRANGER_IS_DEAD_AFTER = timedelta(hours=1)
"""A sender on another machine, that cannot be seen die, is taken for dead after so long on one mail."""

_TO_BE_TRIED = "('queued', 'deferred')"
_WAITING = "d.done = 0 AND d.sender IS NULL"
_DEAD_SENDER = "the sender stopped in the middle: it may have arrived or not"


class RecipientOutcome(Protocol):
    """What the server said about one recipient (see `mail.smtp`)."""

    @property
    def state(self) -> str: ...
    @property
    def code(self) -> int | None: ...
    @property
    def words(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that its claimer is to send now, to these recipients only."""

    delivery_id: int
    mailbox_id: int
    envelope_from: str
    recipients: list[str]
    message: bytes


@dataclass(frozen=True, slots=True)
class _Ways:
    """Which mailbox sends for which: its own outgoing account, else the default one's."""

    sending: Mapping[int, str]
    spoofing: Set[int]
    """Whose accounts may send as other addresses of the desk."""
    every: tuple[int, ...]
    default: int | None

    def of(self, mailbox_id: int) -> int | None:
        """The mailbox whose account sends for this one, or None."""
        return mailbox_id if mailbox_id in self.sending else self.default

    def through(self, way: int | None) -> list[int]:
        """The mailboxes whose mail leaves through that account (None: through any)."""
        ways = {mailbox_id: self.of(mailbox_id) for mailbox_id in self.every}
        return [
            mailbox_id for mailbox_id, found in ways.items() if found is not None and way in (None, found)
        ]


def due_mailboxes(moment: datetime) -> list[int]:
    """Return the mailboxes whose outgoing account has something to send now."""
    rows = db.execute_sql(
        f"SELECT DISTINCT d.mailbox_id FROM delivery d WHERE {_WAITING} AND d.not_before <= ?",
        (utc_text(moment),),
    ).fetchall()
    if not rows:
        return []
    ways = _ways_out()
    return sorted({way for row in rows if (way := ways.of(row[0])) is not None})


def has_due(moment: datetime) -> bool:
    """Whether there is something to send now, and a way to send it."""
    return bool(due_mailboxes(moment))


def next_due(moment: datetime) -> datetime | None:
    """Return when the next mail that is not due yet becomes so, or None."""
    row = db.execute_sql(
        f"SELECT min(d.not_before) FROM delivery d WHERE {_WAITING} AND d.not_before > ?", (utc_text(moment),)
    ).fetchone()
    return utc_time(row[0]) if row[0] is not None else None


def without_way(mailbox_ids: Iterable[int | None]) -> set[int | None]:
    """Those of these mailboxes whose mail no account sends; None is the mail of no mailbox."""
    ways = _ways_out()
    return {key for key in mailbox_ids if (ways.default if key is None else ways.of(key)) is None}


def claim(owner: str, moment: datetime, limit: int, *, mailbox_id: int | None = None) -> list[Outgoing]:
    """Take up to `limit` mails that are due, oldest first, and mark their recipients as being sent.

    Only mail with a way out is taken; with `mailbox_id` only what leaves through that mailbox's account.
    A mail whose bytes are damaged fails here, and does not hold up the others.
    """
    taken = []
    with transaction():
        ways = _ways_out()
        wanted = ways.through(mailbox_id)
        if not wanted:
            return []
        rows = db.execute_sql(
            "SELECT d.id, d.mailbox_id, d.envelope_from, d.blob_id"
            " FROM delivery d INDEXED BY delivery_waiting"
            f" WHERE {_WAITING} AND d.not_before <= ? AND d.mailbox_id IN ({', '.join('?' * len(wanted))})"
            " ORDER BY d.not_before, d.id LIMIT ?",
            (utc_text(moment), *wanted, limit),
        ).fetchall()
        for delivery_id, own, envelope, blob_id in rows:
            _begin(delivery_id, owner, utc_text(moment))
            try:
                raw = blobs.read(blob_id)
            except blobs.BlobDamaged as error:
                _settle(delivery_id, dict.fromkeys(_addresses(delivery_id), _Outcome("failed", str(error))))
                continue
            taken.append(_outgoing(ways, delivery_id, own, envelope, raw))
    return taken


def claim_one(delivery_id: int, owner: str, moment: datetime) -> Outgoing:
    """Take this mail, in the caller's transaction, which laid it in: nobody else has seen it yet."""
    row = db.execute_sql(
        "SELECT mailbox_id, envelope_from, blob_id FROM delivery WHERE id = ?", (delivery_id,)
    ).fetchone()
    _begin(delivery_id, owner, utc_text(moment))
    return _outgoing(_ways_out(), delivery_id, row[0], row[1], blobs.read(row[2]))


def _outgoing(ways: _Ways, delivery_id: int, own: int, envelope: str, raw: bytes) -> Outgoing:
    way = ways.of(own) or own
    address = ways.sending[way]
    message = raw if way in ways.spoofing else readdressed(raw, address)
    return Outgoing(delivery_id, way, address if envelope else "", _addresses(delivery_id), message)


def record(delivery_id: int, outcomes: Mapping[str, RecipientOutcome]) -> None:
    """Write down what the server said about each recipient, and when the rest is tried again."""
    with transaction():
        _settle(delivery_id, outcomes)


def give_back(delivery_id: int, reason: str) -> None:
    """Put a claimed mail back whose sending never began: tried again later, with `reason` shown."""
    with transaction():
        row = db.execute_sql("SELECT mailbox_id FROM delivery WHERE id = ?", (delivery_id,)).fetchone()
        way = None if row is None else _ways_out().of(row[0])
        if way is not None:
            db.execute_sql(
                "UPDATE mailbox SET send_error = ?, send_error_count = send_error_count + 1,"
                " send_failing_since = coalesce(send_failing_since, ?) WHERE id = ?",
                (one_line(reason), utc_text(now()), way),
            )
        _settle(delivery_id, dict.fromkeys(_addresses(delivery_id), _Outcome("deferred", reason)))


def recover(is_dead: Callable[[str], bool] | None = None) -> int:
    """Mark mail as uncertain whose sender died while it was sending; returns how many mails."""
    gone = is_dead or leases.is_dead
    rows = db.execute_sql(
        "SELECT id, sender, last_attempt FROM delivery WHERE done = 0 AND sender IS NOT NULL"
    ).fetchall()
    found = 0
    for delivery_id, sender, attempted in rows:
        foreign = sender.partition(":")[0] != leases.owner_id().partition(":")[0]
        long_ago = foreign and utc_time(attempted) < now() - STRANGER_IS_DEAD_AFTER
        if not (gone(sender) or long_ago):
            continue
        with transaction():
            still = db.execute_sql("SELECT sender FROM delivery WHERE id = ?", (delivery_id,)).fetchone()
            if still[0] == sender:
                _settle(
                    delivery_id, dict.fromkeys(_addresses(delivery_id), _Outcome("uncertain", _DEAD_SENDER))
                )
                found += 1
    return found


def readdressed(raw: bytes, address: str) -> bytes:
    """Return the mail as sent by another account: From is its address, answers still go to the old one.

    For mail rendered before its mailbox lost its own way out. The mail's own From is left alone when it
    is that address already.
    """
    head, blank, body = raw.partition(b"\r\n\r\n")
    found = _FROM.search(head)
    written = found and _ADDRESS.search(found[0])
    if not found or not written or written[1].lower() == address.lower().encode():
        return raw
    begin, end = found.start() + written.start(1), found.start() + written.end(1)
    changed = head[:begin] + address.encode() + head[end:]
    if not _REPLY_TO.search(head):
        changed += b"\r\nReply-To: " + written[1]
    return changed + blank + body


_FROM = re.compile(rb"^From:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_REPLY_TO = re.compile(rb"^Reply-To:", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(rb"([^\s<>:\"]+@[^\s<>\"]+)>?\s*\Z")


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: str
    words: str
    code: int | None = None


def failed(words: str, code: int | None = None) -> RecipientOutcome:
    """The outcome of a recipient who is not tried again."""
    return _Outcome("failed", words, code)


def _begin(delivery_id: int, owner: str, moment: str) -> None:
    db.execute_sql(
        "UPDATE delivery SET sender = ?, attempts = attempts + 1, last_attempt = ?,"
        " tried_since = coalesce(tried_since, ?) WHERE id = ?",
        (owner, moment, moment, delivery_id),
    )
    db.execute_sql(
        "UPDATE recipient SET state = 'sending', updated = ?"
        f" WHERE delivery_id = ? AND state IN {_TO_BE_TRIED}",
        (moment, delivery_id),
    )


def _addresses(delivery_id: int) -> list[str]:
    rows = db.execute_sql(
        "SELECT address FROM recipient WHERE delivery_id = ? AND state = 'sending' ORDER BY id",
        (delivery_id,),
    )
    return [row[0] for row in rows]


def _settle(delivery_id: int, outcomes: Mapping[str, RecipientOutcome]) -> None:
    """Give every recipient that is being sent its state, and the delivery its next attempt or its end."""
    moment = now()
    delivery = Delivery.get_by_id(delivery_id)
    told = {address.lower(): outcome for address, outcome in outcomes.items()}
    too_old = delivery.tried_since is not None and moment - delivery.tried_since > GIVE_UP_AFTER
    words = ""
    for address in _addresses(delivery_id):
        outcome = told.get(address.lower()) or _Outcome(
            "deferred", "the sender said nothing about this recipient"
        )
        state, detail = outcome.state, one_line(outcome.words)
        if state == "deferred" and too_old:
            state, detail = "failed", f"given up after {GIVE_UP_AFTER.days} days: {detail}"
        db.execute_sql(
            "UPDATE recipient SET state = ?, code = ?, detail = ?, updated = ?"
            " WHERE delivery_id = ? AND address = ? AND state = 'sending'",
            (state, outcome.code, detail, utc_text(moment), delivery_id, address),
        )
        words = words if state == "sent" else detail
        _tell(delivery, address, state, detail)
    waiting = db.execute_sql(
        f"SELECT count(*) FROM recipient WHERE delivery_id = ? AND state IN {_TO_BE_TRIED}", (delivery_id,)
    ).fetchone()[0]
    not_before = moment + back_off(delivery.attempts) if waiting else delivery.not_before
    Delivery.update(sender=None, done=not waiting, last_error=words, not_before=not_before).where(
        Delivery.id == delivery_id
    ).execute()
    if any(outcome.state == "sent" for outcome in outcomes.values()):
        if delivery.kind == "reply":
            _want_copy(delivery_id)
        way = _ways_out().of(delivery.mailbox_id or 0)
        Mailbox.update(last_sent=moment, send_error="", send_error_count=0, send_failing_since=None).where(
            Mailbox.id == way
        ).execute()


def _want_copy(delivery_id: int) -> None:
    """Have a copy put into its mailbox's folder for sent mail, where it has one; once."""
    db.execute_sql(
        "UPDATE delivery SET copy = 'due' WHERE id = ? AND copy = '' AND mailbox_id IN"
        " (SELECT id FROM mailbox WHERE sent_folder <> '' AND protocol = 'imap')",
        (delivery_id,),
    )


def back_off(attempts: int) -> timedelta:
    """Return the time to wait after so many attempts, with jitter, so that not all come back at once."""
    minutes = BACK_OFF_MINUTES[min(max(attempts, 1), len(BACK_OFF_MINUTES)) - 1]
    return timedelta(minutes=minutes * random.uniform(0.8, 1.2))  # noqa: S311


def _tell(delivery: Delivery, address: str, state: str, detail: str) -> None:
    """Write the log line of an outcome; an answer that did not arrive wakes its ticket."""
    subject = f"#{delivery.ticket.number}" if delivery.ticket else delivery.kind
    level: logs.Level = {"sent": "info", "deferred": "warning", "uncertain": "error", "failed": "error"}[
        state
    ]  # type: ignore[assignment]
    logs.write(
        level,
        "send",
        f"{subject} to {address}: {state}: {detail}",
        mailbox_id=delivery.mailbox_id,
        ticket_id=delivery.ticket_id,
    )
    if delivery.kind != "reply" or delivery.ticket_id is None:
        return
    if state == "failed":
        lifecycle.delivery_failed(delivery.ticket_id, address, detail, now())
    elif state == "uncertain":
        lifecycle.delivery_uncertain(delivery.ticket_id, address, detail, now())


def _ways_out() -> _Ways:
    from desk import settings

    sending: dict[int, str] = {}
    spoofing: set[int] = set()
    every: list[int] = []
    for mailbox_id, address, spoofs, enabled in db.execute_sql(
        "SELECT id, address, smtp_spoof, outgoing_enabled AND removed IS NULL AND smtp_host <> ''"
        " FROM mailbox"
    ):
        every.append(mailbox_id)
        if enabled:
            sending[mailbox_id] = address
        if spoofs:
            spoofing.add(mailbox_id)
    named = str(settings.get("mail.default_outgoing")).lower()
    default = next((key for key, address in sending.items() if address.lower() == named), None)
    return _Ways(sending, spoofing, tuple(every), default)
