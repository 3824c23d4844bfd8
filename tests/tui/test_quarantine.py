"""Receipts on the screen: what became of a mail and why; quarantined mail is tried again by one key."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.intake import receipts
from desk.permissions import Actor
from models.receipts import Receipt
from tests.tui.scenes import DEEP_MAIL, PLAIN_MAIL, start_in, stop_clock, take
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "logs")


@pytest.mark.parametrize("size", SIZES)
async def test_a_quarantined_mail_is_listed_with_its_reason_and_trace(
    empty_app: NightdeskApp, empty_desk: Desk, size: str
) -> None:
    take(empty_desk, PLAIN_MAIL, DEEP_MAIL)
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "[3]Logs")
        await empty_app.run_command("app.quarantine")
        await until(pilot, "1 ticket, 1 quarantined")
        await until(pilot, receipts.entries(receipts.ReceiptFilter(verdict="quarantined"))[0].reason[:40])
        await until(pilot, "outbox 0")
        await settled(pilot)
        text = screen_text(empty_app)
        assert "nested too deep" in text
        same_as_before(text, f"receipts-{size}")


async def test_trying_again_in_vain_says_so_and_changes_nothing(
    empty_app: NightdeskApp, empty_desk: Desk
) -> None:
    take(empty_desk, DEEP_MAIL)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "[3]Logs")
        await empty_app.run_command("app.quarantine")
        await until(pilot, "nested too deep")
        await pilot.press("R")
        await until(pilot, "It still cannot be understood")
    assert [row.verdict for row in Receipt.select()] == ["quarantined"]


async def test_trying_again_after_a_fix_makes_the_ticket_under_the_same_receipt(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mail.mime import message

    with monkeypatch.context() as broken:
        broken.setattr(message, "parse", _fails)
        take(empty_desk, PLAIN_MAIL)
    assert [row.verdict for row in Receipt.select()] == ["quarantined"]
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "[3]Logs")
        await empty_app.run_command("app.quarantine")
        await until(pilot, "1 quarantined")
        await pilot.press("R")
        await until(pilot, "Understood now: ticket, ticket #1")
    assert [row.verdict for row in Receipt.select()] == ["ticket"]


def _fails(_raw: bytes) -> None:
    raise ValueError("a fault of the parser")


async def test_v_shows_other_mail_and_t_its_ticket(empty_app: NightdeskApp, empty_desk: Desk) -> None:
    take(empty_desk, PLAIN_MAIL)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "[3]Logs")
        await empty_app.run_command("app.quarantine")
        await until(pilot, "everything was understood")
        await pilot.press("v")
        await until(pilot, "all mail")
        await pilot.press("down", "enter")
        await until(pilot, "VPN drops")
        await pilot.press("T")
        await until(pilot, "Hello")
        await pilot.press("q", "q")
        await until(pilot, "[3]Logs")
