"""Tickets found and sorted by what stands in fields of the desk's own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desk import contacts, queues
from desk.custom_fields import definitions
from desk.errors import Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import departments
from desk.tickets import changes, fields, lists, query, search
from models import ticket_lists
from models.tickets import Ticket
from tests.support.workbench import ADMIN, make_agent, make_ticket

KEPT: Sequence[dict[str, str]] = (
    {"serial": "AB-1042", "cost": "120"},
    {"serial": "ab-1043", "cost": "9.5"},
    {"serial": "Zulu"},
    {},
    {"cost": "-3"},
    {"serial": "Äpfel", "cost": "120"},
)


@pytest.fixture
def kept(desk: Desk) -> Desk:
    definitions.add_field(ADMIN, "Serial")
    definitions.add_field(ADMIN, "Cost", kind="number")
    definitions.add_field(ADMIN, "Contract", of="contact")
    definitions.add_field(ADMIN, "Solver", kind="agent")
    for place, each in enumerate(KEPT):
        ticket = make_ticket(f"Matter {place}", "Nothing works.", requester=f"p{place}@corp.example")
        fields.set_fields(ADMIN, [ticket.number], each)
    contacts.edit_contact(ADMIN, "p3@corp.example", fields={"contract": "gold plus"})
    return desk


def listed(sort: str, text: str = "", actor: Actor = ADMIN, size: int = 2, view: str = "open") -> list[str]:
    """The subjects of a list, read forwards and backwards a few at a time: both are the same."""
    asked = lists.ListQuery(view, query.parse(text, ADMIN) if text else None, sort, actor)
    found: list[lists.TicketLine] = []
    while page := lists.page(asked, after=lists.anchor_of(found[-1], sort) if found else None, limit=size):
        found += page
    back = lists.last_page(asked, size)
    while page := lists.page(asked, before=lists.anchor_of(back[0], sort), limit=size) if back else []:
        back = page + back
    assert [line.id for line in back] == [line.id for line in found]
    return [line.subject.removeprefix("Matter ") for line in found]


def test_lists_are_sorted_by_a_field_whichever_plan_makes_the_page(
    kept: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = lists.ListQuery("open", query.parse("subject:1 OR subject:3", ADMIN), "updated", ADMIN)

    def orders() -> dict[str, list[str]]:
        return {sort: listed(sort) for sort in ("field:serial", "-field:serial", "field:cost", "-field:cost")}

    expected = {
        "field:serial": ["0", "1", "2", "5", "3", "4"],
        "-field:serial": ["5", "2", "1", "0", "4", "3"],
        "field:cost": ["4", "1", "0", "5", "2", "3"],
        "-field:cost": ["5", "0", "1", "4", "3", "2"],
    }
    assert orders() == expected
    monkeypatch.setattr(ticket_lists, "FEW", 0)
    assert orders() == expected
    monkeypatch.setattr(ticket_lists, "BLOCK", 1)
    for view in ("open", "all"):
        assert {sort: listed(sort, view=view) for sort in expected} == expected
    bo = make_agent("bo", ["ticket.read"], department="Support")
    assert listed("field:cost", "Matter", bo) == expected["field:cost"]
    departments.add_department(ADMIN, "Sales")
    changes.transfer(ADMIN, [each.number for each in lists.page(elsewhere, limit=9)], "Sales")
    for view in ("open", "all"):
        assert listed("field:cost", actor=bo, view=view) == ["4", "0", "5", "2"]
        assert listed("-field:serial", actor=bo, view=view) == ["5", "2", "0", "4"]


def test_who_has_no_value_comes_last_wherever_among_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions.add_field(ADMIN, "Cost", kind="number")
    numbers = [make_ticket(f"Matter {place}", None).number for place in range(30)]
    for size in ("FEW", "BLOCK", "LEAP"):
        monkeypatch.setattr(ticket_lists, size, {"FEW": 0, "BLOCK": 2, "LEAP": 5}[size])
    Ticket.delete().where(Ticket.number == numbers[9]).execute()
    there = [place for place in range(30) if place != 9]
    for without in ({0}, {29}, {0, 14, 15, 29}, set(range(10, 21)), set(range(30)) - {4}):
        some = [numbers[place] for place in there if place in without]
        fields.set_fields(ADMIN, [number for number in numbers if number != numbers[9]], {"cost": "7"})
        fields.set_fields(ADMIN, some, {"cost": ""})
        expected = [
            *(each for each in there if each not in without),
            *(each for each in there if each in without),
        ]
        for view in ("open", "all"):
            assert listed("field:cost", size=8, view=view) == [str(each) for each in expected], (
                without,
                view,
            )
        last = lists.last_page(lists.ListQuery("all", None, "-field:cost", ADMIN), 3)
        backwards = sorted(without & set(there), reverse=True)[-3:]
        assert [line.subject for line in last][-len(backwards) :] == [f"Matter {each}" for each in backwards]


def test_a_ticket_keeps_its_place_by_a_field_when_it_is_closed_and_opened_again(
    kept: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_lists, "FEW", 0)
    number = lists.page(lists.ListQuery("open", None, "field:serial", ADMIN), limit=1)[0].number
    changes.close(ADMIN, [number])
    assert (listed("field:serial"), listed("field:serial", view="closed")) == (
        ["1", "2", "5", "3", "4"],
        ["0"],
    )
    # What a closed ticket is given does not list it among those that are open.
    fields.set_fields(ADMIN, [number], {"cost": "7"})
    assert (listed("field:cost"), listed("field:cost", view="closed")) == (["4", "1", "5", "2", "3"], ["0"])
    assert listed("field:cost", "state:closed") == ["0"]
    changes.reopen(ADMIN, [number])
    assert listed("field:cost") == listed("field:cost", "state:any") == ["4", "0", "1", "5", "2", "3"]


def test_a_queue_keeps_such_an_order_and_holds_its_field(desk: Desk) -> None:
    definitions.add_field(ADMIN, "Cost", kind="number")
    definitions.add_field(ADMIN, "Solver", kind="agent")
    queues.add_queue(ADMIN, desk.zone, "Dear", "state:open", sort="-field:Cost")
    assert queues.named(ADMIN, "Dear").sort == "-field:cost"
    assert "-field:cost" in lists.sorts()
    assert "field:solver" not in lists.sorts()
    with pytest.raises(Refused, match="named by the queue 'Dear'"):
        definitions.remove_field(ADMIN, "cost")
    for sort in ("field:nothing", "field:solver", "cost"):
        with pytest.raises(WrongUse):
            queues.edit_queue(ADMIN, desk.zone, "Dear", sort=sort)


def test_words_find_tickets_by_what_begins_in_a_field(kept: Desk) -> None:
    for text, expected in (
        ("AB-1042", {"0"}),
        ("ab-10", {"0", "1"}),
        ("ab-10 works", {"0", "1"}),
        ("ab-10 flying", set()),
        ('"ab-10"', set()),
        ("120", {"0", "5"}),
        ("12", set()),
        ("gold", {"3"}),
        ("zulu OR gold", {"2", "3"}),
        ("nothing -zulu", {"0", "1", "3", "4", "5"}),
        ("Äpf", {"5"}),
    ):
        in_list = set(listed("updated", text, size=9))
        assert in_list == expected, text
        if "OR" not in text and "-zulu" not in text:
            hits = {hit.subject.removeprefix("Matter ") for hit in search.search(text)}
            assert hits == expected, text
    assert lists.count(lists.ListQuery("open", query.parse("ab-10", ADMIN), "updated", ADMIN)) == 2
    elsewhere = make_agent("kim", ["ticket.read"], department="Support")._replace(department_id=99)
    assert search.search("AB-1042", actor=elsewhere) == []
