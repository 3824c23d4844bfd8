"""Whoever does not read everything gets pages and counts of what they read, whichever way it is found."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest

from config.clock import now
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import departments, teams
from desk.tickets import lists, query
from desk.tickets.reading import may_read
from models import ticket_lists, tickets
from models.fields import utc_text
from models.ticket_lists import ORDERS
from models.tickets import Ticket, TicketReferral, TicketTag
from models.transactions import transaction
from tests.support.workbench import ADMIN, make_agent, make_tickets

TICKETS = 80
READS = frozenset(["ticket.note"])
WAYS: tuple[dict[str, int], ...] = (
    {},
    {"FEW": -1},
    {"FEW": -1, "READ": -1},
    {"FEW": -1, "READ": -1, "FAR": 3, "SOME": -1, "MANY": -1},
    {"FEW": -1, "READ": -1, "MERGED": 0, "FAR": 3, "SOME": -1, "MANY": -1},
)
"""Bounds that make the lists go each of their ways."""
QUERIES = ("", "p:urgent,high", "tag:vpn", "owner:none -tag:vpn", "state:any p:low", "department:Two")
COUNTED = ("is:unanswered", "is:answered", "state:closed closed:<1d")
"""Those that indexes count which know departments."""


@pytest.fixture
def reader(desk: Desk) -> Actor:
    """Who reads two of five departments and the tickets of a team; and tickets of all kinds."""
    for name in ("Two", "Three", "Four", "Five"):
        departments.add_department(ADMIN, name)
    kim = make_agent("kim")
    team = teams.add_team(ADMIN, "Deal", members=["kim"]).id
    make_tickets(TICKETS)
    dice, moment = random.Random(8), now()
    with transaction():
        for ticket in list(Ticket.select()):
            status = dice.choice(("new", "open", "waiting", "closed", "closed"))
            touched = moment - timedelta(hours=dice.randrange(30))
            values = {
                "status": status,
                "department": dice.randint(1, 5),
                "team": dice.choice((None, None, None, team)),
                "assignee": dice.choice((None, kim.agent_id)),
                "priority": dice.randint(1, 4),
                "updated": utc_text(touched),
                "created": utc_text(touched - timedelta(hours=dice.randrange(3))),
                "due": dice.choice((None, utc_text(moment + timedelta(hours=dice.randrange(-9, 9))))),
                "overdue": status != "closed" and dice.random() < 0.4,
                "closed": utc_text(touched) if status == "closed" else None,
                "last_customer": utc_text(touched - timedelta(hours=1)),
                "last_answer": dice.choice((None, utc_text(touched), utc_text(touched - timedelta(hours=2)))),
                "snoozed_until": utc_text(moment) if status != "closed" and dice.random() < 0.3 else None,
            }
            Ticket.update(values).where(Ticket.id == ticket.id).execute()
            for department in {dice.randint(1, 5) for _ in range(2)}:
                if dice.random() < 0.3:
                    TicketReferral.insert(ticket=ticket.id, department=department).execute()
            if dice.random() < 0.3:
                TicketTag.insert(ticket=ticket.id, name="vpn").execute()
    return Actor(kim.agent_id, "kim", "Kim", "", 2, READS, ((3, READS),), (team,))


def of_most(reader: Actor) -> Actor:
    """Return who reads four of the five departments."""
    return reader._replace(places=tuple((each, READS) for each in (3, 4, 5)))


def wanted(view: str, sort: str, text: str, actor: Actor) -> lists.ListQuery:
    return lists.ListQuery(view, query.parse(text, actor) if text else None, sort, actor)


def readable(reader: Actor) -> set[int]:
    states = [tickets.read(row.id) for row in Ticket.select(Ticket.id)]
    return {state.id for state in states if state is not None and may_read(reader, state)}


def test_pages_are_those_of_all_without_what_they_may_not_read(
    reader: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = Actor(reader.agent_id, "kim", "Kim", "", None, frozenset(["*"]))
    allowed = readable(reader)
    views = ("inbox", "mine", "waiting", "overdue", "open", "snoozed", "closed", "all")
    for turn, text in enumerate(QUERIES):
        for view in views if not text else (views[turn], "open", "all"):
            for sort in ORDERS:
                found = lists.page(wanted(view, sort, text, everything), limit=TICKETS)
                expected = [line.id for line in found if line.id in allowed]
                for way in WAYS:
                    with monkeypatch.context() as patched:
                        for name, bound in way.items():
                            patched.setattr(ticket_lists, name, bound)
                        pages_are(expected, wanted(view, sort, text, reader), (view, sort, text, way))


def pages_are(expected: list[int], asked: lists.ListQuery, what: tuple[object, ...]) -> None:
    first = lists.page(asked, limit=5)
    assert [line.id for line in first] == expected[:5], what
    assert [line.id for line in lists.last_page(asked, 5)] == expected[-5:], what
    assert lists.count(asked) == len(expected), what
    if len(expected) > 5:
        behind = lists.page(asked, after=lists.anchor_of(first[-1], asked.sort), limit=5)
        assert [line.id for line in behind] == expected[5:10], what
        before = lists.page(asked, before=lists.anchor_of(behind[0], asked.sort), limit=5)
        assert [line.id for line in before] == expected[:5], what


def test_queries_are_counted_as_far_as_they_read(reader: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_lists, "FEW", -1)
    for text, who in itertools.product(COUNTED, (reader, of_most(reader))):
        for view in ("open", "all", "mine"):
            asked = wanted(view, "updated", text, who)
            assert lists.count(asked) == len(lists.page(asked, limit=TICKETS)) > 0, (text, view)


def test_views_are_counted_as_far_as_they_read(reader: Actor) -> None:
    for who in (reader, of_most(reader)):
        counted = lists.counts(who)
        for view in ("inbox", "mine", "waiting", "overdue", "open", "snoozed", "closed", "all"):
            assert counted[view] == len(lists.page(wanted(view, "updated", "", who), limit=TICKETS)), view


def test_who_reads_nothing_finds_nothing(reader: Actor) -> None:
    nobody = Actor(reader.agent_id, "kim", "Kim", "", 2, frozenset(), ())
    assert lists.page(wanted("all", "updated", "", nobody), limit=5) == []
    assert lists.counts(nobody)["all"] == 0
