"""One IMAP session: by UID, in batches, without ever marking a mail as seen or expunging a stranger's.

Everything after the login goes straight to the protocol, because imap-tools' own fetch, flag, delete and
move lose bytes, mispair answers and expunge what others marked. All failures are `mail.errors.MailError`.
Not for two threads at once; `cut()` may be called from another one.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from config.records import Record
from mail.account import IncomingAccount
from mail.errors import FolderMissing, MailError, ProtocolError
from mail.imap.connection import ImapConnection, words_of
from mail.imap.wire import (
    Client,
    FetchedMail,
    Folder,
    encoded_folder,
    folder_in,
    looks_in,
    mails_in,
    message_ids_in,
    namespace_in,
    numbers_in,
    sizes_in,
    uid_set,
)
from mail.transport.fetched import Fetched

MAX_BATCH_BYTES: Final = 32 * 1024 * 1024
_UIDS_PER_COMMAND: Final = 1000


class FolderState(Record):
    """A selected folder. `uidnext` if the server says it; `read_only`: nothing can be moved or deleted.

    An empty folder may have UIDVALIDITY 0.
    """

    name: str
    uidvalidity: int
    exists: int
    uidnext: int | None
    read_only: bool = False


class Disposal(Record):
    """How mails were moved or deleted. `gone`: they are out of the folder.

    ``flagged``: the server has no UIDPLUS, so they are only marked as deleted (an expunge would have taken
    other people's marked mail too); `words` says so for a person.
    """

    how: Literal["none", "moved", "copied", "expunged", "flagged"]
    gone: bool
    words: str = ""


class ImapSession(ImapConnection):
    """A logged-in session as a context manager, with the folders and mails of the account."""

    def __init__(self, account: IncomingAccount) -> None:
        super().__init__(account)
        self.state: FolderState | None = None
        self._namespace: tuple[str, str] | None = None
        self._real_names: dict[str, str] = {}

    def select(self, folder: str | None = None) -> FolderState:
        """Open a folder (default: the account's) for the calls below. Errors: `FolderMissing`."""
        name = folder if folder is not None else self.account.folder
        client = self._need_client()
        with self._translated("select"):
            typ, data, read_only = self._try_select(client, self._real_names.get(name, name))
            if typ != "OK":
                real = self._existing(name)
                if real is not None and real != name:
                    typ, data, read_only = self._try_select(client, real)
            if typ != "OK":
                self.state = None
                raise FolderMissing(f"the folder {name} cannot be opened", server_words=words_of(data))
            validity, exists, uidnext = (
                _last_number(client.response(word)[1]) for word in ("UIDVALIDITY", "EXISTS", "UIDNEXT")
            )
        if not validity and exists != 0:
            raise ProtocolError(
                f"{self.account.host} gives the folder {name} no UIDVALIDITY",
                hint="This server has no lasting numbers for mails; it cannot be fetched safely.",
            )
        self.state = FolderState(name, validity or 0, exists or 0, uidnext, read_only)
        return self.state

    @staticmethod
    def _try_select(client: Client, name: str) -> tuple[str, list[Any], bool]:
        try:
            typ, data = client.select(encoded_folder(name).decode("ascii"))
        except imaplib.IMAP4.readonly:
            client.is_readonly = True
            return "OK", [], True
        return typ, data, False

    def folders(self) -> list[str]:
        """Return the names of all folders that can be opened, INBOX first."""
        names = {one.name for one in self._list("*") if "\\noselect" not in one.flags}
        return sorted(names, key=lambda name: (name.upper() != "INBOX", name.lower()))

    def ensure_folder(self, name: str) -> str:
        """Return the server's name of the folder `name`, which is created and subscribed if it is missing.

        ``/`` stands for the server's separator of levels; the namespace's prefix is put in front if the
        server wants one. ``\\Archive``, ``\\Trash`` and so on are the folder of that use, whatever its name.
        """
        with self._translated("create"):
            real = self._existing(name)
            if real is None:
                client = self._need_client()
                real = self._candidates(name)[-1]
                typ, data = client.create(encoded_folder(real).decode("ascii"))
                if typ != "OK" and "ALREADYEXISTS" not in words_of(data).upper():
                    raise FolderMissing(f"the folder {real} cannot be created", server_words=words_of(data))
                client.subscribe(encoded_folder(real).decode("ascii"))
        self._real_names[name] = real
        return real

    def _list(self, pattern: str) -> list[Folder]:
        client = self._need_client()
        with self._translated("list"):
            typ, data = client.list('""', encoded_folder(pattern).decode("ascii"))
            if typ != "OK":
                raise ProtocolError("the folders cannot be listed", server_words=words_of(data))
        return [found for found in map(folder_in, data) if found is not None]

    def folder_list(self) -> list[Folder]:
        """Return the folders that open, INBOX first, with their flags (``\\archive``, ``\\sent``, ...)."""
        uses = {one.name: one.flags for one in self._special()}
        found = [one for one in self._list("*") if "\\noselect" not in one.flags]
        found = [one._replace(flags=one.flags | uses.get(one.name, frozenset())) for one in found]
        return sorted(found, key=lambda one: (one.name.upper() != "INBOX", one.name.lower()))

    def with_message_id(self, message_id: str) -> list[int]:
        """Return the UIDs of mails in the open folder that have this Message-ID."""
        quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
        return self._search("HEADER", "Message-ID", f'"{quoted}"')

    def _special(self) -> list[Folder]:
        """Return the folders of a special use (RFC 6154), with their flags."""
        client = self._need_client()
        if "SPECIAL-USE" not in client.capabilities:
            return self._list("*")
        with self._translated("list"):
            typ, data = client.list('(SPECIAL-USE) ""', '"*"')
        found = [folder_in(item) for item in data] if typ == "OK" else []
        return [one for one in found if one is not None]

    def _existing(self, name: str) -> str | None:
        if name.startswith("\\"):
            return next((one.name for one in self._special() if name.lower() in one.flags), None) or (
                self._existing(name[1:])
            )
        for candidate in self._candidates(name):
            for found in self._list(candidate):
                same = found.name == candidate or (candidate.upper() == "INBOX" == found.name.upper())
                if same and not found.flags & {"\\noselect", "\\nonexistent"}:
                    return found.name
        return None

    def _candidates(self, name: str) -> list[str]:
        """Return what the server may call the folder; the last one is what it would be created as."""
        name = name.removeprefix("\\")
        if name.upper() == "INBOX":
            return [name]
        if self._namespace is None:
            client = self._need_client()
            prefix = separator = ""
            if "NAMESPACE" in client.capabilities:
                typ, data = client.namespace()
                prefix, separator = namespace_in(data) if typ == "OK" else ("", "")
            if not separator:
                separator = next((one.separator for one in self._list("") if one.separator), "/")
            self._namespace = prefix, separator
        prefix, separator = self._namespace
        levels = name if separator == "/" or separator in name else name.replace("/", separator)
        full = levels if not prefix or levels.startswith(prefix) else prefix + levels
        return list(dict.fromkeys([name, levels, full]))

    def uids(self) -> list[int]:
        """Return all UIDs, ascending."""
        return self._search("ALL")

    def uids_from(self, low: int) -> list[int]:
        """Return the UIDs from `low` upwards, ascending."""
        # ``low:*`` always holds the last mail, also one below `low` (RFC 3501 6.4.8).
        return [uid for uid in self._search("UID", f"{max(low, 1)}:*") if uid >= low]

    def uids_since(self, day: date) -> list[int]:
        """Return the UIDs of mails received on `day` or later by the server's clock and zone, ascending."""
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return self._search("SINCE", f"{day.day}-{months[day.month - 1]}-{day.year:04d}")

    def _search(self, *words: str) -> list[int]:
        with self._translated("search"):
            return numbers_in(self._uid("SEARCH", *words))

    def sizes(self, uids: Iterable[int]) -> dict[int, int]:
        """Return bytes of each mail (RFC822.SIZE); a UID that is gone is absent."""
        found: dict[int, int] = {}
        for chunk in _chunks(sorted(set(uids)), _UIDS_PER_COMMAND):
            with self._translated("fetch"):
                found.update(sizes_in(self._uid("FETCH", uid_set(chunk), "(UID RFC822.SIZE)"), set(chunk)))
        return found

    def looks_of(self, uid: int) -> tuple[int, datetime | None] | None:
        """Return RFC822.SIZE (0: not told) and INTERNALDATE of a mail; None if it is gone."""
        with self._translated("fetch"):
            return looks_in(self._uid("FETCH", str(uid), "(UID INTERNALDATE RFC822.SIZE)"), uid)

    def fetch_set(self, uids: Sequence[int]) -> Fetched[FetchedMail]:
        """Fetch these mails in one round trip, without setting \\Seen; what came whole, and why no more."""
        wanted, client = set(uids), self._need_client()
        client.came()
        try:
            with self._translated("fetch"):
                data = self._uid("FETCH", uid_set(uids), "(UID INTERNALDATE BODY.PEEK[])")
        except MailError as error:
            return Fetched(mails_in(client.came(), wanted), error, dead=self._broken)
        return Fetched(mails_in(data, wanted))

    def fetch(
        self,
        uids: Iterable[int],
        batch: int = 50,
        max_batch_bytes: int = MAX_BATCH_BYTES,
        sizes: Mapping[int, int] | None = None,
    ) -> Iterator[list[FetchedMail]]:
        """Yield the mails of `uids` in batches, oldest first, one round trip a batch, without setting \\Seen.

        A batch ends at `batch` mails or `max_batch_bytes`, whichever comes first; `sizes` saves asking for
        the sizes again. A mail that is gone is absent. A broken connection never yields half a mail.
        """
        wanted = sorted(set(uids))
        if not wanted:
            return
        if sizes is None and len(wanted) > 1:
            sizes = self.sizes(wanted)
        for chunk in _batches(wanted, sizes or {}, max(batch, 1), max_batch_bytes):
            with self._translated("fetch"):
                data = self._uid("FETCH", uid_set(chunk), "(UID INTERNALDATE BODY.PEEK[])")
            mails = mails_in(data, set(chunk))
            del data
            yield mails

    def move(self, uids: Iterable[int], folder: str, *, unless_there: bool = False) -> Disposal:
        """Move mails to `folder`, which must exist (`ensure_folder`). Errors: `FolderMissing`.

        `unless_there`: an earlier try may have copied them without deleting them here, where the server has
        no MOVE; such a mail is only deleted. A mail without Message-ID may then be copied twice.
        """
        wanted = sorted(set(uids))
        if not wanted:
            return Disposal("none", True)
        if self._real_names.get(folder) is None:
            self._real_names[folder] = self._existing(folder) or folder
        target = encoded_folder(self._real_names[folder]).decode("ascii")
        moves = "MOVE" in self._need_client().capabilities
        copied = self._copies_in(folder, wanted) if unless_there and not moves else set()
        for chunk in _chunks([uid for uid in wanted if uid not in copied], _UIDS_PER_COMMAND):
            with self._translated("move"):
                typ, data = self._raw_uid("MOVE" if moves else "COPY", uid_set(chunk), target)
                if typ != "OK":
                    words = words_of(data)
                    if "TRYCREATE" in words.upper() or "NONEXISTENT" in words.upper():
                        raise FolderMissing(f"the folder {folder} does not exist", server_words=words)
                    raise ProtocolError(f"mails cannot be moved to {folder}", server_words=words)
                self._need_client().response("EXPUNGE")
        if moves:
            return Disposal("moved", True)
        deleted = self.delete(wanted)
        return Disposal("copied", True) if deleted.gone else deleted

    def _copies_in(self, folder: str, uids: Sequence[int]) -> set[int]:
        """Return those of the mails that `folder` holds too: same Message-ID and size."""
        here, sizes = self.state, self.sizes(uids)
        if here is None:
            return set()
        ids: dict[int, str] = {}
        for chunk in _chunks(uids, _UIDS_PER_COMMAND):
            with self._translated("fetch"):
                asked = "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
                ids |= message_ids_in(self._uid("FETCH", uid_set(chunk), asked), set(chunk))
        found: set[int] = set()
        try:
            self.select(folder)
            for uid, message_id in ids.items():
                same = self.with_message_id(message_id)
                if same and sizes.get(uid) in self.sizes(same).values():
                    found.add(uid)
        finally:
            again = self.select(here.name)
        if again.uidvalidity != here.uidvalidity:
            raise ProtocolError(f"the server renumbered {here.name} meanwhile")
        return found

    def delete(self, uids: Iterable[int]) -> Disposal:
        """Delete these mails and no others. Without UIDPLUS they are only flagged, see `Disposal`."""
        wanted = sorted(set(uids))
        if not wanted:
            return Disposal("none", True)
        can_expunge = "UIDPLUS" in self._need_client().capabilities
        for chunk in _chunks(wanted, _UIDS_PER_COMMAND):
            with self._translated("delete"):
                self._uid("STORE", uid_set(chunk), "+FLAGS.SILENT", "(\\Deleted)")
                if can_expunge:
                    self._uid("EXPUNGE", uid_set(chunk))
                    self._need_client().response("EXPUNGE")
        if can_expunge:
            return Disposal("expunged", True)
        return Disposal(
            "flagged",
            False,
            "The server cannot expunge single mails (no UIDPLUS): they are only marked as deleted.",
        )

    def append(self, folder: str, raw: bytes) -> int | None:
        """Put a mail into `folder`, marked as seen; its UID if the server says it."""
        client = self._need_client()
        real = self._real_names.get(folder) or self._existing(folder) or folder
        with self._translated("append"):
            typ, data = client.append(encoded_folder(real).decode("ascii"), "(\\Seen)", "", raw)
            words = words_of(data)
            if typ != "OK":
                raise FolderMissing(f"nothing can be put into the folder {folder}", server_words=words)
        told = re.search(r"APPENDUID \d+ (\d+)", words)
        return int(told[1]) if told else None


def _last_number(data: list[Any]) -> int | None:
    last = data[-1] if data else None
    return int(last) if isinstance(last, bytes) and last.isdigit() else None


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for begin in range(0, len(uids), size):
        yield uids[begin : begin + size]


def _batches(uids: list[int], sizes: Mapping[int, int], count: int, limit: int) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if batch and (len(batch) >= count or held + size > limit):
            yield batch
            batch, held = [], 0
        batch.append(uid)
        held += size
    if batch:
        yield batch
