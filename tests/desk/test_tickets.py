"""Changes to tickets: what they do, who may make them, and that they can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from config.clock import now
from desk import tickets
from desk.actors import Actor
from desk.errors import DeskError, NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from models.events import Event
from models.people import Department
from models.tickets import Ticket
from tests.desk.workbench import ADMIN, make_agent, make_ticket


def test_a_ticket_is_found_with_or_without_its_sign(desk: Desk) -> None:
    ticket = make_ticket()
    assert tickets.show(ticket.number).id == tickets.show(f"#{ticket.number}").id == ticket.id


def test_a_ticket_that_does_not_exist_is_not_found(desk: Desk, ana: Actor) -> None:
    there = make_ticket()
    for act in (lambda: tickets.show("99999"), lambda: tickets.close(ana, [there.number, "99999"])):
        with pytest.raises(NotFound):
            act()
    assert tickets.show(there.number).status == "new"


def test_assigning_a_new_ticket_opens_it(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket()
    assert tickets.assign(ana, [ticket.number], "jo") == [ticket.number]
    shown = tickets.show(ticket.number)
    assert (shown.assignee, shown.status) == ("Jo", "open")
    assert tickets.assign(ana, [ticket.number], None) == [ticket.number]
    assert tickets.show(ticket.number).assignee is None


def test_assigning_to_nobody_known_says_who_there_is(desk: Desk, ana: Actor) -> None:
    with pytest.raises(WrongUse) as refused:
        tickets.assign(ana, [make_ticket().number], "bob")
    assert "ana" in refused.value.hint


def test_closing_stops_the_clock_and_reopening_starts_it_anew(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(due=now() - timedelta(hours=1), overdue=True)
    tickets.close(ana, [ticket.number])
    shown = tickets.show(ticket.number)
    assert (shown.status, shown.due, shown.overdue) == ("closed", None, False)
    assert shown.closed is not None
    tickets.reopen(ana, [ticket.number])
    shown = tickets.show(ticket.number)
    assert shown.status == "open"
    assert shown.closed is None
    assert shown.due is not None
    assert shown.due > now() + timedelta(hours=17)


def test_reopening_leaves_open_tickets_alone(desk: Desk, ana: Actor) -> None:
    assert tickets.reopen(ana, [make_ticket(status="waiting").number]) == []


def test_tags_are_one_word_and_know_no_case(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket()
    tickets.add_tags(ana, [ticket.number], ["VPN", "#vpn", "big deal, really"])
    assert tickets.show(ticket.number).tags == ("VPN", "big-deal-really")
    tickets.remove_tags(ana, [ticket.number], ["vpn"])
    assert tickets.show(ticket.number).tags == ("big-deal-really",)
    for bad in ("", "   ", "#", "x" * 41):
        with pytest.raises(WrongUse):
            tickets.add_tags(ana, [ticket.number], [bad])


@pytest.mark.parametrize(("given", "level"), [(1, 1), ("4", 4), ("urgent", 4), ("HIGH", 3)])
def test_a_priority_is_a_number_or_a_name(desk: Desk, ana: Actor, given: int | str, level: int) -> None:
    ticket = make_ticket()
    tickets.set_priority(ana, [ticket.number], given)
    assert tickets.show(ticket.number).priority == level


@pytest.mark.parametrize("given", [0, 5, "highest", ""])
def test_what_is_no_priority_is_refused(desk: Desk, ana: Actor, given: int | str) -> None:
    with pytest.raises(WrongUse):
        tickets.set_priority(ana, [make_ticket().number], given)


def test_a_bulk_change_changes_what_differs_and_says_which(desk: Desk, ana: Actor) -> None:
    first, second, third = (make_ticket() for _ in range(3))
    tickets.set_priority(ana, [second.number], "high")
    changed = tickets.set_priority(ana, [first.number, second.number, third.number, first.number], "high")
    assert changed == [first.number, third.number]


CHANGES: dict[str, Callable[[Actor, str], object]] = {
    "ticket.assign": lambda actor, number: tickets.assign(actor, [number], None),
    "ticket.close": lambda actor, number: tickets.close(actor, [number]),
    "ticket.edit": lambda actor, number: tickets.set_priority(actor, [number], "low"),
}


@pytest.mark.parametrize("action", list(CHANGES))
def test_a_role_without_the_action_is_refused(desk: Desk, action: str) -> None:
    ticket = make_ticket()
    others = [other for other in CHANGES if other != action]
    guest = make_agent("guest", others)
    with pytest.raises(NotAllowed) as refused:
        CHANGES[action](guest, ticket.number)
    assert refused.value.hint
    CHANGES[action](make_agent("able", [action]), ticket.number)


def test_an_agent_of_one_department_may_not_touch_another_departments_tickets(desk: Desk) -> None:
    Department.create(name="Network")
    net = make_agent("net", ["ticket.edit"], department="Network")
    mine, theirs = make_ticket(department="Network"), make_ticket()
    assert tickets.set_priority(net, [mine.number], "high") == [mine.number]
    with pytest.raises(NotAllowed, match="another department"):
        tickets.set_priority(net, [mine.number, theirs.number], "low")
    assert tickets.show(mine.number).priority == 3


def test_a_referred_ticket_may_be_worked_by_both_departments(desk: Desk) -> None:
    from models.tickets import TicketReferral

    network = Department.create(name="Network")
    ticket = make_ticket()
    TicketReferral.insert(ticket=ticket, department=network).execute()
    net = make_agent("net", ["ticket.edit"], department="Network")
    assert tickets.set_priority(net, [ticket.number], "high") == [ticket.number]
    assert tickets.show(ticket.number).referred == ("Network",)


def test_a_transfer_moves_the_ticket(desk: Desk, ana: Actor) -> None:
    Department.create(name="Network")
    ticket = make_ticket()
    tickets.transfer(ana, [ticket.number], "network")
    assert tickets.show(ticket.number).department == "Network"
    with pytest.raises(WrongUse):
        tickets.transfer(ana, [ticket.number], "Netwrok")


UNDOABLE: dict[str, Callable[[Actor, list[str]], object]] = {
    "assign": lambda actor, numbers: tickets.assign(actor, numbers, "jo"),
    "close": lambda actor, numbers: tickets.close(actor, numbers),
    "waiting": lambda actor, numbers: tickets.set_status(actor, numbers, "waiting"),
    "priority": lambda actor, numbers: tickets.set_priority(actor, numbers, 4),
    "tag": lambda actor, numbers: tickets.add_tags(actor, numbers, ["hot", "old"]),
    "untag": lambda actor, numbers: tickets.remove_tags(actor, numbers, ["old"]),
    "transfer": lambda actor, numbers: tickets.transfer(actor, numbers, "Network"),
}


def state(number: str) -> dict[str, object]:
    document = tickets.show(number).to_json()
    del document["events"]
    return document


@pytest.mark.parametrize("what", list(UNDOABLE))
@pytest.mark.parametrize("who", ["ana", "owner"])
def test_undo_brings_all_tickets_of_a_change_back_as_they_were(
    desk: Desk, ana: Actor, jo: Actor, what: str, who: str
) -> None:
    Department.create(name="Network")
    actor = ana if who == "ana" else ADMIN
    numbers = [make_ticket(due=now()).number for _ in range(3)]
    tickets.add_tags(jo, numbers, ["old"])
    before = [state(number) for number in numbers]
    UNDOABLE[what](actor, numbers)
    assert [state(number) for number in numbers] != before
    told = tickets.undo_last(actor)
    assert told is not None
    assert all(f"#{number}" in told for number in numbers)
    assert [state(number) for number in numbers] == before
    assert tickets.show(numbers[0]).events[-1].kind == "undone"


def test_undo_again_takes_back_the_change_before(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    tickets.set_priority(ana, [number], 3)
    tickets.add_tags(ana, [number], ["vpn"])
    tickets.undo_last(ana)
    assert tickets.show(number).tags == ()
    tickets.undo_last(ana)
    assert tickets.show(number).priority == 2
    assert tickets.undo_last(ana) is None


def test_undo_is_ones_own(desk: Desk, ana: Actor, jo: Actor) -> None:
    number = make_ticket().number
    tickets.set_priority(ana, [number], 3)
    assert tickets.undo_last(jo) is None
    assert tickets.undo_last(ADMIN) is None


def test_undo_never_overrides_what_somebody_did_since(desk: Desk, ana: Actor, jo: Actor) -> None:
    first, second = make_ticket().number, make_ticket().number
    tickets.set_priority(ana, [first, second], 3)
    tickets.set_priority(jo, [first], 4)
    told = tickets.undo_last(ana)
    assert told is not None
    assert f"#{first} was changed since" in told
    assert (tickets.show(first).priority, tickets.show(second).priority) == (4, 2)
    tickets.set_priority(ana, [first], 1)
    tickets.set_priority(jo, [first], 2)
    with pytest.raises(Refused):
        tickets.undo_last(ana)
    assert tickets.show(first).priority == 2


def test_every_change_is_in_the_history_with_its_author(desk: Desk, ana: Actor, jo: Actor) -> None:
    number = make_ticket().number
    tickets.assign(ana, [number], "jo")
    tickets.set_priority(jo, [number], "high")
    tickets.close(ADMIN, [number])
    assert [(event.agent, event.text) for event in tickets.show(number).events] == [
        ("Ana", "assigned to Jo"),
        ("Jo", "priority normal -> high"),
        ("owner", "closed"),
    ]


def test_every_change_moves_the_ticket_up(desk: Desk, ana: Actor) -> None:
    number = make_ticket(age=timedelta(days=1)).number
    seen = [tickets.show(number).updated]
    acts: tuple[Callable[[], object], ...] = (
        lambda: tickets.set_priority(ana, [number], 3),
        lambda: tickets.add_tags(ana, [number], ["a"]),
        lambda: tickets.close(ana, [number]),
    )
    for act in acts:
        act()
        seen.append(tickets.show(number).updated)
    assert all(before < after for before, after in pairwise(seen))


def test_a_change_that_changes_nothing_leaves_no_trace(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    assert tickets.set_priority(ana, [number], 2) == []
    assert tickets.remove_tags(ana, [number], ["nope"]) == []
    assert Event.select().count() == 0


def test_a_bulk_change_is_all_or_nothing(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    with pytest.raises(DeskError):
        tickets.close(ana, [number, "0"])
    assert Ticket.get(Ticket.number == number).status == "new"
