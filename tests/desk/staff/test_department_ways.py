"""What a department says of its tickets: whose they may be, who answers for it, what customers learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from config.clock import now
from desk import canned_answers, settings
from desk.alerts import notifications
from desk.errors import Refused, WrongUse
from desk.home import Desk
from desk.outbox.render import signature_block
from desk.staff import agents, departments, roles, topics
from desk.tickets import changes, detail, lifecycle, lists, query
from models import departments as rows
from models import notices
from models import topics as topic_rows
from models.fields import utc_text
from models.messages import NewMessage
from models.tickets import TicketState
from tests.support.mails import SUPPORT, Door, mail
from tests.support.mails import rows as rows_of
from tests.support.workbench import ADMIN, make_agent, make_ticket

edit = departments.edit_department


def ticket_of(department: str = "Network") -> TicketState:
    made = make_ticket()
    changes.transfer(ADMIN, [made.number], department)
    return changes.find(made.number)


def written(kind: Any = "customer") -> NewMessage:
    return NewMessage(kind, "Ana", "ana@corp.example", "Still broken.", utc_text(now()))


@pytest.fixture
def network(desk: Desk) -> Desk:
    """Network, whose own agent is bo, where kim works too; lee is of Support and reads everything."""
    departments.add_department(ADMIN, "Network")
    roles.add_role(ADMIN, "Worker", ["ticket.read", "ticket.reply", "ticket.assign", "ticket.close"])
    roles.add_role(ADMIN, "Reader", ["ticket.read"])
    agents.add_agent(ADMIN, "bo", role="Worker", department="Network", email="bo@desk.example")
    agents.add_agent(ADMIN, "kim", role="Worker", department="Support", places={"Network": "Worker"})
    agents.add_agent(ADMIN, "lee", role="Worker", department="Support", places={"Network": "Reader"})
    return desk


@pytest.mark.parametrize(
    ("assignable", "may"), [("anyone", "bo kim lee"), ("members", "bo kim"), ("primary", "bo")]
)
def test_tickets_are_given_only_to_whom_the_department_says(network: Desk, assignable: str, may: str) -> None:
    edit(ADMIN, "Network", assignable=assignable, assignment="round-robin")
    number = ticket_of().number
    for login in ("bo", "kim", "lee"):
        if login in may.split():
            assert changes.assign(ADMIN, [number], login) in ([number], [])
        else:
            with pytest.raises(Refused, match="is for agents of Network alone"):
                changes.assign(ADMIN, [number], login)
    given = [detail.show(ticket_of().number).assignee_login for _ in range(4)]
    assert set(given) <= set(may.split()) - {"lee"}, "who only reads there works on nothing"


def test_a_ticket_that_moves_is_taken_from_whom_the_department_does_not_let_have_it(network: Desk) -> None:
    edit(ADMIN, "Network", assignable="members")
    number = make_ticket().number
    changes.assign(ADMIN, [number], "lee")
    changes.transfer(ADMIN, [number], "Network")
    ticket = detail.show(number)
    assert ticket.assignee is None
    assert "taken from lee, who may not have one of Network" in [each.text for each in ticket.events]


@pytest.mark.parametrize(
    ("ways", "owner"),
    [({}, "lee"), ({"claims": False}, None), ({"assignable": "members"}, None)],
)
def test_an_answer_claims_a_ticket_where_the_department_lets_it(
    network: Desk, ways: Mapping[str, Any], owner: str | None
) -> None:
    edit(ADMIN, "Network", **ways)
    ticket = ticket_of()
    lee = next(each for each in agents.agents() if each.login == "lee")
    by = make_agent("sam")._replace(agent_id=lee.id, login="lee", department_id=1, places=())
    lifecycle.agent_answered(ticket.id, written("reply"), by, "waiting", now())
    assert detail.show(ticket.number).assignee_login == owner


@pytest.mark.parametrize(("keeps", "owner"), [(True, "bo"), (False, None)])
def test_a_ticket_that_opens_again_keeps_its_owner_or_does_not(
    network: Desk, keeps: bool, owner: str | None
) -> None:
    edit(ADMIN, "Network", keeps_owner=keeps)
    number = ticket_of().number
    changes.assign(ADMIN, [number], "bo")
    changes.close(ADMIN, [number])
    lifecycle.customer_wrote(changes.find(number).id, written(), None, now())
    assert detail.show(number).assignee_login == owner


def test_a_manager_answers_for_the_parts_too_and_is_told(network: Desk) -> None:
    departments.add_department(ADMIN, "VPN", parent="Network")
    with pytest.raises(WrongUse, match="there is no agent 'nobody'"):
        edit(ADMIN, "Network", manager="nobody")
    edit(ADMIN, "Network", manager="bo")
    door = Door(network)
    door.mailbox(SUPPORT)
    ticket = changes.find(str(door.take(mail()).ticket_number))
    changes.transfer(ADMIN, [ticket.number], "VPN")
    ticket = changes.find(ticket.number)
    bo = next(each for each in agents.agents() if each.login == "bo")
    assert rows.manager_of(ticket.department_id) == bo.id
    with pytest.raises(Refused, match="kim may not read the tickets of VPN"):
        edit(ADMIN, "VPN", manager="kim")
    roles.add_role(ADMIN, "Helper", ["ticket.read", "ticket.reply"])
    agents.edit_agent(ADMIN, "kim", places={"VPN": "Helper"})
    edit(ADMIN, "VPN", manager="kim")
    assert rows.manager_of(ticket.department_id) != bo.id
    edit(ADMIN, "VPN", manager="")
    roles.add_role(ADMIN, "Below", ["ticket.read", "department.below"])
    agents.edit_agent(ADMIN, "bo", role="Below")
    settings.set(ADMIN, "notify.overdue", "manager")
    lifecycle.overdue(ticket.id, utc_text(now()), now())
    notifications.notify(network, now())
    [notice] = [each for each in notices.newest(9, ticket.id, None) if each.kind == "overdue"]
    assert [line.partition(" (")[0] for line in notice.trace] == ["bo: mailed as manager"]


def test_customers_learn_nothing_of_a_private_department(network: Desk) -> None:
    edit(ADMIN, "Support", signature="Your desk")
    departments.add_department(ADMIN, "Audit", parent="Support", signature="Your auditors", private=True)
    audit = next(each for each in rows.every() if each.name == "Audit")
    assert signature_block(audit) == ""
    facts = canned_answers.facts(ADMIN, detail.show(ticket_of("Audit").number))
    assert facts["ticket"]["department"] == ""


def test_a_department_may_acknowledge_nothing(network: Desk) -> None:
    door = Door(network)
    door.mailbox(SUPPORT)
    door.take(mail())
    edit(ADMIN, "Support", autoresponse=False)
    view = door.receipt(mail())
    assert len(rows_of("SELECT id FROM delivery")) == 1
    assert "switched off for the department Support" in " ".join(view.trace)


def test_a_topic_goes_the_way_of_what_it_is_a_part_of(desk: Desk) -> None:
    departments.add_department(ADMIN, "Network")
    topics.add_topic(ADMIN, "Net", department="Network", priority="high")
    topics.add_topic(ADMIN, "VPN", parent="Net")
    topics.add_topic(ADMIN, "Tunnel", parent="Net/VPN", priority="low")
    assert [each.path for each in topics.topics()] == ["Net", "Net/VPN/Tunnel", "Net/VPN"]
    ways = {each.name: (each.department_id, each.priority) for each in topic_rows.rules()}
    assert ways == {"Net": (2, 3), "VPN": (2, 3), "Tunnel": (2, 1)}
    with pytest.raises(Refused, match="is a part of Net itself"):
        topics.edit_topic(ADMIN, "Net", parent="Tunnel")
    numbers = {}
    for name in ("Net", "VPN", "Tunnel"):
        numbers[name] = make_ticket().number
        changes.set_topic(ADMIN, [numbers[name]], name)
    make_ticket()
    for asked, expected in (
        ("topic:Net", {"Net"}),
        ("topic:net/vpn", {"VPN"}),
        ("topic:Net/*", {"Net", "VPN", "Tunnel"}),
        ("topic:VPN/*", {"VPN", "Tunnel"}),
    ):
        page = lists.page(lists.ListQuery("open", query.parse(asked, ADMIN), "updated", ADMIN))
        assert {line.topic for line in page} == expected, asked
