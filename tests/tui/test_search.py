"""Search: every ticket is found as one types, also by its number; Enter reads it, Esc goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from textual.widgets import Input

from desk.queries.fields import TICKET_FIELDS
from desk.tickets import search
from models.messages import Message
from models.tickets import Ticket
from tests.tui.scenes import HOSTILE
from tests.tui.screen import (
    SIZES,
    at_every_size,
    same_as_before,
    screen_text,
    settled,
    until,
    until_gone,
    until_true,
)
from tui.app import NightdeskApp
from tui.screens import search as screen_module
from tui.screens.search import HitList, SearchScreen
from tui.screens.thread.screen import ThreadScreen


def shown(app: NightdeskApp) -> list[str]:
    """The numbers of the tickets that are listed."""
    return [hit.number for hit in app.screen.query_one(HitList).rows]


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_is_found_in_open_and_closed_tickets(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g")
        text = await until(pilot, "Search all tickets")
        assert all(f"{field.name}:" in text for field in TICKET_FIELDS)
        await settled(pilot)
        same_as_before(screen_text(app), f"search-help-{size}")
        await pilot.press(*"lapt")
        await until(pilot, "2 tickets")
        await until(pilot, "> #1039")
        await settled(pilot)
        assert shown(app) == ["1039", "990"]
        same_as_before(screen_text(app), f"search-{size}")


async def test_enter_reads_the_ticket_and_esc_leads_back_to_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            for typed in ("pickup", "990", "#990"):
                await pilot.press("g", *typed)
                await until(pilot, "> #990")
                await until(pilot, "1 ticket")
                await pilot.press("enter")
                await until_true(pilot, lambda: isinstance(app.screen, ThreadScreen))
                await until(pilot, "This is about: Old laptop pickup")
                await pilot.press("escape")
                await until(pilot, "Search all tickets")
                assert app.screen.query_one(Input).value == typed
                await pilot.press("escape")
                await until_gone(pilot, "Search all tickets")
                await until(pilot, "#1041")


async def test_a_number_in_the_filter_goes_to_its_ticket_and_other_digits_filter(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("slash", *"990", "enter")
        await until(pilot, "This is about: Old laptop pickup")
        await pilot.press("q")
        await until(pilot, "[All open 12]")
        await pilot.press("slash", *"98", "enter")
        await until(pilot, "[All open 1]")


async def test_a_filter_that_names_a_state_looks_beyond_the_view(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await pilot.press("slash", *"state:closed laptop", "enter")
            await until(pilot, "#990")
            await pilot.press("slash", *"x" * 3, "enter")
            await until(pilot, "g looks in all tickets")
            await pilot.press("escape")
            await until(pilot, "#1041")


async def test_arrows_choose_and_the_line_keeps_the_keys(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"lapt")
        await until(pilot, "2 tickets")
        await until_true(pilot, lambda: len(shown(app)) == 2)
        second = shown(app)[1]
        await pilot.press("down")
        await until(pilot, f"> #{second}")
        await pilot.press("up", "pagedown", "pageup", "ctrl+n")
        await until(pilot, f"> #{second}")
        await pilot.press("o")
        await settled(pilot)
        assert app.screen.query_one(Input).value == "lapto"


async def test_tab_completes_fields_values_and_words(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"lapt", "tab")
        await until(pilot, "laptop")
        await pilot.press("space", *"state:cl", "tab")
        await settled(pilot)
        assert app.screen.query_one(Input).value == "laptop state:closed"
        await pilot.press("space", *"from:fac", "tab")
        await settled(pilot)
        assert app.screen.query_one(Input).value == "laptop state:closed from:facilities@corp.example"
        await until(pilot, "1 ticket")


async def test_what_is_no_query_yet_is_looked_for_and_the_hint_says_how_to_go_on(app: NightdeskApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"laptop state:")
        text = await until(pilot, "state: needs a value")
        assert "any, new, open, waiting or closed" in text
        await pilot.press(*"closed")
        await until_gone(pilot, "needs a value")
        await until_true(pilot, lambda: shown(app) == ["990"])


async def test_only_the_newest_question_waits_while_one_is_asked(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    gate = threading.Event()
    original: Callable[..., search.Answer] = search.answer

    def slow(text: str, *more: object) -> search.Answer:
        asked.append(text)
        gate.wait(10)
        return original(text, *more)

    monkeypatch.setattr(screen_module, "answer", slow)
    monkeypatch.setattr(screen_module, "TYPING_SECONDS", 0.001)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g")
        await until(pilot, "Search all tickets")
        for letter in "printer":
            await pilot.press(letter)
            await pilot.pause(0.02)
        gate.set()
        await until(pilot, "1 ticket")
        await settled(pilot)
        assert len(asked) == 2
        assert asked[-1] == "printer"
        assert shown(app) == ["1041"]


async def test_beginnings_and_words_without_blanks_are_found_at_every_size(
    app: NightdeskApp,
) -> None:
    for number, text in {"1031": "プリンターが動きません", "1035": "打印机坏了"}.items():
        ticket = Ticket.get(Ticket.number == number)
        Message.update(text=text).where(Message.ticket == ticket).execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        async for _ in at_every_size(pilot):
            await pilot.press("g")
            await until(pilot, "Search all tickets")
            for typed, number in {"プリンター": "1031", "印机": "1035", "inksc": "1036"}.items():
                app.screen.query_one(Input).value = ""
                await pilot.press(*typed)
                await until(pilot, f"> #{number}")
                await settled(pilot)
                assert shown(app) == [number]
            await pilot.press("escape")
            await until_gone(pilot, "Search all tickets")


async def test_in_a_list_g_goes_up_first(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("G")
        await until(pilot, "> ")
        await pilot.press("g")
        await settled(pilot)
        assert not isinstance(app.screen, SearchScreen)
        await pilot.press("g")
        await until(pilot, "Search all tickets")


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_in_what_is_found_does_nothing(app: NightdeskApp, size: str) -> None:
    ticket = Ticket.get(Ticket.number == "1031")
    Ticket.update(subject=f"needle {HOSTILE}").where(Ticket.id == ticket.id).execute()
    Message.update(
        text=f"{HOSTILE} needle {HOSTILE}\ue000 in [red]hay[/red]",
        sender_name=HOSTILE,
        subject=f"needle {HOSTILE}",
    ).where(Message.ticket == ticket).execute()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"needle")
        await until(pilot, "1 ticket")
        await until(pilot, "in [red]hay[/red]")
        await settled(pilot)
        text = screen_text(app)
        assert all(part.isprintable() for part in text.splitlines())
        assert not set("\x1b\x07\x9b\u202e\u200b") & set(text)


async def test_a_thread_that_was_found_opens_at_the_message_and_at_the_words(app: NightdeskApp) -> None:
    ticket = Ticket.get(Ticket.number == "1042")
    oldest = Message.select().where(Message.ticket == ticket.id).order_by(Message.id).get()
    far_down = "\n".join(f"line {number} of the log" for number in range(120)) + "\nthe flux capacitor hums\n"
    Message.update(text=far_down).where(Message.id == oldest.id).execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"capacitor")
        async for _ in at_every_size(pilot):
            await until(pilot, "1 ticket")
            await until(pilot, "> #1042")
            await pilot.press("enter")
            await until(pilot, "the flux capacitor hums")
            await until(pilot, "msg 1/4")
            await pilot.press("escape")
            await until(pilot, "Search all tickets")


async def test_a_ticket_found_by_its_number_opens_at_the_message_of_the_hit(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("g", *"#1042")
        await until(pilot, "> #1042")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
