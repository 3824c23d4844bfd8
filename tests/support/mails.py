"""Mail for the tests of intake, and a door through which it comes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.home import Desk
from desk.intake import pipeline, receipts
from desk.intake.arrivals import Arrival
from desk.intake.incoming import Outcome
from desk.intake.receipts import ReceiptView
from models.database import db
from models.engine import engine
from models.fields import utc_text
from models.queries.text import expression
from models.queries.tree import Word
from models.transactions import transaction

SUPPORT = "support@example.test"
SALES = "sales@example.test"
ANA = "Ana <ana@corp.test>"
BOB = "Bob <bob@corp.test>"
EVE = "Eve <eve@elsewhere.test>"

_ids = itertools.count(1)


def new_id() -> str:
    """A Message-ID that no other mail of the test run has; all are equally long, as tests compare sizes."""
    return f"<{next(_ids):08}@corp.test>"


def mail(
    text: str = "The printer is on fire.",
    *,
    sender: str | None = ANA,
    to: str | None = SUPPORT,
    cc: str | None = None,
    subject: str | None = "Printer",
    message_id: str | None = "",
    answers: str | None = None,
    references: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    received: str | None = None,
) -> bytes:
    """A plain mail; ``message_id`` '' makes a new one, None leaves it out."""
    fields: list[tuple[str, str | None]] = [
        ("Received", received),
        ("From", sender),
        ("To", to),
        ("Cc", cc),
        ("Subject", subject),
        ("Message-ID", new_id() if message_id == "" else message_id),
        ("In-Reply-To", answers),
        ("References", " ".join(references) or None),
        *(headers or {}).items(),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields if value is not None)
    return (head + "\r\n" + text + "\r\n").encode()


def bounce(original_id: str, address: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """A bounce as Postfix writes it (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.test\r\nTo: support@example.test\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: {new_id()}\r\nAuto-Submitted: auto-replied\r\nReturn-Path: <>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user here\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: support@example.test\r\nMessage-ID: {original_id}\r\n\r\n--b--\r\n"
    ).encode()


class Door:
    """The IMAP folders of a test: mail that arrives gets the next UID of its mailbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.uids = itertools.count(1)
        self.mailboxes: dict[str, int] = {}
        self.uidvalidity = 7

    def mailbox(self, address: str, *, department: str | None = None, **columns: Any) -> int:
        """Add a mailbox, if it is not there; it is a year old and sends, so that mail gets acknowledged."""
        if address in self.mailboxes:
            return self.mailboxes[address]
        values: dict[str, Any] = {
            "address": address,
            "name": address.partition("@")[0].title(),
            "department_id": None if department is None else self.department(department),
            "host": "imap.example.test",
            "smtp_host": "smtp.example.test",
            "outgoing_enabled": True,
            "created": utc_text(datetime.now(UTC) - timedelta(days=365)),
            **columns,
        }
        return self.mailboxes.setdefault(address, insert("mailbox", values))

    def department(self, name: str, **columns: Any) -> int:
        """The department's id; made if it is not there."""
        found = rows("SELECT id FROM department WHERE name = ?", name)
        return int(found[0][0]) if found else insert("department", {"name": name, "sla_id": 1, **columns})

    def arrival(self, raw: bytes, *, mailbox: str = SUPPORT, uid: int | None = None, **more: Any) -> Arrival:
        """An arrival in a mailbox's INBOX."""
        place = {"folder": "INBOX", "uidvalidity": self.uidvalidity, **more}
        number = next(self.uids) if uid is None else uid
        return Arrival(raw, "imap", self.mailbox(mailbox), uid=number, **place)

    def take(self, raw: bytes, **more: Any) -> Outcome:
        """Take one mail in."""
        return pipeline.take(self.desk, [self.arrival(raw, **more)])[0]

    def receipt(self, raw: bytes, **more: Any) -> ReceiptView:
        """Take one mail in and show its receipt."""
        return receipts.show(self.take(raw, **more).receipt_id)

    def agent(self, login: str = "kim", email: str = "kim@example.test") -> int:
        """An agent of the desk."""
        return insert(
            "agent",
            {"login": login, "name": login.title(), "email": email, "role_id": 1, "created": utc_text(now())},
        )

    def sent(self, ticket_id: int, *to: str, kind: str = "reply", message_id: str | None = None) -> str:
        """A mail of the desk that left for ``to``; returns its Message-ID."""
        from mail.compose import message_id as signed_ids
        from models import blobs

        secret = self.desk.message_secret
        name = message_id or signed_ids.make(str(ticket_id), "example.test", secret)
        delivery = insert(
            "delivery",
            {
                "kind": kind,
                "ticket_id": ticket_id,
                "mailbox_id": self.mailbox(SUPPORT),
                "message_id": name,
                "blob_id": blobs.put(name.encode()),
                "created": utc_text(now()),
                "not_before": utc_text(now()),
                "done": 1,
            },
        )
        for address in to:
            insert(
                "recipient",
                {"delivery_id": delivery, "address": address, "state": "sent", "updated": utc_text(now())},
            )
        return name


def now() -> datetime:
    return datetime.now(UTC)


def insert(table: str, values: Mapping[str, Any]) -> int:
    """Insert a row as it is; returns its id."""
    names = ", ".join(values)
    with transaction():
        (found,) = rows(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))}) RETURNING *",
            *values.values(),
        )
    return found[0] if isinstance(found[0], int) else 0


def _placed(sql: str) -> str:
    """A statement with ? for its values, as the engine in use wants it."""
    return sql if db.param == "?" else sql.replace("%", "%%").replace("?", "%s")


def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database says."""
    return list(db.execute_sql(_placed(sql), values).fetchall())


def without_parents() -> list[tuple[Any, ...]]:
    """The rows that refer to one that is not there; PostgreSQL lets there be none."""
    return rows("PRAGMA foreign_key_check") if db.param == "?" else []


def messages_saying(word: str) -> int:
    """How many messages the full-text index finds for a word."""
    return len(engine().messages_with(expression(Word(word)), None, None))


def value(sql: str, *values: Any) -> Any:
    """The one value that the database says."""
    return rows(sql, *values)[0][0]


def write(sql: str, *values: Any) -> None:
    """Change the database behind the desk's back."""
    with transaction():
        db.execute_sql(_placed(sql), values)


def messages_by_ticket() -> set[frozenset[str]]:
    """The Message-IDs of every ticket, as a partition of all mail."""
    found: dict[int, set[str]] = {}
    for ticket_id, name in rows("SELECT ticket_id, message_id FROM message"):
        found.setdefault(ticket_id, set()).add(name)
    return {frozenset(names) for names in found.values()}
