"""What a transaction remembers is what it would find."""

from __future__ import annotations

from typing import Any

import pytest

from desk.home import Desk
from desk.intake.arrivals import Arrival
from desk.intake.pipeline import take
from models import contacts, settings, tickets
from models.database import db
from models.fields import utc_text
from models.remembered import Answer, Asked, Remembered
from models.statements import run
from models.tickets import NewClocks, NewTicket
from models.transactions import remembering, savepoint, transaction
from tests.generator import generate
from tests.support.mails import Door, mail, now, value

ANA = "ana@corp.test"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> list[str]:
    """What the database was asked."""
    found: list[str] = []
    handle = type(db.obj)
    ask = handle.execute_sql

    def noted(self: Any, sql: str, params: Any = None) -> Any:
        found.append(sql)
        return ask(self, sql, params)

    monkeypatch.setattr(handle, "execute_sql", noted)
    return found


def test_what_is_asked_twice_is_read_once_until_it_is_written(asked: list[str]) -> None:
    with transaction(), remembering((), 1):
        asked.clear()
        assert contacts.by_email([ANA]) == contacts.by_email([ANA]) == []
        assert len(asked) == 2  # by the first address and by others
        contacts.write(ANA, "Ana", utc_text(now()))
        assert [each.name for each in contacts.by_email([ANA])] == ["Ana"]
        contacts.rename(contacts.by_email([ANA])[0].id, "Ana B.")
        assert [each.name for each in contacts.by_email([ANA])] == ["Ana B."]
        of_ana = contacts.Contact.email == ANA
        run(contacts.Contact.update(name="Ana C.").where(of_ana).returning(contacts.Contact.id))
        assert [each.name for each in contacts.by_email([ANA])] == ["Ana C."]
    asked.clear()
    contacts.by_email([ANA])
    contacts.by_email([ANA])
    assert len(asked) == 2  # nothing is remembered when the transaction is over


def test_what_was_asked_of_a_row_stays_known_while_others_are_written(asked: list[str]) -> None:
    with transaction(), remembering(("ticket", "contact"), 4):
        one, other = (
            _begin(name, contacts.write(f"{name}@corp.test", name, utc_text(now()))) for name in "ab"
        )
        assert [tickets.collaborators(each) for each in (one, other)] == [[], []]
        people = [contacts.by_email([f"{name}@corp.test"])[0].id for name in "ab"]
        asked.clear()
        tickets.add_collaborator(other, people[0])
        contacts.write("c@corp.test", "", utc_text(now()))
        assert tickets.collaborators(one) == []
        assert [contacts.by_email([f"{name}@corp.test"])[0].id for name in "ab"] == people
        assert not [text for text in asked if text.startswith("SELECT")], "nothing was written of these"
        assert tickets.collaborators(other) == [people[0]]
        assert len([text for text in asked if text.startswith("SELECT")]) == 1


def _take_numbers_and_trip() -> None:
    settings.let_next_ticket_number_be(9)
    assert settings.next_ticket_number_is() == 9
    raise ZeroDivisionError


def test_what_was_undone_is_forgotten(desk: Desk) -> None:
    with transaction(), remembering((), 1) as remembered:
        remembered.kept["something"] = 1
        with pytest.raises(ZeroDivisionError), savepoint():
            _take_numbers_and_trip()
        assert (settings.next_ticket_number_is(), remembered.kept) == (1, {})
        with pytest.raises(ZeroDivisionError), transaction():
            _take_numbers_and_trip()
        assert settings.next_ticket_number_is() == 1


def test_all_that_mails_on_their_way_in_are_told_from_memory_is_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    recall = Remembered.answer

    def compared(self: Remembered, question: Asked) -> Answer | None:
        known = recall(self, question)
        if known is not None:
            text, values = question
            told.append(text)
            assert sorted(map(tuple, db.execute_sql(text, values).fetchall())) == sorted(map(tuple, known))
        return known

    monkeypatch.setattr(Remembered, "answer", compared)
    raws = [each.raw for each in generate(200, seed=11, to="support@corp.test")]
    for start in range(0, len(raws), 40):
        take(desk, [Arrival(raw, "import") for raw in raws[start : start + 40]])
    assert value("SELECT count(*) FROM receipt WHERE verdict = 'quarantined' AND reason LIKE '%Error%'") == 0
    assert len(told) > 200


def test_ids_that_are_given_are_in_the_order_of_the_rows(desk: Desk) -> None:
    door = Door(desk)
    for _ in range(2):  # more rows than ids were asked for
        with transaction(), remembering(("contact",), 3):
            for number in range(9):
                contacts.write(f"{number}.{now().timestamp()}@corp.test", str(number), utc_text(now()))
    door.take(mail())
    names = [row[0] for row in db.execute_sql("SELECT name FROM contact ORDER BY id").fetchall()]
    assert names == [*map(str, range(9)), *map(str, range(9)), "Ana"]


def test_a_row_that_the_database_numbers_takes_no_id_that_is_to_be_given(desk: Desk) -> None:
    at = utc_text(now())
    with transaction(), remembering(("contact",), 3):
        contacts.write("a@corp.test", "", at)
        run(contacts.Contact.insert(email="b@corp.test", created=at).returning(contacts.Contact.id))
        contacts.write("c@corp.test", "", at)
    told = db.execute_sql("SELECT email FROM contact ORDER BY email").fetchall()
    assert [row[0] for row in told] == ["a@corp.test", "b@corp.test", "c@corp.test"]


def test_a_ticket_is_as_it_was_changed_last_whether_or_not_it_was_sent_before(desk: Desk) -> None:
    with transaction(), remembering(("ticket", "contact"), 4):
        for number, asked_between in (("A", False), ("B", True)):
            contact_id = contacts.write(f"{number}@corp.test", "", utc_text(now()))
            ticket_id = _begin(number, contact_id)
            if asked_between:
                assert tickets.collaborators(ticket_id) == []  # which sends all that is held back
            tickets.change(ticket_id, {"message_count": 1, "waiting_since": utc_text(now())})
            tickets.change(ticket_id, {"subject": "Changed", "message_count": 2})
            known = tickets.read(ticket_id)
            assert known is not None
            assert (known.message_count, known.subject) == (2, "Changed")
    found = db.execute_sql("SELECT number, message_count, subject FROM ticket ORDER BY id").fetchall()
    assert [tuple(row) for row in found] == [("A", 2, "Changed"), ("B", 2, "Changed")]


def _begin(number: str, contact_id: int) -> int:
    at = utc_text(now())
    new = NewTicket(number, "?", "new", 2, 1, None, contact_id, None, None, at, at, None, at, None)
    return tickets.write(new, NewClocks()).id


def test_every_column_of_a_ticket_that_was_not_sent_yet_can_change(desk: Desk) -> None:
    """Also one that its insert does not name, and one that waits in a statement of its own."""
    with transaction(), remembering(("ticket", "contact"), 2):
        ticket_id = _begin("A", contacts.write(ANA, "", utc_text(now())))
        assert tickets.with_key("disk") is None
        tickets.change(_begin("B", contacts.write("bob@corp.test", "", utc_text(now()))), {"spam": "link"})
        tickets.change(ticket_id, {"merge_key": "disk", "subject": "Full"})
        tickets.change(ticket_id, {"subject": "Fuller"})
        found = tickets.with_key("disk")
        assert found is not None
        assert found == tickets.read(ticket_id)
    told = db.execute_sql("SELECT number, subject, merge_key, spam FROM ticket ORDER BY id").fetchall()
    assert [tuple(row) for row in told] == [("A", "Fuller", "disk", None), ("B", "?", None, "link")]


def test_a_later_change_of_the_same_column_is_the_one_that_stays(desk: Desk) -> None:
    with transaction(), remembering(("ticket", "contact"), 2):
        ticket_id = _begin("A", contacts.write(ANA, "", utc_text(now())))
        tickets.change(ticket_id, {"merge_key": "disk", "subject": "Full"})
        tickets.change(ticket_id, {"subject": "Fuller"})
    assert [row[0] for row in db.execute_sql("SELECT subject FROM ticket").fetchall()] == ["Fuller"]


def _change_and_trip(ticket_id: int) -> None:
    tickets.change(ticket_id, {"priority": 4, "message_count": 7})
    raise ZeroDivisionError


def test_a_savepoint_undoes_what_it_changed_in_a_ticket_that_was_not_sent_yet(desk: Desk) -> None:
    with transaction(), remembering(("ticket", "contact"), 2):
        ticket_id = _begin("A", contacts.write(ANA, "", utc_text(now())))
        with pytest.raises(ZeroDivisionError), savepoint():
            _change_and_trip(ticket_id)
        known = tickets.read(ticket_id)
        assert known is not None
        assert (known.priority, known.message_count) == (2, 0)


def test_a_savepoint_within_one_undoes_itself_alone(desk: Desk) -> None:
    with transaction(), remembering(("ticket", "contact"), 2):
        contact_id = contacts.write(ANA, "", utc_text(now()))
        with savepoint():
            ticket_id = _begin("A", contact_id)
            with pytest.raises(ZeroDivisionError), savepoint():
                _change_and_trip(ticket_id)
            tickets.change(ticket_id, {"subject": "Kept"})
    told = db.execute_sql("SELECT subject, priority, message_count FROM ticket").fetchall()
    assert [tuple(row) for row in told] == [("Kept", 2, 0)]
