"""What is forwarded and what comes back is the agents' alone, until one of them passes it on."""

from __future__ import annotations

import pytest

from desk.errors import Refused
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import drafts
from desk.replies.forward import as_attachment, begin_draft, content, files_of, forward, forward_form
from desk.replies.reply import reply_form, send_reply
from desk.replies.undo_send import cancel_send
from desk.tickets import detail, since
from desk.tickets.approval import approve
from desk.tickets.since import Overtaken
from models import blobs
from tests.support.mails import BOB, EVE, SUPPORT, Door, mail, rows, value
from tests.support.workbench import make_agent

ANAS = "<ana@corp.test>"
VENDOR = "Vera <vera@vendor.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    door = Door(desk)
    door.take(mail("The pump leaks.", subject="Pump", message_id=ANAS))
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def sent_to_vendor(desk: Desk, kim: Actor) -> str:
    """Forward the first mail to the vendor; returns the Message-ID."""
    form = forward_form(kim, "1")
    sent = forward(desk, kim, "1", f"Do you know this?\n\n{form.quoted}", to=[VENDOR], subject=form.subject)
    return str(value("SELECT message_id FROM delivery WHERE id = ?", sent.delivery_id))


def kinds() -> list[tuple[str, str]]:
    return [(message.kind, message.sender_email) for message in detail.show("1").messages]


def test_it_goes_to_the_third_party_and_is_a_note(door: Door, desk: Desk, kim: Actor) -> None:
    before = rows("SELECT status, due, last_answer FROM ticket")
    name = sent_to_vendor(desk, kim)
    assert kinds() == [("customer", "ana@corp.test"), ("note", SUPPORT)]
    assert rows("SELECT status, due, last_answer FROM ticket") == before, "the customer still waits"
    raw = detail.raw_message(detail.show("1").messages[-1].id).decode()
    assert "Subject: Fwd: Pump" in raw
    assert "References:" not in raw, "nothing leads into the customer's thread"
    assert "In-Reply-To:" not in raw
    assert "> The pump leaks." in raw
    assert name.startswith("<")
    assert detail.show("1").events[-1].text == "forwarded to vera@vendor.test"


def test_what_comes_back_is_a_note_and_wakes_nobody_but_the_agents(
    door: Door, desk: Desk, kim: Actor
) -> None:
    send_reply(desk, kim, "1", "We look into it.", status_after="waiting")
    name = sent_to_vendor(desk, kim)
    outcome = door.take(mail("A new seal, 12 EUR.", sender=VENDOR, subject="Re: Fwd: Pump", answers=name))
    assert (outcome.ticket_number, outcome.verdict) == ("1", "note")
    assert kinds()[-1] == ("note", "vera@vendor.test")
    assert rows("SELECT status, due FROM ticket") == [("waiting", None)]
    assert detail.show("1").collaborators == ()
    assert value("SELECT COUNT(*) FROM seen") == 0
    assert rows("SELECT kind FROM notice ORDER BY id DESC LIMIT 1") == [("noted",)]


def test_the_customer_never_gets_any_of_it(door: Door, desk: Desk, kim: Actor) -> None:
    name = sent_to_vendor(desk, kim)
    door.take(mail("A new seal, 12 EUR.", sender=VENDOR, answers=name, message_id="<vera@vendor.test>"))
    form = reply_form(kim, "1", to_all=True)
    assert ([address for _, address in form.to], form.cc) == (["ana@corp.test"], [])
    assert "seal" not in form.quoted
    raw = detail.raw_message(send_reply(desk, kim, "1", "Soon.").message).decode()
    assert "vera" not in raw
    assert name not in raw


def test_it_goes_on_with_the_third_party(door: Door, desk: Desk, kim: Actor) -> None:
    name = sent_to_vendor(desk, kim)
    door.take(mail("A new seal.", sender=VENDOR, answers=name, message_id="<vera@vendor.test>"))
    more = mail("Or a new pump.", sender=VENDOR, answers="<vera@vendor.test>", references=[name])
    assert door.take(more).ticket_number == "1"
    assert kinds()[-1] == ("note", "vera@vendor.test")


def test_an_answer_to_the_customer_names_no_mail_of_the_third_party(
    door: Door, desk: Desk, kim: Actor
) -> None:
    name = sent_to_vendor(desk, kim)
    door.take(mail("A new seal.", sender=VENDOR, answers=name, message_id="<vera@vendor.test>"))
    there = detail.show("1").messages
    with pytest.raises(Refused, match="not written by a customer"):
        send_reply(desk, kim, "1", "It comes.", to=[("", "ana@corp.test")], answers=there[-1].id)
    sent = send_reply(desk, kim, "1", "It comes.")
    raw = blobs.read(value("SELECT blob_id FROM delivery WHERE id = ?", sent.delivery_id)).decode()
    assert str(there[0].message_id) in raw
    assert name not in raw
    assert "vendor.test" not in raw


def test_somebody_else_there_is_not_verified_and_stays_a_note(door: Door, desk: Desk, kim: Actor) -> None:
    name = sent_to_vendor(desk, kim)
    door.take(mail("I answer for Vera.", sender=EVE, answers=name))
    newest = detail.show("1").messages[-1]
    assert (newest.kind, newest.unverified) == ("note", True)
    approve(desk, kim, "1")
    assert detail.show("1").collaborators == ()
    assert detail.show("1").messages[-1].kind == "note"
    assert value("SELECT last_customer FROM ticket") == value("SELECT created FROM message WHERE id = 1")


def test_an_agent_passes_it_on_to_the_customer_whose_answer_is_the_customers(
    door: Door, desk: Desk, kim: Actor
) -> None:
    name = sent_to_vendor(desk, kim)
    door.take(mail("A new seal.", sender=VENDOR, answers=name))
    note = detail.show("1").messages[-1].id
    form = forward_form(kim, "1", note)
    passed = forward(desk, kim, "1", form.quoted, to=["ana@corp.test"], subject=form.subject)
    name = value("SELECT message_id FROM delivery WHERE id = ?", passed.delivery_id)
    door.take(mail("Fine.", answers=name))
    assert kinds()[-1] == ("customer", "ana@corp.test")


def test_a_machine_that_answers_for_them_tells_nobody(door: Door, desk: Desk, kim: Actor) -> None:
    name = sent_to_vendor(desk, kim)
    before = value("SELECT COUNT(*) FROM notice")
    door.take(mail("I am away", sender=VENDOR, answers=name, headers={"Auto-Submitted": "auto-replied"}))
    assert kinds()[-1][0] == "note"
    assert value("SELECT COUNT(*) FROM notice") == before


def test_as_an_attachment_it_is_byte_for_byte_what_came(door: Door, desk: Desk, kim: Actor) -> None:
    form = forward_form(kim, "1")
    file = as_attachment(form.message)
    sent = forward(desk, kim, "1", "See there.", to=[BOB], subject=form.subject, attachments=[file])
    attached = detail.show("1").messages[-1].attachments
    assert [(each.name, each.type) for each in attached] == [("message-1.eml", "application/octet-stream")]
    assert detail.attachment_bytes(attached[0].id) == detail.raw_message(1)
    assert sent.recipients == ("bob@corp.test",)


def with_file(door: Door) -> None:
    lines = [
        "From: Ana <ana@corp.test>",
        "To: support@example.test",
        "Subject: Log",
        "Message-ID: <log@corp.test>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "See the log.",
        "--b",
        "Content-Type: text/x-log; name=pump.log",
        "Content-Disposition: attachment; filename=pump.log",
        "",
        "leak at 3",
        "--b--",
        "",
    ]
    raw = "\r\n".join(lines).encode()
    door.take(raw)


def test_its_files_go_along_and_are_kept_with_the_draft(door: Door, desk: Desk, kim: Actor) -> None:
    with_file(door)
    form = forward_form(kim, "2")
    assert [(name, data) for name, _, data in files_of(form)] == [("pump.log", b"leak at 3")]
    paths = begin_draft(kim, form)
    draft = drafts.load(kim, "2", "forward")
    assert draft is not None
    assert list(draft.attachments) == paths


def test_a_file_that_does_not_go_along_is_not_read(
    door: Door, kim: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_file: int) -> bytes:
        raise blobs.BlobDamaged("pump.log")

    with_file(door)
    form = forward_form(kim, "2")
    monkeypatch.setattr(detail, "attachment_bytes", damaged)
    assert content(form, "Look.", whole=False, with_files=False)[1] == []
    assert content(form, "Look.", whole=True, with_files=False)[1] == [as_attachment(2)]
    with pytest.raises(blobs.BlobDamaged):
        content(form, "Look.", whole=False, with_files=True)


def test_taken_back_it_is_a_draft_again(door: Door, desk: Desk, kim: Actor) -> None:
    sent = forward(desk, kim, "1", "Look.", to=[VENDOR], subject="Fwd: Pump", delay_seconds=60)
    assert cancel_send(kim, sent.delivery_id)
    draft = drafts.load(kim, "1", "forward")
    assert draft is not None
    assert (draft.body.strip(), draft.recipients["to"], draft.subject) == (
        "Look.",
        ["vera@vendor.test"],
        "Fwd: Pump",
    )
    assert draft.recipients["to_line"] == "Vera <vera@vendor.test>"
    assert len(detail.show("1").messages) == 1


def test_not_to_the_desk_itself_nor_to_nobody(door: Door, desk: Desk, kim: Actor) -> None:
    for to in ([SUPPORT], []):
        with pytest.raises(Refused):
            forward(desk, kim, "1", "Look.", to=to, subject="Fwd: Pump")


def test_nothing_is_forwarded_behind_what_came_since(door: Door, desk: Desk, kim: Actor) -> None:
    seen = since.seen_up_to()
    door.take(mail("It is solved.", answers=ANAS))
    with pytest.raises(Overtaken):
        forward(desk, kim, "1", "Look.", to=[VENDOR], subject="Fwd: Pump", seen=seen)
    assert not rows("SELECT 1 FROM recipient WHERE address = 'vera@vendor.test'")


def test_what_names_the_third_partys_mail_alone_stays_among_the_agents(
    door: Door, desk: Desk, kim: Actor
) -> None:
    name = sent_to_vendor(desk, kim)
    first = mail(
        "A new seal.", sender=VENDOR, answers=name, cc="vito@vendor.test", message_id="<v@vendor.test>"
    )
    for raw in (
        first,
        mail("Mine is better.", sender=EVE, answers=name, message_id="<eve@else.test>"),
        mail("Or a new pump.", sender=VENDOR, answers="<v@vendor.test>"),
        mail("I have one.", sender="vito@vendor.test", answers="<v@vendor.test>"),
        mail("And cheap.", sender=EVE, answers="<eve@else.test>"),
    ):
        assert door.take(raw).ticket_number == "1"
    assert [(each.kind, each.unverified) for each in detail.show("1").messages[2:]] == [
        ("note", False),
        ("note", True),
        ("note", False),
        ("note", False),
        ("note", True),
    ]
    assert detail.show("1").collaborators == ()
