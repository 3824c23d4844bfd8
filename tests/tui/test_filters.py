"""Filters on the screen: what one would do is seen before it does anything."""

from __future__ import annotations

import pytest

from desk.filters import filters
from desk.home import Desk
from desk.tickets import detail
from tests.support.mails import Door, mail
from tests.support.workbench import ADMIN
from tests.tui.screen import until
from tui.app import NightdeskApp


@pytest.fixture
def _filters(desk: Desk) -> None:
    door = Door(desk)
    for at in range(3):
        door.take(mail(f"The fountain leaks {at}.", subject=f"Fountain {at}"))
    door.take(mail("Something else.", subject="Chair"))
    filters.add(ADMIN, "Water", on="new", condition="subject:chair", then=["tag:water"], active=False)


@pytest.mark.usefixtures("_filters")
async def test_a_changed_condition_is_seen_kept_and_applied(app: NightdeskApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("t")
        await until(pilot, "1 of 4 would be treated otherwise")
        await pilot.press("escape")
        await until(pilot, "1 filters, 0 run")
        await pilot.press("c")
        await until(pilot, "If:")
        await pilot.press("ctrl+u", *"fountain", "enter")
        await until(pilot, "3 of 4 would be treated otherwise")
        await until(pilot, "filter 'Water': tag:water")
        assert filters.show("Water").condition == "subject:chair"
        await pilot.press("a")
        await until(pilot, "Water runs from now on")
        assert filters.show("Water").condition == "fountain"
        assert filters.show("Water").active
        await pilot.press("o")
        await until(pilot, "Do it to those of 3 tickets")
        await pilot.press("y")
        await until(pilot, "Done to 3 tickets")
        tagged = [number for number in ("1", "2", "3", "4") if detail.show(number).tags == ("water",)]
        assert len(tagged) == 3


@pytest.mark.usefixtures("_filters")
async def test_a_filter_is_switched_on_and_off(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("space")
        await until(pilot, "1 filters, 1 run")
        assert filters.show("Water").active


async def test_a_condition_that_is_refused_says_why(app: NightdeskApp) -> None:
    filters.add(ADMIN, "Water", on="new", condition="subject:chair", then=["tag:water"])
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "#1042")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("c")
        await until(pilot, "If:")
        await pilot.press("ctrl+u", *"sbject:x", "enter")
        await until(pilot, "there is no filter word")


async def test_a_ticket_sleeps_is_spam_and_its_sender_banned_by_a_key(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("Z")
        await until(pilot, "Snooze until")
        await pilot.press(*"2d", "enter")
        await until(pilot, "Snoozed #1042 until 2d")
        await pilot.press("colon", *"1042", "enter")
        await until(pilot, "Please upgrade the client")
        await pilot.press("G")
        await until(pilot, "Z - wakes it")
        await pilot.press("escape", "u")
        await until(pilot, "undone: #1042 snoozed")
        await pilot.press("exclamation_mark")
        await until(pilot, ": spam   u undoes it")
        await pilot.press("u")
        await until(pilot, "undone: #1042 spam")
        await pilot.press("B")
        await until(pilot, "Banned who asked for #1042")
        assert detail.show("1042").status == "closed"
