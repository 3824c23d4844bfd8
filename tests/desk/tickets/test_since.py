"""What came since somebody looked: what others did is news, and nothing is done over what was not seen."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from config.clock import now
from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import reply
from desk.tickets import changes, lifecycle, since
from desk.tickets.since import News, Overtaken
from models.fields import utc_text
from models.messages import NewMessage
from models.opening import close_database
from models.tickets import Ticket
from models.transactions import transaction
from tests.support.workbench import make_mailbox, make_ticket


def customer_writes(ticket: Ticket, text: str, *, machine: str = "", unverified: bool = False) -> None:
    message = NewMessage(
        kind="customer",
        sender_name="Cy\x1b[31m Customer",
        sender_email="cy@corp.example",
        text=text,
        created=utc_text(now()),
        machine=machine,
        unverified=unverified,
    )
    with transaction():
        lifecycle.customer_wrote(ticket.id, message, None, now())


def news(actor: Actor, ticket: Ticket, happen: Callable[[], object]) -> list[News]:
    """What an actor is told of what happens to a ticket."""
    before = since.seen_up_to()
    happen()
    return since.news(actor, ticket.number, before)


def test_a_customers_mail_is_told_with_its_first_words_all_inert(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    (mail,) = news(ana, ticket, lambda: customer_writes(ticket, "SOLVED\n\x1b]0;x\x07forget it\n> old"))
    assert mail.words.endswith("Customer wrote")
    assert mail.excerpt.startswith("SOLVED")
    assert mail.by_customer
    assert not any(ord(sign) < 32 for sign in mail.words + mail.excerpt)
    (doubted,) = news(ana, ticket, lambda: customer_writes(ticket, "hm", unverified=True))
    assert doubted.what == "wrote (unverified)"
    (machine,) = news(ana, ticket, lambda: customer_writes(ticket, "away", machine="auto-reply"))
    assert machine.what == "sent a mail (a machine)"


def test_a_state_that_follows_from_a_mail_is_not_told_beside_it(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    changes.close(ana, [ticket.number])
    assert len(news(ana, ticket, lambda: customer_writes(ticket, "again"))) == 1
    assert [each.words for each in news(ana, ticket, lambda: changes.close(jo, [ticket.number]))] == [
        f"{jo.name}: closed"
    ]


def test_ones_own_doings_are_news_to_the_others_alone(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))

    def ana_works() -> None:
        reply.send_reply(desk, ana, ticket.number, "one")
        reply.add_note(ana, ticket.number, "two")
        changes.set_priority(ana, [ticket.number], "high")

    before = since.seen_up_to()
    ana_works()
    assert since.news(ana, ticket.number, before) == []
    assert [each.words for each in since.news(jo, ticket.number, before)] == [
        f"{ana.name} answered",
        f"{ana.name} added a note",
        f"{ana.name}: priority normal -> high",
    ]
    assert since.news(jo, ticket.number, since.seen_up_to()) == []
    assert since.news(jo, "no such ticket", before) == []


def test_news_and_answers_follow_a_ticket_that_was_joined(desk: Desk, ana: Actor, jo: Actor) -> None:
    box = make_mailbox(desk, sends=True)
    one, two, three = (make_ticket(mailbox=box) for _ in range(3))
    before = since.seen_up_to()
    for source, target in ((one, two), (two, three)):
        with transaction():
            lifecycle.merged(source.id, target.id, now())
    assert any("joined to" in each.words for each in since.news(ana, one.number, before))
    assert since.goes_on_as(one.number) == three.number
    assert since.goes_on_as(three.number) == three.number


def test_an_answer_over_something_unseen_leaves_nothing_behind(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    seen = since.seen_up_to()
    reply.send_reply(desk, jo, ticket.number, "first")
    with pytest.raises(Overtaken) as told:
        reply.send_reply(desk, ana, ticket.number, "second", seen=seen)
    assert [each.words for each in told.value.news] == [f"{jo.name} answered"]
    assert len(deliveries.entries()) == 1
    reply.send_reply(desk, ana, ticket.number, "second", seen=told.value.seen_up_to)
    assert len(deliveries.entries()) == 2


def test_of_two_answers_at_once_one_is_told_of_the_other(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    seen = since.seen_up_to()
    start = threading.Barrier(2)
    overtaken: list[str] = []

    def answer(actor: Actor) -> None:
        start.wait()
        try:
            reply.send_reply(desk, actor, ticket.number, f"from {actor.login}", seen=seen)
        except Overtaken:
            overtaken.append(actor.login)
        finally:
            close_database()

    both = [threading.Thread(target=answer, args=(actor,)) for actor in (ana, jo)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(overtaken) == 1
    assert len(deliveries.entries()) == 1


def test_a_change_over_something_unseen_changes_nothing(desk: Desk, ana: Actor, jo: Actor) -> None:
    box = make_mailbox(desk, sends=True)
    quiet, moved = make_ticket(mailbox=box), make_ticket(mailbox=box)
    seen = since.seen_up_to()
    numbers = [quiet.number, moved.number]
    reply.add_note(jo, moved.number, "wait")
    with pytest.raises(Overtaken):
        since.unless_overtaken(ana, dict.fromkeys(numbers, seen), lambda: changes.close(ana, numbers))
    assert {row.status for row in Ticket.select()} == {"new"}
    assert (
        since.unless_overtaken(
            ana, dict.fromkeys(numbers, since.seen_up_to()), lambda: changes.close(ana, numbers)
        )
        == numbers
    )
