"""Filter words mean what the help says; what is wrong is said with what was probably meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from desk.errors import WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, detail, lists
from desk.tickets.query import WORDS, parse
from models.queries.tree import Word, leaves
from models.tickets import Ticket
from tests.support.workbench import make_agent, make_mailbox, make_ticket


def numbers(text: str, actor: Actor, view: str = "all") -> set[str]:
    query = lists.ListQuery(view, parse(text, actor), "updated", actor)
    found = {line.number for line in lists.page(query)}
    assert lists.count(query) == len(found)
    return found


@pytest.fixture
def four(desk: Desk, ana: Actor, jo: Actor) -> dict[str, Ticket]:
    """Four tickets that differ in everything a filter can ask for."""
    it = make_mailbox(desk, "it@desk.example", name="Helpdesk")
    found = {
        "vpn": make_ticket(
            "VPN drops", "the tunnel drops", requester="mo@corp.example", name="Mo Okafor", mailbox=it
        ),
        "printer": make_ticket(
            "Printer", "jammed printer on floor 3", requester="lee@corp.example", name="Lee Park"
        ),
        "laptop": make_ticket(
            "Laptop", "printer driver", requester="kim@vendor.example", name="Kim", age=timedelta(days=5)
        ),
        "closed": make_ticket(
            "Old matter", "solved", status="closed", age=timedelta(days=30), attachment_count=2
        ),
    }
    changes.assign(ana, [found["vpn"].number], "ana")
    changes.set_priority(ana, [found["vpn"].number], "urgent")
    changes.add_tags(ana, [found["vpn"].number], ["vpn", "p1"])
    changes.set_status(ana, [found["printer"].number], "waiting")
    changes.add_tags(ana, [found["printer"].number], ["printer"])
    Ticket.update(overdue=True, due=found["laptop"].created).where(Ticket.id == found["laptop"].id).execute()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state:open", {"vpn"}),
        ("state:open,wait", {"vpn", "printer"}),
        ("!state:closed", {"vpn", "printer", "laptop"}),
        ("owner:me", {"vpn"}),
        ("owner:ana", {"vpn"}),
        ("owner:none", {"printer", "laptop", "closed"}),
        ("!owner:none", {"vpn"}),
        ("-owner:ana", {"printer", "laptop", "closed"}),
        ("owner:me,none", {"vpn", "printer", "laptop", "closed"}),
        ("p:urgent", {"vpn"}),
        ("p:4", {"vpn"}),
        ("!p:urgent", {"printer", "laptop", "closed"}),
        ("tag:vpn", {"vpn"}),
        ("tag:VPN,printer", {"vpn", "printer"}),
        ("!tag:vpn", {"printer", "laptop", "closed"}),
        ("from:@corp.example", {"vpn", "printer", "closed"}),
        ("from:@CORP.example", {"vpn", "printer", "closed"}),
        ("from:lee@corp.example", {"printer"}),
        ("from:okafor", {"vpn"}),
        ("!from:@corp.example", {"laptop"}),
        ("mailbox:it", {"vpn"}),
        ("mailbox:helpdesk", {"vpn"}),
        ("mailbox:none", {"printer", "laptop", "closed"}),
        ("department:sup", {"vpn", "printer", "laptop", "closed"}),
        ("age:>10d", {"closed"}),
        ("age:<1h", {"vpn", "printer"}),
        ("!age:>2d", {"vpn", "printer"}),
        ("has:attachment", {"closed"}),
        ("is:overdue", {"laptop"}),
        ("!is:overdue", {"vpn", "printer", "closed"}),
        ("printer", {"printer", "laptop"}),
        ("printer floor", {"printer"}),
        ('"printer driver"', {"laptop"}),
        ("!printer", {"vpn", "closed"}),
        ("driv*", {"laptop"}),
        ("state:new printer", {"laptop"}),
        ("status:open assignee:ana priority:urgent", {"vpn"}),
        ("", {"vpn", "printer", "laptop", "closed"}),
        ("!!state:open", {"vpn"}),
        ("nothinglikethis", set()),
    ],
)
def test_a_filter_finds_exactly(four: dict[str, Ticket], ana: Actor, text: str, expected: set[str]) -> None:
    assert numbers(text, ana) == {four[name].number for name in expected}


def test_unread_is_what_the_agent_has_not_seen_since_the_customer_wrote(
    four: dict[str, Ticket], ana: Actor, jo: Actor
) -> None:
    detail.mark_seen(ana, four["vpn"].number)
    assert four["vpn"].number not in numbers("is:unread", ana)
    assert four["vpn"].number in numbers("is:unread", jo)
    assert numbers("!is:unread", ana) == {four["vpn"].number}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("stat:open", "state:"),
        ("state:opn", "open"),
        ("owner:anna", "ana"),
        ("mailbox:ti@desk.example", "it@desk.example"),
        ("p:hihg", "high"),
        ("is:unraed", "unread"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    four: dict[str, Ticket], ana: Actor, text: str, meant: str
) -> None:
    with pytest.raises(WrongUse) as refused:
        parse(text, ana)
    assert meant in refused.value.hint
    assert "did you mean" in refused.value.hint


@pytest.mark.parametrize(
    "text", ["owner:nobody-here", "age:2d", "age:>2y", "mailbox:x@y.example", "tag:", "wombat:3"]
)
def test_what_names_nothing_is_refused_with_help(four: dict[str, Ticket], ana: Actor, text: str) -> None:
    with pytest.raises(WrongUse) as refused:
        parse(text, ana)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text", ["http://intranet/x", "Error: disk full", "10:42", '"Re: printer"', "a:", "::"]
)
def test_text_with_a_colon_is_text(desk: Desk, ana: Actor, text: str) -> None:
    assert all(isinstance(leaf, Word) for leaf in leaves(parse(text, ana).tree))


@settings(max_examples=130)
@given(
    some.lists(
        some.one_of(
            some.text(max_size=12),
            some.builds(
                lambda negated, key, value: f"{negated}{key}:{value}",
                some.sampled_from(["", "!", "!!"]),
                some.sampled_from(list(WORDS)),
                some.one_of(
                    some.text(max_size=8),
                    some.sampled_from(
                        ["open", "me", "none", "high", ">2d", "<3h", "unread", "@x.ex", "a,b", ","]
                    ),
                ),
            ),
        ),
        max_size=5,
    ).map(" ".join)
)
def test_any_text_is_a_filter_that_runs_or_is_refused(desk: Desk, ana: Actor, text: str) -> None:
    try:
        wanted = parse(text, ana)
    except WrongUse:
        return
    query = lists.ListQuery("open", wanted, "updated", ana)
    assert lists.page(query, limit=3) == []
    assert lists.count(query) == 0


def test_me_is_nobody_for_an_admin_without_an_agent(desk: Desk) -> None:
    from tests.support.workbench import ADMIN

    make_ticket()
    assert numbers("owner:me", ADMIN) == set()


def test_a_department_takes_in_what_was_referred_to_it(desk: Desk, ana: Actor) -> None:
    from models.departments import Department
    from models.tickets import TicketReferral

    Department.create(name="Network")
    ticket = make_ticket()
    TicketReferral.insert(ticket=ticket, department=Department.get(Department.name == "Network")).execute()
    assert numbers("department:network", ana) == {ticket.number}


def test_another_agents_name_in_a_filter(four: dict[str, Ticket], ana: Actor) -> None:
    make_agent("ben")
    assert numbers("owner:ben", ana) == set()
