"""The desk's own fields of tickets: written and undone, asked of in queries, found by an index."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import now
from desk import canned_answers, contacts, queues
from desk.custom_fields import definitions
from desk.documents import tickets as documents
from desk.errors import NotAllowed, WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.queries.errors import QueryError
from desk.templates.rendering import BrokenTemplate
from desk.tickets import detail, fields, lists, query, undo
from models.database import db
from models.queries import conditions
from models.queries.conditions import Reader
from tests.support.workbench import ADMIN, make_agent, make_ticket


@pytest.fixture
def numbers(desk: Desk) -> list[str]:
    """Three tickets of one customer, the desk's fields defined."""
    add = definitions.add_field
    add(ADMIN, "serial")
    add(ADMIN, "cost", kind="number")
    add(ADMIN, "until", kind="date")
    add(ADMIN, "device", kind="choice", choices=["Laptop", "Printer", "Desk phone"])
    add(ADMIN, "urgent", kind="yesno")
    add(ADMIN, "helper", kind="agent")
    add(ADMIN, "boss", kind="contact")
    add(ADMIN, "contract", of="contact", kind="choice", choices=["gold", "silver"])
    return [make_ticket().number for _ in range(3)]


def write(number: str, **values: str) -> None:
    """Write into fields of a ticket."""
    fields.set_fields(ADMIN, [number], values)


def found(text: str, actor: Actor = ADMIN) -> set[str]:
    """The numbers of the tickets that a query finds."""
    wanted = lists.ListQuery("open", query.parse(text, actor), "updated", actor)
    page = {line.number for line in lists.page(wanted)}
    assert lists.count(wanted) == len(page)
    return page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("field:serial", {0, 1}),
        ("-field:serial", {2}),
        ("field:serial=ab-1042", {0}),
        ("field:serial=AB*", {0, 1}),
        ("field:serial=*77*", {1}),
        ('field:serial="AB-77 X"', {1}),
        ('field:"serial=AB-77 X"', {1}),
        ("field:cost>100", {1}),
        ("field:cost>=100", {0, 1}),
        ("field:cost=100", {0}),
        ("field:cost=100.0", {0}),
        ("field:cost=90..200", {0}),
        ("field:cost<0", {2}),
        ("field:until<30d", {0}),
        ("field:until>30d", {1}),
        ("field:until=2031", {1}),
        ("field:until=2031-05", {1}),
        ("field:until>=2031-06", set()),
        ("field:device=printer", {1}),
        ("field:device=Laptop,Printer", {0, 1}),
        ('field:device="Desk phone",Laptop', {0, 2}),
        ("field:urgent=yes", {0}),
        ("field:helper=kim", {0}),
        ("field:boss=boss@corp.example", {1}),
        ("field:contract=gold", {0, 1, 2}),
        ("field:contract=silver", set()),
        ("field:contract=gold field:cost>100", {1}),
        ("(field:cost>100 OR field:serial=AB-1042)", {0, 1}),
        ("field:serial,cost", {0, 1, 2}),
    ],
)
def test_a_query_asks_of_fields(numbers: list[str], asked: str, expected: set[int]) -> None:
    make_agent("kim")
    soon = f"{now() + timedelta(days=20):%Y-%m-%d}"
    write(numbers[0], serial="AB-1042", cost="100", until=soon, device="lap", urgent="y", helper="kim")
    write(
        numbers[1], serial="AB-77 X", cost="250.5", until="2031-05-01", device="pr", boss="boss@corp.example"
    )
    write(numbers[2], cost="-1", device="desk")
    contacts.edit_contact(ADMIN, "ana@corp.example", fields={"contract": "gold"})
    assert found(asked) == {numbers[each] for each in expected}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("field:serail=1", "there is no field 'serail'"),
        ("field:cost=many", "cost is a number"),
        ("field:until=someday", "cannot read 'someday'"),
        ("field:device=Fax", "there is no 'Fax'"),
        ("field:urgent>yes", "is not more or less"),
        ("field:=5", "cannot read"),
    ],
)
def test_what_a_query_cannot_mean_is_said(numbers: list[str], asked: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        found(asked)


def test_a_change_is_told_and_taken_back(numbers: list[str]) -> None:
    kim = make_agent("kim")
    write(numbers[0], serial="A", cost="1")
    fields.set_fields(kim, numbers, {"serial": "B", "cost": "", "helper": "me"})
    assert detail.show(numbers[0]).events[-1].text == "serial A -> B; cost 1 -> -; helper - -> kim"
    assert fields.set_fields(kim, numbers, {"serial": "B"}) == []
    told = undo.undo_last(kim)
    assert told is not None
    assert {each.name: stored for each, stored in detail.show(numbers[0]).fields if stored} == {
        "serial": "A",
        "cost": "1",
    }
    assert not any(stored for _, stored in detail.show(numbers[1]).fields)
    assert found("field:cost=1") == {numbers[0]}


def test_what_somebody_wrote_since_is_not_taken_back(numbers: list[str]) -> None:
    kim, jo = make_agent("kim"), make_agent("jo")
    fields.set_fields(kim, numbers[:2], {"serial": "A"})
    fields.set_fields(jo, numbers[:1], {"serial": "B"})
    told = undo.undo_last(kim)
    assert told is not None
    assert f"#{numbers[0]} was changed since" in told
    assert found("field:serial") == {numbers[0]}


def test_all_is_written_or_nothing(numbers: list[str]) -> None:
    with pytest.raises(WrongUse, match="cost is a number"):
        write(numbers[0], serial="A", cost="much")
    with pytest.raises(WrongUse, match="there is no field 'contract'"):
        write(numbers[0], contract="gold")
    assert found("field:serial") == set()
    with pytest.raises(NotAllowed):
        fields.set_fields(make_agent("reader", ["ticket.read"]), numbers, {"serial": "A"})


def test_json_has_values_as_programs_have_them(numbers: list[str]) -> None:
    write(numbers[0], serial="A", cost="2.5", urgent="no", boss="boss@corp.example")
    document = documents.shown(detail.show(numbers[0]))
    assert document["fields"] == {
        "serial": "A",
        "cost": 2.5,
        "until": None,
        "device": None,
        "urgent": False,
        "helper": None,
        "boss": "boss@corp.example",
    }
    page = documents.listed(lists.page(lists.ListQuery("open", None, "updated", ADMIN)))
    assert {each["number"]: each["fields"]["cost"] for each in page}[numbers[0]] == 2.5


def test_texts_name_fields_of_the_ticket_and_the_requester(numbers: list[str]) -> None:
    canned_answers.add(ADMIN, "Device", "{{ fields.serial }}/{{ fields.contract }}/{{ fields.cost }}.")
    write(numbers[0], serial="A")
    contacts.edit_contact(ADMIN, "ana@corp.example", fields={"contract": "gold"})
    assert canned_answers.fill("Device", ADMIN, detail.show(numbers[0])).text == "A/gold/.\n"
    with pytest.raises(BrokenTemplate, match=r"there is no 'fields\.color'"):
        canned_answers.add(ADMIN, "Colour", "{{ fields.color }}")


def test_contacts_that_become_one_keep_what_stood_with_either(numbers: list[str]) -> None:
    definitions.add_field(ADMIN, "room", of="contact")
    write(numbers[0], boss="boss@corp.example")
    contacts.edit_contact(ADMIN, "boss@corp.example", fields={"contract": "gold", "room": "7"})
    contacts.edit_contact(ADMIN, "ana@corp.example", fields={"contract": "silver"})
    merged = contacts.merge_contacts(ADMIN, "boss@corp.example", "ana@corp.example")
    assert {each.name: stored for each, stored in merged.fields} == {"contract": "silver", "room": "7"}
    assert found("field:boss=ana@corp.example") == {numbers[0]}


def test_a_queue_has_a_column_of_a_field(numbers: list[str], desk: Desk) -> None:
    line = queues.add_queue(ADMIN, desk.zone, "Devices", "field:serial", columns=("number", "field:serial"))
    assert line.columns == ("number", "field:serial")
    with pytest.raises(WrongUse, match="there is no field 'serail'"):
        queues.add_queue(ADMIN, desk.zone, "Other", "vpn", columns=("field:serail",))


def test_completion_offers_fields_and_what_they_may_be(numbers: list[str]) -> None:
    assert "field:device=Laptop" in query.completions("field:dev")
    assert "field:urgent=yes" in query.completions("field:ur")


@pytest.mark.sqlite  # which index serves is PostgreSQL's own choice
@pytest.mark.parametrize(
    "asked",
    [
        "field:serial=A",
        "field:serial=A*",
        "field:serial",
        "field:cost>5",
        "field:until<9d",
        "field:contract=gold",
    ],
)
def test_an_index_finds_the_tickets_of_a_value(numbers: list[str], asked: str) -> None:
    db.execute_sql("analyze")
    for table in ("ticket", "ticket_field", "contact", "contact_field"):
        db.execute_sql("insert into sqlite_stat1 (tbl, idx, stat) values (?, null, '1000000')", [table])
    db.execute_sql("analyze sqlite_schema")
    reader = Reader(0, now())
    ((source, _),) = conditions.candidates(query.parse(asked, ADMIN).tree, reader)
    text, parameters = source.bind(db.obj).sql()
    plan = [row[-1] for row in db.execute_sql("explain query plan " + text, parameters).fetchall()]
    assert not any(step.startswith("SCAN") for step in plan), plan
    assert any("_field_" in step for step in plan), plan
