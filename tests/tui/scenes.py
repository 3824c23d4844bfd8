"""What the other screens than Tickets show: the mailboxes, events, mails and receipts of the frames."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from config import clock
from desk import logs, schedules
from desk.fetching import runs
from desk.home import Desk
from desk.intake import receipts
from desk.intake.arrivals import Arrival
from desk.mailboxes import health, registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.outbox import deliveries
from desk.permissions import Actor
from mail.errors import LoginRefused
from models.blobs import Blob
from models.deliveries import Delivery, Recipient
from models.receipts import Receipt
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.screen import until
from tui.app import NightdeskApp

DESK_MODULES = (runs, logs, registry, deliveries, receipts, schedules)
"""Imported so that `stop_clock` finds their clocks."""

HOSTILE = "\x1b]52;c;cHduZWQ=\x07\x1b[2J\u202e[/foo][@click=app.quit]x[/]\x9b31m\u200b"
BOUNDARIES = 80

PLAIN_MAIL = (
    b"From: Ana Prado <ana@corp.example>\r\nTo: support@corp.example\r\nSubject: VPN drops\r\n"
    b"Message-ID: <a1@corp.example>\r\n\r\nHello\r\n"
)
DEEP_MAIL = (
    b"From: Eve <eve@corp.example>\r\nTo: support@corp.example\r\nSubject: nested too deep\r\n"
    b"Message-ID: <deep@corp.example>\r\nMIME-Version: 1.0\r\n"
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(BOUNDARIES)
    )
    + b"Content-Type: text/plain\r\n\r\nhi\r\n"
)


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the desk's clock stand where the app's does."""
    for name, module in list(sys.modules.items()):
        if name.startswith("desk.") and getattr(module, "now", None) is clock.now:
            monkeypatch.setattr(module, "now", lambda: NOW)


def start_in(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Let the app begin with another screen than Tickets, and look at the desk at once."""
    monkeypatch.setattr(NightdeskApp, "DEFAULT_MODE", mode)
    monkeypatch.setattr(NightdeskApp, "on_ready", NightdeskApp.first_painted, raising=False)


def add_mailbox(desk: Desk, actor: Actor, **values: object) -> int:
    """Add a mailbox whose password comes from a command; returns its id."""
    secrets = MailboxSecrets(SecretInput("pass_cmd", "pass show mail/noc"))
    return int(registry.add(desk, actor, check(values), secrets).id)


def mailboxes_of_the_frame(desk: Desk, actor: Actor) -> dict[str, int]:
    """The four mailboxes of the frame: two OK, one refused, one switched off."""
    ids = {
        name: add_mailbox(desk, actor, name=name, **values)
        for name, values in {
            "it-support": {
                "address": "support@corp.ex",
                "host": "mail.corp.ex",
                "smtp_host": "mail.corp.ex",
            },
            "hr-desk": {"address": "hr-desk@corp.ex", "host": "mail.corp.ex", "smtp_host": "mail.corp.ex"},
            "net-ops": {
                "address": "noc@corp.ex",
                "host": "imap.gmail.com",
                "after_fetch": "move:Helpdesk/Done",
                "smtp_host": "smtp.gmail.com",
            },
            "archive": {"address": "old@corp.ex", "host": "mail.corp.ex"},
        }.items()
    }
    health.record_success(ids["it-support"], 3, NOW)
    health.record_success(ids["hr-desk"], 0, NOW)
    refused = LoginRefused(
        "Login was refused by imap.gmail.com:993 as noc@corp.ex",
        server_words="[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
    )
    for minutes in (30, 20, 0):
        health.record_failure(ids["net-ops"], refused, NOW - timedelta(minutes=minutes))
    registry.switch(actor, "old@corp.ex", incoming=False)
    return ids


def events(count: int = 60) -> None:
    """A log with one error and one warning near its newest end and one error far down."""
    for number in range(count):
        logs.write("info", "fetch", f"{number} new, 0 dup, 0 failed")
        if number == count // 10:
            logs.write("error", "fetch", "the oldest error")
        if number == count - 5:
            logs.write(
                "error",
                "fetch",
                "AUTHENTICATIONFAILED, try 3, next 10:52",
                detail="C: a2 LOGIN noc@corp.ex ********\nS: a2 NO [AUTHENTICATIONFAILED] no",
            )
        if number == count - 3:
            logs.write("warning", "send", "451 greylisted, retry 2 at 10:51")


def take(desk: Desk, *mails: bytes) -> None:
    """Let mails come in by another door than a mailbox."""
    from desk.intake import pipeline

    pipeline.take(desk, [Arrival(raw=raw, door="import", mailbox_id=None) for raw in mails])
    Receipt.update(received=NOW - timedelta(minutes=5)).execute()


def mail_out(number: str, **states: tuple[str, str]) -> int:
    """A mail of a ticket with (state, server's words) for each local part; returns its id."""
    ticket = Ticket.get(Ticket.number == number)
    blob = Blob.create(sha256=f"{number:0>64}", size=4, codec="raw", data=b"mail")
    waits = any(state in ("queued", "deferred") for state, _ in states.values())
    delivery = Delivery.create(
        kind="acknowledgement",
        ticket=ticket,
        mailbox=ticket.mailbox,
        message_id=f"<{number}.nd@desk.example>",
        envelope_from="support@corp.example",
        subject=f"Re: {ticket.subject}",
        blob=blob,
        created=NOW - timedelta(minutes=20),
        not_before=NOW + timedelta(minutes=9),
        attempts=2,
        done=not waits,
    )
    for name, (state, words) in states.items():
        Recipient.create(
            delivery=delivery,
            address=f"{name}@corp.example",
            state=state,
            code=int(words[:3]) if words[:3].isdigit() else None,
            detail=words,
            updated=NOW,
        )
    return int(delivery.id)


async def open_thread(pilot: Pilot[int]) -> None:
    """Go from the list of the frames into its first ticket."""
    await until(pilot, "Lisbon office")
    await pilot.press("enter")
    await until(pilot, "msg 4/4")


async def begin_answer(pilot: Pilot[int]) -> None:
    """Go from the list of the frames into the editor of an answer to its first ticket."""
    await until(pilot, "Lisbon office")
    await pilot.press("r")
    await until(pilot, "mail goes to 1 address")


async def open_quarantine(pilot: Pilot[int]) -> None:
    """Go to the quarantine, where one mail lies that is nested too deep."""
    await until(pilot, "1!")
    await pilot.press("7")
    await until(pilot, "nested too deep")
