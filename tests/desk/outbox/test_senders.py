"""Senders side by side: each mail is one sender's, and what a dead one had is nobody's."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import psycopg
import pytest
import time_machine

from config.clock import now
from desk.home import Desk
from desk.outbox import deliveries, dispatch
from desk.permissions import Actor
from desk.replies import reply
from models import leases
from models.opening import close_database
from models.tickets import Ticket
from tests.support.workbench import make_mailbox, make_ticket

SOON = timedelta(seconds=1)
ME = leases.owner_id()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    """A ticket of a mailbox that can send."""
    return make_ticket(mailbox=make_mailbox(desk, sends=True))


def send(desk: Desk, actor: Actor, ticket: Ticket) -> int:
    return reply.send_reply(desk, actor, ticket.number, "hello", to=["ana@corp.example"], cc=[]).delivery_id


def states(delivery_id: int) -> dict[str, str]:
    return {view.to: view.state for view in deliveries.get(delivery_id)}


def take(moment: datetime | None = None, owner: str = ME) -> list[dispatch.Outgoing]:
    return dispatch.claim(owner, moment or now() + SOON, 10)


def test_two_senders_at_once_share_the_mail_and_double_none(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    sent = {send(desk, ana, ticket) for _ in range(12)}
    taken: list[int] = []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        while mails := dispatch.claim(ME, now() + SOON, 1):
            taken.extend(mail.delivery_id for mail in mails)
        close_database()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(sent)


def test_mail_of_a_sender_that_died_is_uncertain_and_not_sent_again(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    delivery_id = send(desk, ana, ticket)
    machine = ME.partition(":")[0]
    take(owner=f"{machine}:999999:1:dead")
    assert dispatch.recover() == 1
    assert states(delivery_id) == {"ana@corp.example": "uncertain"}
    assert take(now() + timedelta(days=2)) == []
    assert dispatch.recover() == 0
    assert "may have arrived" in deliveries.get(delivery_id)[0].detail


def test_mail_of_a_living_sender_is_left_to_it(desk: Desk, ana: Actor, ticket: Ticket) -> None:
    delivery_id = send(desk, ana, ticket)
    take()
    with time_machine.travel(now() + timedelta(days=1)):
        assert dispatch.recover() == 0
    assert states(delivery_id) == {"ana@corp.example": "sending"}


def test_a_sender_on_another_machine_is_given_up_after_an_hour(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    send(desk, ana, ticket)
    take(owner="another-machine:1:1:x")
    assert dispatch.recover() == 0
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert dispatch.recover() == 1


@pytest.mark.postgres
def test_a_mail_that_another_sender_takes_just_now_is_passed_over(
    desk: Desk, ana: Actor, ticket: Ticket
) -> None:
    first, second = send(desk, ana, ticket), send(desk, ana, ticket)
    with psycopg.connect(desk.paths.server_url) as other:
        other.execute("SELECT id FROM delivery WHERE id = %s FOR UPDATE", (first,))
        assert [mail.delivery_id for mail in take()] == [second]
    assert [mail.delivery_id for mail in take()] == [first]
