"""Departments as parts of others: what a part has from above, who reads it, and how it is asked for."""

from __future__ import annotations

import pytest

from desk import customizing, settings
from desk.customizing import Where
from desk.errors import Refused, WrongUse
from desk.filters import filters
from desk.home import Desk
from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.operations import rule_file
from desk.outbox.render import signature_block
from desk.permissions import actor_of
from desk.rules import read_rules
from desk.staff import agents, departments, roles, slas, topics
from desk.templates import texts
from desk.tickets import changes, detail, lists, query
from models import agents as agent_rows
from models import departments as rows
from tests.support.workbench import ADMIN, make_ticket

add, edit = departments.add_department, departments.edit_department


@pytest.fixture
def parts(desk: Desk) -> Desk:
    """Support has Hardware, which has Printers; Sales stands apart."""
    add(ADMIN, "Hardware", parent="Support")
    add(ADMIN, "Printers", parent="Support/Hardware")
    add(ADMIN, "Sales")
    return desk


def found(text: str) -> set[str]:
    """The departments of the tickets that a query finds."""
    page = lists.page(lists.ListQuery("open", query.parse(text, ADMIN), "updated", ADMIN))
    return {line.department for line in page}


def test_a_path_names_a_department(parts: Desk) -> None:
    paths = {line.name: (line.parent, line.path) for line in departments.departments()}
    assert paths == {
        "Support": (None, "Support"),
        "Hardware": ("Support", "Support/Hardware"),
        "Printers": ("Hardware", "Support/Hardware/Printers"),
        "Sales": (None, "Sales"),
    }
    ticket = make_ticket()
    changes.transfer(ADMIN, [ticket.number], "support / hardware / printers")
    assert detail.show(ticket.number).department == "Printers"


def test_a_path_names_departments_and_topics_in_filters_settings_and_mailboxes(parts: Desk) -> None:
    topics.add_topic(ADMIN, "Network")
    topics.add_topic(ADMIN, "VPN", parent="Network")
    then = ["department:support/hardware/Printers", "topic:Network/VPN"]
    kept = filters.add(ADMIN, "Ours", on="new", condition="subject:x", then=then)
    assert list(kept.actions) == ["department:Printers", "topic:VPN"]
    assert settings.set(ADMIN, "tickets.default_topic", "network/vpn") == "VPN"
    days = settings.set(ADMIN, "tickets.keep_days_in", "Support/Hardware=365, Sales=3")
    assert days == "Hardware=365, Sales=3"
    form = check({"address": "hw@corp.example", "protocol": "none", "department": "Support/Hardware"})
    mailbox = registry.add(parts, ADMIN, form)
    assert rows.by_id(mailbox.department_id or 0).name == "Hardware"
    for setting, wrong in (("tickets.default_topic", "Sales/VPN"), ("tickets.keep_days_in", "Sales/VPN=3")):
        with pytest.raises(WrongUse):
            settings.set(ADMIN, setting, wrong)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("department:Support", {"Support"}),
        ("dept:Support/Hardware", {"Hardware"}),
        ("dept:support/*", {"Support", "Hardware", "Printers"}),
        ("dept:Hardware/*", {"Hardware", "Printers"}),
        ("dept:Printers/*,Sales", {"Printers", "Sales"}),
        ("-dept:Support/*", {"Sales"}),
    ],
)
def test_a_query_asks_with_and_without_parts(parts: Desk, asked: str, expected: set[str]) -> None:
    for name in ("Support", "Hardware", "Printers", "Sales"):
        changes.transfer(ADMIN, [make_ticket().number], name)
    assert found(asked) == expected


def test_no_department_is_a_part_of_itself(parts: Desk) -> None:
    for name, parent in (("Support", "Printers"), ("Hardware", "Hardware")):
        with pytest.raises(Refused, match="is a part of"):
            edit(ADMIN, name, parent=parent)
    with pytest.raises(WrongUse):
        edit(ADMIN, "Hardware", parent="Nowhere")
    assert edit(ADMIN, "Printers", parent="").path == "Printers"


def test_a_part_has_what_stands_above_unless_its_own(parts: Desk) -> None:
    slas.add_sla(ADMIN, "Gold", 2)
    slas.add_sla(ADMIN, "Quick", 1)
    edit(ADMIN, "Support", sla="Gold", signature="Your support")
    edit(ADMIN, "Hardware", sla="Quick")
    rules = read_rules(parts)
    promised = {rule.name: rules.sla_of(rule.id) for rule in rules.departments.values()}
    known = {line.name: line.id for line in slas.slas()}
    assert promised["Support"] == known["Gold"]
    assert promised["Hardware"] == promised["Printers"] == known["Quick"]
    printers, sales = rows.named("Printers"), rows.named("Sales")
    assert printers is not None
    assert sales is not None
    assert "Your support" in signature_block(printers)
    assert signature_block(sales) == ""
    above = {each.what: (each.value, each.of) for each in departments.inherited("Printers")}
    assert above == {"sla": ("Quick", "Support/Hardware"), "signature": ("Your support", "Support")}


def test_a_part_writes_what_those_above_write_unless_its_own(parts: Desk) -> None:
    topics.add_topic(ADMIN, "Network")
    topics.add_topic(ADMIN, "VPN", parent="Network")
    ids = {line.name: line.id for line in departments.departments()}
    known = {line.name: line.id for line in topics.topics()}

    def written(department: str, topic: str = "") -> str:
        places = texts.Places(0, known.get(topic, 0), ids[department])
        return texts.source("acknowledgement", "de", places).strip()

    for where in (Where(), Where("Support"), Where("Hardware")):
        customizing.set_text(ADMIN, "acknowledgement", f"{where.department}.", "de", where)
    assert [written(each) for each in ("Sales", "Support", "Hardware", "Printers")] == [
        *("None.", "Support.", "Hardware.", "Hardware.")
    ]
    edit(ADMIN, "Hardware", private=True, signature="Hidden")
    told = [(each.what, each.value, each.of) for each in departments.inherited("Printers")]
    assert told == [("sla", "Standard", "Support"), ("text", "acknowledgement de", "Support/Hardware")]
    customizing.set_text(ADMIN, "acknowledgement", "Network.", "de", Where(topic="Network"))
    assert [written("Printers", each) for each in ("Network", "VPN")] == ["Network.", "Network."]


@pytest.mark.parametrize(
    ("grants", "places", "expected"),
    [
        (["ticket.read"], {"Support": "R"}, {"Support"}),
        (["ticket.read", "department.below"], {"Support": "R"}, {"Support", "Hardware", "Printers"}),
        (["ticket.read", "department.below"], {"Hardware": "R"}, {"Hardware", "Printers"}),
        (["ticket.read", "department.below"], {"Support": "R", "Hardware": "Blind"}, {"Support"}),
        (["ticket.read", "department.below"], {"Sales": "R", "Printers": "R"}, {"Sales", "Printers"}),
    ],
)
def test_a_role_counts_in_the_parts_where_it_says_so(
    parts: Desk, grants: list[str], places: dict[str, str], expected: set[str]
) -> None:
    roles.add_role(ADMIN, "R", grants)
    roles.add_role(ADMIN, "Blind", ["outbox.edit"])
    agents.add_agent(ADMIN, "kim", name="Kim", email="kim@staff.example", role="Blind", places=places)
    stored = agent_rows.with_login("kim")
    assert stored is not None
    actor = actor_of(stored)
    names = {line.id: line.name for line in departments.departments()}
    assert actor.reads is not None
    assert {names[each] for each in actor.reads} == expected


def test_the_file_of_rules_has_parts_behind_what_they_are_part_of(parts: Desk) -> None:
    tables = rule_file.read(rule_file.written(ADMIN, ("department",)))
    assert [table["name"] for table in tables["department"]][-1] == "Printers"
    edit(ADMIN, "Printers", parent="Sales")
    (step,) = [each for each in rule_file.compare(ADMIN, tables) if each.outcome == "changed"]
    assert (step.name, step.changes) == ("Printers", {"parent": ("Sales", "Hardware")})
    rule_file.take_in(parts, ADMIN, tables)
    assert {line.name: line.parent for line in departments.departments()}["Printers"] == "Hardware"
