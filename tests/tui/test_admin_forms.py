"""Forms of the app that make what only the command line made: filters, texts, fields and statuses."""

from __future__ import annotations

import pytest
from textual.widgets import TextArea

from desk import canned_answers, customizing, statuses
from desk.custom_fields import definitions
from desk.filters import filters
from tests.support.workbench import ADMIN
from tests.tui.admin_walk import form, go_to, open_form
from tests.tui.scenes import stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.screens.admin.screen import AdminScreen
from tui.widgets.choice import Choice
from tui.widgets.entry import Entry


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


@pytest.mark.parametrize("size", SIZES)
async def test_a_filter_is_made_where_filters_are_listed(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("8")
        await until(pilot, "0 filters")
        await open_form(pilot, "n")
        same_as_before(screen_text(app), f"filter-form-{size}")
        made = form(app)
        made.query_one("#f-name", Entry).value = "Leaks"
        made.query_one("#f-condition", Entry).value = "subject:fountain"
        made.query_one("#f-then", TextArea).text = "note:Wet, again\nstatus:waiting"
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Added the filter Leaks")
        assert filters.show("Leaks").actions == ("note:Wet, again", "status:waiting")
        await until(pilot, "1 filter, 1 in use")


@pytest.mark.parametrize("size", SIZES)
async def test_a_text_is_written_seen_and_refused_when_broken(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("9")
        await go_to(pilot, "Texts")
        listed = pilot.app.screen
        assert isinstance(listed, AdminScreen)
        await until_true(pilot, lambda: listed.table.move_to_key("acknowledgement in en"))
        await until(pilot, "Texts: acknowledgement in en")
        await open_form(pilot, "e")
        same_as_before(screen_text(app), f"text-form-{size}")
        body = form(app).query_one("#f-body", TextArea)
        body.text = "We have {{ ticket.nunber }}."
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "there is no 'ticket.nunber'")
        body.text = "We have your mail, {{ requester.name }}."
        await settled(pilot)
        await pilot.press("f4")
        await until(pilot, "We have your mail, ")
        await until(pilot, "not sent")
        await pilot.press("escape")
        await until_true(pilot, lambda: isinstance(app.screen, AdminFormScreen))
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the text acknowledgement in en: text")
        assert customizing.show("acknowledgement").body == "We have your mail, {{ requester.name }}.\n"


async def test_a_preview_of_what_is_wrong_goes_to_the_field_and_says_why(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("9")
        await go_to(pilot, "Canned answers")
        await open_form(pilot, "n")
        form(app).query_one("#f-body", TextArea).text = "Hello {{ foo"
        await settled(pilot)
        await pilot.press("f4")
        text = await until(pilot, "! Not shown: Text: the canned answer, line 1: unexpected end")
        assert "! the canned answer, line 1: unexpected end of template" in text, "beside the field"
        assert "'.:" not in text
        assert form(app).focused is form(app).query_one("#f-body")
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: Name is empty")
        assert form(app).focused is form(app).query_one("#f-name")


async def test_what_a_colleague_changed_meanwhile_is_not_written_over_unseen(app: NightdeskApp) -> None:
    canned_answers.add(ADMIN, "Hello", "Good day.\n")
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("9")
        await go_to(pilot, "Canned answers")
        await open_form(pilot, "e")
        canned_answers.edit(ADMIN, "Hello", body="Good evening.\n", folder="Usual")
        form(app).query_one("#f-body", TextArea).text = "Good morning.\n"
        await settled(pilot)
        await pilot.press("ctrl+s")
        text = await until(pilot, "! somebody changed this meanwhile, to: Good evening.")
        assert "save again" in text
        assert canned_answers.show("Hello").body == "Good evening.\n"
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the canned answer Hello: text")
    made = canned_answers.show("Hello")
    assert (made.body, made.folder) == ("Good morning.\n", "Usual"), "only what was typed is written over"


@pytest.mark.parametrize("typed", ["", "Another body.\n"])
async def test_what_a_colleague_removed_meanwhile_is_not_said_to_be_saved(
    app: NightdeskApp, typed: str
) -> None:
    canned_answers.add(ADMIN, "Hello", "Good day.\n")
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("9")
        await go_to(pilot, "Canned answers")
        await open_form(pilot, "e")
        canned_answers.remove(ADMIN, "Hello")
        if typed:
            form(app).query_one("#f-body", TextArea).text = typed
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: ")
        assert isinstance(app.screen, AdminFormScreen), "what was typed can still be copied"


@pytest.mark.parametrize("size", SIZES)
async def test_fields_and_statuses_are_made_in_the_app(empty_app: NightdeskApp, size: str) -> None:
    definitions.add_field(ADMIN, "Device", kind="choice", choices=["Laptop", "Printer"])
    statuses.add_status(ADMIN, "On hold", state="waiting")
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await settled(pilot)
        await pilot.press("9")
        await go_to(pilot, "Fields")
        await until(pilot, "Laptop, Printer")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"admin-fields-{size}")
        await go_to(pilot, "Statuses")
        await until(pilot, "On hold")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"admin-statuses-{size}")
        await go_to(pilot, "Fields")
        await open_form(pilot, "n")
        form(empty_app).query_one("#f-name", Entry).value = "Serial number"
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "serial_number")
        await go_to(pilot, "Statuses")
        await until(pilot, "On hold")
        await open_form(pilot, "n")
        form(empty_app).query_one("#f-name", Entry).value = "Resolved"
        form(empty_app).query_one("#f-state", Choice).value = "closed"
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until_true(pilot, lambda: isinstance(empty_app.screen, AdminScreen))
        assert [(each.name, each.state) for each in statuses.statuses()] == [
            ("On hold", "waiting"),
            ("Resolved", "closed"),
        ]
