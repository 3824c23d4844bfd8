"""Help: every key of the place, found by typing, run by Enter, with the reason where it cannot run."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.permissions import Actor
from tests.tui.scenes import events, mailboxes_of_the_frame, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.commands import CommandNode, command
from tui.desk_screen import DeskScreen
from tui.screens.compose.screen import ComposeScreen
from tui.screens.finder.command_list import CommandColumns
from tui.screens.finder.help import HelpScreen
from tui.screens.logs import LogsScreen
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.screens.mailboxes.screen import MailboxesScreen
from tui.screens.outbox import OutboxScreen
from tui.screens.quarantine import QuarantineScreen
from tui.screens.settings import SettingsScreen
from tui.screens.thread.screen import ThreadScreen
from tui.screens.tickets.screen import TicketsScreen

SCREENS = (
    ComposeScreen,
    LogsScreen,
    MailboxFormScreen,
    MailboxesScreen,
    OutboxScreen,
    QuarantineScreen,
    SettingsScreen,
    ThreadScreen,
    TicketsScreen,
)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "logs")


def lines(app: NightdeskApp) -> list[str]:
    """The ids that help lists now."""
    assert isinstance(app.screen, HelpScreen)
    return [offer.command.id for offer in app.screen.query_one(CommandColumns).offers]


@pytest.mark.parametrize("size", SIZES)
async def test_help_shows_every_key_of_this_place(empty_app: NightdeskApp, size: str) -> None:
    events(5)
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "4 new, 0 dup")
        await pilot.press("question_mark")
        await until(pilot, "Help - Logs")
        await settled(pilot)
        wanted = {command.id for command in (*LogsScreen.KEYS, *NightdeskApp.KEYS)}
        assert set(lines(empty_app)) == wanted
        same_as_before(screen_text(empty_app), f"help-{size}")


async def test_typing_filters_and_enter_runs_the_command(empty_app: NightdeskApp) -> None:
    events(5)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "follow: ON")
        await pilot.press("f1", *"follow")
        await settled(pilot)
        assert lines(empty_app)[0] == "logs.follow"
        await pilot.press("enter")
        await until(pilot, "follow: off")


async def test_a_disabled_command_is_listed_with_its_reason_and_does_not_run(
    empty_app: NightdeskApp,
) -> None:
    events(5)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "4 new, 0 dup")
        await pilot.press("question_mark", *"ticket")
        await until(pilot, "ticket (not now)")
        await pilot.press("down") if lines(empty_app)[0] != "logs.ticket" else None
        await until(pilot, "Not now: this event is about no ticket.")
        await pilot.press("enter")
        assert isinstance(empty_app.screen, HelpScreen)


async def test_a_word_that_no_key_has_says_how_to_go_on(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No events")
        await pilot.press("question_mark", *"zzz")
        await until(pilot, "No key is called that")
        await pilot.press("escape")
        await until(pilot, "No events")


@pytest.mark.parametrize("screen", SCREENS)
def test_every_command_has_what_help_needs_and_no_key_means_two_things(
    screen: type[DeskScreen[None]],
) -> None:
    assert screen.KEYS
    seen: dict[str, str] = {}
    for each in screen.KEYS:
        assert each.title
        assert each.help[0].isupper()
        assert each.group
        assert callable(getattr(screen, f"action_{each.action}"))
        for key in each.keys:
            assert key not in seen, f"{key} is {seen.get(key)} and {each.id}"
            seen[key] = each.id


def test_a_command_is_what_its_action_declares_and_a_subclass_may_say_it_anew() -> None:
    class Desk(CommandNode):
        ID_PREFIX, GROUP = "desk", "Desk"

        @command("ring", "b,f9", "Ring", footer="ring")
        def action_ring(self) -> None:
            """Ring the bell.

            Everybody hears it.
            """

        @command("back", "escape", "Back", first=True)
        def action_back(self) -> None:
            """Go back."""

    class Quiet(Desk):
        ID_PREFIX, GROUP = "desk", "Quiet"

        @command("ring", "b", "Whisper")
        def action_ring(self) -> None:
            """Ring for oneself."""

    class Silent(Desk):
        def action_ring(self) -> None:
            pass

    assert [each.id for each in Desk.KEYS] == ["desk.back", "desk.ring"]
    ring = Desk.KEYS[1]
    assert (ring.title, ring.help, ring.keys) == ("Ring", "Ring the bell. Everybody hears it.", ("b", "f9"))
    assert (ring.group, ring.action, ring.footer) == ("Desk", "ring", "ring")
    assert [(each.title, each.keys, each.group) for each in Quiet.KEYS] == [
        ("Back", ("escape",), "Desk"),
        ("Whisper", ("b",), "Quiet"),
    ]
    assert Silent.KEYS == Desk.KEYS
    assert {binding.key for binding in Quiet.__dict__["BINDINGS"]} == {"escape", "b"}


async def test_the_palette_finds_by_letters_and_runs(empty_app: NightdeskApp) -> None:
    events(30)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "29 new, 0 dup")
        await pilot.press("colon", *"nxterr")
        await until(pilot, "> Logs: Next error")
        await pilot.press("enter")
        await until(pilot, "S: a2 NO [AUTHENTICATIONFAILED]")
        await pilot.press("ctrl+p", *"mailboxes", "enter")
        await until(pilot, "No mailbox yet")


@pytest.mark.parametrize("size", SIZES)
async def test_the_palette_lists_here_first_then_everywhere(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, size: str
) -> None:
    mailboxes_of_the_frame(empty_desk, actor)
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await pilot.press("2")
        await until(pilot, "hr-desk")
        await pilot.press("colon", *"se")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"palette-{size}")
