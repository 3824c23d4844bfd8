"""Help: every key of the place, found by typing, run by Enter, with the reason where it cannot run."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.permissions import Actor
from tests.tui.scenes import events, mailboxes_of_the_frame, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.commands import GLOBAL
from tui.screens.finder.command_list import CommandColumns
from tui.screens.finder.help import HelpScreen
from tui.screens.logs import LogsScreen
from tui.screens.mailboxes.screen import MailboxesScreen
from tui.screens.outbox import OutboxScreen
from tui.screens.quarantine import QuarantineScreen
from tui.screens.settings import SettingsScreen

SCREENS = (
    LogsScreen,
    MailboxesScreen,
    OutboxScreen,
    QuarantineScreen,
    SettingsScreen,
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
        wanted = {command.id for command in (*LogsScreen.KEYS, *GLOBAL)}
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
    screen: type[LogsScreen],
) -> None:
    seen: dict[str, str] = {}
    for command in screen.KEYS:
        assert command.title
        assert command.help.endswith(".")
        assert command.group
        assert hasattr(screen, f"action_{command.action.partition('(')[0]}") or "." in command.action
        for key in command.keys:
            assert key not in seen, f"{key} is {seen.get(key)} and {command.id}"
            seen[key] = command.id


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
