"""Whatever way a page is found, it is the page that a look at every ticket would give."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from config.clock import now
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import query
from models import ticket_lists
from models.contacts import Contact
from models.fields import utc_text
from models.ticket_lists import ORDERS, TicketList
from models.tickets import Ticket, TicketTag
from models.transactions import transaction
from tests.support.workbench import make_tickets

QUERIES = (
    *("", "owner:none", "owner:ana p:high", "p:urgent,low", "state:closed owner:none p:urgent", "state:any"),
    *(
        "is:overdue",
        "is:paused",
        "sla:Standard",
        "sla:none",
        "overdue:>2h",
        "is:unanswered",
        "is:answered",
        "is:merged",
        "is:unread",
        "has:attachment",
        "tag:vpn",
    ),
    *("created:<20d", "created:>20d p:high", "updated:<10d", "updated:>10d", "closed:<10d", "due:<1d"),
    *("due:>1d -tag:vpn", "closed:2d.. owner:none", "owner:ana OR p:urgent", "-owner:none", "topic:none"),
    *("department:Support has:attachment", "tag:vpn OR is:overdue", "state:new,closed p:low -is:answered"),
    *(
        "is:snoozed owner:none",
        "is:pinned -owner:ana",
        "is:vip",
        "is:vip,overdue -owner:ana",
        "is:spam",
        "waiting:>2d",
        "answered:<9d p:low",
        "from:@client.test",
        "ticket",
        "-ticket owner:none",
        "created:<30d closed:<9d p:normal",
    ),
)
TICKETS = 60
VIEWS = ("mine", "open", "overdue", "snoozed", "open", "closed", "open", "all")


@pytest.fixture
def many(desk: Desk, ana: Actor) -> None:
    """Tickets of all kinds, with few times for many of them."""
    make_tickets(TICKETS)
    dice, moment = random.Random(4), now()
    ids = [ticket.id for ticket in Ticket.select(Ticket.id)]
    with transaction():
        for contact in Contact.select(Contact.id):
            Contact.update(vip=dice.random() < 0.3).where(Contact.id == contact.id).execute()
        for ticket_id in ids:
            made = moment - timedelta(days=dice.randrange(40))
            touched = made + (moment - made) * dice.choice((0, 0.5, 1))
            status = dice.choice(("new", "open", "waiting", "closed", "closed"))
            values = {
                "status": status,
                "assignee": dice.choice((None, ana.agent_id)),
                "priority": dice.randint(1, 4),
                "created": utc_text(made),
                "updated": utc_text(touched),
                "due": dice.choice((None, utc_text(moment + timedelta(days=dice.randrange(-3, 4))))),
                "overdue": dice.random() < 0.3,
                "closed": utc_text(touched) if status == "closed" else None,
                "last_customer": utc_text(made),
                "last_answer": dice.choice((None, utc_text(touched))),
                "attachment_count": dice.choice((0, 0, 2)),
                "waiting_since": dice.choice((None, utc_text(made))),
                "snoozed_until": dice.choice((None, None, None, utc_text(moment))),
                "pinned": dice.choice((None, None, None, None, utc_text(moment))),
                "spam": dice.choice((None, None, None, utc_text(moment))),
                "merged_into": dice.choice((None, None, ids[0])),
            }
            Ticket.update(values).where(Ticket.id == ticket_id).execute()
            if dice.random() < 0.3:
                TicketTag.insert(ticket=ticket_id, name="vpn").on_conflict_ignore().execute()


def _looked_at_one_by_one(wanted: TicketList, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every ticket of a list, found with no index but that of its order."""
    with monkeypatch.context() as patched:
        patched.setattr(ticket_lists, "FEW", -1)
        patched.setattr(ticket_lists, "with_text", lambda node: None)
        patched.setattr(ticket_lists, "_way", lambda wanted, order: order.index)
        return [row.id for row in ticket_lists.page(wanted, None, backwards=False, limit=TICKETS)]


@pytest.mark.parametrize("text", QUERIES)
def test_every_way_to_a_page_gives_the_same_tickets(
    many: None, ana: Actor, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = query.parse(text, ana).tree
    # Each query meets every order, and in turn every view.
    for turn, sort in enumerate(ORDERS):
        wanted = TicketList(VIEWS[(QUERIES.index(text) + turn) % len(VIEWS)], tree, sort, ana.agent_id or 0)
        all_ids = _looked_at_one_by_one(wanted, monkeypatch)
        for few, some, many_, far in ((4000, 0, 0, 20_000), (-1, -1, -1, 3), (-1, 1000, 1000, 3)):
            with monkeypatch.context() as patched:
                patched.setattr(ticket_lists, "FEW", few)
                patched.setattr(ticket_lists, "SOME", some)
                patched.setattr(ticket_lists, "MANY", many_)
                patched.setattr(ticket_lists, "FAR", far)
                first = [row.id for row in ticket_lists.page(wanted, None, backwards=False, limit=7)]
                last = [row.id for row in ticket_lists.page(wanted, None, backwards=True, limit=7)]
                assert first == all_ids[:7]
                assert last == all_ids[-7:]
                if len(all_ids) > 9:
                    row = ticket_lists.line_of(all_ids[8], ana.agent_id or 0)
                    assert row is not None
                    key = ticket_lists.key_of(
                        sort, row.id, row.updated, row.created, row.priority, row.due, bool(row.pinned)
                    )
                    behind = ticket_lists.page(wanted, key, backwards=False, limit=7)
                    before = ticket_lists.page(wanted, key, backwards=True, limit=7)
                    assert [each.id for each in behind] == all_ids[9:16]
                    assert [each.id for each in before] == all_ids[1:8]
                assert ticket_lists.count(wanted) == len(all_ids)
