"""The old desk's tickets, with number, state, people, events and all that was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from config.clock import now
from config.records import Record
from desk.doors.imports.osticket.brought import Brought
from desk.doors.imports.osticket.reading import OldEvent, OldTicket
from desk.doors.imports.osticket.rebuilt_mail import OldEntry, rebuilt
from desk.intake.arrivals import Arrival, Prepared, parse_ahead
from desk.intake.duplicates import IMPORT
from desk.tickets import lifecycle
from desk.tickets.contacts import NOBODY, Contacts
from desk.tickets.lifecycle import PastEvent
from mail.inert import one_line
from mail.mime.quotes.pieces import folds
from models import agents as agent_rows
from models import blobs, tickets
from models import departments as department_rows
from models.fields import as_json, utc_text
from models.messages import MessageKind, NewAttachment, NewMessage
from models.tickets import NewTicket, Status, Stored

if TYPE_CHECKING:
    from desk.home import Desk
    from models.events import EventKind

_MAX_NUMBER = 60
_KINDS: Mapping[str, MessageKind] = {"M": "customer", "R": "reply", "N": "note"}
_EVENTS: Mapping[str, EventKind] = {
    "closed": "closed",
    "reopened": "reopened",
    "released": "unassigned",
    "overdue": "overdue",
}


class ReadEntry(Record):
    """An entry and what was read of the mail that it became."""

    entry: OldEntry
    prepared: Prepared


class Matters:
    """Brings tickets; each method is called in a transaction, but `read`."""

    def __init__(self, desk: Desk, brought: Brought) -> None:
        self._desk = desk
        self._brought = brought
        self._agents = {each.id: (each.name, each.email) for each in agent_rows.every()}
        self._readers = [each.id for each in agent_rows.every() if each.active]
        self._usual_department = department_rows.first().id

    def read(self, number: str, entries: Iterable[OldEntry]) -> list[ReadEntry]:
        """Read the text and the files of entries, before any lock is held."""
        readable = [entry for entry in entries if entry.kind in _KINDS]
        arrivals = [
            Arrival(rebuilt(entry, number), IMPORT, internaldate=entry.created, quiet=True)
            for entry in readable
        ]
        desk = self._desk
        prepared = parse_ahead(arrivals, desk.settings.blob_threshold, zone=lambda: desk.zone)
        found = []
        for entry, each in zip(readable, prepared, strict=True):
            if each.mail is None:
                told = f"entry {entry.id} of ticket {number} was left out: {each.trouble}"
                self._brought.tally.troubles.append(one_line(told, 300))
            else:
                found.append(ReadEntry(entry, each))
        return found

    def bring(self, old: OldTicket, entries: Sequence[ReadEntry]) -> None:
        """Make a ticket of an old one; a deleted one is left out."""
        tally = self._brought.tally
        if old.state == "deleted":
            tally.made["deleted ticket left out"] += 1
            self._brought.note("ticket", old.id, 0)
            return
        contact_id = self._brought.new_id("contact", old.user_id)
        if contact_id is None:
            contact_id = Contacts(utc_text(now())).get(NOBODY)
        customers = [each.entry.created for each in entries if each.entry.kind == "M"]
        ticket = lifecycle.brought_over(
            NewTicket(
                number=self._number(old),
                subject=one_line(old.subject, 998),
                status=_status(old),
                priority=old.priority,
                department_id=self._brought.new_id("department", old.department_id) or self._usual_department,
                sla_id=self._brought.new_id("sla", old.sla_id),
                contact_id=contact_id,
                mailbox_id=self._brought.new_id("mailbox", old.email_id),
                topic_id=self._brought.new_id("topic", old.topic_id),
                created=utc_text(old.created),
                updated=utc_text(old.updated),
                closed=utc_text(old.closed or old.updated) if old.state == "closed" else None,
                last_customer=utc_text(max(customers)) if customers else None,
                refers_to_id=None,
            ),
            self._more(old),
            [_tag(old.status)] if old.status else [],
            self._people(old, contact_id),
            filter(None, (self._brought.new_id("department", each) for each in old.referred_to)),
            self._events(old),
        )
        self._write(ticket.id, entries)
        self._catch_up(ticket.id, old)
        self._brought.note("ticket", old.id, ticket.id)
        self._brought.note("thread", old.thread_id, ticket.id)
        tally.tickets += 1

    def top_up(self, ticket_id: int, old: OldTicket, entries: Sequence[ReadEntry]) -> None:
        """Add what was written since, and take over the state that the old ticket is in now."""
        self._write(ticket_id, entries)
        self._catch_up(ticket_id, old)

    def _catch_up(self, ticket_id: int, old: OldTicket) -> None:
        """Give it the state of the old ticket, and a clock where an answer is owed."""
        closed = old.state != "open"
        due = utc_text(old.due) if old.due is not None and not closed and not old.answered else None
        lifecycle.caught_up(
            ticket_id,
            {
                "status": _status(old),
                "updated": utc_text(old.updated),
                "closed": utc_text(old.closed or old.updated) if closed else None,
                "response_from": utc_text(old.created) if not closed and not old.answered else None,
                "response_due": due,
                "due": due,
                "overdue": int(due is not None and (old.overdue or due < utc_text(now()))),
            },
            () if closed else self._readers,
            now(),
        )

    def _write(self, ticket_id: int, entries: Sequence[ReadEntry]) -> None:
        for place, each in enumerate(entries):
            message = self._message(each, starts=place == 0)
            message_row = lifecycle.filed(ticket_id, message, noticed=False)
            self._brought.note("entry", each.entry.id, message_row)
            self._brought.tally.messages += 1
            self._brought.tally.files += len(message.attachments)

    def _message(self, read: ReadEntry, *, starts: bool) -> NewMessage:
        entry, mail = read.entry, read.prepared.mail
        assert mail is not None
        kind = _KINDS[entry.kind]
        agent_id = self._brought.new_id("agent", entry.staff_id) if kind != "customer" else None
        name, email = self._agents.get(agent_id or 0, (one_line(entry.poster_name, 200), ""))
        return NewMessage(
            kind=kind,
            agent_id=agent_id,
            sender_name=name,
            sender_email=mail.named.sender.email if kind == "customer" else email,
            recipients=as_json({}),
            subject=mail.subject,
            text=mail.text,
            folds=() if starts else folds(mail.text, mail.pieces),
            from_html=mail.from_html,
            message_id=mail.message_id,
            sent_date=utc_text(entry.created),
            created=utc_text(entry.created),
            blob_id=blobs.insert(read.prepared.packed),
            attachments=[
                NewAttachment(part.name, part.type, part.size, part.sha256, part.inline, part.part)
                for part in mail.attachments
            ],
        )

    def _number(self, old: OldTicket) -> str:
        given = one_line(old.number, _MAX_NUMBER) or str(old.id)
        if not tickets.number_taken(given):
            return given
        other = next(
            number
            for number in (f"{given}-{old.id}", *(f"{given}-{old.id}-{count}" for count in range(2, 1000)))
            if not tickets.number_taken(number)
        )
        self._brought.tally.renumbered[given] = other
        return other

    def _more(self, old: OldTicket) -> dict[str, Stored]:
        return {
            "assignee_id": self._brought.new_id("agent", old.staff_id),
            "team_id": self._brought.new_id("team", old.team_id),
        }

    def _people(self, old: OldTicket, contact_id: int) -> list[int]:
        book = Contacts(utc_text(now()))
        found = [book.get(each.email.strip().lower(), one_line(each.name, 200)) for each in old.collaborators]
        return [each for each in dict.fromkeys(found) if each != contact_id]

    def _events(self, old: OldTicket) -> Iterator[PastEvent]:
        yield PastEvent("created", None, old.created, {"by": "osTicket"})
        for event in old.events:
            if event.name == "created":
                continue
            agent_id = self._brought.new_id("agent", event.staff_id)
            yield PastEvent(_EVENTS.get(event.name, "told"), agent_id, event.at, _detail(event))
        if old.fields:
            told = "; ".join(f"{label}: {value}" for label, value in old.fields)
            yield PastEvent("told", None, old.created, {"text": one_line(f"fields: {told}", 2_000)})


def _detail(event: OldEvent) -> dict[str, Any]:
    detail: dict[str, Any] = {"by": one_line(event.username, 100)} if event.username else {}
    if event.name not in _EVENTS:
        known = [one_line(str(value), 100) for value in event.data.values() if isinstance(value, str)]
        detail["text"] = " ".join([event.name.replace("_", " "), *known])
    return detail


def _status(old: OldTicket) -> Status:
    if old.state == "closed":
        return "closed"
    return "waiting" if old.answered else "open"


def _tag(status: str) -> str:
    return "-".join(one_line(status, 40).lower().split())
