"""The list's statements use their indexes, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desk.home import Desk
from desk.permissions import Actor
from models import ticket_lists
from models.database import db
from models.queries.tree import NOTHING, Ago, All, Condition, Either, Node, Not, Word
from models.ticket_lists import ORDERS, TicketList


def plans_of_page(wanted: TicketList, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The query plans of all that a page asks the database."""
    return plans_of(lambda: ticket_lists.page(wanted, None, backwards=False, limit=50), monkeypatch)


def plans_of(ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The query plans of all that a call asks the database."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    original = db.execute_sql

    def listen(sql: str, params: tuple[object, ...] = ()) -> object:
        asked.append((sql, params))
        return original(sql, params)

    monkeypatch.setattr(db.obj, "execute_sql", listen)
    ask()
    monkeypatch.undo()
    return [
        row[3] for sql, params in asked for row in original(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
    ]


@pytest.mark.sqlite
@pytest.mark.parametrize("sort", list(ORDERS))
@pytest.mark.parametrize(
    "view", ["inbox", "mine", "waiting", "overdue", "open", "closed", "snoozed", "spam", "all"]
)
def test_a_page_of_a_view_never_scans_the_table(
    desk: Desk, view: str, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in plans_of_page(TicketList(view, NOTHING, sort, 1), monkeypatch):
        scanned = step.startswith("SCAN t") and "INDEX" not in step
        assert not scanned, step


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "view", ["inbox", "mine", "waiting", "overdue", "open", "closed", "snoozed", "spam", "all"]
)
def test_a_page_in_the_usual_order_is_not_sorted(
    desk: Desk, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = plans_of_page(TicketList(view, NOTHING, "updated", 1), monkeypatch)
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.sqlite
def test_a_rare_tag_is_looked_up_by_its_own_index(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plans_of_page(TicketList("open", Condition("tag", ("vpn",)), "updated", 1), monkeypatch)
    assert any("ticket_tag_name" in step for step in steps)


@pytest.mark.sqlite
def test_a_domain_is_looked_up_by_its_own_index(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plans_of_page(
        TicketList("open", Condition("from", ("@corp.example",)), "updated", 1), monkeypatch
    )
    assert any("contact_domain" in step for step in steps)


@pytest.mark.sqlite
@pytest.mark.parametrize("view", ["inbox", "mine", "waiting", "overdue", "open"])
def test_a_count_reads_an_index_only(desk: Desk, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plans_of(lambda: ticket_lists.count(TicketList(view, NOTHING, "updated", 1)), monkeypatch)
    read = [step for step in steps if not step.startswith("LIST SUBQUERY")]
    assert all("COVERING INDEX" in step for step in read), steps


@pytest.mark.parametrize(
    "query",
    [
        Word("a"),
        Not(Word("a")),
        Condition("is", ("unread",)),
        Either((Condition("is", ("overdue",)), Condition("state", ("new",)))),
        Either((Word("a"), Condition("state", ("new",)))),
        All((Condition("updated", (Ago(600), Ago(60)), ".."), Not(Condition("has", ("attachment",))))),
        All(
            (
                Condition("department", (1,)),
                Condition("mailbox", (0,)),
                Condition("owner", (0, 1)),
                Condition("is", ("overdue",)),
            )
        ),
    ],
)
def test_walking_and_narrowing_give_the_same_page(
    desk: Desk, ana: Actor, query: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.workbench import make_tickets

    make_tickets(40)
    for view in ("open", "all", "waiting"):
        for sort in ORDERS:
            wanted = TicketList(view, query, sort, 1)
            narrow = ticket_lists.page(wanted, None, backwards=False, limit=10)
            monkeypatch.setattr(ticket_lists, "FEW", -1)
            walked = ticket_lists.page(wanted, None, backwards=False, limit=10)
            monkeypatch.undo()
            assert narrow == walked
