"""Queues in the list: tabs behind the views, saved from the filter, picked from a menu."""

from __future__ import annotations

import pytest

from desk import queues
from desk.permissions import Actor
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.mark.parametrize("size", SIZES)
async def test_queues_stand_behind_the_views_with_their_counts(
    app: NightdeskApp, actor: Actor, size: str
) -> None:
    zone = app.desk.zone
    queues.add_queue(actor, zone, "Urgent", "p:urgent", sort="created")
    queues.add_queue(actor, zone, "Corp, quiet", "from:@corp.example age:>1d", shared=True, columns=("due",))
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("left_square_bracket", *["right_square_bracket"] * 3)
        await until(pilot, "Urgent 2")
        await settled(pilot)
        assert "[Urgent 2]" in screen_text(app) or "> Urgent" in screen_text(app)
        await pilot.press("right_square_bracket")
        await until(pilot, "#1027")
        await settled(pilot)
        same_as_before(screen_text(app), f"queues-{size}")
        await pilot.press("right_square_bracket")
        await until(pilot, "#1041")
        await settled(pilot)
        assert "[Inbox" in screen_text(app) or "> Inbox" in screen_text(app)


async def test_a_filter_is_saved_as_a_queue(app: NightdeskApp, actor: Actor) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("S")
        await until(pilot, "set a filter with / first")
        await pilot.press("slash", *"tag:vpn", "enter")
        await until(pilot, "[All open 1]")
        await pilot.press("S")
        await until(pilot, "Name of the queue:")
        await pilot.press(*"Tunnels", "enter")
        await until(pilot, "Saved as the queue Tunnels")
        await until(pilot, "[Tunnels 1]")
        line = queues.named(actor, "tunnels")
        assert (line.query, line.shared, line.tab) == ("tag:vpn", False, True)
        await pilot.press("slash", *"vpn OR nix", "enter")
        await until(pilot, "/ vpn OR nix")
        await pilot.press("S", *"Tunnels", "enter")
        await until(pilot, "there is a queue Tunnels already")
        # The name is asked for again with what was typed.
        await pilot.press(*" up", "enter")
        await until(pilot, "Saved as the queue Tunnels up")
        assert queues.named(actor, "tunnels up").query == "tag:vpn (vpn OR nix)"


async def test_any_queue_is_picked_from_a_menu_and_narrowed_by_a_filter(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("Q")
        await until(pilot, "Assigned to me")
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, "[Assigned to me 3]")
        await pilot.press("slash", *"shared", "enter")
        await until(pilot, "#1038")
        await until(pilot, "[Assigned to me 1]  / shared")
