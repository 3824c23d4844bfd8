"""What the desk knows of a folder at the mail server, and so what is new in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from desk.fetching import folders

if TYPE_CHECKING:
    from desk.fetching.folders import FolderMark
    from mail.imap.session import FolderState, ImapSession
    from mail.imap.wire import FetchedMail
    from models.mailboxes import Mailbox
    from worker.fetch.wire import Wire
    from worker.summary import MailboxFetch


@dataclass(slots=True)
class Ledger:
    """What the desk knows of one folder at its present UIDVALIDITY."""

    mailbox: Mailbox
    state: FolderState
    session: ImapSession
    wire: Wire
    mark: FolderMark
    left: set[int] = field(default_factory=set)
    """UIDs that could not be had or stored in this run: the watermark stays below them."""

    @classmethod
    def opened(
        cls, mailbox: Mailbox, state: FolderState, session: ImapSession, wire: Wire, tally: MailboxFetch
    ) -> Ledger:
        """Read how far the folder is known; begin at first contact and when its UIDVALIDITY changed."""
        mark = folders.folder_mark(mailbox.id, mailbox.folder)
        if mark is not None and mark.uidvalidity == state.uidvalidity:
            return cls(mailbox, state, session, wire, mark)
        end, first = _end_of_folder(state, session, wire), 1
        if mark is not None:
            tally.notes.append(
                f"the server renumbered {mailbox.folder} (UIDVALIDITY {mark.uidvalidity} is now"
                f" {state.uidvalidity}): known mail is recognised by its content"
            )
        elif mailbox.backlog == "new":
            since = (mailbox.created - timedelta(days=1)).date()
            first = min(wire.call(session.uids_since, since), default=end)
        mark = folders.mark(mailbox.id, mailbox.folder, state.uidvalidity, first, backlog_below=end)
        return cls(mailbox, state, session, wire, mark)

    def undisposed(self) -> list[int]:
        """UIDs whose mail is stored, and whose copy on the server was not yet put where it belongs."""
        return folders.undisposed(self.mailbox.id, self.mailbox.folder, self.state.uidvalidity)

    def unknown(self) -> list[int]:
        """UIDs on the server without a receipt, oldest first."""
        low = self.mark.known_below
        if not self.state.exists or (self.state.uidnext is not None and low >= self.state.uidnext):
            return []
        there = self.wire.call(self.session.uids_from, low)
        if not there:
            return []
        known = folders.known_uids(self.mailbox.id, self.mailbox.folder, self.state.uidvalidity, low)
        return [uid for uid in there if uid not in known]

    def advance(self, uid: int) -> None:
        """Everything up to `uid` has its receipt; called inside the transaction that writes them."""
        below = max(self.mark.known_below, min([uid + 1, *self.left]))
        folders.mark(
            self.mailbox.id,
            self.mailbox.folder,
            self.state.uidvalidity,
            below,
            backlog_below=self.mark.backlog_below,
        )

    def is_backlog(self, mail: FetchedMail) -> bool:
        """Whether the mail was there before the mailbox was added."""
        return (
            mail.uid < self.mark.backlog_below
            and mail.internaldate is not None
            and mail.internaldate < self.mailbox.created
        )


def _end_of_folder(state: FolderState, session: ImapSession, wire: Wire) -> int:
    """The UID that no mail of the folder has reached yet."""
    if state.uidnext is not None:
        return state.uidnext
    return max(wire.call(session.uids), default=0) + 1 if state.exists else 1
