"""What is read in stored mail now: nothing else on a desk that this program filled, and all that changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from desk import settings
from desk.errors import NotAllowed, NotFound
from desk.filters import filters
from desk.home import Desk
from desk.intake import arrivals, shared_trial
from desk.intake.reading_trial import NEW, Difference, ReadingTrial, reread_receipts
from desk.tickets import changes
from mail.mime.headers import TooComplex
from tests.support.mails import BOB, EVE, SUPPORT, Door, bounce, mail, messages_saying, rows, write
from tests.support.workbench import ADMIN, make_agent

QUOTED = "Mine.\n\nOn Mon, 23 Nov 2026, Support wrote:\n> What is it?\n> And when?\n\n-- \nAna"
HTML = (
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>"
    '\r\n--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\nx\r\n--b--\r\n'
)


@pytest.fixture
def door(desk: Desk) -> Door:
    door = Door(desk)
    door.mailbox(SUPPORT)
    return door


def fill(door: Door) -> None:
    """Mail of every fate: new, answers, machines, bounces, loops, copies, rejected, gathered, of a form."""
    filters.add(ADMIN, "Disks", on="new", condition="subject:disk", then=["merge:disk"])
    filters.add(ADMIN, "Shop", on="new", condition="from:shop@corp.test", then=["reply-to"])
    filters.add(ADMIN, "No", on="new", condition="subject:offer", then=["reject"])
    first = door.take(mail(message_id="<first@corp.test>"))
    assert first.ticket_id is not None
    door.take(mail(QUOTED, answers="<first@corp.test>", message_id="<second@corp.test>"))
    ours = door.sent(first.ticket_id, "ana@corp.test")
    door.take(mail("Thanks.", answers=ours))
    door.take(mail("It is mine.", sender=EVE, answers=ours))
    door.take(mail("Number.", subject=f"Re: [#{first.ticket_number}] Printer"))
    door.take(mail("Child first.", sender=BOB, answers="<late@corp.test>", message_id="<child@corp.test>"))
    door.take(mail("Parent late.", sender=BOB, message_id="<late@corp.test>"))
    door.take(mail("Away.", answers=ours, headers={"Auto-Submitted": "auto-replied"}))
    door.take(mail("A list.", headers={"List-Id": "<all.corp.test>", "Precedence": "list"}))
    for _ in range(2):
        door.take(mail("disk full", subject="disk full"))
    door.take(mail("order", sender="Shop <shop@corp.test>", headers={"Reply-To": "dave@home.test"}))
    door.take(mail(subject="offer"))
    door.take(bounce(ours, "ana@corp.test"))
    door.take(bounce("<nobody@corp.test>", "x@corp.test"))
    door.take(mail(message_id=ours))
    raw = mail("x", message_id="<html@corp.test>").partition(b"Content-Type")[0] + HTML.encode()
    door.take(raw)
    two = door.take(mail("Merged.", sender=BOB, message_id="<m@corp.test>"))
    door.take(mail("To the merged.", sender=BOB, answers="<m@corp.test>"))
    assert two.ticket_number is not None


def found(desk: Desk) -> list[Difference]:
    return list(ReadingTrial(desk, ADMIN).differences(now() - timedelta(days=1)))


def stored() -> list[tuple[Any, ...]]:
    told = rows("SELECT id, subject, text, folds, from_html, machine FROM message ORDER BY id")
    return [*told, *rows("SELECT message_id, name, type, size, sha256, part FROM attachment ORDER BY id")]


def test_a_program_reads_what_it_read(desk: Desk, door: Door) -> None:
    fill(door)
    before = stored()
    trial = ReadingTrial(desk, ADMIN)
    assert list(trial.differences(now() - timedelta(days=1))) == []
    assert trial.asked > 15
    assert stored() == before


def test_what_an_older_reader_missed_is_told_and_read_anew_as_if_it_came_again(
    desk: Desk, door: Door
) -> None:
    fill(door)
    good = stored()
    write("UPDATE message SET text = 'Mine.', folds = '[]' WHERE message_id = '<second@corp.test>'")
    write("UPDATE message SET folds = '[]' WHERE message_id = '<late@corp.test>'")
    write("UPDATE message SET subject = 'Lost' WHERE message_id = '<child@corp.test>'")
    had_files = {row for (row,) in rows("SELECT message_id FROM attachment")}
    write("DELETE FROM attachment")
    write("UPDATE message SET machine = 'auto_reply' WHERE message_id = '<first@corp.test>'")
    differences = found(desk)
    told = {each.message_id: each for each in differences}
    names = dict(rows("SELECT message_id, id FROM message"))
    changed = {names[f"<{each}@corp.test>"] for each in ("first", "second", "child")}
    assert told.keys() == changed | had_files
    assert names["<html@corp.test>"] in had_files
    assert told[names["<second@corp.test>"]].after.reply_text.startswith("Mine.")
    assert told[names["<html@corp.test>"]].after.files == ("a.pdf",)
    assert all(each.is_text_alone for each in differences)
    assert reread_receipts(desk, ADMIN, [each.receipt_id for each in differences if each.message_id])
    assert stored() == good
    assert found(desk) == []
    assert messages_saying("wrote") == 1
    kinds = {kind for (kind,) in rows("SELECT DISTINCT kind FROM event")}
    assert "reread" in kinds


def test_processes_read_the_same(desk: Desk, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(door)
    write("UPDATE message SET text = 'Lost.' WHERE message_id IN ('<first@corp.test>', '<second@corp.test>')")
    write("UPDATE receipt SET verdict = 'quarantined' WHERE verdict = 'loop'")
    alone = found(desk)
    assert [each.before.fate for each in alone] == ["mail", "mail", "quarantined"]
    monkeypatch.setattr(shared_trial, "MUCH", 0)
    monkeypatch.setattr(ReadingTrial, "look", None)  # where it is not looked here
    assert found(desk) == alone


def test_a_closed_ticket_is_told_and_left(desk: Desk, door: Door) -> None:
    door.take(mail(message_id="<first@corp.test>"))
    write("UPDATE message SET text = 'Lost.'")
    changes.close(ADMIN, ["1"])
    [difference] = found(desk)
    assert reread_receipts(desk, ADMIN, [difference.receipt_id]) == []
    assert rows("SELECT text FROM message") == [("Lost.",)]


def test_mail_that_could_not_be_read_then_is_told(
    desk: Desk, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = arrivals.read_mail

    def refuse(*_given: object) -> None:
        raise TooComplex("it nests too deeply")

    monkeypatch.setattr(arrivals, "read_mail", refuse)
    assert door.take(mail()).verdict == "quarantined"
    assert found(desk) == []
    monkeypatch.setattr(arrivals, "read_mail", reads)
    [difference] = found(desk)
    assert (difference.before.fate, difference.after.fate) == ("quarantined", "mail")
    assert difference.after.requester == "ana@corp.test"


def test_a_setting_of_the_reading_tells_who_would_ask(desk: Desk, door: Door) -> None:
    form = {"sender": "Form <form@corp.test>", "headers": {"Reply-To": "dave@home.test"}}
    door.take(mail("one", **form))  # type: ignore[arg-type]
    settings.set(ADMIN, "mail.form_senders", "form@corp.test")
    [difference] = found(desk)
    assert difference.before.requester == "form@corp.test"
    again = door.take(mail("two", **form))  # type: ignore[arg-type]
    asked = rows("SELECT sender_email FROM message WHERE receipt_id = ?", again.receipt_id)
    assert [(difference.after.requester,)] == asked


def test_an_answer_whose_reference_was_not_read_then_belongs_elsewhere(desk: Desk, door: Door) -> None:
    door.take(mail(message_id="<first@corp.test>"))
    alone = door.take(mail("Again.", answers="<first@corp.test>", message_id="<second@corp.test>"))
    other = door.take(mail("Another.", subject="Other", message_id="<3@corp.test>"))
    write("UPDATE message SET ticket_id = ? WHERE message_id = '<second@corp.test>'", other.ticket_id)
    [difference] = found(desk)
    assert (difference.before.thread, difference.after.thread) == (other.ticket_number, alone.ticket_number)
    assert not difference.is_text_alone
    assert difference.after.thread != NEW


def test_only_who_may_change_rules_asks_and_only_receipts_are_read_anew(desk: Desk, door: Door) -> None:
    with pytest.raises(NotAllowed):
        ReadingTrial(desk, make_agent("kim", ["ticket.reply"]))
    with pytest.raises(NotFound):
        reread_receipts(desk, ADMIN, [99])
