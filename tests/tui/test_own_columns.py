"""The list's columns are each agent's own: chosen, ordered and as wide as they want, kept, and given back."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.permissions import Actor
from desk.staff import preferences
from desk.staff.preferences import ListColumn
from desk.tickets.lists import COLUMNS
from models import agents
from tests.support.frames import NOW
from tests.tui.screen import SIZES, screen_text, settled, until, until_gone, until_true
from tui.app import NightdeskApp
from tui.widgets.ticket_list import KNOWN, TicketList


def heads(text: str) -> list[str]:
    """The titles over the list."""
    row = next(row for row in text.splitlines() if "Subject" in row)
    return [word for word in row.replace("│", " ").split() if word.isalpha() or word == "#"]


def test_the_columns_have_the_names_of_the_language() -> None:
    assert set(KNOWN) == set(COLUMNS)


@pytest.mark.parametrize("size", SIZES)
async def test_columns_are_chosen_moved_and_widened_seen_at_once_and_kept(
    app: NightdeskApp, desk: Desk, actor: Actor, size: str
) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await settled(pilot)
        usual = heads(screen_text(app))
        await pilot.press("C")
        await until(pilot, "[x] priority")
        assert app.screen.max_scroll_y == 0, "the box fits the screen"
        await pilot.press("j", "space", "j", "J")
        await settled(pilot)
        assert "P" not in heads(screen_text(app))
        await pilot.press("escape")
        await until_gone(pilot, "[ ] priority")
        assert heads(screen_text(app)) == usual
        await pilot.press("C")
        await until(pilot, "[x] priority")
        await pilot.press("j", "space", "j", "J", "plus", "plus", "enter")
        await until_true(pilot, lambda: preferences.columns(actor) != ())
        await until_gone(pilot, "[ ] priority")
        kept = preferences.columns(actor)
        assert [each.name for each in kept][:3] == ["number", "subject", "state"]
        assert kept[2].cells == 7
        assert heads(screen_text(app))[:3] == ["#", "Subject", "State"]
    again = NightdeskApp(desk, actor, now=lambda: NOW, columns=kept)
    async with again.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        assert heads(screen_text(again))[:3] == ["#", "Subject", "State"]
        await pilot.press("C")
        await until(pilot, "[ ] priority")
        await pilot.press("r", "enter")
        await until_true(pilot, lambda: preferences.columns(actor) == ())
        await until_gone(pilot, "[x] priority")
        assert heads(screen_text(again)) == usual


@pytest.mark.parametrize("width", [56, 76, 90, 200])
def test_whatever_is_chosen_a_line_is_as_wide_as_the_list_and_has_number_and_subject(width: int) -> None:
    tickets = TicketList(frozenset(), lambda: NOW)
    everything = tuple(ListColumn(name, 60) for name in COLUMNS if name not in ("number", "subject"))
    for chosen in ((), everything, (ListColumn("tags"),), (ListColumn("gone"),), everything[::-1]):
        tickets.own = chosen
        columns = tickets.laid_out(width)
        assert {"number", "subject"} <= {each.name for each in columns}
        assert 4 + sum(each.cells + 1 for each in columns) - 1 <= width


def test_what_somebody_else_wrote_into_the_preferences_breaks_nothing(actor: Actor) -> None:
    assert actor.agent_id is not None
    for kept in (None, "tags", [["tags"]], [["tags", "wide"], ["due", -3], ["state", 999]], {"tags": 1}):
        agents.set_preferences(actor.agent_id, {"columns": kept})
        for column in preferences.columns(actor):
            assert column.cells == 0 or 3 <= column.cells <= 60


async def test_who_begins_with_the_usual_columns_keeps_those_that_are_seen(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await settled(pilot)
        usual = heads(screen_text(app))
        await pilot.press("C")
        await until(pilot, "[ ] assignee")
        await pilot.press("j", "space", "enter")
        await until_gone(pilot, "[ ] priority")
        await settled(pilot)
        assert heads(screen_text(app)) == [each for each in usual if each != "P"]
        # With little room it says what it leaves out, and each can still be reached.
        await pilot.resize_terminal(60, 16)
        app.screen._show_columns(tuple(map(ListColumn, KNOWN)))  # type: ignore[attr-defined]
        await until(pilot, "hidden)")
        assert "]... " in screen_text(app).replace("\n", " ")
        await pilot.press("C", "G")
        text = await until(pilot, "> [x] status")
        assert f"{len(KNOWN)} of {len(KNOWN)} ─" in text
        assert "no room here" in text
