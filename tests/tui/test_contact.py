"""The screen of a contact: who they are, what they wrote about, and what is done from there."""

from __future__ import annotations

import pytest

from desk import contacts
from tests.tui.screen import SIZES, at_every_size, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


async def open_contact(app: NightdeskApp, pilot: object) -> None:
    await until(pilot, "VPN drops")  # type: ignore[arg-type]
    await pilot.press("m", "o")  # type: ignore[attr-defined]
    await until(pilot, "Tickets, open ones first")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
async def test_it_tells_who_they_are_and_what_they_wrote_about(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await open_contact(app, pilot)
        await until(pilot, "and tell us.")
        await settled(pilot)
        same_as_before(screen_text(app), f"contact-{size}")


@pytest.mark.parametrize("size", SIZES)
async def test_who_matters_more_is_marked_in_the_list_and_beside_the_thread(
    app: NightdeskApp, size: str
) -> None:
    (ana,) = (each for each in contacts.contacts() if each.email == "ana@corp.example")
    contacts.edit_contact(app.actor, ana.email, vip=True)
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "VIP ")
        await pilot.press("enter")
        await until(pilot, "owner:" if size == "80x24" else "Dept")
        assert f"VIP {ana.name}" in screen_text(app)


async def test_a_long_note_is_read_as_far_as_three_lines_go(
    app: NightdeskApp,
) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    contacts.edit_contact(app.actor, "ana@corp.example", note=words)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_contact(app, pilot)
        async for size in at_every_size(pilot):
            await until(pilot, "Note ")
            await settled(pilot)
            text = screen_text(app)
            assert ("word59" in text) is (size[0] == 160)
            assert ("..." in text) is (size[0] < 160)


async def test_addresses_come_and_go_and_two_become_one(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_contact(app, pilot)
        address = next(each.email for each in contacts.contacts() if each.email in screen_text(app))
        await pilot.press("a", *"second@home.example", "enter")
        await until(pilot, "second@home.example")
        assert contacts.known(address).others == ("second@home.example",)
        await pilot.press("a", *"-second@home.example", "enter")
        await settled(pilot)
        other = next(each.email for each in contacts.contacts() if each.email != address)
        await pilot.press("M", *f"{other}x", "enter")
        await until(pilot, f"there is no contact {other}x")
        await pilot.press("backspace", "enter")
        await until(pilot, "Their tickets and addresses go there for good")
        await pilot.press("y")
        await until(pilot, other)
        assert address in contacts.known(other).others
