"""Admin: every noun as a list and a form by its table; wrong values blamed beside their field."""

from __future__ import annotations

from functools import partial

import pytest
from textual.widgets import TextArea

from desk import logs
from desk.admin.nouns import NOUNS
from desk.filters import bans
from desk.permissions import Actor
from desk.staff import agents, api_keys, departments, roles, slas
from tests.tui.admin_walk import form, go_to, open_form
from tests.tui.scenes import start_in, stop_clock
from tests.tui.screen import (
    SIZES,
    same_as_before,
    screen_text,
    settled,
    until,
    until_gone,
    until_true,
    with_actions,
)
from tui.app import NightdeskApp
from tui.screens.admin.screen import AdminScreen


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "admin")


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_and_a_form_look_like_this(empty_app: NightdeskApp, actor: Actor, size: str) -> None:
    roles.add_role(actor, "Reader", ["ticket.read"])
    agents.add_agent(actor, "bo", name="Bo Berg", email="bo@desk.example", places={"Support": "Reader"})
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await go_to(pilot, "Agents")
        shown = pilot.app.screen
        assert isinstance(shown, AdminScreen)
        await until_true(pilot, lambda: shown.table.move_to_key("bo"))
        await until(pilot, "Agents: bo")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"admin-{size}")
        await open_form(pilot, "e")
        same_as_before(screen_text(empty_app), f"admin-form-{size}")


async def test_every_list_opens_and_offers_its_form(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        for noun in NOUNS:
            await go_to(pilot, noun.title)
            await open_form(pilot, "n")
            assert set(form(empty_app).values()) == {each.name for each in noun.asked(new=True)}
            await pilot.press("escape")
            await until_true(pilot, lambda: isinstance(empty_app.screen, AdminScreen))


async def test_every_key_that_is_hinted_at_does_something(empty_app: NightdeskApp, actor: Actor) -> None:
    bans.ban(actor, "@spam.example", "casino")
    left_out = set()
    async with empty_app.run_test(size=(160, 50)) as pilot:
        for noun in NOUNS:
            await go_to(pilot, noun.title)
            shown = empty_app.screen
            assert isinstance(shown, AdminScreen)
            here = [each for each in shown.hinted() if each.footer and each.id.startswith("admin.")]
            assert [each.id for each in here if each.enabled(shown)] == []
            hinted = {each.id for each in here}
            assert {"admin.find", "admin.next", "admin.menu"} <= hinted
            if shown.table.row is not None:
                assert ("admin.remove" in hinted) is (noun.acts.remove is not None)
                assert ("admin.edit" in hinted) is (noun.acts.edit is not None)
            await until(pilot, "n new")
            if "admin.remove" in hinted:
                await until(pilot, "d remove")
            else:
                await until_gone(pilot, "d remove")
                left_out.add(noun.name)
        assert "department" in left_out
        await go_to(pilot, "SLAs")
        for size in ((160, 50), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            rows = screen_text(empty_app).splitlines()
            head = next(row for row in rows if "In use" in row)
            assert rows[rows.index(head) + 1][head.index("In use") :].strip() == "yes", "heads over columns"
        assert not any(row.startswith(" In use") for row in rows[rows.index(head) + 2 :])
        await pilot.press("J")
        await until(pilot, "\n In use          yes")
        await pilot.press("K")
        await until(pilot, "\n Hours ")


async def test_one_is_made_changed_and_told_in_the_log(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, "SLAs")
        await open_form(pilot, "n")
        await pilot.press(*"Gold", "tab", *"4h", "tab")
        await until(pilot, "'4h' is no number")
        await pilot.press("ctrl+s")
        await until(pilot, "Not saved: Hours: '4h' is no number")
        await pilot.press("end", "backspace")
        await until_gone(pilot, "is no number")
        await pilot.press("ctrl+s")
        await until(pilot, "Added the SLA Gold")
        assert {line.name: line.hours for line in slas.slas()}["Gold"] == 4
        screen = empty_app.screen
        assert isinstance(screen, AdminScreen)
        await until_true(pilot, lambda: screen.table.move_to_key("Gold"))
        await until(pilot, "SLAs: Gold")
        await open_form(pilot, "enter")
        await pilot.press("tab", "end", *"0", "ctrl+s")
        await until(pilot, "Changed the SLA Gold: hours")
        assert {line.name: line.hours for line in slas.slas()}["Gold"] == 40
    told = [line.text for line in logs.entries() if line.source == "admin"]
    assert told == ["ana changed the sla Gold: hours", "ana added the sla Gold"]


async def test_what_the_desk_refuses_is_said_and_nothing_is_lost(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, "Departments")
        await open_form(pilot, "n")
        await pilot.press(*"support", "ctrl+s")
        await until(pilot, "! there is a department support already")
        assert form(empty_app).values()["name"] == "support"
        await pilot.press("escape")
        await until(pilot, "Throw away what you typed?")
        await pilot.press("n")
        await until_gone(pilot, "Throw away")
        area = form(empty_app).query_one("#f-signature", TextArea)
        area.text = "Your\nIT"
        await pilot.press("end", *" it", "ctrl+s")
        await until(pilot, "Added the department support it")
    [made] = [line for line in departments.departments() if line.name == "support it"]
    assert made.signature == "Your\nIT"


async def test_removing_says_what_it_means_and_asks(empty_app: NightdeskApp, actor: Actor) -> None:
    bans.ban(actor, "@spam.example", "casino")
    api_keys.create(actor, addresses=["192.0.2.7"], scopes=["read"], name="monitor")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, "Bans")
        await until(pilot, "casino")
        await pilot.press("d")
        await until(pilot, "Mail from there is let in from now on")
        await pilot.press("n")
        await until_gone(pilot, "Mail from there is let in")
        assert bans.bans()
        await pilot.press("d")
        await until(pilot, "Mail from there is let in from now on")
        await pilot.press("y")
        await until(pilot, "Removed the ban @spam.example")
        assert not bans.bans()
        await go_to(pilot, "API keys")
        await until(pilot, "monitor")
        await pilot.press("e")
        await until(pilot, "API keys are not changed")


async def test_who_may_not_change_settings_is_told_nothing(empty_app: NightdeskApp) -> None:
    with_actions(empty_app, "ticket.note")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "ana may not change the desk's settings")
        await pilot.press("n")
        await until(pilot, "your role does not let you change Departments")
        await until_gone(pilot, "n new")


async def test_the_menu_of_lists_says_that_there_are_more(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await pilot.press("m")
        first = await until(pilot, f"1 to 18 of {len(NOUNS)}")
        await pilot.press("up")
        last = await until(pilot, f"{len(NOUNS) - 17} to {len(NOUNS)} of {len(NOUNS)}")
        assert all(noun.title in first + last for noun in NOUNS)
        await pilot.press("down")
        await pilot.resize_terminal(80, 16)
        await until(pilot, f"1 to 10 of {len(NOUNS)}")
        await pilot.press("up")
        await until(pilot, f"{len(NOUNS) - 9} to {len(NOUNS)} of {len(NOUNS)}")


def is_shown(app: NightdeskApp, words: str) -> bool:
    return " ".join(words.split()) in " ".join(screen_text(app).split())


@pytest.mark.parametrize(("noun", "field"), [("role", "may"), ("field", "kind")])
async def test_a_help_that_is_longer_than_a_line_has_more(
    empty_app: NightdeskApp, noun: str, field: str
) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until_true(pilot, lambda: isinstance(empty_app.screen, AdminScreen))
        listed = empty_app.screen
        assert isinstance(listed, AdminScreen)
        listed.show_noun(noun)
        await settled(pilot)
        await open_form(pilot, "n")
        form(empty_app).query_one(f"#f-{field}").focus()
        await until_true(pilot, partial(is_shown, empty_app, listed.noun.field(field).help))
