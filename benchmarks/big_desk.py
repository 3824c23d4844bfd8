"""A desk with many tickets, generated straight into SQLite: what the benchmarks measure against.

``python -m benchmarks.big_desk HOME/data/desk.sqlite3 [--tickets N]``. The same number and seed give the same
desk. About a quarter of the tickets is not closed; every one has its contact, first
message with raw mail and receipt; every third has an answer with its delivery; all text is indexed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import open_desk
from models import sqlite, words
from models.fields import utc_text
from models.opening import close_database

MILLION = 1_000_000
YEARS = 3
AGENTS = ("ada", "bjarne", "chen", "dmitri", "edsger", "fatima", "grace", "hanako", "ivan", "jose")
DEPARTMENTS = ("Support", "Network", "Workplace", "Accounts")
MAILBOXES = ("support@example.test", "network@example.test", "workplace@example.test")
HOSTS = (
    "acme.test",
    "globex.test",
    "initech.test",
    "umbrella.test",
    "hooli.test",
    "stark.test",
    "wayne.test",
)
GIVEN = (
    "Ann",
    "Bob",
    "Carla",
    "Dmitri",
    "Élodie",
    "Fatima",
    "Günther",
    "Hanako",
    "Ivan",
    "José",
    "Kateřina",
    "Liang",
    "Nadia",
    "Olga",
    "Søren",
    "Wei",
)
FAMILY = (
    "Smith",
    "Müller",
    "García",
    "Rossi",
    "Novák",
    "Kowalski",
    "Dubois",
    "Tanaka",
    "Wang",
    "O'Brien",
    "Haddad",
    "Schäfer",
    "Łukasz",
    "Brown",
)
THINGS = (
    "printer",
    "VPN",
    "mailbox",
    "laptop",
    "invoice",
    "password",
    "account",
    "phone",
    "badge",
    "database",
    "website",
    "backup",
    "server",
)
TROUBLES = (
    "does not work",
    "is broken since this morning",
    "shows an error",
    "cannot be opened",
    "is very slow",
    "keeps crashing",
    "has expired",
)
TAGS = ("vpn", "hardware", "urgent-ish", "onboarding", "licence", "third-party")
SYLLABLES = [consonant + vowel for consonant in "bdklmnrst" for vowel in "aeiou"]
PARAGRAPHS = 4_000
AT_ONCE = 20_000
RANDOM_INDEXES = (
    "receipt_digest",
    "message_message_id",
    "message_sender",
    "ticket_contact",
    "recipient_address",
)


def create(path: Path, tickets: int = MILLION, seed: int = 1) -> Path:
    """Make a desk with so many tickets, its database at ``path``; home is the directory above ``data``."""
    paths = DeskPaths(path.parent.parent if path.parent.name == "data" else path.parent, database=path)
    open_desk(paths, Settings(), create=True)
    close_database()
    connection = sqlite3.connect(paths.database, isolation_level=None)
    for pragma in (
        "synchronous = OFF",
        "journal_mode = MEMORY",
        "cache_size = -400000",
        "foreign_keys = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    rebuilt = _without_indexes(connection)
    _Generator(connection, tickets, random.Random(seed)).run()
    for statement in rebuilt:
        connection.execute(statement)
    words.add_to(connection)
    connection.execute(sqlite.INDEXED)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return paths.database


def _without_indexes(connection: sqlite3.Connection) -> list[str]:
    """Drop triggers, and indexes that grow in order of time; returns the statements that make them again.

    An index over random keys grows with the rows: built at the end its pages would be full, as no desk's are,
    and every later insert would split one.
    """
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    # Unique ones keep names apart while rows are written.
    dropped = [
        row for row in found if row[1] not in RANDOM_INDEXES and not row[2].startswith("CREATE UNIQUE")
    ]
    for kind, name, _ in dropped:
        connection.execute(f"DROP {kind} {name}")
    return [sql for _, _, sql in dropped]


class _Generator:
    def __init__(self, connection: sqlite3.Connection, tickets: int, dice: random.Random) -> None:
        self.connection = connection
        self.tickets = tickets
        self.dice = dice
        self.end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.step = timedelta(days=365 * YEARS) / max(tickets, 1)
        self.paragraphs = self._made_paragraphs()
        self.contacts = max(20, tickets // 5)

    def run(self) -> None:
        self._people()
        for first in range(1, self.tickets + 1, AT_ONCE):
            self._some(range(first, min(first + AT_ONCE, self.tickets + 1)))
        self.connection.execute("UPDATE sequence SET next = ? WHERE name = 'ticket'", (self.tickets + 1,))

    def _made_paragraphs(self) -> list[str]:
        """Few words are frequent, many are rare, as in any language."""
        words = [
            "".join(self.dice.choices(SYLLABLES, k=length))
            for length in (1, 2, 2, 3, 3, 4)
            for _ in range(2_000)
        ]
        weights = [1 / (rank + 8) for rank in range(len(words))]
        return [
            " ".join(self.dice.choices(words, weights, k=self.dice.randint(12, 30)))
            for _ in range(PARAGRAPHS)
        ]

    def _people(self) -> None:
        begin = utc_text(self.end - timedelta(days=365 * YEARS))
        run = self.connection.executemany
        run(
            "INSERT OR IGNORE INTO department (name, sla_id) VALUES (?, 1)", [(name,) for name in DEPARTMENTS]
        )
        run(
            "INSERT INTO agent (login, name, email, role_id, created) VALUES (?, ?, ?, 1, ?)",
            [(login, login.title(), f"{login}@example.test", begin) for login in AGENTS],
        )
        run(
            "INSERT INTO mailbox (address, name, department_id, host, incoming_enabled, created) "
            "VALUES (?, 'Support', ?, 'imap.example.test', 0, ?)",
            [(address, place, begin) for place, address in enumerate(MAILBOXES, 1)],
        )
        run(
            "INSERT INTO contact (id, email, name, created) VALUES (?, ?, ?, ?)",
            ((place, *self._person(place), begin) for place in range(1, self.contacts + 1)),
        )

    def _person(self, place: int) -> tuple[str, str]:
        name = f"{GIVEN[place % len(GIVEN)]} {FAMILY[place // 7 % len(FAMILY)]}"
        return f"user{place}@{HOSTS[place % len(HOSTS)]}", name

    def _some(self, numbers: range) -> None:
        rows: dict[str, list[tuple[Any, ...]]] = {
            table: []
            for table in ("ticket", "message", "receipt", "blob", "event", "delivery", "recipient", "tag")
        }
        for number in numbers:
            self._ticket(number, rows)
        run = self.connection.executemany
        run("INSERT INTO blob (id, sha256, size, codec, data) VALUES (?, ?, ?, 'raw', ?)", rows["blob"])
        run(
            "INSERT INTO ticket (id, number, subject, status, priority, department_id, sla_id, contact_id, "
            "assignee_id, mailbox_id, created, updated, due, overdue, closed, last_customer, last_answer, "
            "message_count, waiting_since) "
            f"VALUES ({','.join('?' * 19)})",
            rows["ticket"],
        )
        run(
            "INSERT INTO receipt (id, door, mailbox_id, folder, uidvalidity, uid, message_id, sender, "
            "subject, received, verdict, ticket_id, trace, digest, blob_id, disposed) "
            "VALUES (?, 'imap', ?, 'INBOX', 1, ?, ?, ?, ?, ?, 'ticket', ?, ?, ?, ?, ?)",
            rows["receipt"],
        )
        run(
            "INSERT INTO message (id, ticket_id, kind, agent_id, sender_name, sender_email, recipients, "
            f"subject, text, message_id, created, receipt_id, blob_id) VALUES ({','.join('?' * 13)})",
            rows["message"],
        )
        run("INSERT INTO event (ticket_id, at, kind) VALUES (?, ?, 'created')", rows["event"])
        run("INSERT INTO ticket_tag (ticket_id, name) VALUES (?, ?)", rows["tag"])
        run(
            "INSERT INTO delivery (id, kind, ticket_id, message_ref_id, mailbox_id, message_id, "
            "envelope_from, subject, blob_id, created, not_before, attempts, done) "
            "VALUES (?, 'reply', ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)",
            rows["delivery"],
        )
        run(
            "INSERT INTO recipient (delivery_id, address, state, code, updated) "
            "VALUES (?, ?, 'sent', 250, ?)",
            rows["recipient"],
        )

    def _ticket(self, number: int, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        dice = self.dice
        at = self.end - self.step * (self.tickets - number)
        created = utc_text(at)
        contact = dice.randint(1, self.contacts)
        email, name = self._person(contact)
        subject = f"{dice.choice(THINGS).capitalize()} {dice.choice(TROUBLES)} {dice.randint(100, 999)}"
        text = (
            "\n\n".join(dice.choices(self.paragraphs, k=3))
            + f"\n\nSerial number {dice.getrandbits(32):08X}\n"
        )
        mailbox = dice.randint(1, len(MAILBOXES))
        message_id = f"<{dice.getrandbits(64):016x}.{number}@{email.partition('@')[2]}>"
        to = MAILBOXES[mailbox - 1]
        raw = (
            f"From: {name} <{email}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n" + text.replace("\n", "\r\n")
        ).encode()
        sha256 = hashlib.sha256(raw).hexdigest()
        message = number * 2 - 1
        answered = number % 3 == 0
        status = dice.choices(("new", "open", "waiting", "closed"), (5, 14, 6, 75))[0]
        answer = utc_text(at + timedelta(hours=2))
        updated = answer if answered else created
        is_open = status != "closed"
        assignee = dice.randint(1, len(AGENTS)) if not is_open or dice.random() < 0.6 else None
        rows["blob"].append((number, sha256, len(raw), raw))
        rows["ticket"].append(
            (
                number,
                str(number),
                subject,
                status,
                dice.choices((1, 2, 3, 4), (10, 70, 15, 5))[0],
                mailbox,
                1,
                contact,
                assignee,
                mailbox,
                created,
                updated,
                utc_text(at + timedelta(hours=18)) if is_open else None,
                is_open and dice.random() < 0.2,
                None if is_open else updated,
                created,
                answer if answered else None,
                2 if answered else 1,
                None if answered else created,
            )
        )
        trace = json.dumps([f"came by imap {to}, folder INBOX, UID {number}", f"new ticket {number}"])
        rows["receipt"].append(
            (
                number,
                mailbox,
                number,
                message_id,
                f"{name} <{email}>",
                subject,
                created,
                number,
                trace,
                sha256,
                number,
                created,
            )
        )
        rows["message"].append(
            (
                message,
                number,
                "customer",
                None,
                name,
                email,
                json.dumps({"to": [["", to]]}),
                subject,
                text,
                message_id,
                created,
                number,
                number,
            )
        )
        rows["event"].append((number, created))
        if dice.random() < 0.1:
            rows["tag"].append((number, dice.choice(TAGS)))
        if answered:
            self._answer(number, message + 1, mailbox, email, subject, answer, rows)

    def _answer(
        self,
        number: int,
        message: int,
        mailbox: int,
        email: str,
        subject: str,
        at: str,
        rows: dict[str, list[tuple[Any, ...]]],
    ) -> None:
        dice = self.dice
        agent = dice.randint(1, len(AGENTS))
        login = AGENTS[agent - 1]
        message_id = f"<nd.{dice.getrandbits(64):016x}.{number}@example.test>"
        rows["message"].append(
            (
                message,
                number,
                "reply",
                agent,
                login.title(),
                MAILBOXES[mailbox - 1],
                json.dumps({"to": [["", email]]}),
                f"Re: [#{number}] {subject}",
                dice.choice(self.paragraphs),
                message_id,
                at,
                None,
                None,
            )
        )
        rows["delivery"].append(
            (number, number, message, mailbox, message_id, MAILBOXES[mailbox - 1], subject, number, at, at)
        )
        rows["recipient"].append((number, email, at))


def main() -> None:
    """Make a desk and say how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--tickets", type=int, default=MILLION)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.perf_counter()
    database = create(arguments.path, arguments.tickets, arguments.seed)
    size = database.stat().st_size / 2**20
    print(f"{database}: {arguments.tickets} tickets, {size:.0f} MB, {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
