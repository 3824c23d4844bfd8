"""What a POP3 server has for a mailbox, against what the desk knows of it.

What is stored is marked for deletion at the very end, and QUIT deletes it: a run that ends before that
deletes nothing, and the next one only has to delete. Some servers answer +OK to QUIT and keep the mail: an id
is known until it is seen not to be listed, or to be another mail's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from config.wording import counted
from desk.fetching import uidls
from desk.intake.arrivals import Arrival
from mail.pop3.session import Pop3Session
from models.transactions import transaction
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from datetime import datetime

    from desk.fetching.summary import MailboxFetch
    from mail.pop3.session import Pop3Mail
    from mail.transport.fetched import Fetched
    from models.leases import Lease
    from models.mailboxes import Mailbox

T = TypeVar("T")

DOUBTED = 20
"""So many mails of another size than is known are looked at in one run."""
UNFINISHED = 200
"""So many mails that an interrupted run left are looked at in one run before they are deleted."""


class Pop3Source:
    """The maildrop; mails are named by UIDL. See `worker.fetch.run.Source`."""

    folder = uidls.NO_FOLDER

    def __init__(self, mailbox: Mailbox, lease: Lease, wire: Wire[Pop3Session], tally: MailboxFetch) -> None:
        self._mailbox = mailbox
        self._lease = lease
        self._wire = wire
        self._tally = tally
        self._there = list(wire.call(wire.session.uidls))
        if nameless := wire.session.nameless:
            tally.errors.append(f"{counted(nameless, 'mail')} without an id (UIDL) cannot be taken by POP3")
        self._sizes: Mapping[str, int] | None = None
        self._to_delete: dict[str, None] = {}
        self._deletes = mailbox.after_fetch == "delete"
        self._same: set[str] = set()
        """Ids of mail still to be deleted, which is the mail that is stored."""
        self._told = uidls.deleted_at_server(mailbox.id)
        """Ids of mail that the server said it deleted."""
        self._gone: list[str] = []
        """Ids of stored mail that the server has not any more: their mail may have other ids now."""
        self._free_used_again()
        self._era = self._opened()
        self._old = uidls.preexisting(mailbox.id) if mailbox.backlog != "all" else set()

    def undisposed(self) -> list[str]:
        """Return stored mail that is still to be deleted."""
        open_ones = uidls.undisposed(self._mailbox.id)
        listed = set(self._there)
        self._gone = [uidl for uidl in open_ones if uidl not in listed]
        if not self._deletes:
            uidls.mark_disposed(self._mailbox.id, open_ones)
            return []
        kept_after_all = self._told & self._same
        return [uidl for uidl in self._there if uidl in self._same and uidl in {*open_ones, *kept_after_all}]

    def unknown(self) -> list[str]:
        """Return ids without a receipt, oldest first."""
        has_receipt = uidls.known(self._mailbox.id, self._there)
        skipped = self._old if self._mailbox.backlog == "new" else ()
        return [uidl for uidl in self._there if uidl not in has_receipt and uidl not in skipped]

    def sizes(self, names: Sequence[str]) -> Mapping[str, int]:
        """Return what LIST tells."""
        if self._sizes is None:
            self._sizes = self._wire.call(self._wire.session.sizes)
        return self._sizes

    def result(self, future: Future[T]) -> T:
        """Wait for what was begun."""
        return self._wire.result(future)

    def ask(self, names: Sequence[str]) -> Future[Fetched[Pop3Mail]]:
        """Begin to download, mail by mail."""
        return self._wire.submit(lambda: self._wire.session.fetch_set(names))

    def reconnect(self) -> None:
        """Connect anew and learn which numbers the mails have in this session."""
        self._wire.reconnect()
        self._wire.call(self._wire.session.uidls)

    def still_there(self, names: Collection[str]) -> set[str]:
        """Return which of them the server lists: as at the beginning, for the maildrop is ours meanwhile."""
        return set(names)

    def name_of(self, mail: Pop3Mail) -> str:
        """Return its UIDL."""
        return mail.uidl

    def title(self, name: str) -> str:
        """Return what a person calls it."""
        return f"the mail {name}"

    def wanted(self, mail: Pop3Mail) -> bool:
        """Return whether it is not of those that are to be left alone: `unknown` left them out."""
        return True

    def arrival(self, mail: Pop3Mail) -> Arrival:
        """Return the mail as intake takes it."""
        archive = self._mailbox.backlog == "archive" and mail.uidl in self._old
        return Arrival(
            raw=mail.raw,
            door="pop3",
            mailbox_id=self._mailbox.id,
            folder=self.folder,
            uidvalidity=self._era,
            uidl=mail.uidl,
            archive=archive and _was_before(mail.raw, self._mailbox.created),
        )

    def stored(self, mails: Sequence[Pop3Mail], open_ones: Collection[str]) -> None:
        """Do nothing: the receipts say it all, POP3 has no watermark."""

    def disposed(self, names: Sequence[str]) -> None:
        """Note that the server's copies were deleted, or left for good."""
        uidls.mark_disposed(self._mailbox.id, names)

    def put_away(self, names: list[str], *, again: bool) -> None:
        """Remember them for `finish`: a connection that breaks forgets its marks."""
        self._to_delete |= dict.fromkeys(names)

    def finish(self) -> None:
        """Delete what is stored."""
        session = self._wire.session
        if self._to_delete:
            deleted = self._wire.call(session.delete, list(self._to_delete))
            self._wire.call(session.commit)
            uidls.note_deleted(self._mailbox.id, deleted)
        uidls.mark_disposed(self._mailbox.id, self._gone)

    def _opened(self) -> int:
        """Return the era of the ids: one begins at first contact, and when known mail is not listed."""
        mailbox, there = self._mailbox, self._there
        era = uidls.era(mailbox.id)
        if era is None:
            old = self._backlog()
            with transaction():
                self._lease.check()
                return uidls.begin_era(mailbox.id, 1, old)
        known = uidls.known(mailbox.id, there)
        if len(known) < len(there) and uidls.any_missing(mailbox.id, there, kept=not self._deletes):
            with transaction():
                self._lease.check()
                era = uidls.begin_era(mailbox.id, era + 1)
            if not known:
                self._tally.notes.append(
                    f"none of {len(there)} is known by its id: known mail is recognised by its content"
                )
        if self._deletes or self._told:
            uidls.forget_deleted(mailbox.id, set(there), deletes=self._deletes)
        return era

    def _free_used_again(self) -> None:
        """Free ids under which the server lists another mail than the one that is known."""
        known = uidls.stored_as(self._mailbox.id, self._there)
        if not known:
            return
        sizes = self.sizes(self._there)
        doubted = [uidl for uidl, stored in known.items() if sizes.get(uidl, stored.size) != stored.size]
        if len(doubted) * 2 > len(known) and len(known) > 2:
            doubted = []  # it counts otherwise than we do
        # Nobody knows whether the server heard the QUIT of an interrupted run, and what it lists now.
        unfinished = [
            uidl
            for uidl, stored in known.items()
            if uidl in self._told or (self._deletes and not stored.disposed)
        ]
        others: list[str] = []
        for uidl in dict.fromkeys([*doubted[:DOUBTED], *unfinished[:UNFINISHED]]):
            for mail in self._wire.call(lambda one: list(self._wire.session.fetch([one])), uidl):
                if hashlib.sha256(mail.raw).hexdigest() != known[uidl].sha256:
                    others.append(uidl)
                elif uidl in self._told or not known[uidl].disposed:
                    self._same.add(uidl)
        if kept := self._told & self._same:
            held = counted(len(kept), "mail")
            self._tally.notes.append(f"the server said that {held} had been deleted, but has it still")
        if others:
            self._tally.notes.append(f"the server uses {counted(len(others), 'id')} again, for other mails")
            with transaction():
                self._lease.check()
                uidls.free(self._mailbox.id, others)

    def _backlog(self) -> list[str]:
        """Return what was there before the mailbox was added, if that matters; found from the newest on."""
        there = self._there
        if self._mailbox.backlog == "all":
            return []
        if self._mailbox.backlog == "archive":
            return there
        for place in range(len(there) - 1, -1, -1):
            for mail in self._wire.call(lambda one: list(self._wire.session.fetch([one])), there[place]):
                if _was_before(mail.raw, self._mailbox.created):
                    return there[: place + 1]
        return []


def _was_before(raw: bytes, moment: datetime) -> bool:
    """Return whether the mail was received before then.

    POP3 does not tell, so the mail has to. In doubt it was.
    """
    from mail.mime import message  # 8 ms, for mail that is read

    try:
        parsed = message.parse(raw)
        when = parsed.received_at or parsed.date
        return when is None or when < moment
    except Exception:  # what cannot be read is quarantined by intake, not here
        return True
