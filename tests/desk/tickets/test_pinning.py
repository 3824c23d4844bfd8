"""Pinned tickets stand before the others, whatever the order, and paging goes through both."""

from __future__ import annotations

from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import lists, pinning
from desk.tickets.lists import SORTS, ListQuery
from desk.tickets.query import parse
from tests.support.workbench import make_tickets


def test_pinned_tickets_come_first_in_every_order_page_by_page(desk: Desk, ana: Actor) -> None:
    del desk
    make_tickets(40)
    everything = lists.page(ListQuery("open", None, "created", ana), limit=100)
    chosen = [line.number for line in everything][::3]
    pinning.pin(ana, chosen)
    for sort in SORTS:
        for query in (None, parse("-tag:vpn", ana)):
            wanted = ListQuery("open", query, sort, ana)
            whole = lists.page(wanted, limit=100)
            plain = [line.pinned for line in whole]
            assert plain == sorted(plain, reverse=True)
            assert sum(plain) == len(chosen) > 5
            assert lists.count(wanted) == len(whole)
            for limit in (1, 4, 7):
                walked = lists.page(wanted, limit=limit)
                while page := lists.page(wanted, after=lists.anchor_of(walked[-1], sort), limit=limit):
                    walked += page
                assert walked == whole, (sort, limit)
                back = lists.last_page(wanted, limit)
                while page := lists.page(wanted, before=lists.anchor_of(back[0], sort), limit=limit):
                    back = page + back
                assert back == whole, (sort, limit)
    found = lists.page(ListQuery("all", parse("is:pinned", ana), "updated", ana))
    assert {line.number for line in found} == set(chosen)


def test_a_page_behind_a_pin_that_is_gone_begins_with_the_others(desk: Desk, ana: Actor) -> None:
    del desk
    make_tickets(6)
    wanted = ListQuery("open", None, "updated", ana)
    pinning.pin(ana, [lists.page(wanted)[-1].number])
    first = lists.page(wanted, limit=1)
    assert first[0].pinned
    pinning.unpin(ana, [first[0].number])
    behind = lists.page(wanted, after=lists.anchor_of(first[0], "updated"), limit=100)
    assert [line.number for line in behind] == [line.number for line in lists.page(wanted, limit=100)]
