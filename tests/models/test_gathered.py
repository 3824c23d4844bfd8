"""Rows that are sent together are there as if each had been sent alone."""

from __future__ import annotations

from typing import Any

import pytest

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.intake.incoming import Outcome
from desk.permissions import Actor
from models import blobs, contacts, messages, settings, tickets
from models.database import db
from models.fields import utc_text
from models.transactions import remembering, transaction
from tests.generator import generate
from tests.support.mails import now, value

pytestmark = pytest.mark.postgres

ODD = (
    *("", "NULL", "null", '"', '""', "\\", '\\"', "{", "{a,b}", "a,b", " ", "it's", "%s", "$1", "\\x41"),
    *("two\nlines", "tab\tand\rreturn", "Łódź", "\U0001f600", "x" * 60_000, "'); DROP TABLE ticket; --"),
)


def test_every_text_arrives_as_it_was_written(desk: Desk) -> None:
    with transaction(), remembering(("contact",), len(ODD)):
        for place, name in enumerate((*ODD, "a\0b")):
            contacts.write(f"{place}@corp.test", name, utc_text(now()))
    found = [row[0] for row in db.execute_sql("SELECT name FROM contact ORDER BY id").fetchall()]
    assert found == [*ODD, "a\ufffdb"]


def test_every_byte_arrives_as_it_was_written(desk: Desk) -> None:
    raws = [bytes(range(256)), b"\\x41", b'"{}",', b"\0", b"", bytes(70_000), b"NULL"]
    packed = [each._replace(codec="raw", data=raw) for raw, each in zip(raws, blobs.pack(raws), strict=True)]
    with transaction(), remembering(("blob",), len(raws)):
        blobs.look_up(each.sha256 for each in packed)
        ids = [blobs.insert(each) for each in packed]
    assert [blobs.read(each) for each in ids] == raws


def test_mails_of_all_kinds_go_in_with_few_statements_and_none_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row before one that it refers to would be refused, and its batch be taken mail by mail."""
    sent: list[str] = []
    turns: list[int] = []
    handle = type(db.obj)
    push, ask, ask_several = handle._push, handle.execute_sql, handle.answers

    def noted(self: Any, statements: Any) -> Any:
        sent.extend(text for text, _ in statements)
        return push(self, statements)

    def one_turn(self: Any, sql: str, params: Any = None) -> Any:
        turns.append(1)
        return ask(self, sql, params)

    def several(self: Any, questions: Any) -> Any:
        turns.append(len(questions))
        return ask_several(self, questions)

    def refused(*_: object) -> Outcome:
        raise AssertionError

    monkeypatch.setattr(handle, "_push", noted)
    monkeypatch.setattr(handle, "execute_sql", one_turn)
    monkeypatch.setattr(handle, "answers", several)
    monkeypatch.setattr(pipeline, "_take_one", refused)
    raws = [each.raw for each in generate(120, seed=12, to="support@corp.test")]
    for start in range(0, len(raws), 40):
        turns.clear()
        pipeline.take(desk, [Arrival(raw, "import") for raw in raws[start : start + 40]])
    assert len([text for text in sent if text.startswith("INSERT")]) < 3 * len(raws)
    assert len(turns) < 40 < sum(turns), "more turns with the server than mails"


def test_a_question_waits_for_the_rows_that_it_reads_and_for_no_others(desk: Desk) -> None:
    with transaction(), remembering(("contact",), 3):
        assert settings.stored("unknown") is None
        for name in ("ana", "bob"):
            contacts.write(f"{name}@corp.test", name, utc_text(now()))
        waiting = len(db.obj._later.statements)
        assert waiting == 2
        assert settings.stored("other") is None
        assert len(db.obj._later.statements) == waiting
        assert [each.name for each in contacts.by_email(["bob@corp.test"])] == ["bob"]
        assert db.obj._later.statements == []


def test_a_question_of_one_ticket_waits_for_no_rows_of_others_but_for_the_mail_that_it_answers(
    desk: Desk,
) -> None:
    at = utc_text(now())

    def mail(name: str) -> messages.NewMessage:
        return messages.NewMessage("customer", "Ana", "ana@corp.test", "x", at, message_id=name)

    with transaction():
        one, other, third = (_ticket(number, f"{number}@corp.test") for number in "ABC")
        answer = messages.write(one, mail("<answer@corp.test>"))
        messages.wait_for("<question@corp.test>", answer)
    with transaction(), remembering(("message",), 6):
        assert messages.awaited(["<Apart@corp.test>", "<question@corp.test>"]) == {"<question@corp.test>"}
        messages.write(other, mail("<Apart@corp.test>"))
        assert len(db.obj._later.statements) == 1
        assert not messages.answers_elsewhere(one)
        assert tickets.collaborators(one) == []
        assert _known(one) == "A"
        tickets.change(other, {"subject": "new"})
        assert _known(one) == "A"
        assert len(db.obj._later.statements) == 2
        messages.wait_for("<Apart@corp.test>", answer)
        assert messages.answers_elsewhere(one)
        assert db.obj._later.statements == []
    with transaction(), remembering(("message",), 6):
        assert messages.awaited(["<question@corp.test>"])
        messages.write(third, mail("<question@corp.test>"))
        assert messages.answers_elsewhere(one)
        tickets.change(one, {"subject": "new"})
        assert _known(one) == "A"
        assert db.obj._later.statements == []


def _known(ticket_id: int) -> str:
    found = tickets.read(ticket_id)
    assert found is not None
    return found.number


def test_what_is_forgotten_and_written_again_is_there(desk: Desk, jo: Actor) -> None:
    del desk
    seen = 'INSERT INTO "seen" ("agent_id", "ticket_id", "at") VALUES (%s, %s, %s) ON CONFLICT DO NOTHING'
    with transaction():
        ticket_id = _ticket("A")
        db.execute_sql(seen, (jo.agent_id, ticket_id, "before"))
    with transaction(), remembering(("contact",), 3):
        db.execute_later('DELETE FROM "seen" WHERE ("seen"."ticket_id" = %s)', (ticket_id,))
        db.execute_later(seen, (jo.agent_id, ticket_id, "after"))
    assert value("SELECT at FROM seen") == "after"


def test_changes_of_many_rows_are_sent_as_one_and_the_last_one_of_a_row_stays(
    desk: Desk, jo: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    del desk
    sent: list[str] = []
    push = type(db.obj)._push

    def noted(self: Any, statements: Any) -> Any:
        sent.extend(text for text, _ in statements)
        return push(self, statements)

    with transaction():
        ids = [_ticket(each, f"{each}@corp.test") for each in "ABC"]
        for ticket_id in ids:
            tickets.set_seen(ticket_id, jo.agent_id or 0, "before")
    monkeypatch.setattr(type(db.obj), "_push", noted)
    with transaction(), remembering(("contact",), 3):
        for place, ticket_id in enumerate(ids):
            tickets.change(ticket_id, {"subject": f"first {place}", "message_count": place})
            tickets.set_unseen(ticket_id)
        tickets.change(ids[0], {"subject": 'last "\\"', "message_count": 7})
        tickets.change(ids[1], {"subject": "last"})
    assert [text.split()[0] for text in sent] == ["UPDATE", "DELETE", "UPDATE", "UPDATE"]
    found = db.execute_sql("SELECT subject, message_count FROM ticket ORDER BY id").fetchall()
    assert [tuple(row) for row in found] == [('last "\\"', 7), ("last", 1), ("first 2", 2)]
    assert value("SELECT count(*) FROM seen") == 0


def _ticket(number: str, email: str = "ana@corp.test") -> int:
    at = utc_text(now())
    contact_id = contacts.write(email, "Ana", at)
    new = tickets.NewTicket(number, "?", "new", 2, 1, None, contact_id, None, None, at, at, None, at, None)
    return tickets.write(new, tickets.NewClocks()).id
