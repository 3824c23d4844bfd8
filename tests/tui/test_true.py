"""What the screen says is true: now, after other windows, and after a while."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime, timedelta

import pytest
import textual.widgets
from textual.pilot import Pilot
from textual.widget import Widget

import tui
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes
from models.messages import Message
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.support.workbench import note_waiting
from tests.tui.screen import SMALL_AND_LARGE, screen_text, settled, until, until_gone, until_true
from tui.app import NightdeskApp
from tui.desk_calls import DeskApp, DeskCalls


def test_the_app_is_what_its_screens_take_it_for(app: NightdeskApp) -> None:
    known: DeskApp = app
    assert known.navigation is app


def wrong_calls(node: DeskCalls, actor: Actor) -> None:
    """Held by mypy, which takes an `ignore` that is not needed for an error: it sees a wrong argument."""
    node.in_thread(changes.assign, actor, 1042, None)  # type: ignore[arg-type]
    node.in_thread(changes.close, actor)  # type: ignore[call-arg]
    node.in_thread(len, "abc").then(str.upper)  # type: ignore[arg-type]


def widget_classes() -> list[type[Widget]]:
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        importlib.import_module(module.name)
    found, waiting = [], [Widget]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__module__.startswith("tui."):
            found.append(kind)
    return found


def test_no_two_widgets_have_the_name_by_which_a_style_sheet_knows_them() -> None:
    kinds = {kind for kind in widget_classes() if "[" not in kind.__name__}
    names = [kind.__name__ for kind in kinds]
    assert sorted(names) == sorted(set(names))
    assert not set(names) & set(vars(textual.widgets)["__all__"])


async def opened_and_closed(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


WAYS = (
    ("a", "escape", "slash", "z", "z", "z", "enter", "escape"),
    ("question_mark", "escape", "right_square_bracket", "left_square_bracket"),
    ("colon", "escape", "s", "escape", "y", "escape", "slash", "q", "q", "enter", "escape"),
    ("enter", "o", "escape", "q"),
    ("r", "f5", "escape", "escape"),
    ("2", "t", "escape", "e", "escape", "1"),
    ("3", "l", "escape", "5", "1"),
)
"""Ways through other windows and back to the list."""


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_list_is_the_same_after_other_windows(app: NightdeskApp, size: str) -> None:
    Ticket.update(status="open").where(Ticket.status == "closed").execute()
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "mail OK")
        await pilot.press("enter")
        await until(pilot, "note by")
        await pilot.press("q")
        await until(pilot, "1041 ")
        await until_gone(pilot, "N  #1042")
        await settled(pilot)
        fresh = screen_text(app)
        for way in WAYS:
            await opened_and_closed(pilot, *way)
            app.screen_stack[0].query_one("StatusLine").end_flash()  # type: ignore[attr-defined]
            for _ in range(50):  # the preview waits for the cursor to rest
                await settled(pilot)
                if screen_text(app) == fresh:
                    break
            assert screen_text(app) == fresh, way


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_ages_and_promises_move_with_the_clock_on_a_quiet_screen(app: NightdeskApp, size: str) -> None:
    clock = Clock()
    app.now = clock
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "SLA 48 min left")
        assert "26m" in screen_text(app)
        clock.now += timedelta(minutes=18)
        await until(pilot, "SLA 30 min left")
        text = await until(pilot, "44m")
        assert "26m" not in text
        assert "30m" in next(row for row in text.splitlines() if "#1042" in row)


async def test_ages_are_those_of_now_when_another_place_is_left(app: NightdeskApp) -> None:
    clock = Clock()
    app.now = clock
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "SLA 48 min left")
        await pilot.press("3")
        await until(pilot, "[3]Logs")
        clock.now += timedelta(minutes=18)
        await until_true(pilot, lambda: app.local_minute == clock.now.replace(second=0, microsecond=0))
        await settled(pilot)
        await pilot.press("1")
        text = await until(pilot, "SLA 30 min left")
        assert "30m" in next(row for row in text.splitlines() if "#1042" in row)
        assert "26m" not in text


async def test_the_thread_tells_what_is_left_of_its_promise_now(app: NightdeskApp) -> None:
    clock = Clock()
    app.now = clock
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "SLA 48m")
        clock.now += timedelta(minutes=50)
        await until(pilot, "SLA -2m")


@pytest.fixture
def answered(desk: Desk, actor: Actor) -> str:
    """A ticket whose customer wrote twice, three hours ago and just now, behind an answer of yesterday."""
    ticket = Ticket.get(Ticket.number == "1039")
    for kind, hours in (("reply", 24), ("customer", 3), ("customer", 0)):
        Message.create(
            ticket=ticket,
            kind=kind,
            sender_email="hr@corp.example",
            text="Any news?",
            created=NOW - timedelta(hours=hours),
        )
    Message.update(created=NOW - timedelta(days=2)).where(
        Message.ticket == ticket, Message.message_id == "<1039@corp.example>"
    ).execute()
    note_waiting(ticket)
    return "1039"


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_age_is_how_long_the_customer_waits_not_the_last_touch(
    app: NightdeskApp, answered: str, size: str
) -> None:
    Ticket.update(updated=NOW).where(Ticket.number == answered).execute()
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        text = await until(pilot, "#1039")
        assert next(row for row in text.splitlines() if "#1039" in row).rstrip("│").endswith(" 3h")


async def test_nobody_waits_where_the_answer_came_last(app: NightdeskApp) -> None:
    ticket = Ticket.get(Ticket.number == "1027")
    Message.create(ticket=ticket, kind="reply", sender_email="a@b.example", text="Done.", created=NOW)
    note_waiting(ticket)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await until(pilot, "#1027")
        assert next(row for row in text.splitlines() if "#1027" in row).endswith(" -")
