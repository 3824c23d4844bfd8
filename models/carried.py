"""Rows as an export carries them from desk to desk: what belongs to tickets, and what these rows refer to.

Values are as they are stored, and ids are those of the desk that wrote them; `Ids` knows what they became.
Tables are read by what their modules declare, so a column that comes later is carried as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import peewee

from config.records import Record
from models import tickets
from models.agents import Agent
from models.blobs import Blob
from models.contacts import Contact, ContactAddress, ContactField
from models.custom_fields import CustomField, CustomFieldTopic
from models.database import SCHEMA_VERSION, Row
from models.deliveries import HELD_UNTIL, Delivery, Recipient
from models.departments import Department
from models.engine import engine
from models.events import BROUGHT, Event
from models.fields import as_json
from models.given_ids import GivenIds
from models.links import TicketLink
from models.mailboxes import Mailbox
from models.messages import Attachment, Awaited, Message
from models.note_versions import NoteVersion
from models.organizations import Organization, OrganizationDomain, OrganizationMember
from models.queries.reach import Reach, asked_within
from models.receipts import Receipt
from models.roles import Role
from models.slas import Sla
from models.statements import Lookup, Statement, columns_of, run
from models.statuses import NamedStatus
from models.tasks import Task
from models.teams import Team
from models.tickets import Collaborator, Seen, Ticket, TicketField, TicketReferral, TicketTag
from models.time_spent import TimeSpent
from models.topics import Topic
from models.watches import Watch

SCHEMA = SCHEMA_VERSION
"""The tables are those of this version."""

Values = dict[str, Any]
Rows = dict[str, list[Values]]

_AT_ONCE = 200


class _Named(Record):
    """What rows name: its table, by which column it is known at another desk, and which it takes along."""

    table: Any
    key: str
    columns: tuple[str, ...] = ()
    more: Sequence[tuple[Any, str]] = ()
    """Tables that hang on it, and by which column."""


_NAMED: Mapping[str, _Named] = {
    str(each.table._meta.table_name): each
    for each in (
        _Named(Sla, "name"),
        _Named(
            Department,
            "name",
            (
                *("name", "sla_id", "signature", "reopen_days", "active", "assignment", "parent_id"),
                *("private", "assignable", "claims", "keeps_owner", "autoresponse"),
            ),
        ),
        _Named(Role, "name"),
        _Named(
            Agent,
            "login",
            ("login", "name", "email", "role_id", "department_id", "signature", "active", "created"),
        ),
        _Named(Team, "name"),
        _Named(NamedStatus, "name"),
        _Named(
            *(Topic, "name"),
            (
                *("name", "department_id", "sla_id", "priority", "autoresponse", "active", "checklist"),
                *("number_format", "number_sequence"),
                *("parent_id", "assignee_id", "team_id", "status", "named_status_id"),
            ),
        ),
        _Named(Mailbox, "address", ("address", "name", "department_id", "topic_id", "created", "removed")),
        _Named(CustomField, "name", more=((CustomFieldTopic, "field_id"),)),
        _Named(Organization, "name", more=((OrganizationDomain, "organization_id"),)),
        _Named(
            Contact,
            "email",
            more=(
                (ContactAddress, "contact_id"),
                (ContactField, "contact_id"),
                (OrganizationMember, "contact_id"),
            ),
        ),
    )
}
"""Each behind those it refers to."""
NAMED = tuple(_NAMED)

_SWITCHED_OFF = {"incoming_enabled": 0, "outgoing_enabled": 0, "protocol": "none", "secret_source": "none"}
"""A mailbox comes without servers and passwords."""
_OF_STRANGERS = ("id", "email", "name", "created")
"""What is told of contacts to those whom they never asked."""

_HANGING: Sequence[tuple[Any, str]] = (
    (Receipt, "ticket_id"),
    (Message, "ticket_id"),
    (Attachment, "message_id"),
    (Awaited, "message_id"),
    (Delivery, "ticket_id"),
    (Recipient, "delivery_id"),
    (Event, "ticket_id"),
    (NoteVersion, "message_id"),
    (TimeSpent, "ticket_id"),
    *((table, "ticket_id") for table in (Task, Watch, Seen, TicketTag, TicketField, Collaborator)),
    (TicketReferral, "ticket_id"),
)
"""Tables of what is on a ticket, and by which column, each behind those it refers to."""
_TABLES: Mapping[str, Any] = {
    str(table._meta.table_name): table
    for table in (
        Ticket,
        TicketLink,
        *(table for table, _ in _HANGING),
        *(each.table for each in _NAMED.values()),
        *(table for each in _NAMED.values() for table, _ in each.more),
    )
}


_REFERS_BY_NUMBER: Mapping[Any, dict[str, str]] = {
    Message: {"receipt_id": "receipt"},
    Topic: {"assignee_id": "agent", "team_id": "team"},
}
"""Columns with the id of another row that Peewee does not know for that."""


def _refers(table: Any) -> dict[str, str]:
    found = {
        field.column_name: str(field.rel_model._meta.table_name)
        for field in table._meta.sorted_fields
        if isinstance(field, peewee.ForeignKeyField)
    }
    return found | _REFERS_BY_NUMBER.get(table, {})


_COLUMNS: Mapping[str, dict[str, peewee.Field]] = {name: columns_of(table) for name, table in _TABLES.items()}
_REFERS: Mapping[str, dict[str, str]] = {name: _refers(table) for name, table in _TABLES.items()}
REFERS_TO = _REFERS["ticket"]
"""Which table each column of a ticket refers to that has an id of another row."""
_PEOPLE = ("agent", "contact")
"""Kinds of fields of the desk's own in which ids stand, as text."""


class StoredBlob(Record):
    """A blob that rows refer to, by its digest."""

    sha256: str
    size: int


class Ids:
    """Maps the ids of another desk to the ids here. ``kept``: a row keeps its id where that is free."""

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept
        self.kinds: dict[int, str] = {}
        """Of fields of the desk's own, by their ids there."""
        self._new: dict[str, dict[int | str, int]] = {}

    def __call__(self, table: str, old: int | str | None) -> int | None:
        """Return what a row became; None where it is not here."""
        return None if old is None else self._new.get(table, {}).get(old)

    def meant(self, table: str, old: int) -> int | None:
        """Return what a row became that is told of; where ids are kept it may come later, or be gone."""
        new = self(table, old)
        return old if new is None and self.kept else new

    def note(self, table: str, old: int | str, new: int) -> None:
        """Record the new id of a row."""
        self._new.setdefault(table, {})[old] = new

    def forget(self, table: str) -> None:
        """Forget the rows of a table that nothing refers to from now on."""
        self._new.pop(table, None)


def _pair(one: int, other: int) -> list[int]:
    return [int(one), int(other)]


_MERGED_INTO = Lookup(
    lambda p: Ticket.select(Ticket.id).where(Ticket.merged_into == p("ticket_id")).order_by(Ticket.id), int
)
_GOING_ON_FROM = Lookup(
    lambda p: Ticket.select(Ticket.id, Ticket.refers_to).where(Ticket.refers_to.in_(p.each("wanted"))), _pair
)
_COPIES_OF = Lookup(
    lambda p: Receipt.select(Receipt.id, Receipt.duplicate_of).where(
        Receipt.duplicate_of.in_(p.each("wanted")), Receipt.ticket.is_null(False)
    ),
    _pair,
)
_SET_COPY = Statement(
    lambda p: Receipt.update({Receipt.duplicate_of: p("first_id")}).where(Receipt.id == p("copy_id"))
)
_BLOBS = Lookup(
    lambda p: Blob.select(Blob.id, Blob.sha256, Blob.size).where(Blob.id.in_(p.each("wanted"))),
    lambda blob_id, sha256, size: (int(blob_id), StoredBlob(str(sha256), int(size))),
)
_FIELDS = Lookup(lambda p: CustomField.select(CustomField.id).order_by(CustomField.id), int)


def group_of(ticket_id: int) -> list[int]:
    """Return a ticket and those merged into it, each after the one that it was merged into."""
    found = [ticket_id]
    for each in found:
        found += [merged for merged in _MERGED_INTO.every(ticket_id=each) if merged not in found]
    return found


def rows_of(ticket_ids: Sequence[int]) -> Rows:
    """Return tickets and everything that belongs to them, by table."""
    found: Rows = {"ticket": _read(Ticket, "id", ticket_ids)}
    places = {ticket_id: place for place, ticket_id in enumerate(ticket_ids)}
    found["ticket"].sort(key=lambda each: places[each["id"]])
    ids = {"ticket_id": list(ticket_ids)}
    for table, column in _HANGING:
        name = str(table._meta.table_name)
        rows = _read(table, column, ids[column])
        if table is Event:
            rows = [{**each, "detail": _unmarked(each["detail"])} for each in rows]
        if rows:
            found[name] = rows
        if name in ("message", "delivery"):
            ids[f"{name}_id"] = [row["id"] for row in rows]
    return found


def _unmarked(stored: str) -> str:
    """Return what an event tells, without the mark of one that came from another desk."""
    if f'"{BROUGHT}"' not in stored:
        return stored
    return as_json({key: value for key, value in json.loads(stored).items() if key != BROUGHT})


def links_of(ticket_ids: Sequence[int]) -> list[Values]:
    """Return the links of tickets, at whichever end they are."""
    found = [*_read(TicketLink, "ticket_id", ticket_ids), *_read(TicketLink, "other_id", ticket_ids)]
    return [each for place, each in enumerate(found) if each not in found[:place]]


def referring_to(ticket_ids: Sequence[int]) -> list[list[int]]:
    """Return the tickets that continue one of these, each with the one that it continues."""
    return sorted(_GOING_ON_FROM.each_of(ticket_ids))


def copies_elsewhere(rows: Rows) -> list[list[int]]:
    """Return pairs of receipts of one mail, the copy and the first, of which one is of other tickets."""
    own = {each["id"]: each for each in rows.get("receipt", ())}
    found = [
        [each["id"], each["duplicate_of_id"]]
        for each in own.values()
        if each["duplicate_of_id"] is not None and each["duplicate_of_id"] not in own
    ]
    return found + sorted(pair for pair in _COPIES_OF.each_of(sorted(own)) if pair[0] not in own)


def set_copy(copy_id: int, first_id: int) -> None:
    """Mark a receipt as a copy of another receipt's mail."""
    _SET_COPY.run(copy_id=copy_id, first_id=first_id)


def named_in(rows: Rows) -> Iterator[tuple[str, int]]:
    """Yield table and id of each row that these rows refer to; the same row may come more than once."""
    for table, each in ((table, each) for table, some in rows.items() for each in some):
        for column, other in _REFERS[table].items():
            if each.get(column) is not None and other in _NAMED:
                yield other, each[column]


def name_blobs(rows: Rows) -> dict[int, StoredBlob]:
    """Replace the blob ids in rows by digests; returns these blobs, by id."""
    naming = [each for some in rows.values() for each in some if each.get("blob_id") is not None]
    wanted = sorted({each["blob_id"] for each in naming})
    found = dict(sorted(_BLOBS.each_of(wanted), key=lambda each: each[1].sha256))
    for each in naming:
        each["blob_id"] = found[each["blob_id"]].sha256
    return found


def all_fields() -> list[int]:
    """Return all of the desk's own fields: a field is shown even where it is empty."""
    return _FIELDS.every()


def people_in(rows: Rows, kinds: Mapping[int, str]) -> Iterator[tuple[str, int]]:
    """Yield the agents and contacts who are values of the desk's own fields."""
    for table in ("ticket_field", "contact_field"):
        for each in rows.get(table, ()):
            if kinds.get(each["field_id"]) in _PEOPLE and str(each["value"]).isdigit():
                yield kinds[each["field_id"]], int(each["value"])


def named(kind: str, ids: Iterable[int], reach: Reach | None) -> Iterator[tuple[Values, Rows]]:
    """Yield rows that others name, by id, each with what hangs on it; `Ids` says where it is looked for.

    Of contacts whom nobody within reach heard of before name and address alone.
    """
    known = _NAMED[kind]
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        strangers = _strangers(some, reach) if kind == "contact" and reach is not None else set()
        hanging = {
            str(table._meta.table_name): (column, _read(table, column, some)) for table, column in known.more
        }
        for row in _read(known.table, "id", some):
            if row["id"] in strangers:
                yield {name: row[name] for name in _OF_STRANGERS}, {}
                continue
            more = {
                name: own
                for name, (column, rows) in hanging.items()
                if (own := [each for each in rows if each[column] == row["id"]])
            }
            yield ({name: row[name] for name in ("id", *known.columns)} if known.columns else row), more


def _strangers(contact_ids: Sequence[int], reach: Reach) -> set[int]:
    asked = Contact.select(Contact.id).where(Contact.id.in_(contact_ids), asked_within(Contact.id, reach))
    return set(contact_ids) - {int(row[0]) for row in run(asked)}


def organizations_of(contact: Values, more: Rows) -> list[int]:
    """Return the organizations that a contact belongs to by their addresses."""
    named = [str(contact["email"]), *(str(each["email"]) for each in more.get("contact_address", ()))]
    domains = [email.rpartition("@")[2].lower() for email in named]
    return _OF_DOMAINS.each_of(domains)


_OF_DOMAINS = Lookup(
    lambda p: OrganizationDomain.select(OrganizationDomain.organization).where(
        OrganizationDomain.domain.in_(p.each("wanted"))
    ),
    int,
)
_WITH_ADDRESS = Lookup(
    lambda p: ContactAddress.select(ContactAddress.contact).where(ContactAddress.email == p("name")).limit(1),
    int,
)
_CONTACT = Lookup(
    lambda p: Contact.select(Contact.email, Contact.name).where(Contact.id == p("contact_id")),
    lambda email, name: (str(email), str(name)),
)
_KIND = Lookup(
    lambda p: CustomField.select(CustomField.kind, CustomField.belongs_to).where(
        CustomField.id == p("field_id")
    ),
    lambda kind, belongs_to: (str(kind), str(belongs_to)),
)
_SET_PARENT: Mapping[str, Statement] = {
    "department": Statement(
        lambda p: Department.update({Department.parent: p("parent_id")}).where(Department.id == p("row_id"))
    ),
    "topic": Statement(lambda p: Topic.update({Topic.parent: p("parent_id")}).where(Topic.id == p("row_id"))),
}
WITH_PARENTS = tuple(_SET_PARENT)
"""What may be a part of another row of its kind."""
_BLOB_HERE = Lookup(lambda p: Blob.select(Blob.id).where(Blob.sha256 == p("sha256")), int)
_ADD_GONE_BLOB = Statement(
    lambda p: Blob.insert(
        {Blob.sha256: p("sha256"), Blob.size: p("size"), Blob.codec: "raw", Blob.data: b""}
    ).returning(Blob.id)
)
_RECIPIENT_HERE = Lookup(
    lambda p: Recipient.select(Recipient.id).where(
        Recipient.delivery == p("delivery_id"), Recipient.address == p("address")
    ),
    int,
)
_SET_RECEIPT = Statement(
    lambda p: Message.update({Message.receipt_id: p("receipt_id")}).where(Message.id == p("message_id"))
)
_NUMBERED_HERE = Lookup(
    lambda p: (
        Receipt.select(Receipt.id)
        .where(
            Receipt.mailbox == p("mailbox_id"),
            (
                (Receipt.folder == p("folder"))
                & (Receipt.uidvalidity == p("uidvalidity"))
                & (Receipt.uid == p("uid"))
            )
            | (Receipt.uidl == p("uidl")),
        )
        .limit(1)
    ),
    int,
)
_SENT = Lookup(
    lambda p: Delivery.select(Delivery.id, Delivery.ticket).where(Delivery.message_id == p("message_id")),
    lambda delivery_id, ticket_id: (int(delivery_id), ticket_id),
)
_GIVE_SENT = Statement(
    lambda p: Delivery.update(
        {
            Delivery.ticket: p("ticket_id"),
            Delivery.message_ref: p("message_ref_id"),
            Delivery.blob: p("blob_id"),
            Delivery.subject: p("subject"),
        }
    ).where(Delivery.id == p("delivery_id"))
)
_REFER = Statement(
    lambda p: Ticket.update({Ticket.refers_to: p("other_id")}).where(
        Ticket.id == p("ticket_id"), Ticket.refers_to.is_null()
    )
)
_A_TICKET = Lookup(lambda p: Ticket.select(Ticket.id).limit(1), int)
_AN_EVENT = Lookup(lambda p: Event.select(Event.id).limit(1), int)


@cache
def _called(kind: str) -> Lookup[int]:
    """Return what finds a row of a kind by what it is called."""
    known = _NAMED[kind]
    column = _COLUMNS[kind][known.key]
    return Lookup(lambda p: known.table.select(known.table.id).where(column == p("name")).limit(1), int)


def here(kind: str, row: Mapping[str, Any]) -> int | None:
    """Return the row here that has the same name as one of another desk, or None."""
    name = row[_NAMED[kind].key]
    found = _called(kind).one(name=name)
    if found is None and kind == "contact":
        return _WITH_ADDRESS.one(name=name)
    return found


def is_erased(contact_id: int) -> bool:
    """Whether a contact was erased, so that only the row that tickets refer to is left."""
    return _CONTACT.one(contact_id=contact_id) == (f"erased-{contact_id}@erased.invalid", "")


def kind_here(field_id: int) -> tuple[str, str]:
    """Return the kind of one of the desk's own fields, and what it is a field of."""
    found = _KIND.one(field_id=field_id)
    assert found is not None
    return found


def make(kind: str, row: Mapping[str, Any], more: Rows, ids: Ids) -> int:
    """Write a row of another desk that others refer to, with what belongs to it; returns its id."""
    values = {**row, **(_SWITCHED_OFF if kind == "mailbox" else {})}
    new = _write(kind, values, ids)
    assert new is not None
    ids.note(kind, row["id"], new)
    for table, rows in more.items():
        for each in rows:
            _write(table, each, ids)
    return new


def set_parent(table: str, row_id: int, parent_id: int) -> None:
    """Make a department, or a help topic, a part of another one."""
    _SET_PARENT[table].run(row_id=row_id, parent_id=parent_id)


def complete_people(rows: Rows, ids: Ids) -> None:
    """Write the fields of contacts in which contacts stand, who were not here yet when these came."""
    for each in rows.get("contact_field", ()):
        if ids.kinds.get(each["field_id"]) == "contact":
            _write("contact_field", each, ids)


def note_blob(blob: StoredBlob, ids: Ids) -> None:
    """Write a row for a blob of which only the digest is known, unless there is one."""
    found = _BLOB_HERE.one(sha256=blob.sha256)
    if found is None:
        found = _ADD_GONE_BLOB.new_id(sha256=blob.sha256, size=blob.size)
    ids.note("blob", blob.sha256, found)


def write(rows: Rows, ids: Ids, number: str) -> int:
    """Write a ticket, under a number, with those merged into it and all that hangs on them; returns its id.

    What waited to be sent waits for a person's word: the other desk may have sent it since.
    """
    first = 0
    for each in rows["ticket"]:
        said = number if not first else each["number"]
        new = _write("ticket", {**each, "number": said}, ids)
        assert new is not None
        ids.note("ticket", each["id"], new)
        first = first or new
    for table, _ in _HANGING:
        name = str(table._meta.table_name)
        if name != "ticket":
            for row in rows.get(name, ()):
                _write_one(name, row, ids)
    return first


def _write_one(table: str, row: Values, ids: Ids) -> None:
    values = dict(row)
    if table == "receipt":
        values = _as_unheard_of(values, ids)
    if table == "delivery" and not values["done"]:
        copy = "tried" if values["copy"] == "due" else values["copy"]
        values |= {"not_before": HELD_UNTIL, "sender": None, "copy": copy}
    if table == "recipient" and values["state"] == "sending":
        values["state"] = "uncertain"
    if table == "awaited":
        values["reference"] = _awaited_here(str(values["reference"]), ids)
        if not values["reference"]:
            return
    if table == "delivery" and (known := _sent_here(values, ids)) is not None:
        if known:
            ids.note(table, row["id"], known)
        return
    if table == "recipient" and _is_recipient(values, ids):
        return
    later = None
    if table == "message" and values["receipt_id"] is not None:
        # Without a receipt it is indexed when it is written, whatever its id is.
        later, values["receipt_id"] = ids("receipt", values["receipt_id"]), None
    new = _write(table, values, ids)
    if new is not None and "id" in row:
        ids.note(table, row["id"], new)
        if later is not None:
            _SET_RECEIPT.run(message_id=new, receipt_id=later)


def _as_unheard_of(receipt: Values, ids: Ids) -> Values:
    """Return a receipt that has no number at its server, if the desk has one of that number already."""
    mailbox = ids("mailbox", receipt["mailbox_id"])
    number = {name: receipt[name] for name in ("folder", "uidvalidity", "uid", "uidl")}
    if mailbox is None or _NUMBERED_HERE.one(mailbox_id=mailbox, **number) is not None:
        return {**receipt, "folder": None, "uidvalidity": None, "uid": None, "uidl": None}
    return receipt


def _sent_here(delivery: Values, ids: Ids) -> int | None:
    """Return the mail of this desk that has the Message-ID, None without one, 0 for one of another ticket.

    What was sent of a ticket that was purged is there still, and is the ticket's again.
    """
    found = _SENT.one(message_id=delivery["message_id"])
    if found is None:
        return None
    delivery_id, ticket_id = found
    if ticket_id is not None:
        return 0
    _GIVE_SENT.run(
        delivery_id=delivery_id,
        ticket_id=ids("ticket", delivery["ticket_id"]),
        message_ref_id=ids("message", delivery["message_ref_id"]),
        blob_id=ids("blob", delivery["blob_id"]),
        subject=delivery["subject"],
    )
    return delivery_id


def _is_recipient(recipient: Values, ids: Ids) -> bool:
    delivery_id = ids("delivery", recipient["delivery_id"])
    found = _RECIPIENT_HERE.one(delivery_id=delivery_id, address=recipient["address"])
    return found is not None


def _awaited_here(reference: str, ids: Ids) -> str:
    """Return what a mail answers, of which the name has a ticket's id where it is one of the desk's own."""
    if reference[:2] not in ("[#", "[+") or not reference[2:-1].isdigit():
        return reference
    new = ids("ticket", int(reference[2:-1]))
    return "" if new is None else f"{reference[:2]}{new}]"


def write_event(row: Values, ids: Ids) -> None:
    """Write an event of a ticket that is already here."""
    _write_one("event", row, ids)


def link(links: Iterable[Values], ids: Ids) -> None:
    """Write those of another desk's links whose two ends are both here."""
    for each in links:
        _write("ticket_link", each, ids)


def refer(ticket_id: int, other_id: int) -> None:
    """Record that a ticket continues another one, unless it already continues one."""
    _REFER.run(ticket_id=ticket_id, other_id=other_id)


def given() -> bool:
    """Whether the desk has, or once had, a ticket, so that another desk's ids may be taken here."""
    return _A_TICKET.one() is not None or _AN_EVENT.one() is not None


def note_given() -> None:
    """Make new rows get ids above those that were written."""
    engine().count_on([name for name in _TABLES if "id" in _COLUMNS[name]])


def _read(table: Any, column: str, wanted: Sequence[int]) -> list[Values]:
    read, in_order = _reading(table, column)
    found = read.each_of(wanted)
    return sorted(found, key=in_order)


@cache
def _reading(table: Any, column: str) -> tuple[Lookup[Values], Callable[[Values], Any]]:
    """Return what reads the rows of a table that have one of some values there, and their order."""
    columns = columns_of(table)
    names = list(columns)
    key = table._meta.primary_key
    ordered_by = ["id"] if "id" in columns else [each.column_name for each in _key_of(table, key)]
    lookup: Lookup[Values] = Lookup(
        lambda p: table.select(*columns.values()).where(columns[column].in_(p.each("wanted"))),
        lambda *row: dict(zip(names, row, strict=True)),
    )
    return lookup, itemgetter(*ordered_by)


def _key_of(table: Any, key: Any) -> list[Any]:
    if isinstance(key, peewee.CompositeKey):
        return [table._meta.fields[name] for name in key.field_names]
    return [key]


def _write(table: str, row: Mapping[str, Any], ids: Ids) -> int | None:
    """Write a row in the ids of this desk; returns its id. None where something it needs is not here."""
    columns, refers = _COLUMNS[table], _REFERS[table]
    values: Values = {name: value for name, value in row.items() if name in columns}
    for name, other in refers.items():
        if values.get(name) is None:
            continue
        values[name] = ids(other, values[name])
        if values[name] is None and not columns[name].null:
            return None
    if table in ("ticket_field", "contact_field") and (kind := ids.kinds.get(row["field_id"])) in _PEOPLE:
        person = ids(str(kind), int(values["value"]))
        if person is None:
            return None
        values["value"] = str(person)
    if table == "ticket_field" and "open" not in values:
        # An export of an earlier program does not tell it.
        ticket = tickets.read(values["ticket_id"])
        values["open"] = int(ticket is None or ticket.status != "closed")
    numbered = isinstance(_TABLES[table]._meta.primary_key, peewee.AutoField)
    if numbered and not (ids.kept and _is_free(table, values["id"])):
        values.pop("id")
    statement = _statement(table, tuple(sorted(values)), numbered)
    if numbered:
        return statement.new_id(**values)
    statement.run(**values)
    return 0


def _is_free(table: str, row_id: int) -> bool:
    return _with_id(table).one(row_id=row_id) is None


@cache
def _with_id(table: str) -> Lookup[int]:
    model = _TABLES[table]
    return Lookup(lambda p: model.select(model.id).where(model.id == p("row_id")), int)


@cache
def _statement(table: str, names: tuple[str, ...], numbered: bool) -> Statement:
    """Return what writes these columns of a row."""
    model: type[Row] = _TABLES[table]
    columns = _COLUMNS[table]

    def build(p: Any) -> peewee.Query:
        given = {columns[name]: p(name) for name in names}
        if not numbered:
            return model.insert(given).on_conflict_ignore()
        unnumbered = {} if "id" in names else GivenIds(model).of_new()
        return model.insert({**unnumbered, **given}).returning(columns["id"])

    return Statement(build)
