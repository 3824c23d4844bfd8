"""The database of an osTicket that was in use: the tables that an import reads, and rows made up here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

SALT = "kept-in-ost-config-php"
CODE = base64.b64encode(hashlib.md5(b"mail" + SALT.encode()).digest()).decode().replace("+", "=")[:6]

_TABLES = {
    "config": "id int auto_increment primary key, namespace varchar(64), `key` varchar(64), value text",
    "department": "id int primary key, pid int, sla_id int, email_id int, name varchar(128), signature text,"
    " flags int",
    "sla": "id int primary key, flags int, grace_period int, name varchar(64), notes text",
    "help_topic": "topic_id int primary key, topic_pid int, noautoresp tinyint, flags int, dept_id int,"
    " sla_id int, priority_id int, staff_id int, team_id int, status_id int, topic varchar(128),"
    " sequence_id int, number_format varchar(32)",
    "sequence": "id int primary key, name varchar(64), flags int, next bigint, increment int,"
    " padding char(1)",
    "ticket_priority": "priority_id tinyint primary key, priority varchar(60), priority_desc varchar(30)",
    "ticket_status": "id int primary key, name varchar(60), state varchar(16), mode int, flags int",
    "role": "id int primary key, flags int, name varchar(64), permissions text",
    "staff": "staff_id int primary key, dept_id int, role_id int, username varchar(32),"
    " firstname varchar(32), lastname varchar(32), email varchar(255), signature text, isactive tinyint,"
    " isadmin tinyint, onvacation tinyint",
    "staff_dept_access": "staff_id int, dept_id int, role_id int, flags int",
    "team": "team_id int primary key, lead_id int, flags int, name varchar(125), notes text",
    "team_member": "team_id int, staff_id int, flags int",
    "organization": "id int primary key, name varchar(128), manager varchar(16), status int,"
    " domain varchar(256)",
    "user": "id int primary key, org_id int, default_email_id int, status int, name varchar(128)",
    "user_email": "id int primary key, user_id int, flags int, address varchar(255)",
    "email": "email_id int primary key, noautoresp tinyint, priority_id int, dept_id int, topic_id int,"
    " email varchar(255), name varchar(255)",
    "email_account": "id int primary key, email_id int, type varchar(16), auth_bk varchar(128),"
    " active tinyint, host varchar(128), port int, folder varchar(255), protocol varchar(8),"
    " encryption varchar(8), fetchfreq int, fetchmax int, postfetch varchar(16), archivefolder varchar(255)",
    "canned_response": "canned_id int primary key, dept_id int, isenabled tinyint, title varchar(255),"
    " response text",
    "filter": "id int primary key, execorder int, isactive tinyint, name varchar(32)",
    "filter_rule": "id int primary key, filter_id int, what varchar(32), how varchar(16), val varchar(255),"
    " isactive tinyint",
    "task": "id int primary key, object_id int, number varchar(20)",
    "ticket": "ticket_id int primary key, ticket_pid int, number varchar(20), user_id int, user_email_id int,"
    " status_id int, dept_id int, sla_id int, topic_id int, staff_id int, team_id int, email_id int,"
    " flags int, source varchar(16), ip_address varchar(64), isoverdue tinyint, isanswered tinyint,"
    " duedate datetime, est_duedate datetime, reopened datetime, closed datetime, lastupdate datetime,"
    " created datetime, updated datetime",
    "ticket__cdata": "ticket_id int primary key, subject mediumtext, priority mediumtext",
    "form_field": "id int primary key, form_id int, type varchar(255), label varchar(255), name varchar(64)",
    "form_entry": "id int primary key, form_id int, object_id int, object_type char(1)",
    "form_entry_values": "entry_id int, field_id int, value text, value_id int",
    "thread": "id int primary key, object_id int, object_type char(1), created datetime",
    "thread_entry": "id int primary key, pid int, thread_id int, staff_id int, user_id int, type char(1),"
    " flags int, poster varchar(128), editor int, source varchar(32), title varchar(255), body mediumtext,"
    " format varchar(16), ip_address varchar(64), recipients text, created datetime, updated datetime",
    "thread_entry_email": "id int auto_increment primary key, thread_entry_id int, email_id int,"
    " mid varchar(255), headers text",
    "thread_collaborator": "id int primary key, flags int, thread_id int, user_id int, role char(1)",
    "thread_event": "id int auto_increment primary key, thread_id int, event_id int, staff_id int,"
    " team_id int, dept_id int, topic_id int, data varchar(1024), username varchar(128), annulled tinyint,"
    " `timestamp` datetime",
    "thread_referral": "id int primary key, thread_id int, object_id int, object_type char(1)",
    "event": "id int primary key, name varchar(60)",
    "attachment": "id int auto_increment primary key, object_id int, type char(1), file_id int,"
    " name varchar(255), inline tinyint, lang varchar(16)",
    "file": "id int primary key, ft char(1), bk char(1), type varchar(255), size bigint, `key` varchar(86),"
    " signature varchar(86), name varchar(255), created datetime",
    "file_chunk": "file_id int, chunk_id int, filedata longblob, primary key (file_id, chunk_id)",
}
_EVENTS = ("created", "closed", "reopened", "assigned", "released", "transferred", "overdue", "edited")
_CHUNK = 200


@dataclass(slots=True)
class OldDesk:
    """The statements that make the database, and what has to come out of an import of it."""

    sql: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    message_ids: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    """SHA-256 of each attachment."""
    messages: int = 0
    answered_by: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of some tickets: an id of a mail that the old desk sent, and the customer's address."""


def old_desk(tickets: int, seed: int = 1, prefix: str = "ost_", first: int = 1) -> OldDesk:
    """Make up a desk with so many tickets; `first` is the id of the first of them."""
    made = OldDesk()
    rows = _Rows(made.sql, prefix)
    if first == 1:
        made.sql.append("SET NAMES utf8mb4;")
        for table, columns in _TABLES.items():
            made.sql.append(
                f"CREATE TABLE `{prefix}{table}` ({columns}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
            )
        _house(rows)
    chance = random.Random(seed)
    for ticket_id in range(first, first + tickets):
        _ticket(rows, made, chance, ticket_id)
    rows.flush()
    return made


def old_mail_id(entry: int, thread: int, user: int = 7) -> str:
    """Return the Message-ID of a mail that the old desk sent."""
    tag = struct.pack("<III", user, entry, thread) + b"U"
    signed = tag + hmac.new(SALT.encode(), tag + b"abcde" + CODE.encode(), "sha1").digest()[-5:]
    return f"<B{CODE}-abcde-{base64.b64encode(signed).decode().rstrip('=')}-help@old.test>"


class _Rows:
    """Collects rows into statements of some hundred each."""

    def __init__(self, sql: list[str], prefix: str) -> None:
        self._sql = sql
        self._prefix = prefix
        self._waiting: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def add(self, table: str, **values: object) -> None:
        key = (table, tuple(values))
        self._waiting.setdefault(key, []).append(f"({', '.join(map(_literal, values.values()))})")

    def flush(self) -> None:
        for (table, columns), rows in self._waiting.items():
            named = ", ".join(f"`{column}`" for column in columns)
            for some in _pieces(rows):
                self._sql.append(f"INSERT INTO `{self._prefix}{table}` ({named}) VALUES {', '.join(some)};")
        self._waiting.clear()


def _pieces(rows: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"0x{value.hex()}" if value else "''"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{text}'"


def _house(rows: _Rows) -> None:
    for key, value in (("helpdesk_url", "https://help.old.test/"), ("helpdesk_title", "Old desk")):
        rows.add("config", namespace="core", key=key, value=value)
    rows.add("sla", id=1, flags=3, grace_period=18, name="Default SLA")
    rows.add("sla", id=2, flags=3, grace_period=4, name="Fast lane")
    rows.add("department", id=1, pid=0, sla_id=0, email_id=1, name="Support", signature="", flags=4)
    rows.add(
        "department",
        id=2,
        pid=1,
        sla_id=2,
        email_id=1,
        name="Hardware",
        signature="<p>Your<br>desk</p>",
        flags=4,
    )
    rows.add(
        "help_topic",
        topic_id=1,
        topic_pid=0,
        noautoresp=0,
        flags=2,
        dept_id=2,
        sla_id=2,
        priority_id=3,
        staff_id=0,
        topic="Printers",
    )
    for number, (priority, words) in enumerate(
        (("low", "Low"), ("normal", "Normal"), ("high", "High"), ("emergency", "Emergency")), 1
    ):
        rows.add("ticket_priority", priority_id=number, priority=priority, priority_desc=words)
    for number, (name, state) in enumerate(
        (
            ("Open", "open"),
            ("Resolved", "closed"),
            ("Closed", "closed"),
            ("Archived", "archived"),
            ("Deleted", "deleted"),
            ("Waiting for parts", "open"),
        ),
        1,
    ):
        rows.add("ticket_status", id=number, name=name, state=state, mode=3, flags=0)
    rows.add(
        "role",
        id=1,
        flags=1,
        name="All access",
        permissions='{"ticket.reply":1,"ticket.assign":1,"ticket.edit":1,"ticket.close":1,"ticket.delete":1}',
    )
    rows.add("role", id=2, flags=1, name="View only", permissions="[]")
    staff = (
        (1, "ana", "Ana", "Lind", 1, 1),
        (2, "bo", "Bo", "Ek", 1, 0),
        (3, "left.long.ago", "Cy", "Dahl", 0, 0),
    )
    for staff_id, username, first, last, active, admin in staff:
        rows.add(
            "staff",
            staff_id=staff_id,
            dept_id=1,
            role_id=1,
            username=username,
            firstname=first,
            lastname=last,
            email=f"{username}@old.test",
            signature="<b>Regards</b>, " + first,
            isactive=active,
            isadmin=admin,
            onvacation=0,
        )
    rows.add("staff_dept_access", staff_id=2, dept_id=2, role_id=2, flags=1)
    rows.add("team", team_id=1, lead_id=1, flags=1, name="Level II", notes="")
    rows.add("team_member", team_id=1, staff_id=2, flags=1)
    rows.add("organization", id=1, name="Mill & Co", manager="", status=16, domain="mill.test, mill.example")
    rows.add(
        "email",
        email_id=1,
        noautoresp=0,
        priority_id=2,
        dept_id=1,
        topic_id=1,
        email="help@old.test",
        name="Old help",
    )
    rows.add(
        "email_account",
        id=1,
        email_id=1,
        type="mailbox",
        auth_bk="basic",
        active=1,
        host="ssl://imap.old.test",
        port=993,
        folder="INBOX",
        protocol="IMAP",
        encryption="SSL",
        fetchfreq=3,
        fetchmax=20,
        postfetch="archive",
        archivefolder="Done",
    )
    rows.add(
        "email_account",
        id=2,
        email_id=1,
        type="smtp",
        auth_bk="mailbox",
        active=1,
        host="smtp.old.test",
        port=587,
        folder="",
        protocol="SMTP",
        encryption="NONE",
        fetchfreq=0,
        fetchmax=0,
        postfetch="nothing",
        archivefolder="",
    )
    rows.add(
        "canned_response",
        canned_id=1,
        dept_id=0,
        isenabled=1,
        title="Turn it off and on",
        response="<p>Dear %{ticket.name.first},</p><p>turn it off {{ and on }}.</p>",
    )
    rows.add("filter", id=1, execorder=99, isactive=1, name="SYSTEM BAN LIST")
    rows.add("filter", id=2, execorder=1, isactive=1, name="Newsletters")
    rows.add("filter_rule", id=1, filter_id=1, what="email", how="equal", val="spam@bad.test", isactive=1)
    rows.add("filter_rule", id=2, filter_id=2, what="subject", how="contains", val="newsletter", isactive=1)
    rows.add("task", id=1, object_id=1, number="7")
    rows.add("form_field", id=1, form_id=1, type="phone", label="Phone", name="phone")
    rows.add("form_field", id=2, form_id=2, type="choices", label="Building", name="building")
    for number, name in enumerate(_EVENTS, 1):
        rows.add("event", id=number, name=name)
    for user in range(1, 41):
        domain = "mill.test" if user % 4 == 0 else f"customer{user}.test"
        rows.add(
            "user",
            id=user,
            org_id=1 if user % 4 == 0 else 0,
            default_email_id=user * 2,
            status=0,
            name=f"Zoë Nr {user}" if user % 3 else f"Max O'Neil {user}",
        )
        rows.add("user_email", id=user * 2 - 1, user_id=user, flags=0, address=f"Second.{user}@{domain}")
        rows.add("user_email", id=user * 2, user_id=user, flags=0, address=f"user{user}@{domain}")
        rows.add("form_entry", id=user, form_id=1, object_id=user, object_type="U")
        rows.add("form_entry_values", entry_id=user, field_id=1, value=f"+49 30 {user:06}", value_id=None)


def _address(user: int) -> str:
    return f"user{user}@{'mill.test' if user % 4 == 0 else f'customer{user}.test'}"


def _ticket(rows: _Rows, made: OldDesk, chance: random.Random, ticket_id: int) -> None:
    user = chance.randint(1, 40)
    number = f"{100_000 + ticket_id * 7}"
    status = 5 if ticket_id % 97 == 0 else chance.choice((1, 1, 2, 3, 3, 3, 4, 6))
    answered = chance.random() < 0.7
    month, day = chance.randint(1, 9), chance.randint(1, 27)
    created = f"2024-{month:02}-{day:02} 09:{ticket_id % 60:02}:00"
    rows.add(
        "ticket",
        ticket_id=ticket_id,
        ticket_pid=0,
        number=number,
        user_id=user,
        user_email_id=0,
        status_id=status,
        dept_id=1 + ticket_id % 2,
        sla_id=1,
        topic_id=ticket_id % 2,
        staff_id=chance.randint(0, 3),
        team_id=1 if ticket_id % 5 == 0 else 0,
        email_id=1,
        flags=0,
        source="Email",
        ip_address="",
        isoverdue=0,
        isanswered=int(answered),
        duedate=None,
        est_duedate=f"2024-{month:02}-{day:02} 23:00:00",
        reopened=None,
        closed=f"2024-{month:02}-{day + 1:02} 12:00:00" if status in (2, 3, 4) else None,
        lastupdate=f"2024-{month:02}-{day + 1:02} 12:00:00",
        created=created,
        updated=created,
    )
    rows.add(
        "ticket__cdata",
        ticket_id=ticket_id,
        subject=f"Drucker № {ticket_id} – 'brennt' \\o/",
        priority=str(chance.randint(1, 4)),
    )
    rows.add("form_entry", id=100_000 + ticket_id, form_id=2, object_id=ticket_id, object_type="T")
    rows.add(
        "form_entry_values",
        entry_id=100_000 + ticket_id,
        field_id=2,
        value='{"b2":"Building 2"}',
        value_id=None,
    )
    rows.add("thread", id=50_000 + ticket_id, object_id=ticket_id, object_type="T", created=created)
    if status != 5:
        made.numbers.add(number)
    kinds = [
        "M",
        *(["R"] if answered else []),
        *(["N"] if ticket_id % 3 == 0 else []),
        *(["M"] if ticket_id % 4 == 0 else []),
    ]
    first_answer = 0
    for place, kind in enumerate(kinds):
        entry = ticket_id * 10 + place
        staff = chance.randint(1, 3) if kind != "M" else 0
        rows.add(
            "thread_entry",
            id=entry,
            pid=0,
            thread_id=50_000 + ticket_id,
            staff_id=staff,
            user_id=user if kind == "M" else 0,
            type=kind,
            flags=1 if place == 0 else 0,
            poster="Zoë" if kind == "M" else "Staff",
            source="Email",
            title="Drucker" if place == 0 else "",
            body=_body(kind, ticket_id),
            format="html" if ticket_id % 2 else "text",
            ip_address="",
            recipients=None,
            created=created.replace(" 09:", f" {10 + place}:"),
            updated=created,
        )
        if kind == "R" and not first_answer:
            first_answer = entry
        if kind == "M":
            mid = f"<{entry}.{ticket_id}@customer.test>"
            answers = old_mail_id(first_answer, 50_000 + ticket_id) if first_answer else ""
            headers = f"Message-ID: {mid}\nFrom: x\n" + (
                f"References: <a@b>\n {answers}\n" if answers else ""
            )
            rows.add("thread_entry_email", thread_entry_id=entry, email_id=1, mid=mid, headers=headers)
            if status != 5:
                made.message_ids.add(mid)
        if status != 5:
            made.messages += 1
        if ticket_id % 6 == 0 and place == 0:
            _files(rows, made, entry, ticket_id, left_out=status == 5)
    rows.add(
        "thread_entry",
        id=ticket_id * 10 + 9,
        pid=0,
        thread_id=50_000 + ticket_id,
        staff_id=0,
        user_id=user,
        type="M",
        flags=4,
        poster="Zoë",
        source="Email",
        title="",
        body="a former version",
        format="text",
        ip_address="",
        recipients=None,
        created=created,
        updated=created,
    )
    if ticket_id % 8 == 0:
        rows.add(
            "thread_collaborator",
            id=ticket_id,
            flags=1,
            thread_id=50_000 + ticket_id,
            user_id=user % 40 + 1,
            role="M",
        )
    rows.add(
        "thread_event",
        thread_id=50_000 + ticket_id,
        event_id=1,
        staff_id=0,
        data=None,
        username="SYSTEM",
        annulled=0,
        timestamp=created,
    )
    if status in (2, 3, 4):
        rows.add(
            "thread_event",
            thread_id=50_000 + ticket_id,
            event_id=2,
            staff_id=1,
            data='{"status":[3,"Closed"]}',
            username="ana",
            annulled=0,
            timestamp=created,
        )
    if first_answer and status in (1, 6):
        made.answered_by[number] = (old_mail_id(first_answer, 50_000 + ticket_id), _address(user))


def _files(rows: _Rows, made: OldDesk, entry: int, ticket_id: int, *, left_out: bool) -> None:
    for place, (name, kind) in enumerate((("Foto ä.png", "image/png"), ("log.txt", "text/plain"))):
        file_id = entry * 2 + place
        content = (
            random.Random(file_id).randbytes(3_000)
            if kind == "image/png"
            else b"line 1\r\nline \xff\xfe 2\n'\\\n" * 40
        )
        rows.add(
            "file",
            id=file_id,
            ft="T",
            bk="D",
            type=kind,
            size=len(content),
            key=f"key{file_id}",
            signature="s",
            name=name,
            created="2024-01-01 00:00:00",
        )
        rows.add("attachment", object_id=entry, type="H", file_id=file_id, name=None, inline=0, lang=None)
        for chunk, start in enumerate(range(0, len(content), 1_000)):
            rows.add("file_chunk", file_id=file_id, chunk_id=chunk, filedata=content[start : start + 1_000])
        if not left_out:
            made.files.append(hashlib.sha256(content).hexdigest())


def _body(kind: str, ticket_id: int) -> str:
    if ticket_id % 2:
        return f"<p>The printer &amp; <b>its</b> tray {ticket_id} are on fire.</p>"
    return f"C:\\temp\\{ticket_id} says 'no'\nand {kind} again"
