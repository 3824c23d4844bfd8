"""Mailboxes: health in words, switched, removed and fetched from the list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from desk.fetching import runs
from desk.home import Desk
from desk.mailboxes import health, registry
from desk.permissions import Actor
from models.mailboxes import Mailbox
from tests.support.frames import NOW
from tests.tui.scenes import HOSTILE, add_mailbox, mailboxes_of_the_frame, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.logs import LogsScreen
from tui.screens.mailboxes.screen import MailboxesScreen


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


async def test_the_next_fetch_is_the_first_of_those_that_are_listed(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    values = {"address": "odd@corp.ex", "host": "mail.corp.ex", "schedule": "every 7 minutes"}
    mailbox = add_mailbox(empty_desk, actor, **values)
    Mailbox.update(last_attempt=NOW - timedelta(minutes=4)).where(Mailbox.id == mailbox).execute()
    async with empty_app.run_test(size=SIZES["120x40"]) as pilot:
        for words in ("next fetch ", "(next ", "; next "):
            text = await until(pilot, words)
        (first,) = re.findall(r"next fetch (\d\d:\d\d)", text)
        (listed,) = re.findall(r"\(next ([\d:, ]+)\)", text)
        runs = listed.split(", ")
        assert runs[0] == first
        assert runs == sorted(runs)
        assert re.findall(r"; next (\d\d:\d\d)", text) == [first]


@pytest.mark.parametrize("size", SIZES)
async def test_a_failing_mailbox_says_what_is_wrong_and_what_to_do(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, size: str
) -> None:
    ids = mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "net-ops")
        screen = empty_app.screen
        assert isinstance(screen, MailboxesScreen)
        screen.table.go_to(ids["net-ops"])
        text = await until(pilot, "error since 10:12, 3 tries, next try 10:47")
        await until(pilot, "outbox ")
        await settled(pilot)
        assert "Login was refused by imap.gmail.com:993 as noc@corp.ex" in text
        assert "server said: [AUTHENTICATIONFAILED] Invalid credentials (Failure)" in text
        assert "10:42 AUTH" in text
        assert "4 mailboxes: 2 OK, 1 failing, 1 disabled" in text
        same_as_before(screen_text(empty_app), f"mailboxes-{size}")


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_mailbox_the_next_key_is_said(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "No mailbox yet: n makes one")
        await until(pilot, "outbox ")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"mailboxes-none-{size}")


async def test_space_switches_a_mailbox_off_and_on_again(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "hr-desk")
        await pilot.press("space")
        await until(pilot, "hr-desk@corp.ex: fetching is off, sending is off")
        await until(pilot, "2 disabled")
        row = Mailbox.get(Mailbox.address == "hr-desk@corp.ex")
        assert (row.incoming_enabled, row.outgoing_enabled) == (False, False)
        await pilot.press("space")
        await until(pilot, "fetching is on, sending is on")


async def test_removing_asks_first_and_keeps_what_is_known_of_the_mail(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "hr-desk")
        await pilot.press("d")
        await until(pilot, "Remove the mailbox hr-desk@corp.ex?")
        await pilot.press("enter")
        await settled(pilot)
        assert registry.find("hr-desk@corp.ex") is not None
        await pilot.press("d")
        await until(pilot, "Remove the mailbox hr-desk@corp.ex?")
        await pilot.press("y")
        await until(pilot, "hr-desk@corp.ex is removed")
    assert registry.find("hr-desk@corp.ex") is None
    assert Mailbox.get(Mailbox.address == "hr-desk@corp.ex").removed is not None


async def test_fetch_now_asks_the_worker_and_shows_its_counts(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    ids = mailboxes_of_the_frame(empty_desk, actor)
    hr = ids["hr-desk"]
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "hr-desk")
        await pilot.press("ctrl+r")
        await until(pilot, "hr-desk: waiting for the worker")
        assert runs.requested() == [hr]
        runs.begin(hr)
        runs.announce(hr, 512)
        runs.advance(hr, 120)
        await until(pilot, "Fetching hr-desk 120/512")
        outcome = {"fetched": 512, "tickets": 500, "replies": 12, "errors": []}
        runs.finish(hr, outcome, failed=False)
        await until(pilot, "hr-desk: 500 new tickets, 12 replies")


async def test_a_mailbox_that_is_off_is_not_fetched_and_says_why(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    ids = mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "archive")
        screen = empty_app.screen
        assert isinstance(screen, MailboxesScreen)
        screen.table.move_to_key(ids["archive"])
        await pilot.press("ctrl+r")
        await until(pilot, "Fetch now: this mailbox is switched off: space switches it on")
    assert runs.requested() == []


async def test_l_shows_the_log_of_this_mailbox_alone(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "hr-desk")
        await pilot.press("L")
        await until(pilot, "Mailbox [hr-desk@corp.ex]")
        await settled(pilot)
        assert isinstance(empty_app.screen, LogsScreen)
        assert {row.mailbox for row in empty_app.screen.table.rows} == {"hr-desk@corp.ex"}


async def test_an_agent_without_the_right_is_told_so(empty_desk: Desk, actor: Actor) -> None:

    app = NightdeskApp(empty_desk, actor._replace(actions=frozenset({"ticket.reply"})))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No mailbox yet")
        await pilot.press("n")
        await until(pilot, "New mailbox: your role does not let you change mailboxes")


async def test_hostile_names_and_server_words_are_shown_as_text(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    from mail.errors import LoginRefused
    from tests.support.frames import NOW

    mailbox_id = add_mailbox(empty_desk, actor, address="a@corp.ex", host="mail.corp.ex")
    Mailbox.update(name=HOSTILE, last_error_hint=HOSTILE).where(Mailbox.id == mailbox_id).execute()
    health.record_failure(mailbox_id, LoginRefused("no", server_words=HOSTILE, hint=HOSTILE), NOW)
    async with empty_app.run_test(size=(120, 40)) as pilot:
        text = await until(pilot, "[@click=app.quit]x[/]")
        assert not any(character in text for character in "\x1b\x07\x9b\u202e\u200b")
