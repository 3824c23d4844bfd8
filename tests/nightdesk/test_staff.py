from __future__ import annotations

import pytest

from tests.support.program import Program


def test_a_desk_begins_with_a_department_an_sla_and_a_role(desk: Program) -> None:
    assert [item["name"] for item in desk("department", "list", "--json").document] == ["Support"]
    assert [item["name"] for item in desk("sla", "list", "--json").document] == ["Standard"]
    assert desk("role", "list", "--json").document == [{"name": "Admin", "actions": ["*"]}]
    assert desk("agent", "list", "--json").document == []
    for noun in ("department", "sla", "role", "agent"):
        assert desk(noun, "list").status == 0


def test_agents_are_added_and_changed(desk: Program) -> None:
    added = desk("agent", "add", "ana", "--name", "Ana", "--email", "ana@desk.example", "--json")
    assert added.status == 0, added.err
    assert (added.document["role"], added.document["department"]) == ("Admin", None)
    changed = desk("agent", "edit", "ana", "--department", "Support", "--inactive", "--json")
    assert changed.status == 0, changed.err
    assert (changed.document["department"], changed.document["active"]) == ("Support", False)
    assert desk("agent", "list", "--json").document == [changed.document]
    assert desk("ticket", "list", NIGHTDESK_AGENT="ana").status == 1
    assert desk("agent", "edit", "ana", "--active").status == 0
    assert desk("ticket", "list", NIGHTDESK_AGENT="ana").status == 0


def test_departments_and_slas_are_added_and_changed(desk: Program) -> None:
    assert desk("sla", "add", "Gold", "--hours", "4").status == 0
    added = desk(
        "department", "add", "IT", "--sla", "Gold", "--reopen-days", "30", "--signature-file", "-", "--json",
        stdin="Your IT\n",
    )  # fmt: skip
    assert added.document == {
        "name": "IT",
        "sla": "Gold",
        "signature": "Your IT\n",
        "reopen_days": 30,
        "outgoing": None,
        "autoresponse_from": None,
        "assignment": "hand",
        "active": True,
    }
    changed = desk(
        "department", "edit", "IT", "--name", "Informatics", "--always-reopen", "--sla", "", "--json"
    )
    assert (changed.document["name"], changed.document["sla"], changed.document["reopen_days"]) == (
        "Informatics",
        None,
        None,
    )
    assert desk("sla", "edit", "Gold", "--hours", "2.5", "--json").document["hours"] == 2.5
    assert "Informatics" in desk("department", "list").out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["agent", "add", "an a"], 2),
        (["agent", "add", "ana", "--role", "King"], 2),
        (["agent", "add", "ana", "--department", "Nowhere"], 2),
        (["agent", "edit", "ghost", "--name", "x"], 1),
        (["agent", "edit", "ghost"], 2),
        (["department", "add", "Support"], 1),
        (["department", "add", "IT", "--sla", "None"], 2),
        (["department", "edit", "Nowhere", "--inactive"], 1),
        (["department", "edit", "Support", "--inactive"], 1),
        (["sla", "add", "Never"], 2),
        (["sla", "add", "Never", "--hours", "-1"], 2),
        (["sla", "edit", "Nothing", "--hours", "1"], 1),
        (["role", "add", "x"], 2),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(desk: Program, arguments: list[str], status: int) -> None:
    done = desk(*arguments)
    assert (done.status, done.out) == (status, ""), done.err
    assert done.err.count("\n") == 1


def test_an_agent_of_another_department_may_not(desk: Program) -> None:
    desk("agent", "add", "ana", "--department", "Support")
    done = desk("ticket", "close", "1", NIGHTDESK_AGENT="nobody")
    assert (done.status, done.out) == (1, "")
    assert "nightdesk agent add nobody" in done.err
