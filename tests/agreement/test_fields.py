"""A field of the desk's own is written the same by key, verb, call, filter, mail and function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import FieldsBody
from config.clock import now
from desk.admin import custom_fields as forms
from desk.admin import table
from desk.custom_fields import definitions
from desk.doors.submissions import Submission, submit
from desk.filters import filters
from desk.filters.sweep import by_the_clock
from desk.tickets import detail, fields, undo
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN


def _by_function(scene: Scene) -> None:
    fields.set_fields(scene.kim, ["1"], {"serial": "AB-1"})


def _by_form(scene: Scene) -> None:
    noun, record = forms.ticket_form("1", scene.kim)
    table.edit(noun, scene.desk, scene.kim, record, {**record.values, "own-1": "AB-1"})


def _by_verb(scene: Scene) -> None:
    done = SameProcess(scene.desk.paths.home)(
        "ticket", "set", "1", "--field", "serial=AB-1", NIGHTDESK_AGENT="kim"
    )
    assert done.status == 0, done.err


def _by_call(scene: Scene) -> None:
    body = FieldsBody(fields={"serial": "AB-1"})
    assert calls.set_fields(Call(scene.desk, scene.kim, "1", None, body)) == {"number": "1", "changed": True}


DOORS: dict[str, Callable[[Scene], None]] = {
    "form": _by_form,
    "verb": _by_verb,
    "call": _by_call,
}


def _all(scene: Scene) -> dict[str, Any]:
    return {**scene.rows(), "fields": rows("SELECT ticket_id, value, number FROM ticket_field")}


@pytest.mark.parametrize("door", DOORS)
def test_a_field_is_written_the_same_by_every_door(scene: MakeScene, door: str) -> None:
    found = {}
    for name, write in (("function", _by_function), (door, DOORS[door])):
        made = scene(name)
        definitions.add_field(ADMIN, "serial")
        write(made)
        found[name] = _all(made)
        assert undo.undo_last(made.kim) == "undone: #1 serial - -> AB-1"
        assert rows("SELECT value FROM ticket_field") == []
    assert found[door] == found["function"]
    assert found[door]["fields"] == [(1, "AB-1", None)]


def test_an_agents_mail_writes_a_field(scene: MakeScene) -> None:
    made = scene("mail")
    definitions.add_field(ADMIN, "cost", kind="number")
    made.door.take(made.from_agent("#field cost=12.5\n#note\nOrdered."))
    assert rows("SELECT value, number FROM ticket_field") == [("12.5", 12.5)]


def test_filters_ask_of_fields_and_write_what_a_pattern_caught(scene: MakeScene) -> None:
    made = scene("filter")
    definitions.add_field(ADMIN, "serial")
    definitions.add_field(ADMIN, "contract", of="contact")
    add = filters.add
    add(ADMIN, "Serials", on="new", condition=r'"~serial (?P<s>[A-Z]+-\d+)"', then=["field:serial={s}"])
    add(ADMIN, "Gold", on="new", condition="field:contract=gold", then=["priority:urgent"])
    add(ADMIN, "Known", on="reply", condition="field:serial=AB*", then=["tag:known"])
    add(ADMIN, "Clock", on="time", condition="field:serial", then=["field:serial=", "tag:cleared"])
    forms_noun, record = forms.contact_form("ana@corp.test", made.kim)
    table.edit(forms_noun, made.desk, made.kim, record, {**record.values, "own-2": "gold"})
    outcome = made.door.take(mail("The serial AB-7 is broken.", message_id="<new@corp.test>", subject="New"))
    ticket = detail.show(str(outcome.ticket_number))
    assert [(each.name, stored) for each, stored in ticket.fields] == [("serial", "AB-7")]
    assert ticket.priority == 4
    made.door.take(mail("And?", answers="<new@corp.test>", subject="Re: New"))
    assert detail.show(ticket.number).tags == ("known",)
    assert by_the_clock(made.desk, now()) == 1
    assert detail.show(ticket.number).tags == ("cleared", "known")
    assert [stored for _, stored in detail.show(ticket.number).fields] == [None]


@pytest.mark.parametrize(
    ("condition", "then", "says"),
    [
        ("field:serail=1", "tag:x", "there is no field 'serail'"),
        ("vpn", "field:serail=1", "there is no field 'serail'"),
        ("vpn", "field:cost=much", "cost is a number"),
        ("vpn", "field:cost", "names no field and value"),
        ("vpn", "field:serial={nothing}", "nothing catches {nothing}"),
    ],
)
def test_a_filter_that_cannot_work_is_refused(scene: MakeScene, condition: str, then: str, says: str) -> None:
    scene("refused")
    definitions.add_field(ADMIN, "serial")
    definitions.add_field(ADMIN, "cost", kind="number")
    with pytest.raises(Exception, match=says):
        filters.add(ADMIN, "F", on="new", condition=condition, then=[then])


def test_what_a_form_of_another_desk_said_is_kept_where_it_belongs(scene: MakeScene) -> None:
    made = scene("submitted")
    definitions.add_field(ADMIN, "Serial number")
    definitions.add_field(ADMIN, "cost", kind="number")
    outcome = submit(
        made.desk,
        Submission(
            name="Ana",
            email="ana@corp.test",
            subject="Broken",
            text="It is broken.",
            extras={"serial_number": "AB-9", "cost": "a lot", "room": "7"},
        ),
    )
    ticket = detail.show(str(outcome.ticket_number))
    assert {each.name: stored for each, stored in ticket.fields} == {"serial_number": "AB-9", "cost": None}
    text = ticket.messages[0].text
    assert "cost: a lot" in text
    assert "room: 7" in text
    assert "AB-9" not in text
