"""Everything of tickets, out of the desk: documents as JSON lines with their mails and files, or an mbox.

One ticket is in memory at a time. Whoever exports gets what they may read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from config.files import fsync_dir
from config.records import Record
from desk.documents import tickets as documents
from desk.errors import NotFound, Refused
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import detail
from desk.tickets.detail import TicketDetail
from desk.tickets.lists import ListQuery, every_id
from desk.tickets.query import TicketQuery
from models import blobs, tickets

VERSION = 1
"""Of the format; another number is another format."""
TICKETS, MAILS, FILES = "tickets.jsonl", "mails", "files"


class Exported(Record):
    """How much was written."""

    tickets: int = 0
    mails: int = 0
    files: int = 0


def found(actor: Actor, query: TicketQuery | None) -> Iterator[TicketDetail]:
    """Yield the tickets that a query finds, None: all that the actor may read, oldest first."""
    for ticket_id in every_id(ListQuery("all", query, "created", actor)):
        for number in tickets.numbers([ticket_id]):
            try:
                yield detail.show(number, actor)
            except NotFound:
                continue  # it was merged or purged meanwhile


def head(desk: Desk, moment: datetime) -> dict[str, Any]:
    """Return the first line of an export."""
    return {"nightdesk": "export", "version": VERSION, "desk": desk.desk_id, "exported": moment}


def document(ticket: TicketDetail, mails: Collection[int] = ()) -> dict[str, Any]:
    """Return the line of a ticket; each message says in which file its mail is, of ``mails``, or null."""
    line: dict[str, Any] = {"kind": "ticket", **documents.shown(ticket)}
    line["messages"] = [
        {**each, "mail": f"{MAILS}/{each['id']}.eml" if each["id"] in mails else None}
        for each in line["messages"]
    ]
    return line


def mails_of(ticket: TicketDetail, actor: Actor) -> Iterator[tuple[int, bytes, datetime]]:
    """Yield the mails of a ticket, oldest first: the message's id, the bytes, and when it was written."""
    for message in ticket.messages:
        try:
            yield message.id, detail.raw_message(message.id, actor), message.created
        except (NotFound, blobs.BlobPurged):
            continue


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

    Raises Refused where something of that name is there, or no directory for it; OSError.
    """
    half = target.with_name(f".{target.name}.part")
    if target.exists() or half.exists():
        raise Refused(
            f"{target if target.exists() else half} is already there", "name a new directory, or remove it"
        )
    if not target.absolute().parent.is_dir():
        raise Refused(f"there is no directory {target.absolute().parent}", "make it, or correct the path")
    for folder in (half, half / MAILS, half / FILES):
        folder.mkdir(mode=0o700)
    done = Exported()
    with (half / TICKETS).open("xb") as lines:
        lines.write(as_line(head(desk, moment)))
        for ticket in found(actor, query):
            mails: set[int] = set()
            files = 0
            for message_id, raw, _ in mails_of(ticket, actor):
                (half / MAILS / f"{message_id}.eml").write_bytes(raw)
                mails.add(message_id)
            for message in ticket.messages:
                files += sum(_write_file(half / FILES, each.id, actor) for each in message.attachments)
            lines.write(as_line(document(ticket, mails)))
            done = Exported(done.tickets + 1, done.mails + len(mails), done.files + files)
            watch(done)
    half.rename(target)
    fsync_dir(target.absolute().parent)
    return done


def _write_file(folder: Path, attachment_id: int, actor: Actor) -> int:
    """Write a file under its SHA-256, once; returns how many were written."""
    try:
        data = detail.attachment_bytes(attachment_id, actor)
    except (NotFound, blobs.BlobPurged):
        return 0
    path = folder / hashlib.sha256(data).hexdigest()
    if path.exists():
        return 0
    path.write_bytes(data)
    return 1
