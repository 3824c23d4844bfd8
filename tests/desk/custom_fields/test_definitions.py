"""Fields that a desk defines itself: named, offered for topics, changed, removed with what stands in them."""

from __future__ import annotations

from typing import Any

import pytest

from desk.custom_fields import definitions
from desk.errors import DeskError, NotAllowed
from desk.home import Desk
from desk.staff import topics
from desk.tickets import changes, detail, fields
from tests.support.workbench import ADMIN, make_agent, make_ticket

add = definitions.add_field


def test_a_field_is_labelled_as_written_and_named_for_programs(desk: Desk) -> None:
    line = add(ADMIN, "Serial number", hint="On the back.")
    assert (line.name, line.label, line.kind, line.of) == ("serial_number", "Serial number", "text", "ticket")
    for spelt in ("serial_number", "Serial number", "serial-number", "SERIAL NUMBER"):
        assert definitions.named(spelt) == line
    assert add(ADMIN, "Größe", kind="number").name == "größe"


def test_fields_stand_in_their_order(desk: Desk) -> None:
    for name, order in (("c", 5), ("b", 100), ("a", 100)):
        add(ADMIN, name, order=order)
    assert [each.name for each in definitions.fields()] == ["c", "a", "b"]


def test_a_field_is_offered_for_its_topics_and_kept_where_it_has_a_value(desk: Desk) -> None:
    topics.add_topic(ADMIN, "Hardware")
    add(ADMIN, "serial", topics=["hardware"])
    ticket = make_ticket()
    assert detail.show(ticket.number).fields == ()
    fields.set_fields(ADMIN, [ticket.number], {"serial": "AB-1"})
    ((field, stored),) = detail.show(ticket.number).fields
    assert (field.name, stored) == ("serial", "AB-1")
    topics.add_topic(ADMIN, "Printers", parent="Hardware")
    other = make_ticket().number
    changes.set_topic(ADMIN, [other], "Printers")
    assert [each.name for each, _ in detail.show(other).fields] == ["serial"], "parts have it too"
    definitions.edit_field(ADMIN, "serial", active=False)
    assert len(detail.show(ticket.number).fields) == 1
    definitions.remove_field(ADMIN, "serial")
    assert detail.show(ticket.number).fields == ()


def test_a_field_with_another_name_keeps_what_stands_in_it(desk: Desk) -> None:
    add(ADMIN, "device", kind="choice", choices=["Laptop", "Printer"])
    ticket = make_ticket()
    fields.set_fields(ADMIN, [ticket.number], {"device": "lap"})
    definitions.edit_field(ADMIN, "device", new_name="machine", label="Machine", choices=["Phone"])
    ((field, stored),) = detail.show(ticket.number).fields
    assert (field.name, field.label, field.choices, stored) == ("machine", "Machine", ("Phone",), "Laptop")


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("", {}, "cannot name a field"),
        ("1st", {}, "cannot name a field"),
        ("a=b", {}, "cannot name a field"),
        ("x" * 41, {}, "cannot name a field"),
        ("Taken!", {}, "cannot name a field"),
        ("taken", {}, "there is a field 'taken' already"),
        ("TAKEN", {}, "there is a field 'taken' already"),
        ("new", {"kind": "colour"}, "there is no kind of field 'colour'"),
        ("new", {"of": "mailbox"}, "there is no owner of fields 'mailbox'"),
        ("new", {"kind": "choice"}, "has choices"),
        ("new", {"choices": ["a"]}, "has no choices"),
        ("new", {"kind": "choice", "choices": ["Yes", "yes"]}, "differ in their case"),
        ("new", {"topics": ["Nowhere"]}, "there is no help topic 'Nowhere'"),
        ("new", {"of": "contact", "topics": ["Nowhere"]}, "a contact has no help topic"),
    ],
)
def test_what_cannot_be_a_field_is_refused(desk: Desk, name: str, given: dict[str, Any], says: str) -> None:
    add(ADMIN, "taken")
    with pytest.raises(DeskError, match=says):
        add(ADMIN, name, **given)
    assert [each.name for each in definitions.fields()] == ["taken"]


def test_only_who_may_change_settings_defines_fields(desk: Desk) -> None:
    kim = make_agent("kim", ["ticket.edit"])
    with pytest.raises(NotAllowed):
        add(kim, "serial")
