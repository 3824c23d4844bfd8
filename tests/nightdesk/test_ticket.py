from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import Program

KEYS = {
    "number",
    "subject",
    "status",
    "priority",
    "department",
    "topic",
    "requester",
    "assignee",
    "collaborators",
    "tags",
    "created",
    "updated",
    "due",
    "overdue",
    "message_count",
}
MESSAGE_KEYS = {
    "id", "kind", "from", "to", "created", "message_id", "text", "reply_text", "attachments", "deliveries",
}  # fmt: skip


@pytest.fixture
def busy(desk: Program) -> Program:
    """A desk with tickets 1 (with a file) and 2."""
    add_mailbox(desk)
    arrived = take_in(
        desk,
        [
            mail(attachment=("charon.log", b"10:02 IKE rekey failed\n")),
            mail(
                "VPN drops",
                "It drops.\n\nOn Monday Support wrote:\n> Does it?\n> Really?\n",
                "Bo <bo@corp.example>",
            ),
        ],
    )
    assert [item.ticket for item in arrived] == ["1", "2"]
    return desk


def test_show_says_where_answers_go_if_not_to_the_sender(busy: Program) -> None:
    take_in(busy, [mail("An order", sender="Shop <noreply@shop.example>", reply_to="carla@client.example")])
    assert "  answers go to carla@client.example\n" in busy("ticket", "show", "3").out
    [message] = busy("ticket", "show", "3", "--json").document["messages"]
    assert message["reply_to"] == ["carla@client.example"]
    assert "answers go to" not in busy("ticket", "show", "2").out


def test_show_says_who_wrote_a_note_that_has_no_address(busy: Program) -> None:
    assert (
        busy("filter", "add", "Note", "--on", "new", "--if", "subject:order", "--then", "note:Hi").status == 0
    )
    take_in(busy, [mail("An order")])
    assert any(line.startswith("note ") and line.endswith(", Filter") for line in _lines(busy, "3"))


def _lines(desk: Program, number: str) -> list[str]:
    return desk("ticket", "show", number).out.splitlines()


def agent(desk: Program) -> None:
    done = desk("agent", "add", "ana", "--name", "Ana", "--role", "Admin")
    assert done.status == 0, done.err


def test_list_prints_a_table_for_people_and_an_array_for_scripts(busy: Program) -> None:
    shown = busy("ticket", "list")
    assert shown.status == 0, shown.err
    assert shown.out.splitlines()[0].split()[:3] == ["NUMBER", "STATE", "PRIORITY"]
    assert "The printer burns" in shown.out
    listed = busy("ticket", "list", "--json").document
    assert {item["number"] for item in listed} == {"1", "2"}
    for item in listed:
        assert set(item) >= KEYS
        assert item["status"] == "new"
        assert item["department"] == "Support"
        assert item["assignee"] is None
        assert item["created"].endswith("Z")


def test_list_takes_filter_words_views_and_a_limit(busy: Program) -> None:
    assert [item["number"] for item in busy("ticket", "list", "from:bo@corp.example", "--json").document] == [
        "2"
    ]
    assert [item["number"] for item in busy("ticket", "list", "printer", "--json").document] == ["1"]
    assert busy("ticket", "list", "--view", "closed", "--json").document == []
    limited = busy("ticket", "list", "--limit", "1", "--json")
    assert len(limited.document) == 1
    assert "--limit 0" in limited.err
    assert len(busy("ticket", "list", "--limit", "0", "--json").document) == 2


def test_list_of_a_bad_filter_word_is_wrong_usage(busy: Program) -> None:
    done = busy("ticket", "list", "stat:open")
    assert (done.status, done.out) == (2, "")
    assert "state" in done.err
    assert busy("ticket", "list", "--view", "nope").status == 2
    assert busy("ticket", "list", "--limit", "-1").status == 2


def test_closed_tickets_are_listed_when_the_query_names_their_state(busy: Program) -> None:
    assert busy("ticket", "close", "2").status == 0
    assert [item["number"] for item in busy("ticket", "list", "--json").document] == ["1"]
    assert [item["number"] for item in busy("ticket", "list", "state:closed", "--json").document] == ["2"]


def test_show_tells_everything_to_scripts(busy: Program) -> None:
    ticket = busy("ticket", "show", "1", "--json").document
    assert set(ticket) >= KEYS | {"messages", "events"}
    (message,) = ticket["messages"]
    assert set(message) >= MESSAGE_KEYS
    assert message["from"] == {"name": "Ana Prado", "email": "ana@corp.example"}
    assert message["kind"] == "customer"
    (attachment,) = message["attachments"]
    assert attachment["name"] == "charon.log"
    assert attachment["size"] == 23
    assert len(attachment["sha256"]) == 64


def test_show_tells_a_person_the_new_text_and_folds_the_quoted(busy: Program) -> None:
    shown = busy("ticket", "show", "2")
    assert shown.status == 0, shown.err
    assert "It drops." in shown.out
    assert "Really?" not in shown.out
    assert "Really?" in busy("ticket", "show", "#2", "--full").out


def test_numbers_come_from_standard_input(busy: Program) -> None:
    listed = busy("ticket", "list", "--json").out
    assert len(busy("ticket", "show", "-", "--json", stdin=listed).document) == 2
    done = busy("ticket", "close", "-", "--json", stdin="1\n2\n")
    assert done.document == {"changed": ["1", "2"]}
    assert busy("ticket", "close", "-", stdin="").status == 2


def test_a_ticket_that_does_not_exist_is_status_1_and_nothing_changes(busy: Program) -> None:
    done = busy("ticket", "show", "99")
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert busy("ticket", "close", "1", "99").status == 1
    assert busy("ticket", "show", "1", "--json").document["status"] == "new"


def test_delete_of_several_leaves_those_that_are_in_the_trash(busy: Program) -> None:
    assert busy("ticket", "delete", "1").status == 0
    done = busy("ticket", "delete", "-", "--json", stdin="#1\n2\n")
    assert (done.status, done.document) == (0, {"changed": ["2"]})
    assert done.err == "#1 was in the trash already\n"


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        (["assign", "1", "ana"], "assignee", "Ana"),
        (["priority", "1", "urgent"], "priority", "urgent"),
        (["status", "1", "waiting"], "status", "waiting"),
        (["close", "1"], "status", "closed"),
        (["tag", "1", "vpn", "lisbon"], "tags", ["lisbon", "vpn"]),
        (["snooze", "1", "2030-01-01"], "snoozed_until", "2029-12-31T23:00:00Z"),
        (["spam", "1"], "spam", True),
    ],
)
def test_changes_are_seen_and_told(busy: Program, arguments: list[str], key: str, value: object) -> None:
    agent(busy)
    done = busy("ticket", *arguments)
    assert done.status == 0, done.err
    assert "#1" in done.out
    assert busy("ticket", "show", "1", "--json").document[key] == value
    again = busy("ticket", *arguments, "--json")
    assert (again.status, again.document) == (0, {"changed": []})


@pytest.mark.parametrize(
    "arguments",
    [
        ["assign", "1", "nobody-here"],
        ["priority", "1", "extreme"],
        ["status", "1", "gone"],
        ["transfer", "1", "Nowhere"],
        ["tag", "1"],
        ["assign", "1"],
        ["frobnicate"],
        [],
    ],
)
def test_wrong_usage_is_status_2(busy: Program, arguments: list[str]) -> None:
    done = busy("ticket", *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1


def test_a_ticket_is_called_by_its_number_however_it_was_typed(busy: Program) -> None:
    assert busy("ticket", "merge", "#2", "#1").out == "#2: merged into #1\n"
    assert busy("ticket", "unmerge", "#2", "2").out == "#2: a ticket of its own again\n"
    assert busy("ticket", "link", "#2", "relates", "#1").out == "#2: relates #1\n"
    assert busy("ticket", "note", "#2", "--body-file", "-", stdin="x").out.endswith(" added to #2\n")


def test_transfer_moves_to_another_department(busy: Program) -> None:
    assert busy("department", "add", "Network").status == 0
    assert busy("ticket", "transfer", "1", "2", "Network").status == 0
    assert {item["department"] for item in busy("ticket", "list", "--json").document} == {"Network"}


def test_reopen_and_take_off_a_tag(busy: Program) -> None:
    busy("ticket", "close", "1")
    assert busy("ticket", "reopen", "1").status == 0
    busy("ticket", "tag", "-", "vpn", stdin="1 2")
    busy("ticket", "tag", "1", "--remove", "vpn")
    assert busy("ticket", "show", "1", "--json").document["tags"] == []
    assert busy("ticket", "show", "2", "--json").document["tags"] == ["vpn"]


def test_reply_is_queued_and_says_when_no_mailbox_can_send_it(busy: Program) -> None:
    done = busy("ticket", "reply", "1", "--body-file", "-", stdin="Use the extinguisher.\n")
    assert done.status == 0, done.err
    assert "Queued for ana@corp.example" in done.out
    assert "outgoing" in done.err
    message = busy("ticket", "show", "1", "--json").document["messages"][-1]
    assert message["kind"] == "reply"
    assert message["deliveries"] == [
        {"to": "ana@corp.example", "state": "queued", "detail": "no outgoing account: it waits for one"}
    ]


def test_reply_takes_files_copies_and_a_state(busy: Program, tmp_path: Path) -> None:
    (tmp_path / "body.md").write_text("See the *file*.\n")
    (tmp_path / "plan.txt").write_text("1. Water\n")
    done = busy(
        "ticket",
        "reply",
        "1",
        "--body-file",
        str(tmp_path / "body.md"),
        "--attach",
        str(tmp_path / "plan.txt"),
        "--cc",
        "chief@corp.example",
        "--status",
        "closed",
        "--json",
    )
    assert done.status == 0, done.err
    assert done.document["recipients"] == ["ana@corp.example", "chief@corp.example"]
    assert done.document["warning"]
    ticket = busy("ticket", "show", "1", "--json").document
    assert ticket["status"] == "closed"
    assert [item["name"] for item in ticket["messages"][-1]["attachments"]] == ["plan.txt"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (["1", "--body-file", "-"], b"", 2),
        (["1", "--body-file", "-"], b"\xff\xfe\x00", 2),
        (["-", "--body-file", "-"], b"1", 2),
        (["1"], b"", 2),
        (["1", "--body-file", "/no/such.md"], b"", 1),
        (["1", "--body-file", "-", "--attach", "/no/such.log"], b"text", 1),
        (["1", "--body-file", "-", "--attach", "/dev/zero"], b"text", 2),
        (["99", "--body-file", "-"], b"text", 1),
        (["1", "--body-file", "-", "--cc", "not an address"], b"text", 2),
    ],
)
def test_a_reply_that_cannot_be_is_refused(
    busy: Program, arguments: list[str], stdin: bytes, status: int
) -> None:
    done = busy("ticket", "reply", *arguments, stdin=stdin)
    assert (done.status, done.out) == (status, ""), done.err
    assert done.err.count("\n") == 1
    assert len(busy("ticket", "show", "1", "--json").document["messages"]) == 1


def test_a_note_stays_inside(busy: Program) -> None:
    assert busy("ticket", "note", "1", "--body-file", "-", stdin="Ask Bo.").status == 0
    message = busy("ticket", "show", "1", "--json").document["messages"][-1]
    assert (message["kind"], message["deliveries"], message["text"].strip()) == ("note", [], "Ask Bo.")


def test_unverified_mail_is_shown_and_approved(busy: Program) -> None:
    assert busy("ticket", "reply", "1", "--body-file", "-", stdin="Is it out?").status == 0
    sent = busy("ticket", "show", "1", "--json").document["messages"][-1]["message_id"]
    take_in(busy, [mail("Re: fire", sender="eve@elsewhere.example", In_Reply_To=sent)])
    assert "[unverified]" in busy("ticket", "show", "1").out
    doubted = busy("ticket", "show", "1", "--json").document["messages"][-1]
    assert (doubted["unverified"], busy("ticket", "approve", "1", "--message", "99").status) == (True, 1)
    done = busy("ticket", "approve", "#1", "--message", str(doubted["id"]), "--json")
    assert (done.status, done.document) == (0, {"number": "1", "approved": [doubted["id"]]})
    assert busy("ticket", "show", "1", "--json").document["collaborators"] == ["eve@elsewhere.example"]
    again = busy("ticket", "approve", "1")
    assert (again.status, again.out) == (0, "")
    assert "nothing to approve" in again.err


def test_new_opens_a_ticket(desk: Program) -> None:
    done = desk(
        "ticket",
        "new",
        "--requester",
        "Cy <cy@corp.example>",
        "--subject",
        "By phone",
        "--body-file",
        "-",
        "--json",
        stdin="Cy called: no network.",
    )
    assert done.status == 0, done.err
    assert done.document["requester"] == {"name": "Cy", "email": "cy@corp.example"}
    assert done.document["messages"][0]["deliveries"] == []


def test_export_gives_the_mails_in_their_bytes(busy: Program, tmp_path: Path) -> None:
    target = tmp_path / "all.mbox"
    assert busy("ticket", "export", "1", "2", "--format", "mbox", "--output", str(target)).status == 0
    assert [item["Subject"] for item in mailbox.mbox(str(target))] == ["The printer burns", "VPN drops"]
    assert target.stat().st_mode & 0o777 == 0o600
    folder = tmp_path / "eml"
    assert busy("ticket", "export", "1", "--format", "eml", "--output", str(folder)).status == 0
    (file,) = folder.iterdir()
    assert file.read_bytes() == mail(attachment=("charon.log", b"10:02 IKE rekey failed\n"))
    assert busy("ticket", "export", "1").document["number"] == "1"


def test_export_overwrites_nothing_and_leaves_nothing_half(busy: Program, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    assert busy("ticket", "export", "1", "--format", "mbox", "--output", str(there)).status == 2
    assert there.read_text() == "mine"
    missing = tmp_path / "missing"
    assert busy("ticket", "export", "99", "--format", "mbox", "--output", str(missing)).status == 1
    assert not missing.exists()
    assert busy("ticket", "export", "1", "--format", "mbox").status == 2
