"""Logs: levels, sources, follow, next error, and a line of any length in its place."""

from __future__ import annotations

import pytest

from desk import logs
from desk.home import Desk
from desk.permissions import Actor
from tests.tui.scenes import HOSTILE, events, mailboxes_of_the_frame, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.logs import LogsScreen


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "logs")


def shown(app: NightdeskApp) -> LogsScreen:
    """The screen under test."""
    assert isinstance(app.screen, LogsScreen)
    return app.screen


@pytest.mark.parametrize("size", SIZES)
async def test_the_newest_event_is_on_top_and_told_whole_below(empty_app: NightdeskApp, size: str) -> None:
    events()
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "2 of 63 events are errors")
        await pilot.press("E")
        await until(pilot, "S: a2 NO [AUTHENTICATIONFAILED] no")
        await until(pilot, "outbox ")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"logs-{size}")


async def test_next_error_goes_down_to_errors_far_below_the_screen(empty_app: NightdeskApp) -> None:
    events(900)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "2 of 903 events are errors")
        await pilot.press("E")
        await until(pilot, "ERROR fetch ──")
        await pilot.press("E")
        await settled(pilot)
        row = shown(empty_app).table.row
        assert row is not None
        assert row.text == "the oldest error"
        assert "follow: off" in screen_text(empty_app)
        await pilot.press("k")
        await settled(pilot)
        above = shown(empty_app).table.row
        assert above is not None
        assert above.id == row.id + 1
        shown(empty_app).table.move_to_key(row.id)
        await pilot.press("E")
        await until(pilot, "No older error here")


async def test_follow_shows_what_happens_and_off_keeps_the_list_still(empty_app: NightdeskApp) -> None:
    events(5)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "4 new, 0 dup")
        logs.write("info", "fetch", "the next event")
        await until(pilot, "the next event")
        await pilot.press("F")
        await until(pilot, "follow: off")
        logs.write("info", "fetch", "an unseen event")
        await pilot.pause(1.5)
        assert "an unseen event" not in screen_text(empty_app)
        await pilot.press("F")
        await until(pilot, "an unseen event")


async def test_find_level_source_and_mailbox_narrow_the_list_and_esc_forgets_them(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    mailboxes_of_the_frame(empty_desk, actor)
    events(20)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "19 new, 0 dup")
        await pilot.press("slash", *"greyl", "enter")
        await until(pilot, "Text [greyl]")
        await settled(pilot)
        assert [row.level for row in shown(empty_app).table.rows] == ["warning"]
        await pilot.press("escape")
        await until(pilot, "19 new, 0 dup")
        await pilot.press("l", "w")
        await until(pilot, "Level [warning+]")
        await settled(pilot)
        assert {row.level for row in shown(empty_app).table.rows} == {"warning", "error"}
        await pilot.press("escape", "s")
        await until(pilot, "Source")
        await settled(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, "Source [mailbox]")
        await pilot.press("escape", "m")
        await until(pilot, "noc@corp.ex")
        await pilot.press("down", "down", "enter")
        await until(pilot, "Mailbox [noc@corp.ex]")
        await settled(pilot)
        assert {row.mailbox for row in shown(empty_app).table.rows} == {"noc@corp.ex"}


async def test_t_goes_to_the_ticket_and_back(app: NightdeskApp) -> None:
    from models.tickets import Ticket

    ticket = Ticket.get(Ticket.number == "1042")
    logs.write("info", "route", "reply matched by In-Reply-To", ticket_id=ticket.id)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await pilot.press("T")
        await until(pilot, "Lisbon office")
        await pilot.press("q")
        await until(pilot, "reply matched by In-Reply-To")


async def test_enter_gives_a_long_event_the_screen(empty_app: NightdeskApp) -> None:
    logs.write("error", "fetch", "short", detail="\n".join(f"line {number}" for number in range(14)))
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "line 2")
        assert "line 13" not in screen_text(empty_app)
        await pilot.press("enter")
        await until(pilot, "line 13")
        await pilot.press("escape")
        await settled(pilot)
        assert "line 13" not in screen_text(empty_app)


async def test_w_cuts_long_lines_or_breaks_them(empty_app: NightdeskApp) -> None:
    logs.write("error", "fetch", "long", detail="begin " + "x" * 100 + " end")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, " end")
        await pilot.press("w")
        await until(pilot, "Long lines are cut at the edge")
        await settled(pilot)
        assert "begin" in screen_text(empty_app)
        assert " end" not in screen_text(empty_app)


async def test_hostile_events_are_shown_as_text(empty_app: NightdeskApp) -> None:
    logs.write("error", HOSTILE, HOSTILE, detail=HOSTILE)
    async with empty_app.run_test(size=(120, 40)) as pilot:
        text = await until(pilot, "[@click=app.quit]x[/]")
        assert not any(character in text for character in "\x1b\x07\x9b\u202e\u200b")
