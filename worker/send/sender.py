"""Sending what is due: one SMTP session per outgoing mailbox, an outcome per recipient.

A delivery is marked `sending` right before its dialogue begins, one at a time, and its outcome is written
right behind it. Whoever dies in between leaves exactly that one in doubt.
"""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from config.clock import now
from config.errors import ConfigError, SecretUnavailable
from desk.errors import DeskError
from desk.fetching.summary import SendCounts
from desk.mailboxes import accounts
from desk.outbox import dispatch
from mail.errors import MailError
from mail.inert import one_line
from mail.smtp.session import RecipientOutcome, SmtpSession
from models import leases, mailboxes
from worker import failures
from worker.service.threads import DeskThread

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.outbox.dispatch import Outgoing
    from mail.account import OutgoingAccount


T = TypeVar("T")

GRACE_SECONDS = 5.0
"""So long a server may still take for the mail in hand, when we are told to end."""
LOOK_SECONDS = 0.25


class Sender:
    """Sends for one desk; `stop` ends it after the mail in hand."""

    def __init__(self, desk: Desk, stop: Event, thread: DeskThread) -> None:
        self._desk = desk
        self._stop = stop
        self._thread = thread
        self._owner = leases.owner_id()

    async def drain(self) -> SendCounts:
        """Send everything that is due, all outgoing mailboxes at once."""
        senders = await self._thread.call(dispatch.due_mailboxes, now())
        total = SendCounts()
        for counts in await asyncio.gather(*(self.send_from(mailbox_id) for mailbox_id in senders)):
            total.add(counts)
        return total

    async def send_from(self, mailbox_id: int) -> SendCounts:
        """Send what is due from one mailbox; a server that cannot be used defers all of it."""
        counts = SendCounts()
        try:
            async with SmtpSession(await self._thread.call(self._account, mailbox_id)) as session:
                while not self._stop.is_set():
                    mail = await self._thread.call(self._claim, mailbox_id)
                    if mail is None:
                        break
                    await self._deliver(session, mail, counts)
        except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
            await self._thread.call(self._defer_all, mailbox_id, error, counts)
        return counts

    async def _deliver(self, session: SmtpSession, mail: Outgoing, counts: SendCounts) -> None:
        try:
            outcome = await session.send(mail.envelope_from, mail.recipients, mail.message)
            if outcome.sender_refused and not mail.envelope_from:
                own = await self._thread.call(self._address, mail.mailbox_id)
                outcome = await session.send(own, mail.recipients, mail.message)
        except MailError as error:
            await self._thread.call(self._put_back, mail, _reason(error), counts)
            raise
        except asyncio.CancelledError:
            if session.in_doubt:
                unknown = RecipientOutcome(
                    "uncertain", None, "the sender was ended before the server answered"
                )
                outcomes = dict.fromkeys(mail.recipients, unknown)
                await asyncio.shield(self._thread.call(self._record, mail, outcomes, counts))
            else:
                reason = "the sender was ended before the server took it"
                await asyncio.shield(self._thread.call(self._put_back, mail, reason, counts))
            raise
        except BaseException as error:
            unknown = RecipientOutcome("uncertain", None, f"the sender failed: {failures.place(error)}")
            outcomes = dict.fromkeys(mail.recipients, unknown)
            await asyncio.shield(self._thread.call(self._record, mail, outcomes, counts))
            raise
        await self._thread.call(self._record, mail, outcome.recipients, counts)

    def _account(self, mailbox_id: int) -> OutgoingAccount:
        return accounts.outgoing_account(self._desk, mailboxes.by_id(mailbox_id))

    def _address(self, mailbox_id: int) -> str:
        return str(mailboxes.by_id(mailbox_id).address)

    def _claim(self, mailbox_id: int) -> Outgoing | None:
        claimed = dispatch.claim(self._owner, now(), 1, mailbox_id=mailbox_id)
        return claimed[0] if claimed else None

    def _record(self, mail: Outgoing, outcomes: dict[str, RecipientOutcome], counts: SendCounts) -> None:
        dispatch.record(mail.delivery_id, outcomes)
        for outcome in outcomes.values():
            setattr(counts, outcome.state, getattr(counts, outcome.state) + 1)

    def _put_back(self, mail: Outgoing, reason: str, counts: SendCounts) -> None:
        dispatch.give_back(mail.delivery_id, reason)
        counts.deferred += len(mail.recipients)

    def _defer_all(self, mailbox_id: int, error: Exception, counts: SendCounts) -> None:
        """Put off all that is due, as nothing can leave through this mailbox now, and say why.

        One by one, because whoever dies here leaves in doubt what it had claimed.
        """
        reason = _reason(error)
        while mail := self._claim(mailbox_id):
            self._put_back(mail, reason, counts)
        counts.errors.append(f"{self._address(mailbox_id)} cannot send: {reason}")


def _reason(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    return one_line(f"{error} - {hint}" if hint else str(error))


def drain(desk: Desk, stop: Event) -> SendCounts:
    """Send everything that is due, for a caller without an event loop."""
    return asyncio.run(_drain(desk, stop))


async def _drain(desk: Desk, stop: Event) -> SendCounts:
    thread = DeskThread()
    try:
        sending = asyncio.create_task(Sender(desk, stop, thread).drain())
        while not stop.is_set() and not sending.done():
            await asyncio.wait([sending], timeout=LOOK_SECONDS)
        return await ended(sending) or SendCounts()
    finally:
        await asyncio.to_thread(thread.close)


async def ended(sending: asyncio.Task[T]) -> T | None:
    """Let what is being said to servers come to its end, if that is soon; else break it off: None then."""
    await asyncio.wait([sending], timeout=GRACE_SECONDS)
    if not sending.done():
        sending.cancel()
        await asyncio.wait([sending])
    return None if sending.cancelled() else sending.result()
