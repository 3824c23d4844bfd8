"""Whatever strangers write, no verb passes it to the terminal as anything but visible text."""

from __future__ import annotations

import re
import subprocess

from tests.generator import MUST_NOT_APPEAR, PAYLOADS, hostile_mails
from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import Program

CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")

PRINTING = [
    ["ticket", "list", "--view", "all", "--limit", "0"],
    ["ticket", "show", "-"],
    ["ticket", "show", "-", "--full"],
    ["ticket", "export", "-"],
    ["receipt", "list", "--limit", "0"],
    ["receipt", "show", "-r"],
    ["receipt", "replay", "-r"],
    ["outbox", "list", "--state", "all"],
    ["search", "owned"],
    ["search", "red"],
    ["log", "--limit", "0"],
    ["mailbox", "list"],
    ["mailbox", "show", "-m"],
    ["agent", "list"],
    ["department", "list"],
    ["sla", "list"],
    ["role", "list"],
    ["queue", "list"],
    ["settings", "list"],
    ["settings", "get", "alerts.to"],
    ["doctor", "--offline"],
]
"""Calls that print; -r and -m stand for - with receipts' ids and mailboxes' addresses."""

WITHOUT_JSON = {"export"}

POISON = r"""
import json, sys
from nightdesk.context import desk_open
from nightdesk.options import Options

hostile = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
columns = {
    "agent": ["name", "email"], "department": ["name", "signature"], "sla": ["name"], "role": ["name"],
    "queue": ["name", "query"],
    "mailbox": ["name", "host", "username", "folder", "last_error", "last_error_hint", "send_error"],
    "contact": ["name", "email"], "ticket": ["subject"], "ticket_tag": ["name"],
    "message": ["sender_name", "sender_email", "subject", "text"], "attachment": ["name", "type"],
    "receipt": ["sender", "subject", "reason", "message_id"], "delivery": ["subject"],
    "recipient": ["address", "detail"], "log_entry": ["source", "text", "detail"],
}
with desk_open(Options()) as desk:
    from models.database import db
    from models.transactions import transaction
    with transaction():
        for table, names in columns.items():
            for name in names:
                db.execute_sql(f"UPDATE OR IGNORE {table} SET {name} = {name} || ?", (hostile,))
        db.execute_sql("UPDATE receipt SET trace = ?", (json.dumps(["step", hostile]),))
        setting = "INSERT OR REPLACE INTO setting (key, value) VALUES ('alerts.to', ?)"
        db.execute_sql(setting, (json.dumps(hostile),))
        event = "UPDATE event SET detail = json_set(detail, '$.text', ?, '$.to', ?)"
        db.execute_sql(event, (hostile, hostile))
"""


def assert_inert(argv: list[str], written: bytes) -> None:
    found = CONTROL.search(written)
    assert found is None, (argv, written[max(0, found.start() - 40) : found.end() + 40])
    for token in MUST_NOT_APPEAR:
        at = written.find(token)
        assert at < 0, (argv, token, written[max(0, at - 40) : at + 40])


def walk(desk: Program) -> None:
    """Call every verb that prints, for people and as JSON, and look at its bytes."""
    receipts = desk("receipt", "list", "--limit", "0", "--json").out
    tickets = desk("ticket", "list", "--view", "all", "--limit", "0", "--json").out
    boxes = desk("mailbox", "list", "--json").out
    given = {"-": tickets, "-r": receipts, "-m": boxes}
    for call in PRINTING:
        argv = ["-" if item in given else item for item in call]
        stdin = next((given[item] for item in call if item in given), "")
        for more in ([], ["--json"]):
            if more and call[1] in WITHOUT_JSON:
                continue
            done = subprocess.run(
                [desk.interpreter, "-m", "nightdesk", *argv, *more],
                input=stdin.encode(),
                capture_output=True,
                env=desk.environment(),
                cwd=desk.home.parent,
                timeout=180,
                check=False,
            )
            assert done.returncode == 0, (argv, done.stderr[-2000:])
            assert_inert([*argv, *more], done.stdout)
            assert_inert([*argv, *more], done.stderr)


def test_hostile_mail_is_visible_text_in_every_verb(desk: Program) -> None:
    add_mailbox(desk)
    arrived = take_in(desk, [item.raw for item in hostile_mails(seed=7, to="support@desk.example")])
    numbers = [item.ticket for item in arrived if item.ticket]
    assert len(arrived) == 3 * len(PAYLOADS)
    assert len(numbers) > 80
    for number in numbers[:9]:
        replied = desk("ticket", "reply", number, "--body-file", "-", stdin="Is it real?")
        assert replied.status == 0, replied.err
        assert_inert(["reply"], (replied.out + replied.err).encode())
    walk(desk)


def test_text_that_was_stored_uncleaned_is_stopped_where_it_leaves(desk: Program) -> None:
    add_mailbox(desk, "support@desk.example", "--smtp-host", "smtp.desk.example")
    desk("agent", "add", "ana")
    (arrived,) = take_in(desk, [mail()])
    assert arrived.ticket
    desk("ticket", "tag", arrived.ticket, "vpn")
    desk("ticket", "reply", arrived.ticket, "--body-file", "-", stdin="Yes.")
    names = [
        "csi",
        "osc-52",
        "c1-osc",
        "all-c0",
        "all-c1",
        "bidi-override",
        "zero-width",
        "separators",
        "tags",
    ]
    poison = "owned red ".join(PAYLOADS[name] for name in names)
    poisoned = desk.python("-c", POISON, stdin=poison)
    assert poisoned.status == 0, poisoned.err
    walk(desk)


def test_what_is_typed_comes_back_inert_in_errors(desk: Program) -> None:
    names = ("csi", "osc-8", "bidi-override", "carriage-return", "c1-csi")
    payload = " ".join(PAYLOADS[name] for name in names)
    for call in (
        ["ticket", "show"], ["ticket", "list", "--view"], ["ticket", "list"], ["receipt", "show"],
        ["mailbox", "show"], ["mailbox", "add"], ["settings", "get"], ["agent", "add"], ["log", "--mailbox"],
        ["search"], ["department", "edit"], ["restore"], ["completion"], [],
    ):  # fmt: skip
        done = desk(*call, payload)
        assert_inert(call, done.out.encode("utf-8", "surrogateescape"))
        assert_inert(call, done.err.encode("utf-8", "surrogateescape"))
        assert done.err.count("\n") <= 1
