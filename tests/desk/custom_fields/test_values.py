"""What stands in a field: read as people type it, shown so that it can be typed again, plain for programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from desk.custom_fields import definitions, values
from desk.custom_fields.definitions import FieldLine
from desk.errors import WrongUse
from desk.home import Desk
from models.custom_fields import FieldKind
from tests.support.rows import every_row
from tests.support.workbench import ADMIN, make_agent, make_ticket


def line(kind: FieldKind, *choices: str) -> FieldLine:
    """A field of that kind."""
    return FieldLine(1, "f", "F", kind, "ticket", choices, (), "", 100, True)


@every_row(
    ("kind", "typed", "stored", "plain"),
    [
        ("text", " two  words ", "two words", "two words"),
        ("text", "\x1b[31mred", "\ufffd[31mred", "\ufffd[31mred"),
        ("number", "4", "4", 4),
        ("number", "04.50", "4.5", 4.5),
        ("number", "-0", "0", 0),
        ("number", "1e3", "1000", 1000),
        ("date", "2026-11-30", "2026-11-30", "2026-11-30"),
        ("date", "2026-11-30T12:00:00Z", "2026-11-30", "2026-11-30"),
        ("yesno", "Y", "yes", True),
        ("yesno", "off", "no", False),
        ("choice", "PRINTER", "Printer", "Printer"),
        ("choice", "lap", "Laptop", "Laptop"),
    ],
)
def test_a_value_is_read_as_it_is_meant(kind: FieldKind, typed: str, stored: str, plain: object) -> None:
    field = line(kind, "Laptop", "Printer", "Printer XL") if kind == "choice" else line(kind)
    found = values.read(field, typed)
    assert found is not None
    assert found.text == stored
    assert values.plain(field, found.text) == plain
    assert values.read(field, values.shown(field, found.text)) == found


@every_row(
    ("kind", "typed"),
    [
        ("number", "four"), ("number", "nan"), ("number", "inf"), ("number", "1,5"), ("number", "1e99"),
        ("date", "30.11.2026"), ("date", "2026-02-30"), ("date", "tomorrow"), ("date", "2026-11-30 or so"),
        ("yesno", "perhaps"), ("choice", "P"), ("choice", "Phone"),
    ],
)  # fmt: skip
def test_what_cannot_stand_there_is_refused_with_a_hint(kind: FieldKind, typed: str) -> None:
    field = line(kind, "Laptop", "Printer", "Phone book") if kind == "choice" else line(kind)
    if typed == "Phone":
        field = line("choice", "Laptop", "Printer")
    with pytest.raises(WrongUse) as caught:
        values.read(field, typed)
    assert caught.value.hint


@given(some.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_every_number_is_shown_as_what_it_is(number: object) -> None:
    found = values.read(line("number"), str(number))
    assert found is not None
    assert found.number == pytest.approx(float(str(number)))
    assert values.read(line("number"), found.text) == found


def test_agents_and_contacts_are_found_by_what_they_are_called(desk: Desk) -> None:
    kim, ticket = make_agent("kim"), make_ticket()
    agent, contact = line("agent"), line("contact")
    found = values.read(agent, "kim")
    assert found is not None
    assert (found.text, values.shown(agent, found.text)) == (str(kim.agent_id), "kim")
    asked = values.read(contact, ticket.contact.email.upper())
    assert asked is not None
    assert values.plain(contact, asked.text) == ticket.contact.email
    for field, typed in ((agent, "nobody"), (contact, "nobody@x.example"), (contact, "not an address")):
        with pytest.raises(WrongUse):
            values.read(field, typed)


def test_a_field_names_those_that_there_are(desk: Desk) -> None:
    definitions.add_field(ADMIN, "serial")
    with pytest.raises(WrongUse, match="there is no field 'serail'") as caught:
        definitions.named("serail")
    assert "serial" in caught.value.hint
