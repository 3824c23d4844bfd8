"""Answers: one commit, one mail, threaded right; taken back within the undo time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from desk import settings
from desk.alerts import on_screen
from desk.documents import tickets as documents
from desk.errors import NotAllowed, Refused, WrongUse
from desk.home import Desk
from desk.outbox import deliveries, dispatch
from desk.permissions import Actor
from desk.replies import drafts, new_ticket, reply, undo_send
from desk.staff import agents
from desk.tickets import changes, detail, since, watching
from mail.compose import message_id as signed_ids
from mail.mime.message import ParsedMail, parse
from models.contacts import Contact
from models.database import db
from models.deliveries import Delivery
from models.departments import Department
from models.messages import Message
from models.tickets import Collaborator, Ticket
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket


def mail_of(message_row: int) -> ParsedMail:
    return parse(detail.raw_message(message_row))


def collaborate(ticket: Ticket, address: str) -> None:
    contact = Contact.create(email=address, name="", created=now())
    Collaborator.insert(ticket=ticket, contact=contact).execute()


def test_an_answer_goes_from_the_mailbox_to_the_requester_and_in_copy_to_collaborators(
    desk: Desk, ana: Actor
) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True, name="IT Support"))
    collaborate(ticket, "boss@corp.example")
    queued = reply.send_reply(desk, ana, ticket.number, "We **put it out**.")
    mail = mail_of(queued.message)
    assert (mail.sender.name, mail.sender.email) == ("IT Support", "support@desk.example")
    assert [person.email for person in mail.to] == ["ana@corp.example"]
    assert [person.email for person in mail.cc] == ["boss@corp.example"]
    assert mail.subject == f"Re: [#{ticket.number}] Printer is on fire"
    assert mail.text.strip() == "We **put it out**."
    assert queued.recipients == ("ana@corp.example", "boss@corp.example")
    assert queued.warning is None
    again = reply.send_reply(desk, ana, ticket.number, "Again.", cc=["zoe@corp.example", "abe@corp.example"])
    (shown,) = [each for each in detail.show(ticket.number).messages if each.id == again.message]
    names = [each.to.partition("@")[0] for each in shown.deliveries]
    assert names == ["abe", "ana", "zoe"], "in the order of addresses, on both engines"


def test_an_answer_names_the_whole_conversation(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), age=timedelta(hours=2))
    (first,) = (row.message_id for row in Message.select())
    one = mail_of(reply.send_reply(desk, ana, ticket.number, "one").message)
    Message.create(ticket=ticket, kind="customer", message_id="<second@corp.example>", created=now())
    Message.create(ticket=ticket, kind="note", message_id=None, text="psst", created=now())
    Message.create(
        ticket=ticket, kind="customer", message_id="<x@forged.example>", unverified=True, created=now()
    )
    two = mail_of(reply.send_reply(desk, ana, ticket.number, "two").message)
    assert one.in_reply_to == [first]
    assert one.references == [first]
    assert two.in_reply_to == ["<second@corp.example>"]
    assert two.references == [first, one.message_id, "<second@corp.example>"]


def test_the_message_id_is_signed_and_the_same_in_message_delivery_and_mail(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ana, ticket.number, "hello")
    stored = Message.get_by_id(queued.message).message_id
    assert stored == Delivery.get_by_id(queued.delivery_id).message_id
    assert stored == mail_of(queued.message).message_id
    assert signed_ids.ours(stored, desk.message_secret) == str(ticket.id)


def test_a_persons_answer_is_no_machine_mail_but_bears_the_desks_mark(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    mail = mail_of(reply.send_reply(desk, ana, ticket.number, "hello").message)
    assert mail.header("Auto-Submitted") is None
    assert mail.header("X-Nightdesk-Desk") == desk.desk_id


def test_the_agents_signature_stands_above_the_departments_and_no_draft_has_it(
    desk: Desk, ana: Actor
) -> None:
    mailbox = make_mailbox(desk, sends=True)
    ticket = make_ticket(mailbox=mailbox)
    Department.update(signature="IT Support").execute()
    agents.edit_agent(ADMIN, ana.login, signature="Ana, on call\n")
    queued = reply.send_reply(desk, ana, ticket.number, "Done.")
    text = "Done.\n\n-- \nAna, on call\nIT Support\n"
    assert mail_of(queued.message).text.strip() == text.strip()
    assert undo_send.cancel_send(ana, queued.delivery_id)
    draft = drafts.load(ana, ticket.number, "reply")
    assert draft is not None
    assert draft.body.strip() == "Done."


def test_the_departments_signature_is_added_only_if_there_is_one(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    bare = reply.send_reply(desk, ana, ticket.number, "hello")
    assert Message.get_by_id(bare.message).text == "hello"
    Department.update(signature="IT Support\nroom 12").execute()
    signed = reply.send_reply(desk, ana, ticket.number, "hello")
    shown = detail.show(ticket.number).messages[-1]
    assert shown.text == "hello\n\n-- \nIT Support\nroom 12\n"
    assert shown.reply_text == "hello"
    assert "room 12" in mail_of(signed.message).text


def test_an_answer_changes_the_ticket_as_promised(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), due=now(), overdue=True)
    reply.send_reply(desk, ana, ticket.number, "hello")
    shown = detail.show(ticket.number)
    assert (shown.status, shown.assignee, shown.due, shown.overdue) == ("waiting", "Ana", None, False)
    assert shown.message_count == 2
    assert shown.messages[-1].kind == "reply"
    assert shown.messages[-1].deliveries[0].state == "queued"


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("new", "keep", "open"),
        ("waiting", "keep", "waiting"),
        ("new", "closed", "closed"),
        ("open", "open", "open"),
        ("closed", "waiting", "waiting"),
    ],
)
def test_the_agent_picks_the_state_after_the_answer(
    desk: Desk, ana: Actor, before: str, wanted: str, after: str
) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), status=before)
    reply.send_reply(desk, ana, ticket.number, "hello", status_after=wanted)
    shown = detail.show(ticket.number)
    assert shown.status == after
    assert (shown.closed is not None) == (after == "closed")


def test_files_leave_with_the_answer_and_are_kept_once(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    files = [
        ("log.txt", "text/plain", b"10:02 IKE\n"),
        ("naïve.bin", "application/octet-stream", bytes(range(256))),
    ]
    reply.send_reply(desk, ana, ticket.number, "see", attachments=files)
    found = detail.show(ticket.number).messages[-1].attachments
    assert [(item.name, item.type, item.size) for item in found] == [
        ("log.txt", "text/plain", 10),
        ("naïve.bin", "application/octet-stream", 256),
    ]
    assert [detail.attachment_bytes(item.id) for item in found] == [data for _, _, data in files]
    assert db.execute_sql("SELECT count(*) FROM blob").fetchone()[0] == 1


def test_without_any_outgoing_mailbox_the_answer_stays_queued_and_says_so(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=False))
    queued = reply.send_reply(desk, ana, ticket.number, "hello")
    assert queued.warning is not None
    assert "stays queued" in queued.warning
    assert dispatch.claim("me", now() + timedelta(days=1), 10) == []
    assert dispatch.due_mailboxes(now() + timedelta(days=1)) == []
    assert [view.state for view in deliveries.get(queued.delivery_id)] == ["queued"]


def test_the_default_outgoing_mailbox_sends_as_itself_and_answers_go_to_the_mailbox(
    desk: Desk, ana: Actor
) -> None:
    hr = make_mailbox(desk, "hr@desk.example", name="HR Desk")
    make_mailbox(desk, "out@desk.example", sends=True)
    settings.set(ADMIN, "mail.default_outgoing", "out@desk.example")
    ticket = make_ticket(mailbox=hr)
    queued = reply.send_reply(desk, ana, ticket.number, "hello")
    mail = mail_of(queued.message)
    assert (mail.sender.name, mail.sender.email) == ("HR Desk", "out@desk.example")
    assert [person.email for person in mail.reply_to] == ["hr@desk.example"]
    assert dispatch.claim("me", now() + timedelta(seconds=1), 10)[0].envelope_from == "out@desk.example"


def test_an_answer_never_goes_to_the_desk_itself(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), requester="support@desk.example")
    with pytest.raises(Refused, match="address of this desk"):
        reply.send_reply(desk, ana, ticket.number, "hello")
    other = make_ticket()
    with pytest.raises(Refused):
        reply.send_reply(desk, ana, other.number, "hello", cc=["Support@Desk.example"])
    assert Message.select().where(Message.kind == "reply").count() == 0


def test_nothing_is_queued_without_text_recipient_or_right(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    for body, options, error in (
        ("  \n ", {}, Refused),
        ("hello", {"to": []}, Refused),
        ("hello", {"to": ["not an address"]}, WrongUse),
        ("hello", {"status_after": "nonsense"}, WrongUse),
    ):
        with pytest.raises(error):
            reply.send_reply(desk, ana, ticket.number, body, **options)
    with pytest.raises(NotAllowed):
        reply.send_reply(desk, make_agent("reader", ["ticket.note"]), ticket.number, "hello")
    assert Delivery.select().count() == 0
    assert detail.show(ticket.number).message_count == 1


def test_people_may_be_given_as_typed_or_as_pairs(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(
        desk,
        ana,
        ticket.number,
        "hello",
        to=['"Prado, Ana" <ana@corp.example>', ("Lee", "lee@corp.example")],
        cc=["x@y.example, LEE@corp.example"],
    )
    assert queued.recipients == ("ana@corp.example", "lee@corp.example", "x@y.example")
    assert detail.show(ticket.number).collaborators == ("lee@corp.example", "x@y.example")


def test_undo_within_ten_seconds_stops_the_mail_and_gives_the_draft_back(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), due=now())
    Department.update(signature="IT Support").execute()
    before: dict[str, Any] = {**documents.shown(detail.show(ticket.number))}
    waiting_before = Ticket.get().waiting_since
    assert waiting_before is not None
    queued = reply.send_reply(
        desk,
        ana,
        ticket.number,
        "Hello\n\n> quoted",
        attachments=[("a.txt", "text/plain", b"x")],
        delay_seconds=10,
    )
    assert dispatch.claim("me", queued.not_before - timedelta(seconds=1), 10) == []
    assert Ticket.get().waiting_since is None
    assert undo_send.cancel_send(ana, queued.delivery_id)
    assert Ticket.get().waiting_since == waiting_before
    assert dispatch.claim("me", now() + timedelta(hours=1), 10) == []
    after: dict[str, Any] = {**documents.shown(detail.show(ticket.number))}
    assert after.pop("events")[-1]["kind"] == "send_cancelled"
    del before["events"]
    for clock in (*before["clocks"], *after["clocks"]):
        del clock["left"]  # which goes by
    assert after == before
    (draft,) = drafts.drafts(ana)
    assert (draft.number, draft.body) == (ticket.number, "Hello\n\n> quoted")
    assert [Path(path).read_bytes() for path in draft.attachments] == [b"x"]
    assert [view.state for view in deliveries.get(queued.delivery_id)] == ["cancelled"]
    drafts.discard(draft.id)
    assert not Path(draft.attachments[0]).exists()


def test_undo_is_too_late_once_a_sender_took_it(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ana, ticket.number, "hello", delay_seconds=10)
    assert dispatch.claim("me", now() + timedelta(seconds=11), 10)
    assert not undo_send.cancel_send(ana, queued.delivery_id)
    assert detail.show(ticket.number).message_count == 2
    dispatch.give_back(queued.delivery_id, "no route")
    assert not undo_send.cancel_send(ana, queued.delivery_id)


def test_undo_keeps_what_somebody_else_changed_meanwhile(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ana, ticket.number, "hello", delay_seconds=10)
    changes.assign(jo, [ticket.number], "jo")
    assert undo_send.cancel_send(ana, queued.delivery_id)
    assert detail.show(ticket.number).assignee == "Jo"
    assert detail.show(ticket.number).status == "new"


def test_somebody_elses_answer_is_stopped_only_with_the_right_to(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ana, ticket.number, "hello", delay_seconds=10)
    with pytest.raises(NotAllowed):
        undo_send.cancel_send(make_agent("guest", ["ticket.reply"]), queued.delivery_id)
    assert undo_send.cancel_send(make_agent("chief", ["outbox.edit"]), queued.delivery_id)
    assert [draft.body for draft in drafts.drafts(ana)] == ["hello"]


def test_a_headless_answer_that_is_stopped_stays_as_cancelled(desk: Desk) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ADMIN, ticket.number, "hello", delay_seconds=10)
    assert undo_send.cancel_send(ADMIN, queued.delivery_id)
    shown = detail.show(ticket.number)
    assert (shown.status, shown.messages[-1].text) == ("new", "hello")
    assert shown.messages[-1].deliveries[0].state == "cancelled"


def test_a_note_is_never_sent_and_moves_no_clock(desk: Desk, ana: Actor) -> None:
    due = now() + timedelta(hours=3)
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True), due=due)
    reply.add_note(ana, ticket.number, "secret\x1b[31m")
    shown = detail.show(ticket.number)
    assert (shown.messages[-1].kind, shown.messages[-1].text) == ("note", "secret\ufffd[31m")
    assert (shown.status, shown.due, shown.message_count) == ("new", due, 2)
    assert Delivery.select().count() == 0
    with pytest.raises(NotAllowed):
        reply.add_note(make_agent("mute", ["ticket.reply"]), ticket.number, "x")


def test_a_ticket_by_hand_holds_what_the_requester_said(desk: Desk, ana: Actor) -> None:
    made = new_ticket.new_ticket(
        desk,
        ana,
        mailbox=None,
        requester="Mo Okafor <mo@corp.example>",
        subject="Called about\nthe drive",
        body="cannot open it",
        send=False,
    )
    shown = detail.show(made.number)
    assert made.queued is None
    assert (shown.subject, shown.status, shown.requester) == ("Called about the drive", "new", "Mo Okafor")
    assert shown.messages[0].kind == "customer"
    assert shown.due is not None
    assert Delivery.select().count() == 0


def test_a_ticket_by_hand_can_begin_with_a_mail_and_can_be_taken_back_whole(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk, sends=True)
    made = new_ticket.new_ticket(
        desk,
        ana,
        mailbox="support@desk.example",
        requester="mo@corp.example, lee@corp.example",
        subject="Maintenance",
        body="Tonight.",
        send=True,
        delay_seconds=10,
    )
    assert made.queued is not None
    mail = mail_of(made.queued.message)
    assert mail.subject == f"[#{made.number}] Maintenance"
    assert [person.email for person in mail.to] == ["mo@corp.example", "lee@corp.example"]
    assert detail.show(made.number).status == "waiting"
    assert detail.show(made.number).collaborators == ("lee@corp.example",)
    assert undo_send.cancel_send(ana, made.queued.delivery_id)
    assert Ticket.select().count() == 0
    (draft,) = drafts.drafts(ana)
    assert (draft.kind, draft.number, draft.body, draft.subject) == ("new", None, "Tonight.", "Maintenance")


def test_the_line_above_a_quote_says_when_in_the_desk_s_zone(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(text="line one")
    Message.update(created=datetime(2026, 1, 5, 20, 30, tzinfo=UTC)).execute()
    form = reply.reply_form(ana, ticket.number, to_all=False, zone=ZoneInfo("Asia/Tokyo"))
    assert form.quoted.startswith("On 2026-01-06 05:30 JST, ")


def test_a_reply_form_quotes_what_the_customer_wrote_last(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(text="line one\n\nline two", mailbox=make_mailbox(desk, name="IT"))
    collaborate(ticket, "boss@corp.example")
    form = reply.reply_form(ana, ticket.number, to_all=False)
    assert form.quoted.endswith("Ana Prado wrote:\n> line one\n>\n> line two")
    assert form.to == [("Ana Prado", "ana@corp.example")]
    assert form.cc == []
    assert form.sender == "IT <support@desk.example>"
    assert form.status_after == "waiting"
    assert reply.reply_form(ana, ticket.number, to_all=True).cc == [("", "boss@corp.example")]


@pytest.mark.parametrize(
    "subject",
    ["Printer", "Re: Printer", "RE: re: Printer", "Re: [#{number}] Printer", "[#{number}] Re: Printer"],
)
def test_the_number_and_re_stand_in_the_subject_once(desk: Desk, ana: Actor, subject: str) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(
        desk, ana, ticket.number, "x", subject=subject.format(number=ticket.number), to=["a@b.example"]
    )
    found = mail_of(queued.message).subject
    assert found.count(f"[#{ticket.number}]") == 1
    assert found.startswith("Re: [#")
    assert found.endswith("Printer")


def test_a_subject_cannot_put_a_header_into_the_mail(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = reply.send_reply(desk, ana, ticket.number, "x", subject="a\r\nBcc: evil@x.example\r\n\r\nbody")
    mail = mail_of(queued.message)
    assert mail.header("Bcc") is None
    assert mail.text.strip() == "x"


def test_what_comes_after_a_recalled_answer_is_news_to_whoever_had_heard_of_that(
    desk: Desk, ana: Actor, jo: Actor
) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    watching.watch(ana, [ticket.number])
    queued = reply.send_reply(desk, ana, ticket.number, "hello", delay_seconds=10)
    heard = since.seen_up_to()
    noticed = on_screen.newest()
    assert undo_send.cancel_send(ana, queued.delivery_id)
    changes.assign(jo, [ticket.number], "jo")
    reply.add_note(jo, ticket.number, "I look.")
    news = [each.words for each in since.news(ana, ticket.number, heard)]
    assert sorted(news) == ["Jo added a note", "Jo: assigned to Jo"]
    told, _ = on_screen.since(ana, noticed)
    assert [each.kind for each in told] == ["assigned", "noted"]
