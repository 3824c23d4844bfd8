from __future__ import annotations

from tests.support.filled import mail, take_in
from tests.support.program import Program


def test_queues_are_saved_listed_shown_changed_and_removed(desk: Program) -> None:
    take_in(desk, [mail(), mail("VPN drops", "The tunnel is on fire.\n")])
    added = desk("queue", "add", "Fire", "fire", "-tag:x", "--columns", "number,subject", "--json")
    assert added.document == {
        "name": "Fire",
        "query": "fire -tag:x",
        "count": 1,
        "shared": True,
        "sort": "updated",
        "columns": ["number", "subject"],
        "tab": True,
    }
    assert [item["name"] for item in desk("queue", "list", "--json").document][-1] == "Fire"
    assert desk("queue", "show", "fire", "--json").document == added.document
    assert [item["number"] for item in desk("ticket", "list", "--queue", "Fire", "--json").document] == ["2"]
    printed = desk("ticket", "list", "--queue", "Fire").out.splitlines()
    assert printed[0].split() == ["NUMBER", "SUBJECT"]
    assert desk("ticket", "list", "--queue", "Fire", "smoke", "--json").document == []
    changed = desk(
        "queue", "edit", "Fire", "--query", "smoke", "--sort", "due", "--no-tab", "--json"
    ).document
    assert (changed["query"], changed["sort"], changed["tab"], changed["count"]) == ("smoke", "due", False, 1)
    assert desk("queue", "remove", "Fire", "--json").document["name"] == "Fire"
    assert desk("queue", "show", "Fire").status == 1


def test_what_is_wrong_with_a_queue_is_said(desk: Program) -> None:
    assert desk("queue", "add", "Odd", "state:opn").status == 2
    assert "did you mean open" in desk("queue", "add", "Odd", "state:opn").err
    assert desk("queue", "edit", "Unanswered").status == 2
    assert desk("queue", "edit", "Unanswered", "--columns", "colour").status == 2
    assert desk("ticket", "list", "--queue", "Nothing").status == 1
    assert desk("ticket", "list", "--queue", "Unanswered", "--view", "all").status == 2
