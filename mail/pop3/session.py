"""One POP3 session: mail by UIDL, one by one, and deletions that happen only with `commit`.

Numbers of mails are good for one session only, so every call takes the server's unique ids. Not for two
threads at once; `cut()` may be called from another one.
"""

from __future__ import annotations

import poplib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType

from config.expressions import expression
from mail.errors import MailError, ProtocolError, ServerGone
from mail.inert import one_line
from mail.pop3.connection import Client, Pop3Connection, words_of
from mail.transport.fetched import Fetched

__all__ = ["Pop3Mail", "Pop3Session"]


_OCTETS = expression(rb"(\d{1,12}) octets")


@dataclass(frozen=True, slots=True)
class Pop3Mail:
    """One mail as the server gave it."""

    uidl: str
    raw: bytes


class Pop3Session(Pop3Connection):
    """A logged-in session as a context manager. Leaving it without `commit` deletes nothing on the server."""

    nameless = 0
    """How many mails the server gave no unique id."""
    _numbers: dict[str, int] | None = None
    _marked: bool = False
    _ended: bool = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.leave()
        self.abort()

    def leave(self) -> None:
        """Say QUIT, unless that would delete something. Never raises."""
        if not self._marked and not self._ended and not self._broken:
            try:
                self.commit()
            except MailError:
                pass  # nothing was to be deleted, so nothing is lost

    def uidls(self) -> dict[str, int]:
        """Return unique id (RFC 1939 UIDL) to number, in the server's order, oldest first.

        A server may give byte-identical copies one id; from the second on they get a blank and a count
        (``abc 2``), which no id of a server can hold. A mail without one is left out, and counted in
        `nameless`. Errors: `ProtocolError` if the server has no UIDL.
        """
        client = self._need_client()
        with self._translated("uidl"):
            try:
                client.ask(b"UIDL")
            except poplib.error_proto as error:
                raise ProtocolError(
                    f"{self.account.host} has no UIDL, so its mails have no lasting ids",
                    hint="Fetch this mailbox by IMAP; without ids every poll would take every mail again.",
                    server_words=words_of(error),
                ) from None
            numbers: dict[str, int] = {}
            self.nameless = 0
            for line in client.body().splitlines():
                number, _, uidl = line.strip().partition(b" ")
                name = uidl.strip().decode("ascii", "backslashreplace")
                if not name:
                    self.nameless += 1
                    continue
                copies = 1
                unique = name
                while unique in numbers:
                    copies += 1
                    unique = f"{name} {copies}"
                numbers[unique] = int(number)
        self._numbers = numbers
        return dict(numbers)

    def sizes(self) -> dict[str, int]:
        """Return bytes of each mail as the server counts them, by unique id."""
        client, numbers = self._need_client(), self._known()
        with self._translated("list"):
            client.ask(b"LIST")
            listed = dict(_two_numbers(line) for line in client.body().splitlines())
        return {uidl: listed[number] for uidl, number in numbers.items() if number in listed}

    def fetch(self, uidls: Iterable[str]) -> Iterator[Pop3Mail]:
        """Yield these mails one by one, in the order given. One that is gone or refused is absent.

        A broken connection never yields half a mail.
        """
        client, numbers = self._need_client(), self._known()
        for uidl in uidls:
            if uidl not in numbers:
                continue
            with self._translated("retr"):
                state = _state(client)
                try:
                    client.ask_in_step(b"RETR %d" % numbers[uidl])
                except poplib.error_proto:
                    continue
                raw = client.body()
                _need_step(client, state)
            yield Pop3Mail(uidl, raw)

    def fetch_set(self, uidls: Iterable[str]) -> Fetched[Pop3Mail]:
        """Return these mails one by one, until one does not come. One that is gone is absent.

        Nothing at all, where the server announces octets, is no mail: Dovecot gives that for a Maildir file
        in whose name the size is wrong. Nor is a mail behind which no answer stands, but more of it: then
        none of the set is, for what the others are is not known.
        """
        mails: list[Pop3Mail] = []
        client, numbers = self._need_client(), self._known()
        try:
            with self._translated("stat"):
                state = _state(client)
            came = self._one_by_one(client, [uidl for uidl in uidls if uidl in numbers], mails)
            with self._translated("stat"):
                _need_step(client, state)
        except ProtocolError as error:
            return Fetched([], error, dead=self._broken)
        except MailError as error:
            return Fetched(mails, error, dead=self._broken)
        return came

    def _one_by_one(self, client: Client, uidls: Iterable[str], mails: list[Pop3Mail]) -> Fetched[Pop3Mail]:
        numbers = self._known()
        try:
            for uidl in uidls:
                with self._translated("retr"):
                    announced = _OCTETS.search(client.ask_in_step(b"RETR %d" % numbers[uidl]))
                    raw = client.body()
                    octets = int(announced[1]) if announced is not None else 0
                    if not raw.strip() and octets not in (0, len(raw)):
                        raise ProtocolError(
                            f"{self.account.host} announces {octets} octets and gives none",
                            hint="Look at the mail there: the name of its file may tell a wrong size.",
                        )
                mails.append(Pop3Mail(uidl, raw))
        except ProtocolError as error:
            if self._broken:
                raise
            return Fetched(mails, error)
        return Fetched(mails)

    def delete(self, uidls: Iterable[str]) -> list[str]:
        """Mark these mails; they are deleted by `commit` and not before. The ids that were marked."""
        client, numbers = self._need_client(), self._known()
        marked: list[str] = []
        for uidl in uidls:
            if uidl not in numbers:
                continue
            self._marked = True
            with self._translated("dele"):
                try:
                    client.ask_in_step(b"DELE %d" % numbers[uidl])
                except poplib.error_proto:
                    continue  # another session was faster, or it is marked already
            marked.append(uidl)
        return marked

    def commit(self) -> None:
        """Say QUIT: the marked mails are deleted now, and the session ends.

        Errors: `ProtocolError` if the server could not delete all of them, `ServerGone` if its answer did
        not come (they may be deleted or not; the next session shows it).
        """
        client = self._need_client()
        self._ended = True
        try:
            with self._translated("quit"):
                try:
                    client.ask(b"QUIT")
                except EOFError:
                    if self._marked:
                        raise
                except poplib.error_proto as error:
                    raise ProtocolError(
                        f"{self.account.host} did not delete all of the mails",
                        hint="What is left is known and is deleted by the next fetch.",
                        server_words=words_of(error),
                    ) from None
        finally:
            self.close()

    def abort(self) -> None:
        """Hang up without QUIT: nothing is deleted (RFC 1939 6). Never raises."""
        self._ended = True
        self.close()

    def _known(self) -> dict[str, int]:
        if self._numbers is None:
            self.uidls()
        if self._numbers is None:
            raise ServerGone(f"not connected to {self.account.host}")
        return self._numbers


def _state(client: Client) -> tuple[int, int] | None:
    """Return how many mails and bytes the maildrop holds, the same for a whole session; None if not told."""
    try:
        words = client.ask_in_step(b"STAT")
    except poplib.error_proto:
        return None
    try:
        return _two_numbers(words)
    except ValueError:
        return None


def _need_step(client: Client, state: tuple[int, int] | None) -> None:
    """Raise ValueError where something else stands than the answer to a question: the rest of a mail.

    Its next line may look like an answer, but does not tell how much the maildrop holds.
    """
    if _state(client) != state:
        raise ValueError("more of the mail, or of another one, where an answer was expected")


def _two_numbers(line: bytes) -> tuple[int, int]:
    first, second, *_ = (*line.split(), b"", b"")
    if not (first.isdigit() and second.isdigit()):
        raise ValueError(f"no numbers: {one_line(line.decode('utf-8', 'replace'), 80)}")
    return int(first), int(second)
