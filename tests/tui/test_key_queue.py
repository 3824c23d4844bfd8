"""Keys that arrive together are taken in their order, each by what the one before has opened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from textual import events
from textual.pilot import Pilot

from desk.tickets import changes, detail
from tests.support.workbench import ADMIN
from tests.tui.screen import screen_text, settled, until, until_true
from tui.app import NightdeskApp
from tui.screens.compose.screen import Body, ComposeScreen
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.screens.tickets.screen import TicketsScreen
from tui.terminal import key_queue
from tui.widgets.entry import Entry

T = TypeVar("T")
SIZE = (80, 24)


class SlowDesk(ThreadPoolExecutor):
    """Threads in which the desk is asked; what is asked while it is `stopped` waits until it goes on."""

    def __init__(self) -> None:
        super().__init__(8)
        self._goes = threading.Event()
        self._goes.set()

    def stop(self) -> None:
        """Answer nothing from now on."""
        self._goes.clear()

    def go_on(self) -> None:
        """Answer what was asked meanwhile, and all from now on."""
        self._goes.set()

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Do it as soon as the desk goes on."""

        def later() -> T:
            assert self._goes.wait(60)
            return function(*args, **kwargs)

        return super().submit(later)


def post(pilot: Pilot[int], *keys: str) -> None:
    """What one packet over a slow line does: all keys are there before the first is looked at."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def at_once(pilot: Pilot[int], *keys: str) -> None:
    """Let keys come in one packet, and wait until all of them are taken."""
    post(pilot, *keys)
    assert isinstance(pilot.app, NightdeskApp)
    await pilot.pause()
    await until_true(pilot, lambda: not pilot.app.keys_waiting)  # type: ignore[attr-defined]
    await settled(pilot)


async def test_a_correction_in_the_middle_of_type_ahead_stays_in_the_middle(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZE) as pilot:
        await until(pilot, "No mailbox yet")
        screen = MailboxFormScreen()
        empty_app.push_screen(screen)
        await until(pilot, "Old mail")
        await settled(pilot)
        await at_once(
            pilot, *"teh", "backspace", "backspace", *"he@x.ex", "tab", *"desk", "ctrl+u", *"Desk", "tab"
        )
        assert screen.query_one("#f-address", Entry).value == "the@x.ex"
        assert screen.query_one("#f-name", Entry).value == "Desk"


async def test_keys_go_on_after_one_that_closed_its_window(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZE) as pilot:
        await until(pilot, "No mailbox yet")
        await at_once(pilot, "question_mark", "escape", "2", "n", *"a@x.ex")
        await until(pilot, "Old mail")
        await pilot.press("escape")
        await until(pilot, "Leave without saving")
        await at_once(pilot, "y", "3")
        await until(pilot, "[3]Logs")


async def test_a_form_keeps_what_was_typed_before_the_desk_answered(empty_app: NightdeskApp) -> None:
    empty_app.pool = slow = SlowDesk()
    async with empty_app.run_test(size=SIZE) as pilot:
        await until(pilot, "No mailbox yet")
        await settled(pilot)
        screen = MailboxFormScreen()
        empty_app.push_screen(screen)
        await settled(pilot)
        screen = MailboxFormScreen()
        slow.stop()
        empty_app.push_screen(screen)
        await until(pilot, "Old mail")
        screen.query_one("#f-address", Entry).insert("help@gmail.com", 0)
        slow.go_on()
        await settled(pilot)
        assert screen.query_one("#f-address", Entry).value == "help@gmail.com"
        assert screen.query_one("#f-host", Entry).value == "imap.gmail.com"
        await pilot.press("escape")
        await until(pilot, "Leave without saving")


async def test_words_for_an_editor_that_is_not_open_yet_are_no_keys_of_the_list(
    app: NightdeskApp,
) -> None:
    app.pool = slow = SlowDesk()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        number = app.screen.current_number() if isinstance(app.screen, TicketsScreen) else ""
        before = detail.show(str(number)).status
        slow.stop()
        post(pilot, "i", *"xxx y")
        await pilot.pause()
        assert app.keys_waiting
        slow.go_on()
        await until_true(pilot, lambda: isinstance(app.screen, ComposeScreen) and not app.keys_waiting)
        assert app.screen.query_one(Body).text == "xxx y"
    assert detail.show(str(number)).status == before


async def test_what_was_typed_for_something_that_did_not_open_goes_nowhere(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.pool = slow = SlowDesk()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        monkeypatch.setattr(
            "tui.screens.compose.compositions.for_note", lambda *_: changes.find("99999", ADMIN)
        )
        before = screen_text(app)
        slow.stop()
        post(pilot, "i", *"jjj")
        await pilot.pause()
        slow.go_on()
        await until(pilot, "99999")
        await settled(pilot)
        assert not app.keys_waiting
        cursor = next(line for line in before.splitlines() if ">" in line)
        assert cursor in screen_text(app)


async def test_a_desk_that_does_not_answer_takes_no_keys_and_says_so(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.pool = slow = SlowDesk()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        monkeypatch.setattr(key_queue, "PATIENCE_SECONDS", 0.2)
        slow.stop()
        post(pilot, "i", *"jjj")
        await until(pilot, "3 keys not taken")
        slow.go_on()
        await until_true(pilot, lambda: isinstance(app.screen, ComposeScreen))
        await settled(pilot)
        await at_once(pilot, *"words")
        assert app.screen.query_one(Body).text == "words"


async def test_a_key_behind_marks_is_for_all_that_are_marked(app: NightdeskApp) -> None:
    app.pool = slow = SlowDesk()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        slow.stop()
        post(pilot, "asterisk", "x")
        await pilot.pause()
        slow.go_on()
        await until(pilot, "Close 12 tickets?")


async def test_a_key_behind_another_list_is_for_that_list(app: NightdeskApp) -> None:
    app.pool = slow = SlowDesk()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        slow.stop()
        post(pilot, "left_square_bracket", "x")
        await pilot.pause()
        slow.go_on()
        await until(pilot, "Overdue 1")
    assert detail.show("1042").status == "open"


async def test_keys_behind_one_that_opens_a_ticket_are_for_that_ticket(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await at_once(pilot, "enter", "i", *"xxx y")
        assert isinstance(app.screen, ComposeScreen)
        assert app.screen.query_one(Body).text == "xxx y"


async def test_keys_behind_an_answered_prompt_are_for_what_it_found(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await at_once(pilot, "slash", *"1041", "enter", "i", *"xxx y", "escape")
        await until(pilot, "Drafts  [note #1041")


async def test_keys_behind_a_note_that_is_added_are_for_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await at_once(pilot, "i", *"a word", "ctrl+s", "j", "i", *"another", "ctrl+s", "2")
        await until(pilot, "[2]Mail")
    assert detail.show("1042").messages[-1].text == "a word"
    assert detail.show("1041").messages[-1].text == "another"


async def test_enter_behind_words_that_are_looked_for_reads_the_first_ticket_found(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await at_once(pilot, "g", *"pickup", "enter", "i", *"a word", "ctrl+s", "2")
        await until(pilot, "[2]Mail")
    assert detail.show("990").messages[-1].text == "a word"
