"""Erasing a contact: no byte of their name, address or text stays; numbers, times and events do.

The whole text of their tickets goes. In tickets where they only took part their messages go, and what others
quoted of them; everywhere else their addresses and their whole name. A mail of others that names them is
written anew without them, its files stay.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from config.clock import now
from config.files import atomic_write
from config.records import Record
from config.spool import names as spooled
from desk import logs
from desk.contacts import ContactLine, known
from desk.errors import NotAllowed, Refused
from desk.home import Desk
from desk.own_addresses import read_own_addresses
from desk.permissions import Actor, require
from desk.replies import draft_files
from desk.tickets import lifecycle
from mail.erasing import NOBODY, Eraser, Person, name_words
from models import agents, blobs, contacts, erasure, events, messages, recurring, settings, tickets
from models.engine import engine
from models.erasure import KeptText
from models.fields import as_json
from models.transactions import transaction

BACKUPS = "backups.written"
"""Setting: the files and stores that `nightdesk backup` wrote to, in the order they were first named."""

EXPORTS = "exports.written"
"""Setting: the directories and files that tickets were exported into, in the order they were first named."""
ERASED = "contacts.erased"
"""Setting: digests of the addresses of those who were erased, made with the desk's secret."""

_KNOWN_PLACES = 100
_PAGE = 500
_ROUNDS = 5
_DIGITS = 6
"""A telephone number of so many digits is looked for everywhere."""
_BODIES = frozenset({("message", "text"), ("draft", "body")})


class Erased(Record):
    """What went, or would go.

    ``tickets``: those whose whole text; ``shared``: those where the contact took part; ``messages``;
    ``mails``: mails and files whose bytes went; ``rewritten``: mails of others that have them no more;
    ``texts``: other texts that named them; ``files`` of the desk besides. ``backups`` and ``exports`` still
    have them, and so has what ``left`` tells of.
    """

    tickets: tuple[str, ...]
    shared: tuple[str, ...]
    messages: int
    mails: int
    rewritten: int
    texts: int
    files: tuple[str, ...]
    backups: tuple[str, ...]
    exports: tuple[str, ...]
    left: tuple[str, ...]


def note_backup(place: str) -> None:
    """Remember where a backup is, a file or the URL of a store, so that it can be named.

    What is known already is not written again: a moment in a store costs what has changed since the last.
    """
    _note_place(BACKUPS, place)


def note_export(path: Path) -> None:
    """Remember where tickets are exported into, before it begins, so that it can be named."""
    _note_place(EXPORTS, str(path.absolute()))


def _note_place(key: str, place: str) -> None:
    named = place.encode("utf-8", "backslashreplace").decode()  # a path need not be text
    with transaction():
        noted = settings.stored(key) or []
        if named not in noted:
            settings.store(key, [*noted, named][-_KNOWN_PLACES:])


def erased_here(desk: Desk) -> Callable[[str], bool] | None:
    """Return what says whether an address is of somebody who was erased from this desk; None: nobody was.

    Their addresses are nowhere, so it is asked by a digest that only this desk can make.
    """
    known_digests = frozenset(settings.stored(ERASED) or ())
    return (lambda address: _digest(desk, address) in known_digests) if known_digests else None


def _digest(desk: Desk, address: str) -> str:
    said = b"erased:" + address.strip().lower().encode("utf-8", "surrogatepass")
    return hmac.digest(desk.message_secret, said, "sha256").hex()[:32]


def _note_erased(desk: Desk, addresses: Collection[str]) -> None:
    noted = settings.stored(ERASED) or []
    settings.store(ERASED, [*noted, *sorted({_digest(desk, each) for each in addresses} - {*noted})])


def rehearsed(
    desk: Desk, actor: Actor, address: str, watch: Callable[[str], None] = lambda _: None
) -> Erased:
    """Return what `erase` would erase; changes nothing. Raises NotFound, NotAllowed, Refused."""
    person = _found(actor, address)
    mails = sorted(person.whole_blobs())
    rewritten = [each for each, _ in person.blobs_with_them(0, watch)]
    texts = sum(1 for _ in person.texts_with_them(watch))
    return _told(desk, person, len(mails), len(rewritten), texts, (), ())


def erase(desk: Desk, actor: Actor, address: str, watch: Callable[[str], None] = lambda _: None) -> Erased:
    """Erase a contact for good. ``watch`` hears how far it is.

    It may be begun again where it was interrupted. Raises NotFound, NotAllowed, and Refused for an address
    of the desk or of an agent.
    """
    person = _found(actor, address)
    rewritten = texts = seen = 0
    for tries in range(_ROUNDS):
        before = person.newest()
        for blob_id, near in person.blobs_with_them(seen, watch):
            rewritten += 1
            _rewrite(blob_id, person.near if near else person.wide)
        seen = before[0]
        missed = False
        for kept, text in list(person.texts_with_them(watch)):
            with transaction():
                done = lifecycle.text_erased(kept, text, f"-{person.apart}")
            texts += done
            missed |= not done
        with transaction():
            if (person.newest() == before and not missed) or tries == _ROUNDS - 1:
                mails, files = _end(person, actor)
                _note_erased(desk, person.addresses)
                break
            person = _found(actor, address)
    blobs.remove(files)
    for draft_id in person.drafts:
        draft_files.discard(draft_id)
    watch("writing the database anew")
    touched = _clean_files(desk, person)
    left = list(_spooled(desk, person))
    if not engine().compact():
        left.append("the database's log, which others read just now: nightdesk purge --compact empties it")
    return _told(desk, person, mails, rewritten, texts, touched, left)


class _Found:
    """A contact who is to be erased, and all that is known of them."""

    def __init__(self, contact_id: int, addresses: Collection[str]) -> None:
        stored = contacts.read(contact_id)
        self.contact_id = contact_id
        self.addresses = sorted(addresses)
        self.apart = f"{contact_id}"
        self.own = set(tickets.of_contact(contact_id))
        written = erasure.written_by(self.addresses)
        near = {*tickets.with_collaborator(contact_id), *erasure.tickets_to(self.addresses)}
        self.shared = {*near, *(ticket_id for _, ticket_id, _ in written)} - self.own
        self.messages = {message_id for message_id, _, _ in written}
        self.drafts = erasure.drafts_in(self.own)
        both = self.own | self.shared
        self.near_messages = erasure.messages_in(both)
        self.near_blobs = erasure.blobs_in(both) | erasure.blobs_without_ticket()
        names, words = self._names([stored.name, *erasure.names_of(self.addresses)])
        digits = "".join(each for each in stored.phone if each.isdigit())
        if len(digits) >= _DIGITS:
            names.append(stored.phone)
        subjects = [ticket.subject for ticket in tickets.read_each(self.own)] + erasure.subjects_in(self.own)
        about = [subject for subject in subjects if len(subject) >= len(NOBODY) and subject != NOBODY]
        person = Person(self.addresses, names, [*words, *about], f"erased-{contact_id}@erased.invalid")
        self.address = person.address
        self.wide = Eraser(person)
        self.near = Eraser(person, near=True, wrote=[text for _, _, text in written if text != NOBODY])
        named = erasure.receipts_naming(self.addresses)
        self.receipts = {receipt_id for receipt_id, sender in named if self.wide.says(sender)}

    def _names(self, names: Collection[str]) -> tuple[list[str], list[str]]:
        """Return the whole names that mean them anywhere, and words that do so where they took part."""
        others = [agent.name for agent in agents.every()]
        there = {contact_id for _, contact_id in tickets.people(self.shared)}
        others += [each.name for each in contacts.by_id(there - {self.contact_id})]
        taken = {word.casefold() for other in others for word in name_words(other)}
        whole = [name for name in names if len(name_words(name)) > 1 and name not in others]
        parts = {word for name in names for word in name_words(name) if word.casefold() not in taken}
        return sorted(set(whole)), sorted(parts)

    def newest(self) -> tuple[int, int, int]:
        """Return the newest blob, message and event: where they stay, no ticket changed."""
        return erasure.newest_blob(), messages.newest(), events.newest()

    def whole_blobs(self) -> set[int]:
        """Return the blobs that have nothing but what is theirs."""
        theirs = self.messages | erasure.messages_in(self.own)
        found = erasure.blobs_of(theirs, self.receipts) | erasure.blobs_in(self.own)
        shared = {
            use.blob_id
            for use in erasure.uses_of(found)
            if use.ticket_id not in self.own
            and use.message_id not in (self.receipts if use.table == "receipt" else theirs)
        }
        return found - shared

    def blobs_with_them(self, after: int, watch: Callable[[str], None]) -> Iterator[tuple[int, bool]]:
        """Yield the other blobs that name them, and whether they took part there."""
        whole = self.whole_blobs()
        while some := erasure.stored_after(after, _PAGE):
            watch(f"reading mails: {some[0]}")
            for blob_id in some:
                near = blob_id in self.near_blobs
                try:
                    if blob_id not in whole and (self.near if near else self.wide).found_in(
                        blobs.read(blob_id)
                    ):
                        yield blob_id, near
                except blobs.BlobDamaged:
                    continue
            after = some[-1]

    def texts_with_them(self, watch: Callable[[str], None]) -> Iterator[tuple[KeptText, str]]:
        """Yield the texts that name them, each with what it is to say."""
        table = ""
        for kept in erasure.every_text():
            if kept.table != table:
                table = kept.table
                watch(f"reading {table.replace('_', ' ')}s")
            if self._is_left(kept):
                continue
            masked = self._masked(kept)
            if masked != kept.text:
                yield kept, masked

    def _is_left(self, kept: KeptText) -> bool:
        """Whether a text goes with its row in the end."""
        if kept.table in ("contact", "contact_field"):
            return bool(kept.key[0] == self.contact_id)
        if kept.table in ("contact_address", "ban"):
            return kept.text.lower() in self.addresses
        if kept.table == "message" and kept.column in ("text", "subject"):
            return kept.message_id in self.messages or kept.ticket_id in self.own
        if kept.table == "message" and kept.column in ("sender_name", "sender_email"):
            return kept.message_id in self.messages
        if kept.table == "receipt" and kept.column == "sender":
            return kept.key[0] in self.receipts
        return kept.table == "recipient" and kept.column == "address" and kept.text.lower() in self.addresses

    def _masked(self, kept: KeptText) -> str:
        near = (
            kept.ticket_id in self.own
            or kept.ticket_id in self.shared
            or kept.message_id in self.near_messages
            or (kept.table == "delivery" and kept.ticket_id is None)
        )
        eraser = self.near if near else self.wide
        mask = eraser.masked_body if (kept.table, kept.column) in _BODIES else eraser.masked
        if kept.is_json or kept.text[0] in "{[":
            try:
                document = json.loads(kept.text)
            except ValueError:
                return mask(kept.text)
            masked = _in_all(document, mask)
            return kept.text if masked == document else as_json(masked)
        return mask(kept.text)


def _in_all(document: Any, mask: Callable[[str], str]) -> Any:
    """Return a document with every text in it masked."""
    if isinstance(document, str):
        return mask(document)
    if isinstance(document, list):
        return [_in_all(each, mask) for each in document]
    if isinstance(document, dict):
        return {mask(key): _in_all(each, mask) for key, each in document.items()}
    return document


def require_erasable(actor: Actor, address: str) -> None:
    """Raise NotFound, NotAllowed, or Refused where `erase` would at once."""
    _to_erase(actor, address)


def _found(actor: Actor, address: str) -> _Found:
    line, addresses = _to_erase(actor, address)
    return _Found(line.id, addresses)


def _to_erase(actor: Actor, address: str) -> tuple[ContactLine, set[str]]:
    require(actor, "contact.erase")
    line = known(address, actor)
    if actor.reach is not None:
        raise NotAllowed(
            "only those who read all departments can erase somebody, whose tickets may be in any",
            "have the desk's owner do it",
        )
    addresses = {each.lower() for each in (line.email, *line.others)}
    own = read_own_addresses()
    for each in sorted(addresses):
        if own.is_own(each):
            raise Refused(f"{each} is an address of this desk", "name a customer")
    agent = next((agent for agent in agents.every() if agent.email.lower() in addresses), None)
    if agent is not None:
        raise Refused(
            f"{agent.email} is the address of the agent {agent.login}",
            f"take it from them first: nightdesk agent edit {agent.login} --email ''",
        )
    return line, addresses


def _rewrite(blob_id: int, eraser: Eraser) -> None:
    """Have what names a blob name one without the person."""
    raw = blobs.read(blob_id)
    is_mail = any(use.table != "attachment" for use in erasure.uses_of([blob_id]))
    masked = eraser.masked_mail(raw) if is_mail else eraser.masked_file(raw)
    with transaction():
        if masked:
            lifecycle.mail_erased(blob_id, blobs.put(masked))
        files = blobs.empty([blob_id])
    blobs.remove(files)


def _end(person: _Found, actor: Actor) -> tuple[int, list[str]]:
    """Take the person out of their tickets, in one transaction; returns how many blobs, and their files."""
    whole = sorted(person.whole_blobs())
    gone = lifecycle.Erasure(
        person.contact_id,
        person.addresses,
        person.address,
        person.own,
        person.shared,
        person.messages,
        person.receipts,
    )
    lifecycle.contact_erased(gone, NOBODY, actor, now())
    for definition in recurring.every():
        # Its next ticket would name them again.
        if definition.requester_email.lower() in {*person.addresses, person.address}:
            recurring.change(definition.id, {"requester_name": "", "active": False})
            logs.write(
                "warning", "recurring", f"'{definition.name}' is switched off: its requester was erased"
            )
    files = blobs.empty(whole)
    logs.write("info", "erasure", f"contact {person.contact_id} was erased by {actor.login or 'the desk'}")
    return len(whole), files


def _clean_files(desk: Desk, person: _Found) -> list[str]:
    """Take the person out of reports of crashes and of what is kept for drafts; returns the files."""
    touched = []
    for folder in (desk.paths.log, desk.paths.drafts):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not path.is_symlink() and person.wide.found_in(data := path.read_bytes()):
                atomic_write(path, person.wide.masked_file(data))
                touched.append(str(path))
    return touched


def _spooled(desk: Desk, person: _Found) -> Iterator[str]:
    if not desk.paths.spool.is_dir():
        return
    for name in spooled(str(desk.paths.spool)):
        path = desk.paths.spool / name
        if path.is_file() and not path.is_symlink() and person.wide.found_in(path.read_bytes()):
            yield f"{path}, mail that nobody took in yet"


def _told(
    desk: Desk,
    person: _Found,
    mails: int,
    rewritten: int,
    texts: int,
    files: Collection[str],
    left: Collection[str],
) -> Erased:
    kept = sorted(str(path) for path in desk.paths.data.glob(f"{desk.paths.database.name}.before-*"))
    written = [each for each in settings.stored(BACKUPS) or [] if "://" in each or Path(each).exists()]
    return Erased(
        tuple(tickets.numbers(person.own)),
        tuple(tickets.numbers(person.shared)),
        len(person.messages | erasure.messages_in(person.own)),
        mails,
        rewritten,
        texts,
        tuple(files),
        (*kept, *written),
        tuple(_exports_there()),
        tuple(left),
    )


def _exports_there() -> Iterator[str]:
    """Yield exports that are still where they were written, also one that was interrupted."""
    for each in map(Path, settings.stored(EXPORTS) or ()):
        for path in (each, each.with_name(f".{each.name}.part")):
            if path.exists():
                yield str(path)
