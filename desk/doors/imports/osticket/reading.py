"""The rows of an osTicket as what they mean: staff, customers, tickets with all that was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from config.records import Record
from desk.doors.imports.osticket.rebuilt_mail import OldEntry, OldFile
from mail.inert import clean
from mail.mime.html.document import html_to_text
from models.osticket.tables import OldRow, OldTables

_HIDDEN = 0x0004
"""A former version of an entry that was edited."""
_ACTIVE = 0x0001
_SHARED_WITH_ALL = 0x0010
_LINKED = 0x0008
"""A ticket that has another one above it, but was not merged into it."""
_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "emergency": 4}
_STANDARD_STATUSES = frozenset({"open", "resolved", "closed", "archived", "deleted"})


class OldCollaborator(Record):
    """Somebody in copy."""

    name: str
    email: str


class OldEvent(Record):
    """What happened to an old ticket."""

    name: str
    staff_id: int
    username: str
    at: datetime
    data: Mapping[str, Any]


class OldTicket(Record):
    """A ticket with all that hangs on it; ``state`` is open, closed or deleted, ids are the old desk's."""

    id: int
    number: str
    user_id: int
    state: str
    status: str
    subject: str
    priority: int
    department_id: int
    sla_id: int
    topic_id: int
    staff_id: int
    team_id: int
    email_id: int
    answered: bool
    overdue: bool
    due: datetime | None
    created: datetime
    updated: datetime
    closed: datetime | None
    thread_id: int
    fields: Sequence[tuple[str, str]]
    entries: Sequence[OldEntry]
    events: Sequence[OldEvent]
    collaborators: Sequence[OldCollaborator]
    referred_to: Sequence[int]


class OldMerge(Record):
    """A ticket that was merged into another one."""

    id: int
    into: int


class OldUser(Record):
    """A customer, with all addresses, the usual one first."""

    id: int
    name: str
    emails: Sequence[str]
    organization_id: int
    phone: str
    notes: str


class Reading:
    """Reads one osTicket; `zone` is that of its times."""

    def __init__(self, tables: OldTables, zone: tzinfo) -> None:
        self._tables = tables
        self._zone = zone
        self._statuses = {
            number(row["id"]): (text(row["name"]), text(row["state"]))
            for row in tables.rows("ticket_status", ("id", "name", "state"))
        }
        self._priorities = {
            number(row["priority_id"]): _PRIORITIES.get(text(row["priority"]).lower(), 2)
            for row in tables.rows("ticket_priority", ("priority_id", "priority"))
        }
        self._event_names = {
            number(row["id"]): text(row["name"]) for row in tables.rows("event", ("id", "name"))
        }
        self._labels = {
            number(row["id"]): (text(row["name"]), text(row["label"]))
            for row in tables.rows("form_field", ("id", "name", "label"))
        }

    def config(self) -> dict[str, str]:
        """Return the settings of its core."""
        found = self._tables.rows("config", ("namespace", "key", "value"))
        return {text(row["key"]): text(row["value"]) for row in found if row["namespace"] == "core"}

    def every(self, table: str, *columns: str, order: Sequence[str] = ()) -> list[OldRow]:
        """Return a small table whole."""
        return self._tables.rows(table, columns, order=order)

    def priority(self, priority_id: object) -> int:
        """Return the priority of an id, 2 if there is none."""
        return self._priorities.get(number(priority_id), 2)

    def users(self) -> list[OldUser]:
        """Return all customers."""
        emails: dict[int, list[tuple[int, str]]] = {}
        for row in self._tables.rows("user_email", ("id", "user_id", "address"), order=("id",)):
            emails.setdefault(number(row["user_id"]), []).append((number(row["id"]), text(row["address"])))
        details = self._values("U")
        found = []
        for row in self._tables.rows("user", ("id", "org_id", "default_email_id", "name"), order=("id",)):
            user_id, usual = number(row["id"]), number(row["default_email_id"])
            own = sorted(emails.get(user_id, ()), key=lambda each: each[0] != usual)
            known = {name: value for name, _, value in details.get(user_id, ())}
            found.append(
                OldUser(
                    user_id,
                    text(row["name"]),
                    [address for _, address in own],
                    number(row["org_id"]),
                    known.get("phone", ""),
                    known.get("notes", ""),
                )
            )
        return found

    def ticket_ids(self) -> list[int]:
        """Return the ids of all tickets, oldest first."""
        return [
            number(row["ticket_id"])
            for row in self._tables.rows("ticket", ("ticket_id",), order=("ticket_id",))
        ]

    def merged(self, ids: Sequence[int]) -> list[OldMerge]:
        """Return which of these tickets were merged into others; a child that was only linked is none."""
        columns = ("ticket_id", "ticket_pid", "flags")
        return [
            OldMerge(number(row["ticket_id"]), number(row["ticket_pid"]))
            for row in self._tables.rows("ticket", columns, "ticket_id", ids, ("ticket_id",))
            if number(row["ticket_pid"]) and not number(row["flags"]) & _LINKED
        ]

    def tickets(self, ids: Sequence[int]) -> list[OldTicket]:
        """Return some tickets whole."""
        found = self._tables.rows(
            "ticket",
            (
                *("ticket_id", "number", "user_id", "status_id", "dept_id", "sla_id", "topic_id", "staff_id"),
                *("team_id", "email_id", "isoverdue", "isanswered", "duedate", "est_duedate", "closed"),
                *("lastupdate", "created", "ticket_pid", "flags"),
            ),
            "ticket_id",
            ids,
            ("ticket_id",),
        )
        cdata = {
            number(row["ticket_id"]): row
            for row in self._tables.rows(
                "ticket__cdata", ("ticket_id", "subject", "priority"), "ticket_id", ids
            )
        }
        threads = {
            number(row["object_id"]): number(row["id"])
            for row in self._tables.rows("thread", ("id", "object_id", "object_type"), "object_id", ids)
            if row["object_type"] in ("T", "C")
        }
        written = self.entries(threads.values())
        events = self._events(threads.values())
        people = self._collaborators(threads.values())
        referred = self._referrals(threads.values())
        values = self._values("T", ids)
        return [
            self._ticket(
                row,
                cdata.get(number(row["ticket_id"])),
                values.get(number(row["ticket_id"]), ()),
                threads.get(number(row["ticket_id"]), 0),
                written,
                events,
                people,
                referred,
            )
            for row in found
        ]

    def _ticket(
        self,
        row: OldRow,
        cdata: OldRow | None,
        values: Sequence[tuple[str, str, str]],
        thread_id: int,
        written: Mapping[int, Sequence[OldEntry]],
        events: Mapping[int, Sequence[OldEvent]],
        people: Mapping[int, Sequence[OldCollaborator]],
        referred: Mapping[int, Sequence[int]],
    ) -> OldTicket:
        status, state = self._statuses.get(number(row["status_id"]), ("open", "open"))
        named = {name: value for name, _, value in values}
        entries = written.get(thread_id, ())
        subject = text(cdata["subject"]) if cdata else named.get("subject", "")
        priority = cdata["priority"] if cdata else named.get("priority")
        created = self.moment(row["created"]) or datetime(1970, 1, 1, tzinfo=UTC)
        return OldTicket(
            id=number(row["ticket_id"]),
            number=text(row["number"]),
            user_id=number(row["user_id"]),
            state="closed"
            if state in ("closed", "archived")
            else "deleted"
            if state == "deleted"
            else "open",
            status="" if status.lower() in _STANDARD_STATUSES else status,
            subject=subject or next((entry.subject for entry in entries if entry.subject), ""),
            priority=self.priority(priority),
            department_id=number(row["dept_id"]),
            sla_id=number(row["sla_id"]),
            topic_id=number(row["topic_id"]),
            staff_id=number(row["staff_id"]),
            team_id=number(row["team_id"]),
            email_id=number(row["email_id"]),
            answered=bool(number(row["isanswered"])),
            overdue=bool(number(row["isoverdue"])),
            due=self.moment(row["duedate"]) or self.moment(row["est_duedate"]),
            created=created,
            updated=self.moment(row["lastupdate"]) or created,
            closed=self.moment(row["closed"]),
            thread_id=thread_id,
            fields=[(label, value) for name, label, value in values if name not in ("subject", "priority")],
            entries=entries,
            events=events.get(thread_id, ()),
            collaborators=people.get(thread_id, ()),
            referred_to=referred.get(thread_id, ()),
        )

    def entries(self, thread_ids: Iterable[int]) -> dict[int, list[OldEntry]]:
        """Return what was written in some threads, in its order, without former versions."""
        rows = [
            row
            for row in self._tables.rows(
                "thread_entry",
                (
                    *("id", "thread_id", "staff_id", "user_id", "type", "flags", "poster", "title", "body"),
                    *("format", "created"),
                ),
                "thread_id",
                thread_ids,
                ("created", "id"),
            )
            if not number(row["flags"]) & _HIDDEN
        ]
        ids = [number(row["id"]) for row in rows]
        mails = {
            number(row["thread_entry_id"]): row
            for row in self._tables.rows(
                "thread_entry_email", ("thread_entry_id", "mid", "headers"), "thread_entry_id", ids
            )
        }
        files = self._files(ids)
        addresses = self._addresses(number(row["user_id"]) for row in rows)
        found: dict[int, list[OldEntry]] = {}
        for row in rows:
            entry_id = number(row["id"])
            mail = mails.get(entry_id)
            found.setdefault(number(row["thread_id"]), []).append(
                OldEntry(
                    id=entry_id,
                    kind=text(row["type"]),
                    staff_id=number(row["staff_id"]),
                    poster_name=text(row["poster"]),
                    poster_email=addresses.get(number(row["user_id"]), ""),
                    subject=text(row["title"]),
                    body=text(row["body"]),
                    is_html=text(row["format"]).lower() != "text",
                    created=self.moment(row["created"]) or datetime(1970, 1, 1, tzinfo=UTC),
                    message_id=text(mail["mid"]).strip() if mail else "",
                    headers=text(mail["headers"]) if mail else "",
                    files=files.get(entry_id, ()),
                )
            )
        return found

    def _addresses(self, user_ids: Iterable[int]) -> dict[int, str]:
        users = {
            number(row["id"]): number(row["default_email_id"])
            for row in self._tables.rows("user", ("id", "default_email_id"), "id", user_ids)
        }
        emails = {
            number(row["id"]): text(row["address"])
            for row in self._tables.rows("user_email", ("id", "address"), "id", users.values())
        }
        return {user: emails.get(email, "") for user, email in users.items()}

    def _files(self, entry_ids: Sequence[int]) -> dict[int, list[OldFile]]:
        links = [
            row
            for row in self._tables.rows(
                "attachment", ("object_id", "type", "file_id", "name", "inline"), "object_id", entry_ids
            )
            if row["type"] == "H"
        ]
        wanted = [number(row["file_id"]) for row in links]
        files = {
            number(row["id"]): row
            for row in self._tables.rows("file", ("id", "type", "name", "key", "bk"), "id", wanted)
        }
        chunks: dict[int, list[bytes]] = {}
        for row in self._tables.rows(
            "file_chunk", ("file_id", "chunk_id", "filedata"), "file_id", files, ("file_id", "chunk_id")
        ):
            chunks.setdefault(number(row["file_id"]), []).append(content(row["filedata"]))
        found: dict[int, list[OldFile]] = {}
        for row in links:
            file = files.get(number(row["file_id"]))
            if file is None or number(row["file_id"]) not in chunks:
                continue
            found.setdefault(number(row["object_id"]), []).append(
                OldFile(
                    text(row["name"]) or text(file["name"]),
                    text(file["type"]),
                    b"".join(chunks[number(row["file_id"])]),
                    bool(number(row["inline"])),
                    text(file["key"]),
                )
            )
        return found

    def files_elsewhere(self) -> int:
        """Return how many files of entries are not in the database but where a plug-in put them."""
        held = {number(row["file_id"]) for row in self._tables.rows("file_chunk", ("file_id",))}
        wanted = {
            number(row["file_id"])
            for row in self._tables.rows("attachment", ("file_id", "type"))
            if row["type"] == "H"
        }
        return len(wanted - held)

    def _events(self, thread_ids: Iterable[int]) -> dict[int, list[OldEvent]]:
        columns = ("thread_id", "event_id", "staff_id", "username", "data", "timestamp", "annulled")
        found: dict[int, list[OldEvent]] = {}
        for row in self._tables.rows("thread_event", columns, "thread_id", thread_ids, ("timestamp", "id")):
            at = self.moment(row["timestamp"])
            name = self._event_names.get(number(row["event_id"]), "")
            if number(row["annulled"]) or at is None or not name:
                continue
            try:
                data = json.loads(text(row["data"]) or "{}")
            except ValueError:
                data = {}
            found.setdefault(number(row["thread_id"]), []).append(
                OldEvent(
                    name,
                    number(row["staff_id"]),
                    text(row["username"]),
                    at,
                    data if isinstance(data, dict) else {},
                )
            )
        return found

    def _collaborators(self, thread_ids: Iterable[int]) -> dict[int, list[OldCollaborator]]:
        rows = [
            row
            for row in self._tables.rows(
                "thread_collaborator", ("thread_id", "user_id", "flags"), "thread_id", thread_ids, ("id",)
            )
            if number(row["flags"]) & _ACTIVE
        ]
        ids = [number(row["user_id"]) for row in rows]
        addresses = self._addresses(ids)
        names = {
            number(row["id"]): text(row["name"])
            for row in self._tables.rows("user", ("id", "name"), "id", ids)
        }
        found: dict[int, list[OldCollaborator]] = {}
        for row in rows:
            user = number(row["user_id"])
            if addresses.get(user):
                found.setdefault(number(row["thread_id"]), []).append(
                    OldCollaborator(names.get(user, ""), addresses[user])
                )
        return found

    def _referrals(self, thread_ids: Iterable[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        columns = ("thread_id", "object_id", "object_type")
        for row in self._tables.rows("thread_referral", columns, "thread_id", thread_ids):
            if row["object_type"] == "D":
                found.setdefault(number(row["thread_id"]), []).append(number(row["object_id"]))
        return found

    def _values(self, kind: str, ids: Iterable[int] | None = None) -> dict[int, list[tuple[str, str, str]]]:
        """Return what was filled into forms, (name, label, value), by what it was filled in for."""
        entries = {
            number(row["id"]): number(row["object_id"])
            for row in self._tables.rows(
                "form_entry", ("id", "object_id", "object_type"), "object_id" if ids is not None else "", ids
            )
            if row["object_type"] == kind
        }
        found: dict[int, list[tuple[str, str, str]]] = {}
        columns = ("entry_id", "field_id", "value", "value_id")
        for row in self._tables.rows("form_entry_values", columns, "entry_id", entries):
            name, label = self._labels.get(number(row["field_id"]), ("", ""))
            value = _plain_value(text(row["value"]))
            if name == "priority":
                value = text(row["value_id"]) or value
            if value:
                found.setdefault(entries[number(row["entry_id"])], []).append((name, label or name, value))
        return found

    def moment(self, value: object) -> datetime | None:
        """Return a time of the old desk in UTC; None where there is none."""
        if isinstance(value, datetime):
            return value.replace(tzinfo=self._zone).astimezone(UTC)
        try:
            return datetime.fromisoformat(str(value)).replace(tzinfo=self._zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def plain(body: str) -> str:
    """Return an HTML text of the old desk, or one that is plain already, as plain text."""
    if "<" not in body and "&" not in body:
        return clean(body).strip()
    return html_to_text(body).strip()


def shares_with_all(status: object) -> bool:
    """Whether an organization's people see all its tickets, by its status."""
    return bool(number(status) & _SHARED_WITH_ALL)


def number(value: object) -> int:
    """Return a number of a row, 0 for NULL and for what is none that a column holds."""
    try:
        found = int(value or 0)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return 0
    return found if abs(found) < 2**63 else 0


def text(value: object) -> str:
    """Return a text of a row, '' for NULL."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def content(value: object) -> bytes:
    """Return the bytes of a row."""
    return value if isinstance(value, bytes) else text(value).encode("utf-8", "surrogateescape")


def _plain_value(value: str) -> str:
    """Return the value of a field as text; choices are ``{"id": "text"}``."""
    if not value.startswith("{"):
        return value.strip()
    try:
        chosen = json.loads(value)
    except ValueError:
        return value.strip()
    return ", ".join(str(each) for each in chosen.values()) if isinstance(chosen, dict) else value.strip()
