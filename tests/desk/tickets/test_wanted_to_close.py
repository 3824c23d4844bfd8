"""What a desk wants to know of a ticket before an agent closes it: fields, and the help topic."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desk import settings
from desk.admin import custom_fields as forms
from desk.admin import table
from desk.custom_fields import definitions
from desk.errors import WrongUse
from desk.home import Desk
from desk.permissions import FILTER
from desk.staff import topics
from desk.tickets import changes, fields, merging, spam
from desk.tickets.changes import NotKnown
from tests.support.workbench import ADMIN, make_ticket


@pytest.fixture
def desk_with_cause(desk: Desk) -> Desk:
    topics.add_topic(ADMIN, "Printer")
    definitions.add_field(ADMIN, "Cause", required=True)
    definitions.add_field(ADMIN, "Model", topics=["Printer"], required=True)
    return desk


def closed(number: str) -> bool:
    return changes.find(number).status == "closed"


def test_an_agent_closes_a_ticket_once_it_is_known(desk_with_cause: Desk) -> None:
    number = make_ticket().number
    ways: list[Callable[[], object]] = [
        lambda: changes.close(ADMIN, [number]),
        lambda: changes.close(ADMIN, [number], leave_tasks=True),
        lambda: changes.set_status(ADMIN, [number], "closed"),
    ]
    for close in ways:
        with pytest.raises(NotKnown, match=r"is not closed: Cause is empty") as refused:
            close()
        assert refused.value.hint == f"nightdesk ticket set {number} --field cause=VALUE"
    changes.set_topic(ADMIN, [number], "Printer")
    with pytest.raises(NotKnown, match="Cause and Model are empty"):
        changes.close(ADMIN, [number])
    fields.set_fields(ADMIN, [number], {"cause": "cable", "model": "4L"})
    assert changes.close(ADMIN, [number]) == [number]
    fields.set_fields(ADMIN, [number], {"cause": ""})
    assert closed(number), "what is closed stays so"


def test_rules_spam_and_merging_ask_nobody(desk_with_cause: Desk) -> None:
    one, two, three = (make_ticket().number for _ in range(3))
    changes.close(FILTER, [one])
    spam.mark(ADMIN, [two])
    merging.merge(ADMIN, [two], three)
    assert closed(one)
    assert closed(two)


def test_the_form_writes_what_is_wanted_before_it_closes(desk_with_cause: Desk) -> None:
    number = make_ticket().number
    noun, record = forms.ticket_form(number, ADMIN)
    own = next(each.name for each in noun.fields if each.label == "Cause")
    table.edit(noun, desk_with_cause, ADMIN, record, {**record.values, "status": "closed", own: "cable"})
    assert closed(number)


def test_an_answered_ticket_waits_where_it_cannot_be_closed_yet(desk: Desk) -> None:
    settings.set(ADMIN, "tickets.topic_to_close", "on")
    number = make_ticket().number
    assert changes.usual_status(changes.find(number), "closed") == "waiting"
    with pytest.raises(NotKnown, match="the help topic is empty"):
        changes.close(ADMIN, [number])
    topics.add_topic(ADMIN, "Printer")
    changes.set_topic(ADMIN, [number], "Printer")
    assert changes.usual_status(changes.find(number), "closed") == "closed"


def test_a_contact_has_nothing_to_close(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="a contact is not closed"):
        definitions.add_field(ADMIN, "Contract", of="contact", required=True)
