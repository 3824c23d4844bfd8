"""What stood in the way of a first shift at a desk does so at no size of a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.widgets import Input

from config.clock import now
from desk import settings
from desk.home import Desk
from desk.mailboxes import health
from desk.outbox import deliveries
from desk.permissions import Actor
from mail.errors import LoginRefused
from models.mailboxes import Mailbox
from models.messages import Message
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.mailbox_form import fill, opened
from tests.tui.scenes import begin_answer, mailboxes_of_the_frame, start_in, stop_clock
from tests.tui.scenes import events as log_events
from tests.tui.screen import (
    SMALL_AND_LARGE,
    at_every_size,
    screen_text,
    settled,
    until,
    until_gone,
    until_true,
)
from tui.app import NightdeskApp
from tui.screens.finder.command_list import offers_of


@pytest.fixture(params=SMALL_AND_LARGE)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each size of a terminal that was tried."""
    return SMALL_AND_LARGE[request.param]


def styles_of(app: NightdeskApp, words: str) -> Iterator[Style]:
    """Give the styles of the pieces of the screen that hold the words."""
    for strip in app.screen._compositor.render_strips():
        for piece in strip:
            if words in piece.text and piece.style is not None:
                yield piece.style


def written(number: str, **values: object) -> None:
    """A message that came into a ticket."""
    Message.create(
        **{
            "ticket": Ticket.get(Ticket.number == number),
            "kind": "customer",
            "sender_name": "Tom",
            "sender_email": "tom@corp.example",
            "created": NOW,
            "text": "And what about me?",
            **values,
        }
    )


async def test_who_asked_last_is_answered_with_the_one_who_began(
    app: NightdeskApp, size: tuple[int, int]
) -> None:
    written("1042")
    async with app.run_test(size=size) as pilot:
        await until(pilot, "what about me")
        await pilot.press("r")
        await until(pilot, "mail goes to 2 addresses")
        to = app.screen.query_one("#to", Input).value
        assert to.index("tom@corp.example") < to.index("ana@corp.example")


async def test_a_stopped_mail_is_opened_again_wherever_the_cursor_is(
    app: NightdeskApp, actor: Actor, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Try 9.3.", "ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("y")
        await until(pilot, "leaves in")
        await pilot.press(*"jjj", "u")
        await until(pilot, "D opens it")
        await pilot.press("D")
        await until(pilot, ">0  reply to #1042")
        await pilot.press("0")
        await until(pilot, "Try 9.3.")
        await until(pilot, "Reply to #1042")
    assert [row.state for row in deliveries.entries("all")] == ["cancelled"]


async def test_what_was_done_last_is_undone_first_while_a_mail_can_be_stopped(
    app: NightdeskApp, actor: Actor, size: tuple[int, int]
) -> None:
    settings.set(actor, "mail.undo_seconds", "99")
    app.now = now
    async with app.run_test(size=size) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Try 9.3.", "ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("y")
        await until(pilot, "u stops it")
        await pilot.press("P")
        await until(pilot, "u undoes your change")
        await pilot.press("u")
        await until(pilot, "u stops it")
        assert [row.state for row in deliveries.entries("all")] == ["queued"]
        await pilot.press("u")
        await until(pilot, "D opens it")
    assert [row.state for row in deliveries.entries("all")] == ["cancelled"]


async def test_one_time_is_told_of_a_mailboxs_next_try(
    empty_app: NightdeskApp,
    empty_desk: Desk,
    actor: Actor,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    stop_clock(monkeypatch)
    ids = mailboxes_of_the_frame(empty_desk, actor)
    for name in ("it-support", "hr-desk"):
        Mailbox.update(incoming_enabled=False).where(Mailbox.id == ids[name]).execute()
    async with empty_app.run_test(size=size) as pilot:
        await until(pilot, "No tickets")
        await pilot.press("2")
        await until(pilot, "net-ops")
        await settled(pilot)
        while "error since" not in screen_text(empty_app):
            await pilot.press("j")
            await settled(pilot)
        text = screen_text(empty_app)
        tries = re.findall(r"next try (\d\d:\d\d)", text)
        assert len(tries) == 1
        assert re.findall(r"; next (\d\d:\d\d)", text) == tries


async def test_what_is_wrong_with_the_mail_is_in_colour(app: NightdeskApp) -> None:
    health.record_failure(Mailbox.get().id, LoginRefused("no"), NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail FAILS!")
        async for _ in at_every_size(pilot):
            await settled(pilot)
            wrong = {style.color for style in styles_of(app, "mail FAILS!")}
            plain = {style.color for style in styles_of(app, "outbox 0")}
            assert wrong
            assert not wrong & plain


async def test_what_is_urgent_and_unread_is_seen_under_the_cursor_too(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await settled(pilot)
            subject = next(styles_of(app, "VPN drops every 30"))
            assert subject.bold
            urgent = next(
                piece.style
                for strip in app.screen._compositor.render_strips()
                if "#1042" in strip.text
                for piece in strip
                if piece.text.strip() == "!!"
            )
            assert urgent is not None
            assert (urgent.color, urgent.bgcolor) != (subject.color, subject.bgcolor)


async def test_a_file_of_an_answer_is_told_with_its_whole_size_or_as_cut(
    app: NightdeskApp, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "screenshot of the tunnel 2026-11-28.png").write_bytes(b"x" * 20_000)
    async with app.run_test(size=size) as pilot:
        await begin_answer(pilot)
        await pilot.press("f2", *"scr", "tab")
        await until(pilot, "2026-11-28.png")
        await pilot.press("enter")
        await until(pilot, "Attached screenshot")
        await pilot.press("x")
        await until_gone(pilot, "Attached screenshot")
        text = screen_text(app)
        beside = size[0] >= 100
        assert "20 kB" in text or (not beside and re.search(r"attachments: screensh\S.*\.\.\.", text))


async def test_no_line_of_the_palette_ends_in_the_middle_unsaid(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("colon", *"filter")
        await until(pilot, ": filter")
        whole = [each.disabled or each.command.help for each in offers_of(app.screen_stack[0])]
        async for _ in at_every_size(pilot):
            await settled(pilot)
            rows = [
                row.strip(" │>")
                for row in screen_text(app).splitlines()
                if "│" in row and ": " in row[10:] and not row.lstrip(" │").startswith(":")
            ]
            assert len(rows) > 3
            assert [row for row in rows if not row.endswith("...") and not row.endswith(tuple(whole))] == []


async def test_an_event_is_told_as_far_as_its_line_goes(app: NightdeskApp) -> None:
    log_events(12)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("3")
        async for _ in at_every_size(pilot):
            text = await until(pilot, "451 greylisted")
            row = next(row for row in text.splitlines() if "AUTHENTICATIONFAILED" in row)
            assert "next 10:52" in row


async def test_a_hundred_columns_give_a_subject_as_much_as_eighty(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await settled(pilot)
            text = screen_text(app)
            assert "VPN drops every 30 min since the 9" in text
            assert text.startswith("NIGHTDESK  [1]Tickets")


async def test_the_first_line_keeps_its_beginning_when_all_is_wrong(app: NightdeskApp) -> None:
    Mailbox.update(name="a mailbox with a very long name of its own").execute()
    health.record_failure(Mailbox.get().id, LoginRefused("no"), NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail FAILS!")
        async for size in at_every_size(pilot):
            for digit in "1234567":
                await pilot.press(digit)
                await settled(pilot)
                first = screen_text(app).splitlines()[0]
                assert first.startswith("NIGHTDESK "), first
                assert f"[{digit}]" in first
                assert cell_len(first) <= size[0]


async def test_what_is_known_of_a_ticket_is_read_where_it_has_no_room_beside_the_thread(
    app: NightdeskApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        beside = size[0] >= 100
        assert ("Requester" in screen_text(app)) is beside
        await pilot.press("z")
        await settled(pilot)
        assert ("Requester" in screen_text(app)) is not beside
        await until(pilot, "r reply" if beside else "z thread")
        await pilot.resize_terminal(*((80, 24) if beside else (160, 50)))
        await settled(pilot)
        assert app.focused is not None
        assert app.focused.id == ("facts" if beside else "thread")
        await pilot.resize_terminal(*size)
        await settled(pilot)
        await pilot.press("z")
        await settled(pilot)
        assert app.focused.id == "thread"
        assert ("Requester" in screen_text(app)) is beside


async def test_the_activity_of_a_ticket_names_who_did_it(
    app: NightdeskApp, actor: Actor, size: tuple[int, int]
) -> None:
    from desk.tickets import changes

    changes.set_priority(actor, ["1042"], "low")
    async with app.run_test(size=size) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        if size[0] < 100:
            await pilot.press("z", "G")
        await until(pilot, "by Ana Admin")


async def test_where_files_are_saved_begins_on_what_is_so(
    app: NightdeskApp, size: tuple[int, int], tmp_path: Path
) -> None:
    app.files_directory = tmp_path.parent
    async with app.run_test(size=size) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("o")
        await until(pilot, "charon.log")
        await pilot.press("enter")
        await until(pilot, "Save in")
        await until(pilot, tmp_path.parent.name)


async def test_the_field_one_types_in_stays_where_it_is(
    empty_app: NightdeskApp, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")
    async with empty_app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="support@corp.example", host="mail.corp.example")
        field = screen.query_one("#f-port")
        field.focus()
        await settled(pilot)
        places = set()
        for key in ("backspace", "backspace", "backspace", "x", "y", "tab", "shift+tab", "backspace", "9"):
            await pilot.press(key)
            await settled(pilot)
            places.add(field.region.y)
        assert len(places) == 1


async def test_arrows_go_from_field_to_field(
    empty_app: NightdeskApp, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")
    async with empty_app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        first = screen.query_one("#f-address")
        await until_true(pilot, lambda: screen.focused is first)
        await pilot.press("down")
        await until_true(pilot, lambda: screen.focused is not first)
        await pilot.press("up")
        await until_true(pilot, lambda: screen.focused is first)
        for _ in range(6):
            await pilot.press("down")
            await settled(pilot)
            focused, fields = screen.focused, screen.query_one("#form-fields")
            assert focused is not None
            assert fields.region.contains_region(focused.region)
