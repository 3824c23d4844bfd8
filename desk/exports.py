"""Everything of tickets, out of the desk: documents as JSON lines with their mails and files, or an mbox.

One ticket is in memory at a time. Whoever exports gets what they may read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from config.files import fsync_dir
from config.records import Record
from desk.documents import tickets as documents
from desk.doors.imports.exported import NAMED, ROWS
from desk.doors.imports.exported import VERSION as ROWS_VERSION
from desk.erasure import note_export
from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import detail
from desk.tickets.carrying import named_in_event
from desk.tickets.detail import MessageView, TicketDetail
from desk.tickets.lists import ListQuery, every_id
from desk.tickets.query import TicketQuery
from desk.tickets.reading import may_read
from mail.archives.mbox import into_mbox
from mail.inert import one_line
from models import blobs, carried, tickets
from models.carried import StoredBlob
from models.settings import next_ticket_number_is, topic_sequences

VERSION = 1
"""Of the format; another number is another format."""
TICKETS, MAILS, FILES, OTHERS = "tickets.jsonl", "mails", "files", "others"
_MOST_TOLD = 200
_TRIES = 5
_IN_MEMORY = 1 << 20
_OF_FILES = frozenset({".jsonl", ".json", ".mbox", ".eml", ".txt", ".zip", ".gz", ".tar", ".csv"})


class Exported(Record):
    """How much was written."""

    tickets: int = 0
    mails: int = 0
    files: int = 0
    troubles: tuple[str, ...] = ()
    """What could not be read, and is not in it."""
    gone: tuple[str, ...] = ()
    """The numbers of tickets that were deleted for good while it was written, and are not in it."""


def found(actor: Actor, query: TicketQuery | None) -> Iterator[TicketDetail]:
    """Yield the tickets that a query finds, None: all that the actor may read, oldest first."""
    for ticket_id in every_id(ListQuery("all", query, "created", actor)):
        ticket = in_one_piece(ticket_id, actor)
        if ticket is not None:
            yield ticket


def in_one_piece(ticket_id: int, actor: Actor) -> TicketDetail | None:
    """Return a ticket as it was at one moment, whoever works on it; None where it goes meanwhile.

    Between two of its statements it may change, and be purged: then it is read anew.
    """
    for tries_left in range(_TRIES)[::-1]:
        before = tickets.read(ticket_id)
        if before is None:
            return None
        try:
            ticket = detail.show(before.number, actor)
        except NotFound:
            return None
        except Exception:
            if not tries_left or tickets.read(ticket_id) == before:
                raise
            continue
        if not tries_left or tickets.read(ticket_id) == before:
            return ticket
    return None


def head(desk: Desk, moment: datetime) -> dict[str, Any]:
    """Return the first line of an export."""
    return {"nightdesk": "export", "version": VERSION, "desk": desk.desk_id, "exported": moment}


def gone_words(numbers: Sequence[str]) -> str:
    """Return which tickets went for good while they were to be written, in words."""
    named = ", ".join(f"#{number}" for number in numbers[:5])
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"deleted for good meanwhile, and not in it: {named}{more}"


def with_trouble(done: Exported, told: str) -> Exported:
    """Return the same with one more thing that could not be read, of which not too many are told."""
    if len(done.troubles) >= _MOST_TOLD:
        return done
    return done._replace(troubles=(*done.troubles, one_line(told, 300)))


def document(ticket: TicketDetail, mails: Collection[int] = ()) -> dict[str, Any]:
    """Return the line of a ticket; each message says in which file its mail is, of ``mails``, or null."""
    line: dict[str, Any] = {"kind": "ticket", **documents.shown(ticket)}
    line["messages"] = [
        {**each, "mail": f"{MAILS}/{each['id']}.eml" if each["id"] in mails else None}
        for each in line["messages"]
    ]
    return line


def mails_of(ticket: TicketDetail, actor: Actor) -> Iterator[tuple[MessageView, BinaryIO]]:
    """Yield the mails of a ticket, oldest first, each as a file that is there until the next one.

    Raises BlobDamaged.
    """
    for message in ticket.messages:
        with SpooledTemporaryFile(_IN_MEMORY, dir=str(blobs.directory().parent)) as mail:
            file = cast("BinaryIO", mail)
            try:
                detail.copy_message(message.id, file, actor)
            except (NotFound, blobs.BlobPurged):
                continue
            file.seek(0)
            yield message, file


def write_mbox(
    actor: Actor, query: TicketQuery | None, target: BinaryIO, watch: Callable[[Exported], None]
) -> Exported:
    """Write the mails of tickets into an mbox."""
    done = Exported()
    for ticket in found(actor, query):
        mails = 0
        try:
            for message, mail in mails_of(ticket, actor):
                into_mbox(mail, message.created, target)
                mails += 1
        except blobs.BlobDamaged as error:
            done = with_trouble(done, f"mails of #{ticket.number} are missing: {error}")
        done = done._replace(tickets=done.tickets + 1, mails=done.mails + mails)
        watch(done)
    return done


def write_directory(
    desk: Desk,
    actor: Actor,
    query: TicketQuery | None,
    target: Path,
    as_line: Callable[[dict[str, Any]], bytes],
    moment: datetime,
    watch: Callable[[Exported], None],
) -> Exported:
    """Write an export into a new directory, which has its name when it is complete.

    Raises Refused where something of that name is there, or no directory for it; WrongUse for the name of a
    file; OSError.
    """
    half = new_directory(target, f"; the lines alone: nightdesk export - > {target.name}")
    note_export(target)
    for folder in (half, *(half / each for each in (MAILS, FILES, OTHERS))):
        folder.mkdir(mode=0o700)
    done = _Writing(desk, actor, half, as_line, moment).write(query, watch)
    half.rename(target)
    fsync_dir(target.absolute().parent)
    return done


def new_directory(target: Path, otherwise: str = "") -> Path:
    """Return where a directory is written until it is complete. Raises as `write_directory`.

    ``otherwise``: what else there is for who named a file.
    """
    if target.suffix.lower() in _OF_FILES:
        raise WrongUse(
            f"{target} is the name of a file, and this makes a directory",
            f"name a directory{otherwise}",
        )
    half = target.parent / f".{target.name}.part"
    for each in (target, half):  # . and / have no name, and are there
        if each.exists():
            raise Refused(f"{each} is already there", "name a new directory, or remove it")
    if not target.absolute().parent.is_dir():
        raise Refused(f"there is no directory {target.absolute().parent}", "make it, or correct the path")
    return half


class _Writing:
    """One export: what people and other programs read, and beside it the rows, for `import export`."""

    def __init__(
        self,
        desk: Desk,
        actor: Actor,
        folder: Path,
        as_line: Callable[[dict[str, Any]], bytes],
        moment: datetime,
    ) -> None:
        self._desk = desk
        self._actor = actor
        self._folder = folder
        self._as_line = as_line
        self._moment = moment
        self._named: dict[str, set[int]] = {kind: set() for kind in carried.NAMED}
        self._named["custom_field"] |= set(carried.all_fields())
        self._kinds: dict[int, str] = {
            row["id"]: row["kind"] for row, _ in carried.named("custom_field", carried.all_fields(), None)
        }
        self._done = Exported()
        self._fresh: list[Path] = []
        """The files that were written for the ticket that is being written."""

    def write(self, query: TicketQuery | None, watch: Callable[[Exported], None]) -> Exported:
        """Write all files; returns how much it was."""
        with (self._folder / TICKETS).open("xb") as lines, (self._folder / ROWS).open("xb") as rows:
            lines.write(self._as_line(head(self._desk, self._moment)))
            rows.write(self._as_line(self._head_of_rows()))
            for ticket in found(self._actor, query):
                self._write_one(ticket, lines, rows)
                watch(self._done)
        with (self._folder / NAMED).open("xb") as named:
            for kind, row, more in self._all_named():
                named.write(self._as_line({"kind": kind, "row": row, "more": more}))
        return self._done

    def _head_of_rows(self) -> dict[str, Any]:
        return {
            "nightdesk": "rows",
            "version": ROWS_VERSION,
            "schema": carried.SCHEMA,
            "desk": self._desk.desk_id,
            "next": next_ticket_number_is(),
            "sequences": topic_sequences(),
        }

    def _write_one(self, ticket: TicketDetail, lines: BinaryIO, rows: BinaryIO) -> None:
        """Write a ticket, or take what was written of it away again where it goes meanwhile."""
        before, self._fresh = self._done, []
        try:
            written = self._written(ticket)
        except Exception:
            if tickets.read(ticket.id) is not None:
                raise
        else:
            if tickets.read(ticket.id) is not None:
                rows.write(written[0])
                lines.write(written[1])
                return
        for path in self._fresh:
            path.unlink(missing_ok=True)
        self._done = before._replace(gone=(*before.gone, ticket.number))

    def _written(self, ticket: TicketDetail) -> tuple[bytes, bytes]:
        """Write a ticket's mails and files; returns its lines, of rows and for people."""
        group = carried.group_of(ticket.id)
        own = carried.rows_of(group)
        self._note_named(own)
        stored = carried.name_blobs(own)
        written = {
            each["blob_id"]: f"{MAILS}/{each['id']}.eml"
            for each in own.get("message", ())
            if each["blob_id"] is not None
        }
        mails = {
            each["id"]: each["blob_id"] for each in own.get("message", ()) if each["blob_id"] is not None
        }
        by_digest = {blob.sha256: blob_id for blob_id, blob in stored.items()}
        sound: set[int] = set()
        files = 0
        places: dict[str, str | None] = {}
        for blob_id, blob in stored.items():
            name = written.get(blob.sha256) or f"{OTHERS}/{blob.sha256}"
            places[blob.sha256] = name if self._copy(blob_id, name, ticket.number) else None
        for message_id, sha256 in mails.items():
            name, first = f"{MAILS}/{message_id}.eml", places[sha256]
            if first is not None and first != name:
                self._copy(by_digest[sha256], name, ticket.number)
            if first is not None:
                sound.add(message_id)
        for message in ticket.messages:
            if message.attachments:
                files += self._write_files(
                    message.id, [each.id for each in message.attachments], ticket.number
                )
        self._done = self._done._replace(
            tickets=self._done.tickets + 1,
            mails=self._done.mails + len(sound),
            files=self._done.files + files,
        )
        carried_rows = self._rows(ticket.id, group, own, stored.values(), places)
        return self._as_line(carried_rows), self._as_line(document(ticket, sound))

    def _rows(
        self,
        ticket_id: int,
        group: Sequence[int],
        own: carried.Rows,
        stored: Iterable[StoredBlob],
        places: Mapping[str, str | None],
    ) -> dict[str, Any]:
        return {
            "ticket": ticket_id,
            "rows": own,
            "links": [each for each in carried.links_of(group) if self._reads(each)],
            "copies": carried.copies_elsewhere(own),
            "referred_by": carried.referring_to(group),
            "blobs": [{**blob._asdict(), "file": places[blob.sha256]} for blob in stored],
        }

    def _reads(self, link: Mapping[str, int]) -> bool:
        both = tickets.read_each([link["ticket_id"], link["other_id"]])
        return all(may_read(self._actor, each) for each in both)

    def _note_named(self, own: carried.Rows) -> None:
        for kind, row_id in (*carried.named_in(own), *carried.people_in(own, self._kinds)):
            self._named[kind].add(row_id)
        for event in own.get("event", ()):
            for kind, row_id in named_in_event(event["detail"], self._kinds):
                if kind in self._named:
                    self._named[kind].add(row_id)

    def _all_named(self) -> Iterator[tuple[str, dict[str, Any], carried.Rows]]:
        """Yield what is named, and what that names itself, each behind what it names."""
        looked: dict[str, set[int]] = {kind: set() for kind in carried.NAMED}
        while any(self._named[kind] - looked[kind] for kind in carried.NAMED):
            for kind in reversed(carried.NAMED):
                fresh = self._named[kind] - looked[kind]
                looked[kind] |= fresh
                for row, more in carried.named(kind, fresh, self._actor.reach):
                    for other, row_id in (
                        *carried.named_in({kind: [row], **more}),
                        *carried.people_in(more, self._kinds),
                    ):
                        self._named[other].add(row_id)
                    if kind == "contact" and "note" in row:
                        self._named["organization"] |= set(carried.organizations_of(row, more))
        for kind in carried.NAMED:
            for row, more in carried.named(kind, self._named[kind], self._actor.reach):
                yield kind, row, more

    def _copy(self, blob_id: int, name: str, number: str) -> bool:
        path = self._folder / name
        if path.exists():
            return True
        self._fresh.append(path)
        try:
            with path.open("xb") as file:
                blobs.copy(blob_id, file)
        except blobs.BlobDamaged as error:
            path.unlink()
            if not isinstance(error, blobs.BlobPurged):
                self._trouble(f"a mail or file of #{number} is missing: {error}")
            return False
        return True

    def _write_files(self, message_id: int, attachments: Sequence[int], number: str) -> int:
        """Write the files of a message under their SHA-256, each once; returns how many were written."""
        written = 0
        try:
            for data in detail.files_of(message_id, attachments, self._actor):
                path = self._folder / FILES / hashlib.sha256(data).hexdigest()
                if not path.exists():
                    self._fresh.append(path)
                    path.write_bytes(data)
                    written += 1
        except (NotFound, blobs.BlobPurged):
            pass
        except blobs.BlobDamaged as error:
            self._trouble(f"files of #{number} are missing: {error}")
        return written

    def _trouble(self, told: str) -> None:
        self._done = with_trouble(self._done, told)
