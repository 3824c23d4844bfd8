"""The outbox: nothing leaves silently, nothing leaves twice, everything ends somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import time_machine

from config.clock import now
from desk import logs, settings
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.outbox import deliveries, dispatch, render
from desk.outbox.dispatch import BACK_OFF_MINUTES, back_off, readdressed
from desk.permissions import Actor
from desk.replies import reply
from desk.replies.undo_send import cancel_send
from desk.staff import departments
from desk.tickets import detail
from mail.mime.message import parse
from models import leases
from models.deliveries import HELD_UNTIL, Delivery, DeliveryState
from models.mailboxes import Mailbox
from models.tickets import Ticket
from tests.support.mails import write
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket

SOON = timedelta(seconds=1)
ME = leases.owner_id()


@dataclass(frozen=True)
class Said:
    """What a server said about a recipient."""

    state: DeliveryState
    code: int | None = 250
    words: str = "2.0.0 Ok"


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    """A ticket of a mailbox that can send."""
    return make_ticket(mailbox=make_mailbox(desk, sends=True))


def send(desk: Desk, actor: Actor, ticket: Ticket, *addresses: str) -> int:
    to = list(addresses) or ["ana@corp.example"]
    return reply.send_reply(desk, actor, ticket.number, "hello", to=to, cc=[]).delivery_id


def states(delivery_id: int) -> dict[str, str]:
    return {view.to: view.state for view in deliveries.get(delivery_id)}


def take(moment: datetime | None = None, owner: str = ME) -> list[dispatch.Outgoing]:
    return dispatch.claim(owner, moment or now() + SOON, 10)


def test_what_is_due_is_claimed_once_with_its_bytes(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket, "a@x.example", "b@x.example")
    (mail,) = take()
    assert (mail.delivery_id, mail.recipients) == (delivery_id, ["a@x.example", "b@x.example"])
    assert mail.envelope_from == "support@desk.example"
    assert parse(mail.message).message_id == Delivery.get_by_id(delivery_id).message_id
    assert states(delivery_id) == {"a@x.example": "sending", "b@x.example": "sending"}
    assert take() == []


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=3650)])
def test_mail_of_a_clock_that_was_ahead_waits_as_long_as_it_was_to_and_no_longer(
    desk: Desk, ana: Actor, ticket: Ticket, back: timedelta
) -> None:
    """A clock that is set back holds no mail up."""
    with time_machine.travel(now() + back, tick=False):
        delivery_id = send(desk, ana, ticket)
        wait = Delivery.get_by_id(delivery_id).not_before - now()
        deferred = send(desk, ana, ticket)
        take(now() + wait)
        dispatch.record(deferred, {"ana@corp.example": Said("deferred", 450, "later")})
        dispatch.give_back(delivery_id, "no line")
    moment = now()
    assert dispatch.after_clock_set_back(moment) == 2
    assert dispatch.after_clock_set_back(moment) == 0
    assert {each.delivery_id for each in take(moment + timedelta(hours=1))} == {delivery_id, deferred}


def test_what_is_to_wait_is_not_hurried_by_a_clock_that_is_right(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    delivery_id = send(desk, ana, ticket)
    Delivery.update(not_before=now() + timedelta(days=2)).execute()
    held = send(desk, ana, ticket)
    Delivery.update(not_before=HELD_UNTIL, created=now() + timedelta(days=1)).where(
        Delivery.id == held
    ).execute()
    assert dispatch.after_clock_set_back(now() - timedelta(seconds=30)) == 0
    assert delivery_id not in {each.delivery_id for each in take(now() + timedelta(days=1))}


def test_each_recipient_has_a_state_of_its_own(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket, "ok@x.example", "later@x.example", "no@x.example", "lost@x.example")
    take()
    dispatch.record(
        delivery_id,
        {
            "OK@x.example": Said("sent"),
            "later@x.example": Said("deferred", 451, "greylisted"),
            "no@x.example": Said("failed", 550, "no such user \x1b[31m"),
            "lost@x.example": Said("uncertain", None, "timed out after DATA"),
        },
    )
    assert states(delivery_id) == {
        "ok@x.example": "sent",
        "later@x.example": "deferred",
        "no@x.example": "failed",
        "lost@x.example": "uncertain",
    }
    assert deliveries.counts() == {"queued": 0, "sending": 0, "deferred": 1, "failed": 1, "uncertain": 1}
    (again,) = take(now() + timedelta(hours=1))
    assert again.recipients == ["later@x.example"]
    shown = {view.to: view for view in deliveries.get(delivery_id)}
    assert (shown["no@x.example"].code, shown["no@x.example"].detail) == (550, "no such user \ufffd[31m")


def test_a_deferred_mail_waits_longer_each_time_with_jitter() -> None:
    for attempt, minutes in enumerate((*BACK_OFF_MINUTES, BACK_OFF_MINUTES[-1]), start=1):
        waits = {back_off(attempt) for _ in range(20)}
        assert len(waits) > 1
        assert all(0.8 <= wait / timedelta(minutes=minutes) <= 1.2 for wait in waits)


def test_a_mail_is_not_tried_before_its_back_off_is_over(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    take()
    begun = now()
    dispatch.record(delivery_id, {"ana@corp.example": Said("deferred", 451, "later")})
    due = dispatch.next_due(begun)
    assert due is not None
    assert due >= begun + timedelta(seconds=48)
    assert take(due - timedelta(seconds=1)) == []
    assert len(take(due)) == 1


def test_after_five_days_of_trying_it_fails_and_says_why(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    with time_machine.travel(now() + SOON, tick=False) as clock:
        for _ in range(200):
            if not dispatch.claim(ME, now(), 1):
                break
            dispatch.record(delivery_id, {"ana@corp.example": Said("deferred", 451, "busy")})
            assert leases.owner_id()
            following = dispatch.next_due(now())
            if following is None:
                break
            clock.move_to(following)
        tried = now() - Delivery.get_by_id(delivery_id).tried_since
    assert timedelta(days=5) < tried < timedelta(days=5, hours=6)
    (view,) = deliveries.get(delivery_id)
    assert (view.state, view.detail) == ("failed", "given up after 5 days: busy")


def test_a_refused_answer_wakes_its_ticket(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    detail.mark_seen(ana, ticket.number)
    take()
    assert detail.show(ticket.number).status == "waiting"
    dispatch.record(delivery_id, {"ana@corp.example": Said("failed", 550, "no such user")})
    shown = detail.show(ticket.number)
    assert shown.status == "open"
    assert shown.events[-1].text == "not delivered to ana@corp.example: no such user"
    assert logs.entries()[0].level == "error"


def test_a_connection_that_was_never_made_defers_and_blames_the_mailbox(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    delivery_id = send(desk, ana, ticket)
    take()
    dispatch.give_back(delivery_id, "smtp.desk.example: connection refused")
    assert states(delivery_id) == {"ana@corp.example": "deferred"}
    assert Mailbox.get().send_error == "smtp.desk.example: connection refused"
    (mail,) = take(now() + timedelta(hours=1))
    dispatch.record(mail.delivery_id, {"ana@corp.example": Said("sent")})
    assert (Mailbox.get().send_error, Mailbox.get().send_error_count) == ("", 0)
    assert Mailbox.get().last_sent is not None


def test_retry_tries_again_now_whoever_was_not_served(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket, "ok@x.example", "no@x.example")
    take()
    dispatch.record(delivery_id, {"ok@x.example": Said("sent"), "no@x.example": Said("failed", 550, "no")})
    assert take(now() + timedelta(days=1)) == []
    assert deliveries.retry(ana, [delivery_id]).done == (delivery_id,)
    (mail,) = take()
    assert mail.recipients == ["no@x.example"]


def test_what_was_sent_is_never_retried(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    take()
    dispatch.record(delivery_id, {"ana@corp.example": Said("sent")})
    with pytest.raises(Refused):
        deliveries.retry(ana, [delivery_id])
    with pytest.raises(Refused):
        deliveries.cancel(ana, [delivery_id])


def test_cancel_stops_what_waits_and_not_what_is_being_sent(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    waiting, sending = send(desk, ana, ticket), send(desk, ana, ticket)
    assert deliveries.cancel(ana, [waiting]).done == (waiting,)
    (mail,) = take()
    assert mail.delivery_id == sending
    for act in (deliveries.cancel, deliveries.retry):
        with pytest.raises(Refused, match="at this moment"):
            act(ana, [sending])


def test_retry_and_cancel_need_the_right_and_an_id_that_exists(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    delivery_id = send(desk, ana, ticket)
    for act in (deliveries.cancel, deliveries.retry):
        with pytest.raises(NotAllowed):
            act(make_agent(f"guest-{act.__name__}", ["ticket.reply"]), [delivery_id])
        with pytest.raises(NotFound):
            act(ana, [4711])
    assert states(delivery_id) == {"ana@corp.example": "queued"}


def test_mail_that_was_given_up_elsewhere_is_in_no_other_mails_way(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    given_up, waiting, other = (send(desk, ana, ticket) for _ in range(3))
    deliveries.cancel(ana, [given_up])
    done = deliveries.cancel(ana, [given_up, waiting, 4711])
    assert done.done == (waiting,)
    assert [str(each) for each in done.refused.values()] == [
        f"mail {given_up} left already, or was cancelled",
        "there is no mail 4711 in the outbox",
    ]
    tried = deliveries.retry(ana, [given_up, waiting, other], seen_waiting={given_up, other})
    assert tried.done == (waiting, other), "this one was seen as given up"
    assert str(tried.refused[given_up]) == f"mail {given_up} was given up meanwhile"
    assert states(given_up) == {"ana@corp.example": "cancelled"}
    assert deliveries.retry(ana, [given_up]).done == (given_up,)


def test_a_corrected_address_sends_to_nobody_else(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    """Who gave up on somebody, or does not know whether they got it, had it sent to them with that."""
    names = ("no@x.example", "maybe@x.example", "gone@x.example")
    delivery_id = send(desk, ana, ticket, *names)
    take()
    failed, unknown = Said("failed"), Said("uncertain")
    dispatch.record(delivery_id, dict(zip(names, (failed, unknown, failed), strict=True)))
    deliveries.correct(ana, delivery_id, "no@x.example", "yes@x.example")
    (mail,) = take()
    assert mail.recipients == ["yes@x.example"]
    dispatch.record(delivery_id, {"yes@x.example": Said("sent")})
    deliveries.cancel(ana, [delivery_id])
    with pytest.raises(Refused, match="given up meanwhile"):
        deliveries.correct(ana, delivery_id, "gone@x.example", "there@x.example", seen_waiting=True)
    assert take(now() + timedelta(days=1)) == []
    deliveries.correct(ana, delivery_id, "gone@x.example", "there@x.example")
    assert [mail.recipients for mail in take()] == [["there@x.example"]]


def test_held_mail_waits_for_a_person(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    write("UPDATE delivery SET not_before = ?", HELD_UNTIL)
    assert take(now() + timedelta(days=3650)) == []
    (view,) = deliveries.entries()
    assert (view.held, view.not_before) == (True, None)
    deliveries.retry(ana, [delivery_id])
    assert len(take()) == 1


def test_mail_without_a_way_out_holds_up_nobody(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    mute = make_ticket(mailbox=make_mailbox(desk, "mute@desk.example"))
    stuck = [send(desk, ana, mute) for _ in range(3)]
    moving = send(desk, ana, ticket)
    assert [mail.delivery_id for mail in dispatch.claim(ME, now() + SOON, 1)] == [moving]
    assert dispatch.has_due(now() + SOON) is False
    assert {view.detail for view in deliveries.get(stuck[0])} == {"no outgoing account: it waits for one"}
    settings.set(ADMIN, "mail.default_outgoing", "support@desk.example")
    assert {view.detail for view in deliveries.get(stuck[0])} == {""}
    assert [mail.delivery_id for mail in take()] == stuck


def test_a_mail_whose_bytes_are_damaged_fails_and_holds_up_nobody(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    broken, sound = send(desk, ana, ticket), send(desk, ana, ticket)
    write(
        "UPDATE blob SET data = ?, codec = 'zstd' WHERE id = (SELECT blob_id FROM delivery WHERE id = ?)",
        b"\0",
        broken,
    )
    assert [mail.delivery_id for mail in take()] == [sound]
    assert states(broken) == {"ana@corp.example": "failed"}


def test_each_account_gets_its_own_mail_only(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    other = make_mailbox(desk, "hr@desk.example", sends=True)
    first, second = send(desk, ana, ticket), send(desk, ana, make_ticket(mailbox=other))
    assert dispatch.due_mailboxes(now() + SOON) == sorted([ticket.mailbox_id or 0, other.id])
    assert [mail.delivery_id for mail in dispatch.claim(ME, now() + SOON, 9, mailbox_id=other.id)] == [second]
    assert [mail.delivery_id for mail in take()] == [first]


def test_mail_that_leaves_by_another_account_is_from_that_account(desk: Desk, ana: Actor) -> None:
    mute = make_ticket(mailbox=make_mailbox(desk, "mute@desk.example", name="Müte"))
    send(desk, ana, mute)
    make_mailbox(desk, sends=True)
    settings.set(ADMIN, "mail.default_outgoing", "support@desk.example")
    (mail,) = take()
    sent = parse(mail.message)
    assert (sent.sender.name, sent.sender.email) == ("Müte", "support@desk.example")
    assert [person.email for person in sent.reply_to] == ["mute@desk.example"]
    assert mail.envelope_from == "support@desk.example"
    assert sent.text.strip() == "hello"


@pytest.mark.parametrize(
    ("head", "changed"),
    [
        (
            b"From: a@x.example\r\nTo: b@y.example",
            b"From: n@z.example\r\nTo: b@y.example\r\nReply-To: a@x.example",
        ),
        (b"From: A\r\n B <a@x.example>", b"From: A B <n@z.example>\r\nReply-To: a@x.example"),
        (
            b'From: "Desk, IT" <"a desk"@x.example>',
            b'From: "Desk, IT" <n@z.example>\r\nReply-To: "a desk"@x.example',
        ),
        (b"From: o'brien@x.example", b"From: n@z.example\r\nReply-To: o'brien@x.example"),
        (b"From: a@x.example\r\nReply-To: c@y.example", b"From: n@z.example\r\nReply-To: c@y.example"),
        (b"From: N@Z.example", b"From: N@Z.example"),
        (b"To: b@y.example", b"To: b@y.example"),
    ],
)
def test_readdressing_changes_from_alone(head: bytes, changed: bytes) -> None:
    body = b"\r\n\r\nFrom: nobody\r\n"
    assert readdressed(head + body, "n@z.example") == changed + body


def test_a_from_in_the_other_spelling_of_the_domain_is_left_alone() -> None:
    raw = b"From: Desk <a@xn--bcher-kva.example>\r\n\r\nhello\r\n"
    assert readdressed(raw, "a@b\u00fccher.example") == raw
    assert readdressed(raw, "n@b\u00fccher.example") == (
        b"From: Desk <n@xn--bcher-kva.example>\r\nReply-To: a@xn--bcher-kva.example\r\n\r\nhello\r\n"
    )


def test_an_acknowledgement_has_the_null_sender_whatever_account_sends(desk: Desk, ticket: Ticket) -> None:
    render.queue_mail(
        desk,
        render.MailToSend(
            kind="acknowledgement",
            mailbox_id=ticket.mailbox_id,
            to=[("Ana", "ana@corp.example")],
            subject="Re: x",
            text="We have it.",
            ticket_id=ticket.id,
            automatic="auto-replied",
            null_sender=True,
        ),
    )
    (mail,) = take()
    sent = parse(mail.message)
    assert mail.envelope_from == ""
    assert sent.header("Auto-Submitted") == "auto-replied"
    assert sent.header("X-Auto-Response-Suppress") == "All"


def test_the_list_shows_what_did_not_arrive_unless_asked(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    gone, waiting = send(desk, ana, ticket), send(desk, ana, ticket)
    dispatch.claim(ME, now() + SOON, 1)
    dispatch.record(gone, {"ana@corp.example": Said("sent")})
    assert [view.id for view in deliveries.entries()] == [waiting]
    assert {view.id for view in deliveries.entries("all")} == {gone, waiting}
    assert [view.id for view in deliveries.entries(["sent"])] == [gone]
    with pytest.raises(WrongUse):
        deliveries.entries("lost")


def test_mail_of_another_department_is_not_retried_and_not_cancelled(desk: Desk, ticket: Ticket) -> None:
    """Who may not read its ticket is told as of a number that no mail has."""
    departments.add_department(ADMIN, "IT")
    stranger = make_agent("ivo", ["outbox.edit"], "IT")
    colleague = make_agent("sam", ["outbox.edit"], ticket.department.name)
    delivery_id = send(desk, ADMIN, ticket)
    for change in (deliveries.retry, deliveries.cancel):
        with pytest.raises(NotFound, match="there is no mail"):
            change(stranger, [delivery_id])
        assert states(delivery_id) == {"ana@corp.example": "queued"}
    assert deliveries.cancel(colleague, [delivery_id]).done == (delivery_id,)
    with pytest.raises(NotFound, match="there is no mail"):
        deliveries.retry(stranger, [delivery_id])


def test_mail_without_a_ticket_is_its_mailbox_s_department_s(desk: Desk, ticket: Ticket) -> None:
    departments.add_department(ADMIN, "IT")
    stranger = make_agent("ivo", ["outbox.edit"], "IT")
    delivery_id = send(desk, ADMIN, ticket)
    Mailbox.update(department=ticket.department_id).execute()
    Delivery.update(ticket=None).execute()
    with pytest.raises(NotAllowed):
        deliveries.retry(stranger, [delivery_id])


def test_an_answer_that_was_taken_back_is_not_sent_by_a_retry(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    """What was undone has left the ticket, and never reaches the customer."""
    delivery_id = send(desk, ana, ticket)
    assert cancel_send(ana, delivery_id)
    with pytest.raises(Refused, match="taken back"):
        deliveries.retry(ana, [delivery_id])
    assert take() == []


def test_a_mail_whose_bytes_are_in_a_store_that_is_away_is_put_off_and_holds_up_nobody(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    away, small = send(desk, ana, ticket, "ann@client.test"), send(desk, ana, ticket, "bob@client.test")
    write(
        "UPDATE blob SET path = sha256 || '.zst', data = NULL"
        " WHERE id = (SELECT blob_id FROM delivery WHERE id = ?)",
        away,
    )
    assert [mail.delivery_id for mail in dispatch.claim(ME, now() + SOON, 1)] == [small]
    assert states(away) == {"ann@client.test": "deferred"}
