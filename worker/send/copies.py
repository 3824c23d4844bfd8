"""Puts copies of sent answers into the IMAP folders that mailboxes keep for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.errors import ConfigError, SecretUnavailable
from desk.errors import DeskError
from desk.mailboxes import accounts
from desk.outbox import sent_copies
from mail.errors import MailError
from mail.imap.session import ImapSession
from models import leases, mailboxes
from worker.fetch.keeper import Keeper
from worker.fetch.limits import Limits, Stopped
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from threading import Event

    from desk.home import Desk
    from models.mailboxes import Mailbox

LEASE_SECONDS = 120.0
TURN_SECONDS = 120.0
"""How long one mailbox's server may take; the rest comes next time."""


def copy_sent(desk: Desk, stop: Event) -> int:
    """Put every copy that is due where it belongs; returns how many. Never raises for a server's trouble.

    A copy that an interrupted run may have put there is looked for first.
    """
    done = 0
    for mailbox_id in sent_copies.due_mailboxes():
        if stop.is_set():
            break
        lease = leases.acquire(f"copies:{mailbox_id}", leases.owner_id(), LEASE_SECONDS)
        if lease is None:
            continue
        try:
            with Keeper(lease) as keeper:
                limits = Limits(TURN_SECONDS, stop, keeper=keeper)
                done += _copy_for(desk, mailboxes.by_id(mailbox_id), limits, lease)
        except (Stopped, leases.LeaseLost):
            continue
        except (MailError, SecretUnavailable, ConfigError, DeskError) as error:
            sent_copies.put_off(mailbox_id, f"{error} - {error.hint}")
        finally:
            lease.release()
    return done


def _copy_for(desk: Desk, mailbox: Mailbox, limits: Limits, lease: leases.Lease) -> int:
    done = 0
    account = accounts.incoming_account(desk, mailbox)
    with Wire(lambda: ImapSession(account), limits) as wire:
        session = wire.session
        folder = wire.call(session.ensure_folder, mailbox.sent_folder)
        for copy in sent_copies.due(mailbox.id):
            if limits.reached:
                break
            lease.renew()
            if not (copy.tried and wire.call(_is_there, session, folder, copy.message_id)):
                sent_copies.mark(copy.delivery_id, "tried")
                wire.call(session.append, folder, copy.raw)
            sent_copies.mark(copy.delivery_id, "done")
            done += 1
    return done


def _is_there(session: ImapSession, folder: str, message_id: str) -> bool:
    session.select(folder)
    return bool(session.with_message_id(message_id))
