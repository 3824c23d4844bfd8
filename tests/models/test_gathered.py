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
    handle = type(db.obj)
    push = handle._push

    def noted(self: Any, statements: Any) -> Any:
        sent.extend(text for text, _ in statements)
        return push(self, statements)

    def refused(*_: object) -> Outcome:
        raise AssertionError

    monkeypatch.setattr(handle, "_push", noted)
    monkeypatch.setattr(pipeline, "_take_one", refused)
    raws = [each.raw for each in generate(80, seed=12, to="support@corp.test")]
    for start in range(0, len(raws), 40):
        pipeline.take(desk, [Arrival(raw, "import") for raw in raws[start : start + 40]])
    assert len([text for text in sent if text.startswith("INSERT")]) < 3 * len(raws)


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
        answer = messages.write(one, mail("<answer@corp.test>"), is_first=True)
        messages.wait_for("<question@corp.test>", answer)
    with transaction(), remembering(("message",), 6):
        assert messages.awaited(["<Apart@corp.test>", "<question@corp.test>"]) == {"<question@corp.test>"}
        messages.write(other, mail("<Apart@corp.test>"), is_first=True)
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
        messages.write(third, mail("<question@corp.test>"), is_first=True)
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


def _ticket(number: str, email: str = "ana@corp.test") -> int:
    at = utc_text(now())
    contact_id = contacts.write(email, "Ana", at)
    new = tickets.NewTicket(number, "?", "new", 2, 1, None, contact_id, None, None, at, at, None, at, None)
    return tickets.write(new, tickets.NewClocks()).id
