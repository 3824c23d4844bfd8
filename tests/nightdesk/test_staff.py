from __future__ import annotations

from pathlib import Path

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
    assert desk("agent", "edit", "ana", "--active", "--signature", "By night").status == 0
    assert desk("agent", "show", "ana", "--json").document["signature"] == "By night"
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
        "manager": None,
        "private": False,
        "assignable": "anyone",
        "claims": True,
        "keeps_owner": True,
        "autoresponse": True,
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
    assert desk("role", "add", "Worker", "--may", "ticket.reply").status == 0
    assert desk("agent", "add", "bo", "--in", "Support=Worker").status == 0
    assert "Support=Worker" in desk("agent", "list").out


def test_a_plan_says_all_that_it_promises_and_explains_itself(desk: Program) -> None:
    added = desk(
        *("sla", "add", "Plan", "--first", "4h", "--next", "8h", "--resolve", "3d"),
        *("--hours", "mon-fri 09:00-17:00", "--zone", "Europe/Berlin", "--holidays", "DE-BY"),
        *("--days", "2026-12-24 Christmas Eve", "--json"),
        *("--priorities", "low resolve=2d", "--priorities", "Urgent first = 20m next=1h"),
    )
    assert added.document == {
        "name": "Plan",
        "hours": 4,
        "next": 8,
        "resolve": 24,
        "business_hours": "mon-fri 09:00-17:00",
        "zone": "Europe/Berlin",
        "holidays": "DE-BY",
        "days": ["2026-12-24 Christmas Eve"],
        "pause": "waiting",
        "reminders": "50, 75, 100",
        "priorities": ["urgent first=20m next=1h", "low resolve=16h"],
        "active": True,
    }
    assert desk("sla", "show", "Plan", "--json").document == added.document
    edited = desk("sla", "edit", "Plan", "--resolve", "", "--holidays", "", "--days", "", "--json").document
    assert (edited["resolve"], edited["holidays"], edited["days"]) == (None, "", [])
    assert not desk("sla", "remove", "Plan", "--json").document["active"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--first", "4h", "--hours", "whenever"], "business hours"),
        (["--first", "soon"], "length of time"),
        (["--first", "4h", "--zone", "Europe/Atlantis"], "time zone"),
        (["--first", "4h", "--holidays", "XX"], "no holidays are known"),
        (["--first", "4h", "--holidays", "DE-XX"], "no holidays are known"),
        (["--first", "4h", "--pause", "lunch"], "stops no clock"),
        (["--first", "4h", "--reminders", "150"], "percents"),
        (["--first", "4h", "--priorities", "urgent"], "for a priority"),
        (["--first", "4h", "--priorities", "soon first=1h"], "for a priority"),
        (["--first", "4h", "--priorities", "urgent last=1h"], "for a priority"),
        (["--first", "4h", "--priorities", "urgent first=1h first=2h"], "for a priority"),
        (["--first", "4h", "--priorities", "urgent first=soon"], "length of time"),
        (["--first", "4h", "--priorities", "low next=1h", "--priorities", "low next=2h"], "twice"),
        (["--first", "1h", "--hours", "mon 09:00-10:00", "--priorities", "low resolve=8760h"], "ten years"),
        (["--first", "4h", "--days", "tomorrow"], "is no day"),
        (["--first", "4h", "--hours", "5"], "say the same"),
        (["--first", "8760h", "--hours", "mon 09:00-10:00"], "ten years"),
        (["--hours", "mon-fri 09:00-17:00"], "--first"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(desk: Program, arguments: list[str], words: str) -> None:
    done = desk("sla", "add", "Odd", *arguments)
    assert done.status in (2, 78)
    assert words in done.err
    assert done.err.count("\n") == 1
    assert [each["name"] for each in desk("sla", "list", "--json").document] == ["Standard"]


def test_a_calendar_file_gives_days_off(desk: Program, tmp_path: Path) -> None:
    file = tmp_path / "company.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20251224\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n"
        "EXDATE;VALUE=DATE:20261224\r\nSUMMARY:Christmas Eve\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20260810\r\nDTEND;VALUE=DATE:20260812\r\n"
        "SUMMARY:Stocktaking\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:3\r\nDTSTART:20261209T230000Z\r\nDTEND:20261211T080000Z\r\n"
        "SUMMARY:Fair\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:4\r\nDTSTART;TZID=America/New_York:20260701T080000\r\nDURATION:PT90M\r\n"
        "RRULE:FREQ=MONTHLY;UNTIL=20260901T120000Z\r\nSUMMARY:Town hall\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:5\r\nDTSTART:20260101T080000\r\nSUMMARY:No time\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:6\r\nDTSTART:20260230\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:7\r\nDTSTART:99991231T235959\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:8\r\nDTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=DAILY;INTERVAL=0\r\n"
        "SUMMARY:On and on\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:9\r\nDTSTART;VALUE=DATE:20260502\r\nRRULE:FREQ=SOMETIMES\r\n"
        "SUMMARY:Now and then\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n"
    )
    plan = ("sla", "add", "Plan", "--first", "4h", "--zone", "Europe/Berlin")
    added = desk(*plan, "--calendar", str(file), "--days", "2026-12-11 12:00-15:00 Party", "--json")
    assert added.document["days"] == [
        "2025-12-24 Christmas Eve",
        "2026-05-01 On and on",
        "2026-05-02 Now and then",
        "2026-07-01 14:00-15:30 Town hall",
        "2026-08-01 14:00-15:30 Town hall",
        "2026-08-10 Stocktaking",
        "2026-08-11 Stocktaking",
        "2026-09-01 14:00-15:30 Town hall",
        "2026-12-10 Fair",
        "2026-12-11 00:00-09:00,12:00-15:00 Party",
        "2027-12-24 Christmas Eve",
    ]
    file.write_text("no calendar")
    assert "no calendar" in desk("sla", "edit", "Plan", "--calendar", str(file)).err


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


def test_an_agent_who_is_mailed_nothing_is_told_of(desk: Program) -> None:
    hint = "Next: nightdesk agent edit kim --email ADDRESS, so that they are mailed of tickets"
    assert desk("agent", "add", "kim").out.splitlines()[1:] == [hint]
    assert desk("agent", "add", "jo", "--email", "jo@corp.example").out.count("\n") == 1


def test_an_agent_of_another_department_may_not(desk: Program) -> None:
    desk("agent", "add", "ana", "--department", "Support")
    done = desk("ticket", "close", "1", NIGHTDESK_AGENT="nobody")
    assert (done.status, done.out) == (1, "")
    assert "nightdesk agent add nobody" in done.err
