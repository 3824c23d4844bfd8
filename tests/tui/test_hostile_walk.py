"""Hostile mails walked over every screen in a real terminal: none of their steering bytes come out."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from models.database import db
from models.mailboxes import Mailbox
from models.transactions import transaction
from tests.generator.hostile import MUST_NOT_APPEAR, PAYLOADS, hostile_mails
from tests.support.frames import NOW
from tests.support.workbench import make_ticket
from tests.tui.terminal import Terminal

SHORT = {name: text[:3000].encode("utf-8", "replace").decode() for name, text in PAYLOADS.items()}


def nothing_came_out(terminal: Terminal) -> None:
    sent = bytes(terminal.sent)
    found = [payload for payload in MUST_NOT_APPEAR if payload in sent]
    assert found == [], f"{found} in what was sent; the screen was:\n{terminal.text()}"
    assert "OWNED" not in terminal.screen.title + terminal.screen.icon_name


def until_read(terminal: Terminal, count: int) -> None:
    """Wait until so many tickets were opened, by what the desk knows of it."""
    until = time.monotonic() + 60
    while db.execute_sql("SELECT count(*) FROM seen").fetchone()[0] < count:
        assert time.monotonic() < until, f"ticket {count} was not opened:\n{terminal.text()}"
        terminal.pump(0.02)


def look(terminal: Terminal, key: str, text: str) -> None:
    """Open a screen with a key, and see that it is there."""
    terminal.press(key)
    terminal.wait(text)


def walk_threads(terminal: Terminal) -> None:
    """Every ticket of the list in the thread screen, some with headers, raw mail, why and files."""
    count = db.execute_sql("SELECT count(*) FROM ticket").fetchone()[0]
    terminal.press("enter")
    for number in range(count):
        until_read(terminal, number + 1)
        terminal.press("H", "Q")
        terminal.quiet(0.03, 2)
        if number % 5 == 0:
            terminal.press("V")
            terminal.quiet(0.03, 2)
        if number % 10 == 0:
            look(terminal, "W", "What became of this mail")
            terminal.press("q")
            terminal.wait_gone("What became of this mail")
            look(terminal, "o", "Files of this message")
            terminal.press("q")
            terminal.wait_gone("Files of this message")
        if number % 20 == 0:
            look(terminal, "y", "─ Copy ")
            terminal.press("i")
            terminal.wait_gone("─ Copy ")
        terminal.press("}")
    terminal.wait("There is no other ticket in this list")
    terminal.press("q")
    terminal.wait("[ ] view")


def walk_everything_else(terminal: Terminal) -> None:
    """Compose, review and its preview, mailboxes, logs, settings, outbox, quarantine, help, palette."""
    terminal.press("g")
    look(terminal, "r", "Esc keeps the draft")
    terminal.type("an answer")
    look(terminal, "ctrl+s", "nothing is sent before y")
    look(terminal, "w", "Subject: ")
    terminal.escape(3)
    terminal.wait("[1]Tickets")
    for key, place in (("2", "[2]Mail"), ("3", "[3]Logs"), ("5", "[5]Set")):
        look(terminal, key, place)
        terminal.press("j", "j", "enter")
        terminal.quiet(0.1, 3)
        terminal.escape()
    look(terminal, "1", "[1]Tickets")
    for name, title in (("outbox", "─ Outbox: "), ("quarantine", "─ Receipts: ")):
        look(terminal, ":", "letters of a command")
        terminal.type(name)
        terminal.wait(f": {name}")
        look(terminal, "enter", title)
        terminal.press("j", "j", "enter")
        terminal.quiet(0.1, 3)
        terminal.back_to("[1]Tickets", title)
    look(terminal, "?", "Type to filter, ret runs the command")
    terminal.escape()
    terminal.wait("[1]Tickets")


def hostile_mailbox() -> Mailbox:
    return Mailbox.create(
        address="support@corp.example",
        name=SHORT["osc-52"],
        host=SHORT["csi"],
        created=NOW,
        last_error=SHORT["osc-title"],
        last_error_hint=SHORT["c1-csi"],
        error_count=3,
        last_error_kind="login",
        outgoing_enabled=True,
        smtp_host="127.0.0.1",
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mails_that_came_in_by_the_door(empty_desk: Desk, tmp_path: Path) -> None:
    mails = [mail for mail in hostile_mails() if len(mail.raw) < 200_000]
    taken = pipeline.take(empty_desk, [Arrival(mail.raw, "pipe", None) for mail in mails])
    tickets = sum(1 for one in taken if one.ticket_number)
    assert tickets > 80
    hostile_mailbox()
    with Terminal(empty_desk.paths.home, 120, 40) as terminal:
        terminal.wait("All open")
        for _ in range(0, tickets, 10):
            terminal.press("pagedown")
            terminal.quiet(0.15, 2)
        terminal.press("g")
        terminal.quiet(0.2, 2)
        walk_threads(terminal)
        walk_everything_else(terminal)
        nothing_came_out(terminal)
        terminal.press("q")
        assert terminal.ended() == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_text_that_was_stored_uncleaned(empty_desk: Desk, size: tuple[int, int]) -> None:
    """As if intake had a hole: the gate before the terminal alone must hold."""
    with transaction():
        box = hostile_mailbox()
        for number, (name, text) in enumerate(SHORT.items(), 1):
            # The first of the list can be answered.
            address = "eve@x.example" if number == 1 else f"{number}{text[:200]}@x"
            make_ticket(
                text,
                f"{text}\n{text} {name}",
                requester=address,
                name=text,
                mailbox=box,
                moment=NOW,
                tags=[text[:60]],
                message={
                    "sender_email": address if number == 1 else text[:80],
                    "recipients": {"to": [[text, text[:80]]]},
                    "message_id": f"<{number}@x>",
                },
                number=str(number),
                updated=NOW - timedelta(minutes=number),
                last_customer=None,
            )
            db.execute_sql(
                "INSERT INTO log_entry (at, level, source, text, detail) VALUES (?, 'error', 'fetch', ?, ?)",
                ("2026-03-18T10:00:00.000000Z", text, text),
            )
    with Terminal(empty_desk.paths.home, *size) as terminal:
        terminal.wait("All open")
        for _ in range(len(SHORT)):
            terminal.press("j")
            terminal.quiet(0.05, 0.5)
        terminal.press("g")
        terminal.quiet(0.2, 2)
        walk_threads(terminal)
        walk_everything_else(terminal)
        nothing_came_out(terminal)


def test_clickable_markup_in_a_subject_is_only_text(empty_desk: Desk) -> None:
    subject = "[@click=app.leave]quit[/] [/foo]"
    make_ticket(subject, None, requester="x@y", name="[@click=app.leave]x[/]", number="1", moment=NOW)
    with Terminal(empty_desk.paths.home) as terminal:
        screen = terminal.wait(subject)
        row = next(index for index, line in enumerate(screen.splitlines()) if "quit[/]" in line)
        for column in range(18, 50, 3):
            terminal.type(f"\x1b[<0;{column};{row + 1}M\x1b[<0;{column};{row + 1}m")
        terminal.quiet(0.5, 3)
        assert "[1]Tickets" in terminal.text() or "#1" in terminal.text()
        assert terminal.ended(0.5) is None
