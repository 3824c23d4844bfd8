"""Settings: changed at once, refused in words, and the deployment's with where they come from."""

from __future__ import annotations

from datetime import UTC

import pytest
from textual.widgets import Input, TextArea

from desk import settings
from desk.admin.nouns import NOUNS
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import agents
from tests.tui.scenes import add_mailbox, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_true, with_actions
from tui.app import NightdeskApp
from tui.screens.settings import SettingsScreen
from tui.widgets.choice import Choice, Tick


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "settings")


def shown(app: NightdeskApp) -> SettingsScreen:
    """The screen under test."""
    assert isinstance(app.screen, SettingsScreen)
    return app.screen


@pytest.mark.parametrize("size", SIZES)
async def test_every_setting_has_its_value_and_its_help(empty_app: NightdeskApp, size: str) -> None:
    home = str(empty_app.desk.paths.home)
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "mail.undo_seconds")
        await settled(pilot)
        shown(empty_app).table.move_to_key("mail.undo_seconds")
        await until(pilot, "to take it back")
        await settled(pilot)
        text = "\n".join(line for line in screen_text(empty_app).split("\n") if home[:20] not in line)
        assert "tickets.number_format" in text
        assert "0 to 3600, default 10" in text
        known = {line.setting.key for line in settings.entries()}
        assert known <= {row.key for row in shown(empty_app).table.rows}


@pytest.mark.parametrize("size", SIZES)
async def test_a_found_setting_looks_like_this(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "mail.undo_seconds")
        await pilot.press("slash", *"undo", "enter")
        await until(pilot, "outbox ")
        await settled(pilot)
        await until(pilot, "to take it back")
        await until(pilot, "Esc shows all")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"settings-{size}")


async def test_a_change_holds_at_once_is_marked_and_is_reset_by_r(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.undo_seconds")
        shown(empty_app).table.move_to_key("mail.undo_seconds")
        await pilot.press("enter")
        await until(pilot, "mail.undo_seconds =")
        await pilot.press("backspace", "backspace", "3", "0", "enter")
        await until(pilot, "*Time to take an answer back 30 seconds")
        assert settings.get("mail.undo_seconds") == 30
        await pilot.press("r")
        await until(pilot, "mail.undo_seconds is now 10")
        assert settings.get("mail.undo_seconds") == 10


async def test_a_value_that_does_not_fit_is_refused_and_may_be_corrected(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.undo_seconds")
        shown(empty_app).table.move_to_key("mail.undo_seconds")
        await pilot.press("enter", "ctrl+u", *"99999", "enter")
        await until(pilot, "use a number from 0 to 3600")
        assert "mail.undo_seconds = 99999" in screen_text(empty_app)
        assert settings.get("mail.undo_seconds") == 10
        await pilot.press("escape")
        await settled(pilot)


async def test_a_schedule_is_told_back_while_it_is_typed(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.fetching")
        shown(empty_app).table.move_to_key("worker.sweep_schedule")
        await pilot.press("enter", "ctrl+u", *"0 9 * *")
        await until(pilot, "'0 9 * *' is no schedule")
        await pilot.press(*" 1-5")
        await until(pilot, "at 09:00 on Monday to Friday")


async def test_space_switches_and_a_choice_has_a_menu(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.fetching")
        shown(empty_app).table.move_to_key("mail.fetching")
        await pilot.press("space")
        await until(pilot, "mail.fetching is now off")
        assert settings.get("mail.fetching") is False
        shown(empty_app).table.move_to_key("tickets.number_kind")
        await pilot.press("enter", "down", "enter")
        await until(pilot, "tickets.number_kind is now random")


async def test_the_default_sender_is_picked_from_the_mailboxes_that_send(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    add_mailbox(empty_desk, actor, address="a@corp.ex", host="mail.corp.ex", smtp_host="mail.corp.ex")
    add_mailbox(empty_desk, actor, address="silent@corp.ex", host="mail.corp.ex")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.fetching")
        shown(empty_app).table.move_to_key("mail.default_outgoing")
        await pilot.press("enter")
        text = await until(pilot, "a@corp.ex")
        assert "silent@corp.ex" not in text
        await pilot.press("down", "enter")
        await until(pilot, "mail.default_outgoing is now a@corp.ex")
        shown(empty_app).table.move_to_key("tickets.default_sla")
        await pilot.press("enter")
        await until(pilot, "n  none")
        await pilot.press("n")
        await until(pilot, "tickets.default_sla is now")


async def test_the_files_settings_say_where_they_come_from_and_are_not_changed_here(
    empty_app: NightdeskApp,
) -> None:
    empty_app.desk.paths.config_file.write_text('\ntimezone = "UTC"\n')
    empty_app.desk.paths.config_file.chmod(0o600)
    async with empty_app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "mail.fetching")
        shown(empty_app).table.move_to_key("timezone")
        await until(pilot, "config.toml line 2")
        await settled(pilot)
        await until(pilot, "NIGHTDESK_TIMEZONE")
        await pilot.press("enter")
        await until(pilot, "Change: this one is set in the file, the environment or by a flag")


async def test_search_finds_by_key_and_by_help_and_tab_goes_by_section(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "mail.undo_seconds")
        await pilot.press("tab")
        await settled(pilot)
        row = shown(empty_app).table.row
        assert row is not None
        assert row.section == "mail"
        await pilot.press("slash", *"tickets are looked")
        await settled(pilot)
        assert [row.key for row in shown(empty_app).table.rows] == ["worker.sweep_schedule"]
        await pilot.press("escape")
        await until_true(pilot, lambda: len(shown(empty_app).table.rows) > 30)


async def test_what_is_a_list_is_found_among_the_settings_and_opened(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail.default_outgoing")
        await pilot.press("slash", *"customers and agents are written", "enter")
        await until(pilot, "Texts   ")
        await pilot.press("space")
        await until(pilot, "ret opens this list")
        await pilot.press("enter")
        text = await until(pilot, "Texts: ")
        assert f"of {len(NOUNS)}" in text
        await until(pilot, "acknowledgement")


async def test_one_says_in_settings_that_one_is_away_and_of_what_one_is_mailed(app: NightdeskApp) -> None:
    with_actions(app, "ticket.read")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "v away")
        await pilot.press("v")
        await until(pilot, "Agent ana")
        await pilot.press("space", "tab", "tab", *"2026-13-24", "ctrl+s")
        await until(pilot, "'2026-13-24' is no day")
        await until(pilot, "Agent ana")
        app.screen.query_one("#f-away_until", Input).value = "2099-12-24"
        app.screen.query_one("#f-mailed_noted", Tick).value = False
        app.screen.query_one("#f-stand_in", Choice).value = "jo"
        app.screen.query_one("#f-signature", TextArea).text = "Ana\nnever by night"
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the agent ana: away, until, stand-in, signature, mail: note")
        line = agents.agent("ana")
        assert (line.away, line.stand_in) == (True, "jo")
        assert line.signature == "Ana\nnever by night"
        assert line.away_words(UTC) == "away until 2099-12-24, jo stands in"
        assert "noted" not in line.notify
        assert "assigned" in line.notify
        await pilot.press("v")
        await until(pilot, "[x] yes")
        await pilot.press("space", "ctrl+s")
        await until(pilot, "Changed the agent ana: away")
        line = agents.agent("ana")
        assert (line.away, line.stand_in) == (False, "jo")
        assert "noted" not in line.notify
