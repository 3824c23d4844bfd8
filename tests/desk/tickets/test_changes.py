"""Changes to tickets: what they do, who may make them, and that they can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from config.clock import now
from desk.documents import tickets as documents
from desk.errors import DeskError, NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, detail, undo
from models.departments import Department
from models.events import Event
from models.tickets import Ticket
from tests.support.workbench import ADMIN, make_agent, make_ticket


def test_a_ticket_is_found_with_or_without_its_sign(desk: Desk) -> None:
    ticket = make_ticket()
    assert detail.show(ticket.number).id == detail.show(f"#{ticket.number}").id == ticket.id


def test_a_ticket_that_does_not_exist_is_not_found(desk: Desk, ana: Actor) -> None:
    there = make_ticket()
    for act in (lambda: detail.show("99999"), lambda: changes.close(ana, [there.number, "99999"])):
        with pytest.raises(NotFound):
            act()
    assert detail.show(there.number).status == "new"


def test_assigning_a_new_ticket_opens_it(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket()
    assert changes.assign(ana, [ticket.number], "jo") == [ticket.number]
    shown = detail.show(ticket.number)
    assert (shown.assignee, shown.status) == ("Jo", "open")
    assert changes.assign(ana, [ticket.number], None) == [ticket.number]
    assert detail.show(ticket.number).assignee is None


def test_assigning_to_nobody_known_says_who_there_is(desk: Desk, ana: Actor) -> None:
    with pytest.raises(WrongUse) as refused:
        changes.assign(ana, [make_ticket().number], "bob")
    assert "ana" in refused.value.hint


def test_closing_stops_the_clock_and_reopening_starts_it_anew(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(due=now() - timedelta(hours=1), overdue=True)
    changes.close(ana, [ticket.number])
    shown = detail.show(ticket.number)
    assert (shown.status, shown.due, shown.overdue) == ("closed", None, False)
    assert shown.closed is not None
    changes.reopen(ana, [ticket.number])
    shown = detail.show(ticket.number)
    assert shown.status == "open"
    assert shown.closed is None
    assert shown.due is not None
    assert shown.due > now() + timedelta(hours=17)


def test_reopening_leaves_open_tickets_alone(desk: Desk, ana: Actor) -> None:
    assert changes.reopen(ana, [make_ticket(status="waiting").number]) == []


def test_tags_are_one_word_and_know_no_case(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket()
    changes.add_tags(ana, [ticket.number], ["VPN", "#vpn", "big deal, really"])
    assert detail.show(ticket.number).tags == ("VPN", "big-deal-really")
    changes.remove_tags(ana, [ticket.number], ["vpn"])
    assert detail.show(ticket.number).tags == ("big-deal-really",)
    for bad in ("", "   ", "#", "x" * 41):
        with pytest.raises(WrongUse):
            changes.add_tags(ana, [ticket.number], [bad])


@pytest.mark.parametrize(("given", "level"), [(1, 1), ("4", 4), ("urgent", 4), ("HIGH", 3)])
def test_a_priority_is_a_number_or_a_name(desk: Desk, ana: Actor, given: int | str, level: int) -> None:
    ticket = make_ticket()
    changes.set_priority(ana, [ticket.number], given)
    assert detail.show(ticket.number).priority == level


@pytest.mark.parametrize("given", [0, 5, "highest", ""])
def test_what_is_no_priority_is_refused(desk: Desk, ana: Actor, given: int | str) -> None:
    with pytest.raises(WrongUse):
        changes.set_priority(ana, [make_ticket().number], given)


def test_a_bulk_change_changes_what_differs_and_says_which(desk: Desk, ana: Actor) -> None:
    first, second, third = (make_ticket() for _ in range(3))
    changes.set_priority(ana, [second.number], "high")
    changed = changes.set_priority(ana, [first.number, second.number, third.number, first.number], "high")
    assert changed == [first.number, third.number]


CHANGES: dict[str, Callable[[Actor, str], object]] = {
    "ticket.assign": lambda actor, number: changes.assign(actor, [number], None),
    "ticket.close": lambda actor, number: changes.close(actor, [number]),
    "ticket.edit": lambda actor, number: changes.set_priority(actor, [number], "low"),
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
    assert changes.set_priority(net, [mine.number], "high") == [mine.number]
    with pytest.raises(NotFound):
        changes.set_priority(net, [mine.number, theirs.number], "low")
    reading = net._replace(places=((theirs.department_id, frozenset(["ticket.read"])),))
    with pytest.raises(NotAllowed, match="another department"):
        changes.set_priority(reading, [mine.number, theirs.number], "low")
    assert detail.show(mine.number).priority == 3


def test_a_referred_ticket_may_be_worked_by_both_departments(desk: Desk) -> None:
    from models.tickets import TicketReferral

    network = Department.create(name="Network")
    ticket = make_ticket()
    TicketReferral.insert(ticket=ticket, department=network).execute()
    net = make_agent("net", ["ticket.edit"], department="Network")
    assert changes.set_priority(net, [ticket.number], "high") == [ticket.number]
    assert detail.show(ticket.number).referred == ("Network",)


def test_a_transfer_moves_the_ticket(desk: Desk, ana: Actor) -> None:
    Department.create(name="Network")
    ticket = make_ticket()
    changes.transfer(ana, [ticket.number], "network")
    assert detail.show(ticket.number).department == "Network"
    with pytest.raises(WrongUse):
        changes.transfer(ana, [ticket.number], "Netwrok")


UNDOABLE: dict[str, Callable[[Actor, list[str]], object]] = {
    "assign": lambda actor, numbers: changes.assign(actor, numbers, "jo"),
    "close": lambda actor, numbers: changes.close(actor, numbers),
    "waiting": lambda actor, numbers: changes.set_status(actor, numbers, "waiting"),
    "priority": lambda actor, numbers: changes.set_priority(actor, numbers, 4),
    "tag": lambda actor, numbers: changes.add_tags(actor, numbers, ["hot", "old"]),
    "untag": lambda actor, numbers: changes.remove_tags(actor, numbers, ["old"]),
    "transfer": lambda actor, numbers: changes.transfer(actor, numbers, "Network"),
}


def state(number: str) -> dict[str, object]:
    """All but the history, and how much time is left."""
    shown = documents.shown(detail.show(number))
    return {key: value for key, value in shown.items() if key not in ("events", "clocks")}


def test_undo_brings_all_tickets_of_a_change_back_as_they_were_for_the_owner_too(
    desk: Desk, jo: Actor
) -> None:
    Department.create(name="Network")
    numbers = [make_ticket(due=now()).number for _ in range(3)]
    changes.add_tags(jo, numbers, ["old"])
    before = [state(number) for number in numbers]
    for change in UNDOABLE.values():
        change(ADMIN, numbers)
        assert [state(number) for number in numbers] != before
        told = undo.undo_last(ADMIN)
        assert told is not None
        assert all(f"#{number}" in told for number in numbers)
        assert [state(number) for number in numbers] == before
        assert detail.show(numbers[0]).events[-1].kind == "undone"


def test_undo_again_takes_back_the_change_before(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    changes.set_priority(ana, [number], 3)
    changes.add_tags(ana, [number], ["vpn"])
    undo.undo_last(ana)
    assert detail.show(number).tags == ()
    undo.undo_last(ana)
    assert detail.show(number).priority == 2
    assert undo.undo_last(ana) is None


def test_undo_is_ones_own(desk: Desk, ana: Actor, jo: Actor) -> None:
    number = make_ticket().number
    changes.set_priority(ana, [number], 3)
    assert undo.undo_last(jo) is None
    assert undo.undo_last(ADMIN) is None


def test_undo_never_overrides_what_somebody_did_since(desk: Desk, ana: Actor, jo: Actor) -> None:
    first, second = make_ticket().number, make_ticket().number
    changes.set_priority(ana, [first, second], 3)
    changes.set_priority(jo, [first], 4)
    told = undo.undo_last(ana)
    assert told is not None
    assert f"#{first} was changed since" in told
    assert (detail.show(first).priority, detail.show(second).priority) == (4, 2)
    changes.set_priority(ana, [first], 1)
    changes.set_priority(jo, [first], 2)
    with pytest.raises(Refused):
        undo.undo_last(ana)
    assert detail.show(first).priority == 2


def test_every_change_is_in_the_history_with_its_author(desk: Desk, ana: Actor, jo: Actor) -> None:
    number = make_ticket().number
    changes.assign(ana, [number], "jo")
    changes.set_priority(jo, [number], "high")
    changes.close(ADMIN, [number])
    assert [(event.agent, event.text) for event in detail.show(number).events] == [
        ("Ana", "assigned to Jo"),
        ("Jo", "priority normal -> high"),
        ("owner", "closed"),
    ]


def test_every_change_moves_the_ticket_up(desk: Desk, ana: Actor) -> None:
    number = make_ticket(age=timedelta(days=1)).number
    seen = [detail.show(number).updated]
    acts: tuple[Callable[[], object], ...] = (
        lambda: changes.set_priority(ana, [number], 3),
        lambda: changes.add_tags(ana, [number], ["a"]),
        lambda: changes.close(ana, [number]),
    )
    for act in acts:
        act()
        seen.append(detail.show(number).updated)
    assert all(before < after for before, after in pairwise(seen))


def test_a_change_that_changes_nothing_leaves_no_trace(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    assert changes.set_priority(ana, [number], 2) == []
    assert changes.remove_tags(ana, [number], ["nope"]) == []
    assert Event.select().count() == 0


def test_a_bulk_change_is_all_or_nothing(desk: Desk, ana: Actor) -> None:
    number = make_ticket().number
    with pytest.raises(DeskError):
        changes.close(ana, [number, "0"])
    assert Ticket.get(Ticket.number == number).status == "new"
