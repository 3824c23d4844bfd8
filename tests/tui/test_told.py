"""Told: what came is flashed and counted in the terminal's title; bell and desktop notice where chosen.

Title, bell and notices are no part of the screen: a terminal of one size shows them as well as any other.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from desk.alerts import on_screen
from desk.home import Desk
from desk.mailboxes import health
from desk.permissions import Actor
from desk.replies import reply
from desk.staff import preferences
from desk.staff.preferences import ToldBy
from desk.tickets import changes, lifecycle
from mail.errors import LoginRefused
from models.agents import Agent
from models.fields import utc_text
from models.mailboxes import Mailbox
from models.messages import NewMessage
from models.tickets import Ticket
from models.transactions import transaction
from tests.support.rows import every_row
from tests.tui.scenes import HOSTILE
from tests.tui.screen import SMALL_AND_LARGE, screen_text, settled, until, until_told_from_now
from tests.tui.terminal import Terminal
from tui.app import NightdeskApp
from tui.terminal.calls import calls


@pytest.fixture
def jo(desk: Desk, actor: Actor) -> Actor:
    """Jo, who may do everything too."""
    agent = Agent.get(Agent.login == "jo")
    return actor._replace(agent_id=agent.id, login="jo", name=agent.name, email=agent.email)


def mail_on(number: str, text: str = "One more thing") -> None:
    """A customer writes on a ticket."""
    moment = now()
    message = NewMessage(
        kind="customer",
        sender_name="Ana Prado",
        sender_email="ana@corp.example",
        text=text,
        created=utc_text(moment),
    )
    with transaction():
        lifecycle.customer_wrote(Ticket.get(Ticket.number == number).id, message, None, moment)


def mail_on_two() -> None:
    mail_on("1042")
    mail_on("1035")


def not_delivered(number: str) -> None:
    with transaction():
        lifecycle.delivery_failed(Ticket.get(Ticket.number == number).id, "x@y.example", "550", now())


def told(actor: Actor, happen: Callable[[], object]) -> list[str]:
    """What an agent is told of what happens."""
    before = on_screen.newest()
    happen()
    return [each.words for each in on_screen.since(actor, before)[0]]


def test_an_agent_is_told_of_their_tickets_and_of_nobodys_and_of_nothing_they_did(
    desk: Desk, actor: Actor, jo: Actor
) -> None:
    assert told(actor, lambda: mail_on("1042")) == [
        "Mail on #1042: VPN drops every 30 min since the 9.2 upgrade"
    ]
    assert told(actor, lambda: mail_on("1039"))[0].startswith("Mail on #1039")
    assert told(actor, lambda: mail_on("1027")) == [], "that is Jo's"
    assert told(jo, lambda: mail_on("1027"))[0].startswith("Mail on #1027")
    assert told(actor, lambda: changes.assign(jo, ["1041"], "ana"))[0].startswith("#1041 is yours now")
    assert told(actor, lambda: changes.assign(actor, ["1036"], "ana")) == []
    assert told(actor, lambda: changes.assign(actor, ["1036"], "jo")) == []
    assert told(actor, lambda: not_delivered("1039"))[0].startswith("An answer did not arrive, #1039")
    assert told(actor, lambda: reply.add_note(jo, "1039", "seen"))[0].startswith("Note on #1039")
    assert told(actor, lambda: reply.add_note(actor, "1039", "seen")) == []
    assert told(actor, lambda: reply.add_note(jo, "1027", "@ana, look"))[0].startswith("Note on #1027")
    assert told(actor, lambda: reply.add_note(jo, "1027", "ask ana@corp.example")) == []
    elsewhere = actor._replace(department_id=99)
    assert told(elsewhere, lambda: mail_on("1042")) == []
    assert told(elsewhere, lambda: mail_on("1039")) != []


def test_what_an_agent_does_not_want_is_not_told_either(desk: Desk, actor: Actor) -> None:
    Agent.update(preferences={"notify": ["assigned"]}).where(Agent.id == actor.agent_id).execute()
    assert told(actor, lambda: mail_on("1039")) == []


def test_old_mail_that_is_imported_is_no_news(desk: Desk, actor: Actor) -> None:
    from desk.replies import new_ticket

    def imported() -> None:
        new_ticket.new_ticket(
            desk, actor, mailbox=None, requester="a@b.example", subject="old", body="x", send=False
        )
        Ticket.update(created=now() - timedelta(days=400)).where(Ticket.subject == "old").execute()

    assert told(actor._replace(agent_id=None), imported) == []


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_news_are_flashed_and_take_no_key_from_who_types(
    app: NightdeskApp, jo: Actor, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until_told_from_now(pilot)
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        focused = app.focused
        await pilot.press(*"Half a ")
        mail_on("1039")
        changes.assign(jo, ["1041"], "ana")
        await pilot.press(*"sent")
        await until(pilot, "2 new: ")
        await pilot.press(*"ence")
        assert "Half a sentence" in await until(pilot, "Half a sentence")
        assert app.focused is focused


async def test_a_strangers_subject_is_inert_in_a_flash(app: NightdeskApp) -> None:
    Ticket.update(subject=f"x{HOSTILE}").where(Ticket.number == "1039").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await until_told_from_now(pilot)
        mail_on("1039")
        text = await until(pilot, "Mail on #1039: x")
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[/foo]" in text


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_failed_delivery_waits_for_no_news_and_a_warning_is_not_covered(
    app: NightdeskApp, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until_told_from_now(pilot)
        not_delivered("1039")
        await until(pilot, "! An answer did not arrive, #1039")
        mail_on("1035")
        await pilot.pause(1.5)
        assert "An answer did not arrive" in screen_text(app)
        await until(pilot, "Mail on #1035")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_mailbox_that_fails_is_told(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until_told_from_now(pilot)
        health.record_failure(Mailbox.get().id, LoginRefused("no"), now())
        await until(pilot, "Mail fails: it-support AUTH!")
        await settled(pilot)


def _titles(terminal: Terminal) -> list[bytes]:
    return re.findall(rb"\x1b\]2;([^\x07]*)\x07", bytes(terminal.sent))


def _wait_for(terminal: Terminal, wanted: bytes, happen: Callable[[], object] = int, begin: int = 0) -> None:
    """Wait until something was sent behind `begin`.

    `happen`: what it tells of, again as long as the app may not look yet.
    """
    end, again = time.monotonic() + 60, 0.0
    while time.monotonic() < end:
        if time.monotonic() > again:
            happen()
            again = time.monotonic() + 7
        if wanted in terminal.sent[begin:]:
            return
        terminal.pump(0.1)
    raise AssertionError(f"{wanted!r} was not sent: {bytes(terminal.sent[-300:])!r}")


def _wait_to_see(terminal: Terminal, words: str, happen: Callable[[], object]) -> None:
    end, again = time.monotonic() + 60, 0.0
    while words not in terminal.text():
        assert time.monotonic() < end, terminal.text()
        if time.monotonic() > again:
            happen()
            again = time.monotonic() + 7
        terminal.pump(0.1)


@pytest.fixture
def owned(desk: Desk) -> Path:
    """The home of the desk, with an agent for whoever runs the tests."""
    return desk.paths.home


def test_the_title_counts_what_is_not_opened_and_is_given_back(desk: Desk, owned: Path) -> None:
    with Terminal(owned, environ={"NIGHTDESK_AGENT": "ana"}) as terminal:
        terminal.wait("Lisbon office")
        _wait_for(terminal, b"\x1b]2;Nightdesk\x07")
        assert terminal.sent.index(b"\x1b[22;2t") < terminal.sent.index(b"\x1b]2;Nightdesk")
        _wait_for(terminal, b"\x1b]2;(2) Nightdesk\x07", mail_on_two)
        assert b"\x07\x07" not in terminal.sent
        assert b"\x1b]9;" not in terminal.sent
        assert b"\x1b]777;" not in terminal.sent
        terminal.press("home", "enter")
        _wait_for(terminal, b"\x1b]2;(1) Nightdesk\x07")
        terminal.kill(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
    assert _titles(terminal)[-1] == b""
    assert terminal.sent.rindex(b"\x1b[23;2t") > terminal.sent.rindex(b"\x1b]2;")


@pytest.mark.parametrize(
    ("chosen", "environ", "sent"),
    [
        (ToldBy(bell=True), {}, b"\x07"),
        (ToldBy(osc9=True), {}, b"\x1b]9;Nightdesk: Mail on #1039: New hire"),
        (ToldBy(osc777=True), {}, b"\x1b]777;notify;Nightdesk;Mail on #1039: New hire"),
        (
            ToldBy(osc9=True),
            {"TMUX": "/tmp/x,1,0"},
            b"\x1bPtmux;\x1b\x1b]9;Nightdesk: Mail on #1039: New hire",
        ),
        (ToldBy(osc9=True), {"TERM": "screen-256color"}, b"\x1bP\x1b]9;Nightdesk: Mail on #1039: New hire"),
    ],
)
def test_bell_and_desktop_notice_come_as_each_agent_chose(
    desk: Desk, owned: Path, actor: Actor, chosen: ToldBy, environ: dict[str, str], sent: bytes
) -> None:
    preferences.set_told_by(actor, chosen._replace(title=False))
    with Terminal(owned, environ={"NIGHTDESK_AGENT": "ana", **environ}) as terminal:
        terminal.wait("Lisbon office")
        terminal.quiet(0.5, 6)
        begin = len(terminal.sent)
        # The mailbox that cannot be fetched rings too, perhaps before the app knows what is news.
        _wait_to_see(terminal, "Mail on #1039", lambda: mail_on("1039"))
        _wait_for(terminal, sent, begin=begin)
        assert b"\x1b]2;" not in terminal.sent


def test_a_terminal_without_a_title_gets_none(desk: Desk, owned: Path) -> None:
    with Terminal(owned, environ={"NIGHTDESK_AGENT": "ana", "TERM": "linux"}) as terminal:
        terminal.wait("Lisbon office")
        terminal.quiet(1.5, 6)
        assert b"\x1b]2;" not in terminal.sent


@every_row("text", [HOSTILE, "a\x07b\x1b\\c", "\x9c;x\x1b]52;c;aa\x07", "x" * 5000])
@every_row("environ", [{}, {"TMUX": "1"}, {"TERM": "screen"}])
def test_no_text_leaves_its_notice(text: str, environ: dict[str, str]) -> None:
    every = ToldBy(bell=True, osc9=True, osc777=True)
    plain, hostile = (calls(every, words, environ) for words in ("y", text))
    assert len(hostile) < 800
    controls = re.compile(r"[\x00-\x1f\x7f-\x9f]")
    assert controls.findall(hostile) == controls.findall(plain)


async def test_each_agent_chooses_in_settings(app: NightdeskApp, actor: Actor, jo: Actor) -> None:
    assert preferences.told_by(actor) == ToldBy(title=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("5")
        await until(pilot, "mail.undo_seconds")
        await pilot.press("c")
        await until(pilot, "[x] count in the terminal's title")
        await pilot.press("b")
        await until(pilot, "[x] bell")
        await pilot.press("escape")
    assert preferences.told_by(actor) == ToldBy(title=True, bell=True)
    assert preferences.told_by(jo) == ToldBy(title=True)
