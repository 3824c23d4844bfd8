"""Lists show every ticket once, in order, page by page, while others arrive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from desk.documents import tickets as documents
from desk.errors import WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, lists
from desk.tickets.lists import SORTS, VIEWS, ListQuery, TicketLine
from models.tickets import Ticket
from tests.support.rows import every_row
from tests.support.workbench import ADMIN, make_ticket, make_tickets


def walk(query: ListQuery, limit: int) -> list[TicketLine]:
    """All pages one behind the other."""
    found: list[TicketLine] = []
    page = lists.page(query, limit=limit)
    while page:
        found += page
        page = lists.page(query, after=lists.anchor_of(page[-1], query.sort), limit=limit)
    return found


def walk_back(query: ListQuery, limit: int) -> list[TicketLine]:
    """All pages from the end to the beginning."""
    found: list[TicketLine] = []
    page = lists.last_page(query, limit=limit)
    while page:
        found = page + found
        page = lists.page(query, before=lists.anchor_of(page[0], query.sort), limit=limit)
    return found


ORDER = {
    "updated": lambda line: (-line.updated.timestamp(), -line.id),
    "created": lambda line: (-line.created.timestamp(), -line.id),
    "priority": lambda line: (-line.priority, -line.updated.timestamp(), -line.id),
    "due": lambda line: (line.due is None, line.due.timestamp() if line.due else 0, line.id),
}


@pytest.fixture
def sixty_tickets(ana: Actor) -> None:
    """Tickets of all kinds, many of the same moment."""
    make_tickets(60)


@every_row("sort", SORTS)
@every_row("view", [view.key for view in VIEWS])
def test_pages_cover_every_ticket_once_and_in_order(
    sixty_tickets: None, ana: Actor, view: str, sort: str
) -> None:
    query = ListQuery(view, None, sort, ana)
    found = walk(query, 7)
    assert found == sorted(found, key=ORDER[sort])
    assert len({line.id for line in found}) == len(found) == lists.count(query)
    assert walk_back(query, 7) == found
    assert lists.page(query, limit=1000) == found


def test_every_ticket_is_in_the_views_where_it_belongs(desk: Desk, ana: Actor) -> None:
    make_tickets(80)
    shown = {
        view.key: {line.id for line in walk(ListQuery(view.key, None, "updated", ana), 50)} for view in VIEWS
    }
    rows = list(Ticket.select())
    assert shown["all"] == {row.id for row in rows}
    assert shown["closed"] == {row.id for row in rows if row.status == "closed"}
    assert shown["open"] == {row.id for row in rows if row.status != "closed"}
    assert shown["waiting"] == {row.id for row in rows if row.status == "waiting"}
    assert shown["inbox"] == {row.id for row in rows if row.status != "closed" and row.assignee_id is None}
    assert shown["mine"] == {
        row.id for row in rows if row.status != "closed" and row.assignee_id == ana.agent_id
    }
    assert shown["overdue"] == {row.id for row in rows if row.status != "closed" and row.overdue}
    assert lists.counts(ana) == {key: len(ids) for key, ids in shown.items()}


@settings(max_examples=12)
@given(some.lists(some.integers(0, 3), min_size=4, max_size=12), some.sampled_from(["created", "updated"]))
def test_pages_cover_what_was_there_once_while_tickets_arrive(
    desk: Desk, ana: Actor, arrivals: list[int], sort: str
) -> None:
    make_tickets(20)
    query = ListQuery("all", None, sort, ana)
    before = [line.id for line in walk(query, 100)]
    found: list[int] = []
    page = lists.page(query, limit=5)
    arriving = iter(arrivals)
    while page:
        found += [line.id for line in page]
        for _ in range(next(arriving, 0)):
            make_ticket()
        page = lists.page(query, after=lists.anchor_of(page[-1], sort), limit=5)
    assert [ticket for ticket in found if ticket in set(before)] == before
    assert len(found) == len(set(found))


def test_a_line_has_what_the_list_shows(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket("Fire", requester="mo@corp.example", name="Mo", attachment_count=2)
    changes.assign(ana, [ticket.number], "me")
    changes.add_tags(ana, [ticket.number], ["b", "a"])
    line = lists.page(ListQuery("mine", None, "updated", ana))[0]
    assert (line.number, line.subject, line.status, line.priority) == (ticket.number, "Fire", "open", 2)
    assert (line.requester, line.requester_email, line.assignee) == ("Mo", "mo@corp.example", "Ana")
    assert (line.tags, line.attachment_count, line.message_count) == (("a", "b"), 2, 1)
    assert line.unread


def test_the_json_of_a_list_has_the_keys_that_scripts_rely_on(desk: Desk, ana: Actor) -> None:
    make_ticket()
    (document,) = documents.listed(lists.page(ListQuery("open", None, "updated", ana)))
    assert list(document) == [
        "number",
        "subject",
        "status",
        "priority",
        "department",
        "topic",
        "requester",
        "assignee",
        "collaborators",
        "tags",
        "created",
        "updated",
        "due",
        "overdue",
        "message_count",
    ]
    assert document["assignee"] is None
    assert document["requester"] == {"name": "Ana Prado", "email": "ana@corp.example"}


def test_an_unknown_view_or_sort_is_refused(desk: Desk) -> None:
    for view, sort in (("mien", "updated"), ("mine", "size")):
        with pytest.raises(WrongUse):
            ListQuery(view, None, sort, ADMIN)
