"""Tickets: what the list promises."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from desk.permissions import Actor
from desk.staff import agents, teams
from desk.tickets import detail as ticket_detail
from models import notices, watches
from models.fields import utc_text
from models.tickets import Ticket
from models.transactions import transaction
from tests.support.frames import NOW
from tests.support.workbench import ADMIN
from tests.tui.screen import (
    SIZES,
    same_as_before,
    screen_text,
    settled,
    until,
    until_gone,
    until_told_from_now,
    until_true,
    with_actions,
)
from tui.app import NightdeskApp
from tui.screens.tickets.screen import TicketsScreen


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_looks_like_its_frame(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "mail OK")
        await settled(pilot)
        same_as_before(screen_text(app), f"tickets-{size}")


async def test_views_walk_with_brackets(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "[All open 12]")
        await pilot.press("right_square_bracket")
        await until(pilot, "#990")
        assert "[Closed]" in screen_text(app)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, "[Overdue 2]")
        text = await until(pilot, "── #1022")
        assert "#1042" not in text


async def test_a_filter_shows_what_fits_with_its_count_and_esc_clears_it(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("slash", *"tag:printer", "enter")
        await until(pilot, "[All open 1]  / tag:printer")
        await until(pilot, "── #1041")
        await settled(pilot)
        assert "#1042" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, "#1042")


async def test_a_wrong_filter_word_says_what_was_meant_and_keeps_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("slash", *"state:opn", "enter")
        await until(pilot, "open")
        await until(pilot, "!! ")
        assert "#1041" in screen_text(app)


async def test_typing_a_filter_runs_no_command(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("slash", *"xaq31", "escape")
        await settled(pilot)
        assert "12 open" in screen_text(app)
        assert ticket_detail.show("1042").status == "open"


async def test_close_takes_the_ticket_away_and_u_brings_it_back(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("x")
        await until(pilot, "Closed #1042")
        await until(pilot, "[All open 11]")
        assert ticket_detail.show("1042").status == "closed"
        await pilot.press("u")
        await until(pilot, "[All open 12]")
        assert ticket_detail.show("1042").status == "open"


async def test_marked_tickets_change_together(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("space", "space")
        await until(pilot, "2 marked")
        await pilot.press("p", "l")
        await until(pilot, "2 tickets: priority low")
        assert [ticket_detail.show(number).priority for number in ("1042", "1041", "1039")] == [1, 1, 2]


async def test_more_than_five_tickets_ask_first_and_enter_is_no(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("asterisk")
        await until(pilot, "12 marked")
        await pilot.press("x")
        await until(pilot, "Close 12 tickets?")
        await pilot.press("enter")
        await settled(pilot)
        assert ticket_detail.show("1042").status == "open"
        await pilot.press("x")
        await until(pilot, "Close 12 tickets?")
        await pilot.press("x", "y")
        await until(pilot, "Closed 12 tickets")
        assert ticket_detail.show("1042").status == "closed"


async def test_a_range_marks_what_the_cursor_passes(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("j", "v", "j", "j", "v", "j")
        await until(pilot, "3 marked")
        await pilot.press("escape")
        await until(pilot, "12 open, 2 overdue | fetched")


async def test_state_and_tags_from_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("s", "w")
        await until(pilot, "#1042: waiting")
        await pilot.press("t", *"lisbon -vpn", "enter")
        await until(pilot, "Tags of #1042 changed")
        detail = ticket_detail.show("1042")
        assert detail.status == "waiting"
        assert detail.tags == ("lisbon", "p1")


async def test_a_ticket_is_merged_into_another_and_taken_out_again(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("m", "m", *"#1041", "enter")
        await until(pilot, "Merged #1042 into #1041")
        assert len(ticket_detail.show("1042").messages) == 0
        await pilot.press("colon", *"1041", "enter")
        await until(pilot, "prev/next ticket")
        await pilot.press("m", "t")
        await until(pilot, "#1042 is a ticket of its own again")
        await until(pilot, "msg 1/1")
        await pilot.press("u")
        await until(pilot, "msg 5/5")
        await pilot.press("colon", *"1042", "enter")
        await until(pilot, "Merged into #1041")
        await pilot.press("m", "t")
        await until(pilot, "Hello, the VPN asks")
        assert len(ticket_detail.show("1042").messages) > 0


async def test_sort_by_priority(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("O", "p")
        await settled(pilot)
        lines = screen_text(app).splitlines()[3:6]
        assert ["!!" in line for line in lines] == [True, True, False]


async def test_a_field_of_the_desks_own_sorts_the_list_and_is_asked_for_before_closing(
    app: NightdeskApp,
) -> None:
    from desk.custom_fields import definitions
    from desk.tickets import fields
    from tests.support.workbench import ADMIN

    definitions.add_field(ADMIN, "Bill", kind="number", required=True)
    fields.set_fields(ADMIN, ["1012"], {"bill": "7"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("O")
        await until(pilot, "bill, backwards")
        await pilot.press("b")
        await settled(pilot)
        assert "#1012" in screen_text(app).splitlines()[3]
        await pilot.press("j", "x")
        shown = await until(pilot, "Bill is empty", 200)
        assert "Ticket 1042" in shown


async def test_the_cursor_stays_on_its_ticket_when_a_new_one_comes(app: NightdeskApp) -> None:
    from models.tickets import Ticket
    from tests.support.frames import NOW
    from tests.support.workbench import make_ticket

    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("j", "j")
        await until(pilot, "> @ #1039")
        known = Ticket.get(Ticket.number == "1041")
        make_ticket("Fresh", requester=known.contact.email, number="1050", moment=NOW)
        await until(pilot, "#1050")
        assert "> @ #1039" in screen_text(app)


async def test_a_change_beside_the_tickets_is_loaded_at_the_next_minute(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch that found nothing, a login, a draft: with many apps each would cost a list in every one."""
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await until_told_from_now(pilot)
        screen = app.screen
        assert isinstance(screen, TicketsScreen)
        await until_true(pilot, lambda: not screen._counting.waits)
        seen, before = app.seen_up_to, app._change
        counted: list[int] = []

        def count(actor: Actor, views: Iterable[str]) -> dict[str, int]:
            counted.append(1)
            return {}

        monkeypatch.setattr("desk.tickets.lists.counts", count)
        Ticket.update(subject="Written by hand").where(Ticket.number == "1041").execute()
        await until_true(pilot, lambda: app._change != before)
        await settled(pilot)
        assert app.seen_up_to == seen
        assert "Written by hand" not in screen_text(app)
        assert not counted
        app.local_minute -= timedelta(minutes=1)
        await until(pilot, "Written by hand")
        await until_true(pilot, lambda: counted == [1])


async def test_a_role_that_does_not_grant_it_says_so(app: NightdeskApp) -> None:
    with_actions(app, "ticket.note")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("x")
        await until(pilot, "Close: your role does not grant it")
        assert ticket_detail.show("1042").status == "open"


async def test_zoom_gives_the_list_all_the_room_and_back(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("z")
        await settled(pilot)
        assert "Lisbon office" not in screen_text(app)
        await pilot.press("z")
        await until(pilot, "Lisbon office")


async def test_why_is_asked_from_the_list_too(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        with transaction():
            ticket = Ticket.get(Ticket.number == "1042").id
            trace = ["ana: mailed as assignee (delivery 3)", "jo: not told, it is their quiet time"]
            moment = utc_text(NOW)
            notices.write(ticket, None, "customer_wrote", None, moment, told=moment, trace=trace)
            notices.write(ticket, None, "overdue", None, moment)
        await pilot.press("W")
        await until(pilot, "What became of this mail, and why")
        text = await until(pilot, "Who was told of #1042")
        assert "10:42 today  customer wrote\n     ana: mailed as assignee (delivery 3)\n" in text
        assert "     jo: not told, it is their quiet time\n" in text
        assert "10:42 today  overdue\n     waits for the worker\n" in text
        await pilot.press("escape")
        await until(pilot, "#1041")


async def test_a_menu_is_as_wide_as_its_title(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("space", "j", "space", "a")
        await until(pilot, "Assign to (2 tickets)")


async def test_a_ticket_is_given_to_a_team_and_who_is_away_is_told_first(app: NightdeskApp) -> None:
    teams.add_team(ADMIN, "Night shift")
    agents.edit_agent(ADMIN, "jo", away_until="2199-01-01")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("a")
        await until(pilot, "Night shift  team")
        assert "away until 2199-01-01" in screen_text(app)
        [offered] = [line for line in screen_text(app).splitlines() if "Night shift  team" in line]
        await pilot.press(offered.split("Night shift")[0].split()[-1].strip("│|"))
        await until(pilot, "to the team Night shift")


async def test_a_key_watches_a_ticket_and_ends_it(app: NightdeskApp, actor: Actor) -> None:
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, "VPN drops")
        await until(pilot, "w watch")
        await pilot.press("w")
        await until(pilot, "You watch #1042   w ends it")
        await pilot.press("enter")
        await until(pilot, "Watched   by you (w)")
        await pilot.press("w")
        await until(pilot, "You do not watch #1042 any more")
        await until_gone(pilot, "Watched   by you")
        await pilot.press("escape")
        await until(pilot, "w watch")
        await pilot.press("space", "space", "w")
        await until(pilot, "You watch 2 tickets")
    assert actor.agent_id is not None
    assert len(watches.numbers_of(actor.agent_id)) == 2
