"""IDLE where it is not to be had."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from desk import logs
from desk.fetching import idle
from desk.home import Desk
from models.mailboxes import Mailbox
from tests.support.scripted import MailboxMaker
from tests.support.servers.fault import dribble
from tests.support.servers.faults import FaultyImap, hang, reply
from worker.service.idle import Idlers
from worker.service.threads import DeskThread


def _watch_until_it_fails(desk: Desk, mailbox: Mailbox) -> list[int]:
    """Let it try once; the hints that came."""
    hints: list[int] = []

    async def run() -> None:
        thread = DeskThread()
        idlers = Idlers(desk, thread, hints.append, lambda: nullcontext)
        idlers.tend(await thread.call(idle.wanted))
        async with asyncio.timeout(30):
            while not Mailbox.get_by_id(mailbox.id).idle_error:
                await asyncio.sleep(0.02)
        await idlers.end()
        await asyncio.to_thread(thread.close)

    asyncio.run(run())
    return hints


def test_a_server_without_idle_is_fetched_by_its_schedule_and_says_so_once(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap() as server:
        mailbox = add_mailbox(server, idle=True)
        assert _watch_until_it_fails(desk, mailbox) == []
        assert server.count("IDLE") == 0
    [line] = [entry for entry in logs.entries() if entry.source == "idle"]
    assert line.level == "info"
    assert "does not offer IDLE; it is fetched by its schedule" in line.text


def test_a_refused_login_is_not_tried_again_every_few_seconds(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([], {"LOGIN": reply("NO [AUTHENTICATIONFAILED] Go away")}) as server:
        mailbox = add_mailbox(server, idle=True)
        assert _watch_until_it_fails(desk, mailbox) == []
        assert server.count("LOGIN") == 1


def test_who_wants_it(desk: Desk, add_mailbox: MailboxMaker) -> None:
    from desk import settings
    from desk.permissions import app_actor

    with FaultyImap() as server:
        first = add_mailbox(server, "one@example.test", idle=True)
        add_mailbox(server, "two@example.test")
        add_mailbox(server, "off@example.test", idle=True, incoming_enabled=False)
    assert list(idle.wanted()) == [first.id]
    before = idle.wanted()
    Mailbox.update(host="other.example.test").where(Mailbox.id == first.id).execute()
    assert idle.wanted() != before
    settings.set(app_actor(desk), "mail.fetching", "off")
    assert idle.wanted() == {}


def test_a_server_that_hangs_does_not_hold_up_the_end(desk: Desk, add_mailbox: MailboxMaker) -> None:
    async def run(server: FaultyImap) -> None:
        thread = DeskThread()
        idlers = Idlers(desk, thread, lambda _mailbox: None, lambda: nullcontext)
        idlers.tend(await thread.call(idle.wanted))
        async with asyncio.timeout(20):  # less than the client's own patience
            while not server.count("LOGIN"):
                await asyncio.sleep(0.02)
            await idlers.end()
        await asyncio.to_thread(thread.close)

    with FaultyImap([], {"LOGIN": hang()}) as server:
        add_mailbox(server, idle=True)
        asyncio.run(run(server))


def test_a_server_that_dribbles_is_given_up(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.service.idle.CONNECT_SECONDS", 0.5)
    with FaultyImap([], {"LOGIN": dribble(b"* OK Still here\r\n")}) as server:
        mailbox = add_mailbox(server, idle=True)
        assert _watch_until_it_fails(desk, mailbox) == []
    assert "did not answer in time" in Mailbox.get_by_id(mailbox.id).idle_error
