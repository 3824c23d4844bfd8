"""Receipts on the screen: what became of a mail and why; quarantined mail is tried again by one key."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.doors import by_hand
from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.intake import receipts
from desk.permissions import Actor
from desk.tickets import detail
from models.receipts import Receipt
from tests.tui.scenes import DEEP_MAIL, PLAIN_MAIL, open_quarantine, start_in, stop_clock, take
from tests.tui.screen import (
    SIZES,
    SMALL_AND_LARGE,
    at_every_size,
    same_as_before,
    screen_text,
    settled,
    until,
)
from tui.app import NightdeskApp
from tui.widgets.status_line import StatusLine


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
        async for _ in at_every_size(pilot):
            await until(pilot, "nested too deep")
            await pilot.press("R")
            await until(pilot, "It still cannot be understood")
            empty_app.screen.query_one(StatusLine).end_flash()
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


async def test_quarantined_mail_is_counted_on_every_screen_and_has_a_key(
    empty_app: NightdeskApp, empty_desk: Desk
) -> None:
    take(empty_desk, DEEP_MAIL)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1!")
        async for _ in at_every_size(pilot):
            assert "7 Quar" in await until(pilot, "1!")
            await pilot.press("3")
            await until(pilot, "[3]Logs")
            await pilot.press("7")
            await until(pilot, "nested too deep")
            assert "[7]Quar" in await until(pilot, "1!")
            await pilot.press("1")
            await until(pilot, "[1]Tickets")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_quarantined_mail_is_read_raw_and_saved(
    empty_app: NightdeskApp, empty_desk: Desk, tmp_path: Path, size: str
) -> None:
    take(empty_desk, DEEP_MAIL)
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await open_quarantine(pilot)
        await pilot.press("V")
        await until(pilot, "Content-Type: multipart/mixed; boundary=b0")
        await pilot.press("escape")
        await until(pilot, "V raw")
        await pilot.press("o")
        await until(pilot, "Save receipt 1 in:")
        await pilot.press("ctrl+a", "ctrl+k", *str(tmp_path / "kept"), "enter")
        await until(pilot, "Saved")
    assert [file.read_bytes() for file in (tmp_path / "kept").iterdir()] == [DEEP_MAIL]


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_quarantined_mail_becomes_a_ticket_by_hand(
    empty_app: NightdeskApp, empty_desk: Desk, size: str
) -> None:
    take(empty_desk, DEEP_MAIL)
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await open_quarantine(pilot)
        await pilot.press("n")
        await until(pilot, "Who wrote receipt 1: Eve <eve@corp.example>")
        await pilot.press("enter")
        await until(pilot, "It is ticket #1 now")
        await until(pilot, "No quarantined mail")
    ticket = detail.show("1")
    assert (ticket.subject, ticket.requester_email) == ("nested too deep", "eve@corp.example")
    assert "boundary=b0" in ticket.messages[0].text
    (view,) = receipts.entries()
    assert (view.verdict, view.ticket) == ("ticket", "1")
    assert view.trace[-1] == "made ticket 1 by ana"


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_quarantined_mail_is_rejected_and_stays_stored(
    empty_app: NightdeskApp, empty_desk: Desk, size: str
) -> None:
    take(empty_desk, DEEP_MAIL)
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await open_quarantine(pilot)
        await pilot.press("d")
        await until(pilot, "Reject this mail?")
        await pilot.press("y")
        await until(pilot, "Rejected; the mail stays stored")
    (view,) = receipts.entries()
    assert (view.verdict, view.reason) == ("rejected", "rejected by hand by ana")
    assert receipts.raw(view.id) == DEEP_MAIL


def test_what_is_no_quarantined_mail_is_not_settled_again(empty_desk: Desk, actor: Actor) -> None:
    take(empty_desk, DEEP_MAIL, PLAIN_MAIL)
    understood, broken = receipts.entries()
    with pytest.raises(Refused):
        receipts.reject(actor, understood.id)
    with pytest.raises(WrongUse):
        by_hand.take(empty_desk, actor, broken.id, "nobody")
    receipts.reject(actor, broken.id)
    with pytest.raises(Refused):
        by_hand.take(empty_desk, actor, broken.id, "eve@corp.example")
    assert len(receipts.entries()) == 2
    with pytest.raises(NotFound):
        detail.show("2")


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (b"From: Eve <eve@x.example>\r\nSubject: hi\r\n\r\nbody", ("eve@x.example", "hi")),
        (
            b"subject: =?utf-8?b?w6Q=?=\n folded\nfrom: e@x.example\n\nSubject: no",
            ("e@x.example", "\xe4 folded"),
        ),
        (b"\xff\xfe\x00nonsense", ("", "")),
        (b"From: \x1b[2Jeve@x.example\nSubject: \x1b]0;x\x07y\n\n", ("eve@x.example", "y")),
    ],
)
def test_the_first_lines_of_a_mail_nobody_understands(raw: bytes, known: tuple[str, str]) -> None:
    sender, subject = by_hand.headline(raw)
    assert "\x1b" not in sender + subject
    if b"\x1b" not in raw:
        assert (sender, subject) == known
