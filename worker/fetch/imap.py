"""What an IMAP server has in a folder, against what the desk knows of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from desk.fetching import folders
from desk.fetching.folders import Fingerprint
from mail.errors import FolderMissing
from mail.imap.session import ImapSession
from worker.fetch.wire import Wire

if TYPE_CHECKING:
    from datetime import datetime

    from desk.fetching.folders import FolderMark
    from desk.fetching.summary import MailboxFetch
    from desk.intake.arrivals import Arrival
    from mail.imap.session import FolderState
    from mail.imap.wire import FetchedMail
    from mail.transport.fetched import Fetched
    from models.mailboxes import Mailbox

T = TypeVar("T")


class ImapSource:
    """The mailbox's folder, selected; mails are named by UID. See `worker.fetch.run.Source`."""

    def __init__(self, mailbox: Mailbox, wire: Wire[ImapSession], tally: MailboxFetch) -> None:
        self.folder = mailbox.folder
        self._mailbox = mailbox
        self._wire = wire
        self._tally = tally
        self._told_sizes: dict[int, int] = {}
        self._made = False
        """The folder to move to is there."""
        self._state: FolderState = wire.call(wire.session.select, mailbox.folder)
        self._mark: FolderMark | None = None
        self._highest = 0
        """The highest UID that came or is known."""
        if self._state.uidvalidity or self._state.exists:
            self._mark = self._opened()

    def undisposed(self) -> list[int]:
        """Return UIDs whose mail is stored, and whose copy on the server was not yet put where it belongs."""
        if self._mark is None:
            return []
        return folders.undisposed(self._mailbox.id, self.folder, self._mark.uidvalidity)

    def unknown(self) -> list[int]:
        """Return UIDs on the server without a receipt, oldest first."""
        state, mark = self._state, self._mark
        if mark is None or not state.exists:
            return []
        withheld = folders.withheld_uids(self._mailbox.id, self.folder)
        low = mark.known_below
        there: list[int] = []
        if state.uidnext is None or low < state.uidnext:
            there = self._wire.call(self._wire.session.uids_from, low)
        known = folders.known_uids(self._mailbox.id, self.folder, mark.uidvalidity, low) if there else set()
        older = sorted(uid for uid in withheld if uid < low)
        if older:
            older = sorted(self._wire.call(self._wire.session.sizes, older))
        return [*older, *(uid for uid in there if uid not in known)]

    def sizes(self, names: Sequence[int]) -> Mapping[int, int]:
        """Return RFC822.SIZE of each."""
        sizes = self._wire.call(self._wire.session.sizes, names)
        self._told_sizes.update(sizes)
        return sizes

    def result(self, future: Future[T]) -> T:
        """Wait for what was begun."""
        return self._wire.result(future)

    def ask(self, names: Sequence[int]) -> Future[Fetched[FetchedMail]]:
        """Begin to download, in one round trip."""
        return self._wire.submit(lambda: self._wire.session.fetch_set(names))

    def reconnect(self) -> None:
        """Connect and select the folder anew."""
        self._wire.reconnect()
        self._made = False
        state = self._wire.call(self._wire.session.select, self.folder)
        if state.uidvalidity != self._state.uidvalidity:
            raise FolderMissing(
                f"the server renumbered {self.folder} while it was fetched",
                hint="Nothing is lost: the next fetch begins anew.",
            )

    def still_there(self, names: Collection[int]) -> set[int]:
        """Return which of them the server has."""
        return set(self._wire.call(self._wire.session.uids_from, min(names))) & set(names)

    def name_of(self, mail: FetchedMail) -> int:
        """Return its UID."""
        return mail.uid

    def title(self, name: int) -> str:
        """Return what a person calls it."""
        return f"the mail with UID {name}"

    def wanted(self, mail: FetchedMail) -> bool:
        """Return whether it is not of those that are to be left alone."""
        return self._mailbox.backlog != "new" or not self._is_backlog(mail)

    def arrival(self, mail: FetchedMail) -> Arrival:
        """Return the mail as intake takes it."""
        from desk.intake.arrivals import Arrival  # 3 ms, and most runs find nothing new

        return Arrival(
            raw=mail.raw,
            door="imap",
            mailbox_id=self._mailbox.id,
            folder=self.folder,
            uidvalidity=self._known.uidvalidity,
            uid=mail.uid,
            internaldate=mail.internaldate,
            archive=self._mailbox.backlog == "archive" and self._is_backlog(mail),
        )

    def stored(self, mails: Sequence[FetchedMail], open_ones: Collection[int]) -> None:
        """Raise the watermark to the first mail that is not dealt with; remember the newest one's looks."""
        mark = self._known
        newest = mark.newest
        for mail in mails:
            if mail.uid >= newest.uid:
                size = self._told_sizes.get(mail.uid, 0)
                newest = Fingerprint(mail.uid, size, _text(mail.internaldate))
        self._highest = max([self._highest, *(mail.uid for mail in mails)])
        below = max(mark.known_below, min([self._highest + 1, *open_ones]))
        if (below, newest) != (mark.known_below, mark.newest):
            self._mark = folders.mark(
                self._mailbox.id,
                self.folder,
                mark.uidvalidity,
                below,
                backlog_below=mark.backlog_below,
                newest=newest,
            )

    def disposed(self, names: Sequence[int]) -> None:
        """Note that the server's copies were moved, deleted or left for good."""
        folders.mark_disposed(self._mailbox.id, self.folder, self._known.uidvalidity, names)

    def put_away(self, names: list[int], *, again: bool) -> Future[str]:
        """Begin to move or delete them."""
        action, _, target = self._mailbox.after_fetch.partition(":")
        if action != "move":
            return self._wire.submit(lambda: self._wire.session.delete(names).words)
        return self._wire.submit(self._move, names, target, again)

    def finish(self) -> None:
        """Leave the server as it is: nothing is left to be said."""

    def _move(self, names: list[int], target: str, again: bool) -> str:
        session = self._wire.session
        if not self._made:
            session.ensure_folder(target)
            self._made = True
        return session.move(names, target, unless_there=again).words

    @property
    def _known(self) -> FolderMark:
        assert self._mark is not None, "an empty folder has no mails"
        return self._mark

    def _is_backlog(self, mail: FetchedMail) -> bool:
        """Return whether the mail was there before the mailbox was added."""
        return (
            mail.uid < self._known.backlog_below
            and mail.internaldate is not None
            and mail.internaldate < self._mailbox.created
        )

    def _opened(self) -> FolderMark:
        """Return how far the folder is known.

        Begin at first contact and when its mails have other numbers.
        """
        mailbox, state = self._mailbox, self._state
        mark = folders.folder_mark(mailbox.id, self.folder)
        validity = state.uidvalidity
        if mark is not None and folders.told(mark.uidvalidity) == validity:
            if not self._used_again(mark):
                self._highest = mark.known_below - 1
                return mark
            validity = folders.next_era(mark.uidvalidity)
            self._tally.notes.append(
                f"the server uses UIDs of {self.folder} again: known mail is recognised by its content"
            )
        elif mark is not None:
            self._tally.notes.append(
                f"the server renumbered {self.folder} (UIDVALIDITY {folders.told(mark.uidvalidity)} is now"
                f" {validity}): known mail is recognised by its content"
            )
        end, first = self._end_of_folder(), 1
        if mark is None and mailbox.backlog == "new":
            since = (mailbox.created - timedelta(days=1)).date()
            first = min(self._wire.call(self._wire.session.uids_since, since), default=end)
        self._highest = first - 1
        return folders.begin(mailbox.id, self.folder, validity, first, backlog_below=end)

    def _used_again(self, mark: FolderMark) -> bool:
        """Return whether the server gave a known UID to another mail, against RFC 3501 2.3.1.1."""
        session = self._wire.session
        if self._state.uidnext is not None and self._state.uidnext < mark.known_below:
            return not self._wire.call(session.uids_from, self._state.uidnext)
        if not mark.newest.uid or not self._state.exists:
            return False
        looks = self._wire.call(session.looks_of, mark.newest.uid)
        return looks is not None and mark.newest.differs(looks[0], _text(looks[1]))

    def _end_of_folder(self) -> int:
        """Return the UID that no mail of the folder has reached yet."""
        if self._state.uidnext is not None:
            return self._state.uidnext
        return max(self._wire.call(self._wire.session.uids), default=0) + 1 if self._state.exists else 1


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""
