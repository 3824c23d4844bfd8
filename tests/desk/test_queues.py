"""A queue is found by its name, shows what its query finds now, and belongs to one agent or to everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from desk import queues
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.queries.errors import QueryError
from desk.tickets import changes, lists
from desk.tickets.query import parse
from models.queues import SHIPPED
from models.tickets import Ticket
from tests.support.workbench import ADMIN, make_agent, make_ticket


def shown(actor: Actor, name: str, filter_text: str = "") -> list[str]:
    opened = queues.opened(queues.named(actor, name), actor, UTC)
    wanted = opened.tickets(parse(filter_text, actor) if filter_text else None)
    return [line.number for line in lists.page(wanted)]


def test_a_desk_begins_with_the_queues_of_osticket(desk: Desk, ana: Actor) -> None:
    found = queues.queues(ana)
    assert [line.name for line in found] == [name for name, _, _ in SHIPPED]
    assert all(line.shared and not line.tab for line in found)
    assert all(queues.count(line, ana, UTC) == 0 for line in found)
    assert queues.tabs(ana, UTC) == ()


def test_a_queue_shows_what_its_query_finds_and_a_filter_narrows_it(desk: Desk, ana: Actor) -> None:
    vpn, printer, closed = make_ticket("VPN"), make_ticket("Printer"), make_ticket("VPN again")
    changes.add_tags(ana, [vpn.number, printer.number, closed.number], ["slow"])
    changes.set_status(ana, [closed.number], "closed")
    line = queues.add_queue(ana, UTC, "Slow", "tag:slow", sort="created")
    assert shown(ana, "slow") == [printer.number, vpn.number]
    assert queues.count(line, ana, UTC) == 2
    assert shown(ana, "Slow", "vpn") == [vpn.number]
    assert shown(ana, "Slow", "state:any") == [closed.number, printer.number, vpn.number]
    assert shown(ana, "Slow", "vpn OR state:closed") == [closed.number, vpn.number]


def test_ones_own_queue_is_seen_by_oneself_and_hides_a_shared_one_of_its_name(
    desk: Desk, ana: Actor, jo: Actor
) -> None:
    queues.add_queue(ana, UTC, "Slow", "tag:slow", shared=True)
    queues.add_queue(ana, UTC, "slow", "tag:mine")
    assert queues.named(ana, "SLOW").query == "tag:mine"
    assert queues.named(jo, "SLOW").query == "tag:slow"
    assert queues.queues(ana)[0].name == "slow"
    queues.remove_queue(ana, "slow")
    assert queues.named(ana, "slow").query == "tag:slow"


def test_me_is_who_looks(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket()
    changes.assign(ana, [ticket.number], "jo")
    assert shown(jo, "Assigned to me") == [ticket.number]
    assert shown(ana, "Assigned to me") == []


def test_names_are_taken_once_and_what_is_wrong_is_refused(desk: Desk, ana: Actor) -> None:
    queues.add_queue(ana, UTC, "Slow", "tag:slow")
    with pytest.raises(Refused):
        queues.add_queue(ana, UTC, " SLOW ", "tag:x")
    with pytest.raises(QueryError):
        queues.add_queue(ana, UTC, "Other", "state:opn")
    with pytest.raises(QueryError):
        queues.edit_queue(ana, UTC, "Slow", query="(")
    with pytest.raises(WrongUse):
        queues.add_queue(ana, UTC, "", "tag:x")
    with pytest.raises(WrongUse):
        queues.edit_queue(ana, UTC, "Slow", columns=("colour",))
    with pytest.raises(WrongUse):
        queues.edit_queue(ana, UTC, "Slow", sort="colour")
    with pytest.raises(NotFound) as missing:
        queues.named(ana, "Fast")
    assert "Slow" in missing.value.hint
    queues.add_queue(ana, UTC, "Other", "tag:x")
    with pytest.raises(Refused):
        queues.edit_queue(ana, UTC, "Other", new_name="slow")
    assert queues.edit_queue(ana, UTC, "Slow", new_name="slow").name == "slow"


def test_shared_queues_need_the_right_to_change_the_desk(desk: Desk, ana: Actor) -> None:
    bo = make_agent("bo", ["ticket.reply"])
    queues.add_queue(bo, UTC, "Mine", "owner:me")
    with pytest.raises(NotAllowed):
        queues.add_queue(bo, UTC, "Ours", "p:high", shared=True)
    with pytest.raises(NotAllowed):
        queues.edit_queue(bo, UTC, "Unanswered", sort="due")
    with pytest.raises(NotAllowed):
        queues.remove_queue(bo, "Unanswered")


def test_the_admin_without_an_agent_makes_queues_for_everybody(desk: Desk, ana: Actor) -> None:
    assert queues.add_queue(ADMIN, UTC, "Ours", "p:high").shared
    assert queues.named(ana, "Ours").query == "p:high"


def test_a_tab_whose_query_names_what_is_gone_is_left_out(desk: Desk, ana: Actor, jo: Actor) -> None:
    from models.agents import Agent

    queues.add_queue(ana, UTC, "Of Jo", "owner:jo")
    queues.add_queue(ana, UTC, "High", "p:high")
    Agent.delete().where(Agent.login == "jo").execute()
    assert [queue.line.name for queue in queues.tabs(ana, UTC)] == ["High"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Closed today", {0}),
        ("Closed yesterday", {1}),
        ("Closed this week", {0, 1, 2}),
        ("Closed this month", {0, 1, 2, 3, 17}),
        ("Closed this quarter", {0, 1, 2, 3, 17, 18, 48}),
        ("Closed this year", {0, 1, 2, 3, 17, 18, 48, 49, 300}),
    ],
)
def test_what_was_closed_in_a_week_or_month_is_counted_by_the_calendar(
    desk: Desk, ana: Actor, name: str, expected: set[int]
) -> None:
    wednesday = datetime(2026, 11, 18, 12, tzinfo=UTC)
    with time_machine.travel(wednesday, tick=False):
        days = {}
        for ago in (0, 1, 2, 3, 17, 18, 48, 49, 300, 322):
            ticket = make_ticket(status="closed")
            Ticket.update(closed=wednesday - timedelta(days=ago)).where(Ticket.id == ticket.id).execute()
            days[ticket.number] = ago
        assert {days[number] for number in shown(ana, name)} == expected
