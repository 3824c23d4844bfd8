"""Drafts keep what was typed, whatever happens around them."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from desk.errors import NotAllowed, NotFound
from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts, forward, new_ticket, reply
from desk.tickets import since
from tests.support.workbench import ADMIN, make_mailbox, make_ticket


def test_a_draft_comes_back_as_it_was_left(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk)
    ticket = make_ticket()
    draft_id = drafts.save(
        ana,
        number=ticket.number,
        kind="reply",
        body="Dear An",
        subject="Re: x",
        recipients={"to": ["a@b.example"]},
        attachments=["/tmp/a.txt"],
        status_after="closed",
        mailbox="support@desk.example",
    )
    found = drafts.load(ana, ticket.number, "reply")
    assert found is not None
    assert (found.id, found.body, found.subject, found.status_after) == (
        draft_id,
        "Dear An",
        "Re: x",
        "closed",
    )
    assert (found.recipients, found.attachments) == ({"to": ["a@b.example"]}, ("/tmp/a.txt",))
    assert found.mailbox == "support@desk.example"


def test_saving_again_keeps_one_draft_for_a_ticket_and_kind(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket()
    first = drafts.save(ana, number=ticket.number, kind="reply", body="a")
    assert drafts.save(ana, draft_id=first, number=ticket.number, kind="reply", body="b") == first
    assert drafts.save(ana, number=ticket.number, kind="reply", body="c") == first
    assert drafts.save(ana, number=ticket.number, kind="note", body="n") != first
    assert {draft.body for draft in drafts.drafts(ana)} == {"c", "n"}


def test_a_draft_discarded_elsewhere_is_made_anew_and_no_text_is_lost(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket()
    first = drafts.save(ana, number=ticket.number, kind="reply", body="a")
    drafts.discard(first)
    drafts.save(ana, draft_id=first, number=ticket.number, kind="reply", body="a b")
    assert [draft.body for draft in drafts.drafts(ana)] == ["a b"]


def test_new_tickets_may_have_several_drafts(desk: Desk, ana: Actor) -> None:
    one = drafts.save(ana, number=None, kind="new", body="1")
    two = drafts.save(ana, number=None, kind="new", body="2")
    assert one != two
    newest = drafts.load(ana, None, "new")
    assert newest is not None
    assert newest.id == two


def test_a_draft_is_its_authors(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket()
    draft_id = drafts.save(ana, number=ticket.number, kind="reply", body="mine")
    assert drafts.load(jo, ticket.number, "reply") is None
    with pytest.raises(NotFound):
        drafts.get(jo, draft_id)
    assert drafts.save(jo, draft_id=draft_id, number=ticket.number, kind="reply", body="theirs") != draft_id
    assert drafts.get(ana, draft_id).body == "mine"


def test_others_who_write_are_named(desk: Desk, ana: Actor, jo: Actor) -> None:
    ticket = make_ticket()
    drafts.save(jo, number=ticket.number, kind="reply", body="x")
    assert [name for name, _ in drafts.others_writing(ana, ticket.number)] == ["Jo"]
    assert drafts.others_writing(jo, ticket.number) == []


def test_a_draft_needs_an_agent(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        drafts.save(ADMIN, number=make_ticket().number, kind="note", body="x")
    assert drafts.drafts(ADMIN) == []


def test_a_draft_that_two_apps_have_open_is_sent_once(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk)
    ticket = make_ticket()
    draft = drafts.save(ana, number=ticket.number, kind="reply", body="It is the cable.")
    reply.send_reply(desk, ana, ticket.number, "It is the cable.", draft=draft)
    assert drafts.drafts(ana) == []
    with pytest.raises(drafts.DraftGone):
        reply.send_reply(desk, ana, ticket.number, "It is the cable.", draft=draft)
    assert len(deliveries.entries()) == 1
    note = drafts.save(ana, number=ticket.number, kind="note", body="He called.")
    reply.add_note(ana, ticket.number, "He called.", note)
    with pytest.raises(drafts.DraftGone):
        reply.add_note(ana, ticket.number, "He called.", note)
    passed = drafts.save(ana, number=ticket.number, kind="forward", body="Look.")
    for attempt in range(2):
        with pytest.raises(drafts.DraftGone) if attempt else nullcontext():
            forward.forward(
                desk, ana, ticket.number, "Look.", to=["jo@else.example"], subject="Fwd", draft=passed
            )
    first = drafts.save(ana, number=None, kind="new", body="Hello")
    for attempt in range(2):
        with pytest.raises(drafts.DraftGone) if attempt else nullcontext():
            new_ticket.new_ticket(
                desk,
                ana,
                mailbox=None,
                requester="jo@else.example",
                subject="Hello",
                body="Hello",
                send=True,
                draft=first,
            )
    assert len(deliveries.entries()) == 3


def test_no_other_draft_gets_the_number_of_one_that_an_editor_still_has(desk: Desk, ana: Actor) -> None:
    one, other = make_ticket(), make_ticket("Another")
    first = drafts.save(ana, number=one.number, kind="reply", body="a")
    drafts.discard(first)
    second = drafts.save(ana, number=other.number, kind="reply", body="of the other ticket")
    drafts.save(ana, draft_id=first, number=one.number, kind="reply", body="a b")
    assert drafts.get(ana, second).body == "of the other ticket"


def test_what_is_told_of_a_draft_that_is_gone_names_what_was_sent(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk)
    ticket = make_ticket()
    seen = since.seen_up_to()
    draft = drafts.save(ana, number=ticket.number, kind="reply", body="It is the cable.", seen=seen)
    assert drafts.gone(ana, draft, ticket.number, seen) == ()
    reply.send_reply(desk, ana, ticket.number, "It is the cable.", draft=draft)
    words = [each.words for each in drafts.gone(ana, draft, ticket.number, seen)]
    assert words == ["you answered", "this draft was sent or thrown away elsewhere"]
