"""Whoever may not read a department is told nothing of its tickets by any door, not even that they exist."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import open_desk
from desk.intake.arrivals import Arrival
from desk.intake.pipeline import take
from models.opening import close_database
from tests.support.filled import mail
from tests.support.program import REPOSITORY
from tests.support.same_process import SameProcess

WORKS = "ticket.reply,ticket.note,ticket.edit,ticket.assign,ticket.close"
HIDDEN = ("The takeover", "kestrel", "rita@board.example", "plan.txt")
"""What the other department's ticket 2 says, of whom, and its file."""

STRANGER = "Eve <eve@evil.example>"
SECRET = ("The takeover", "kestrel\n", "Rita <rita@board.example>")


def done(program: SameProcess, *arguments: str, stdin: str = "", **environ: str) -> str:
    ran = program(*arguments, stdin=stdin, **environ)
    assert ran.status == 0, (arguments, ran.err)
    return ran.out


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SameProcess]:
    """`nightdesk` for a desk of its own."""
    open_desk(DeskPaths(tmp_path / "desk"), Settings(), create=True)
    yield SameProcess(tmp_path / "desk")
    close_database()


@pytest.fixture
def desk_of_two(desk: SameProcess) -> SameProcess:
    """Ticket 1 is Support's and ticket 2 Board's; bo reads Support, and both is what ana does."""
    done(desk, "settings", "set", "mail.acknowledge", "off")
    done(desk, "department", "add", "Board")
    done(desk, "role", "add", "Worker", "--may", WORKS)
    done(desk, "role", "add", "Reader", "--may", "ticket.read")
    done(desk, "agent", "add", "bo", "--in", "Support=Worker")
    done(desk, "agent", "add", "ana", "--in", "Support=Worker", "--in", "Board=Reader")
    secret = mail(*SECRET, attachment=("plan.txt", b"kestrel"))
    opened = open_desk(DeskPaths(desk.home), Settings())
    assert [
        each.ticket_number for each in take(opened, [Arrival(raw, "import") for raw in (mail(), secret)])
    ] == ["1", "2"]
    close_database()
    done(desk, "ticket", "transfer", "2", "Board")
    done(desk, "ticket", "tag", "2", "kestrel")
    done(desk, "ticket", "link", "1", "relates", "2")
    return desk


WALK = (
    ["ticket", "list", "--json"],
    ["ticket", "list", "state:any", "--json"],
    ["ticket", "list", "--view", "all", "--json"],
    ["ticket", "list", "number:2", "OR", "department:Board", "--json"],
    ["ticket", "list", "tag:kestrel", "--json"],
    ["search", "kestrel", "--json"],
    ["search", "subject:takeover", "OR", "from:rita@board.example", "--json"],
    ["search", "state:any", "--json"],
    ["receipt", "list", "--json"],
    ["outbox", "list", "--state", "all", "--json"],
    ["notification", "list", "--json"],
    ["log", "--json"],
    ["ticket", "show", "1", "--json"],
    ["report", "tags", "--json"],
    ["contact", "list", "--json"],
    ["organization", "list", "--json"],
    ["report", "departments", "--json"],
)


def test_nothing_is_told_of_what_they_may_not_read(desk_of_two: SameProcess) -> None:
    desk = desk_of_two
    for arguments in WALK:
        told = done(desk, *arguments, NIGHTDESK_AGENT="bo")
        assert not [word for word in (*HIDDEN, "Board") if word in told], (arguments, told)
        assert '"number":"2"' not in told.replace(" ", ""), arguments
        assert "#2" not in told, arguments
    assert [each["number"] for each in json.loads(done(desk, *WALK[1], NIGHTDESK_AGENT="bo"))] == ["1"]


def test_who_may_change_the_rules_tries_them_on_what_they_read(desk_of_two: SameProcess) -> None:
    desk = desk_of_two
    done(desk, "role", "add", "Chief", "--may", f"{WORKS},settings.edit,contact.erase,outbox.edit")
    done(desk, "agent", "add", "cy", "--in", "Support=Chief")
    done(desk, "filter", "add", "Quiet", "--on", "time", "--if", "state:any", "--then", "tag:quiet")
    every_mail = ("--if", "is:person OR is:machine", "--then", "tag:seen")
    for arguments in (["filter", "test", "New", *every_mail], ["filter", "test", "Quiet"]):
        mine, all_of_it = (done(desk, *arguments, NIGHTDESK_AGENT=who) for who in ("cy", ""))
        assert "The takeover" in all_of_it
        assert ("The printer burns" in mine, "The takeover" in mine) == (True, False)
    assert " of 1 mails" in desk("receipt", "test", NIGHTDESK_AGENT="cy").err
    done(desk, "filter", "add", "New", "--on", "new", *every_mail)
    applied = json.loads(done(desk, "filter", "apply", "New", "--json", NIGHTDESK_AGENT="cy"))
    assert applied == {"changed": ["1"]}
    assert desk("receipt", "reread", "2", NIGHTDESK_AGENT="cy").status == 1
    assert "all departments" in desk("contact", "erase", "ana@corp.example", NIGHTDESK_AGENT="cy").err
    sends = ("--protocol", "none", "--smtp-host", "smtp.example", "--smtp-auth", "none")
    done(desk, "mailbox", "add", "support@desk.example", *sends)
    done(desk, "ticket", "reply", "2", "--body-file", "-", stdin="kestrel")
    hidden, unknown = (desk("outbox", "cancel", each, NIGHTDESK_AGENT="cy").err for each in ("1", "77"))
    assert hidden.replace("1", "77") == unknown


def test_a_mail_that_names_it_tells_no_more_than_one_that_names_none(desk_of_two: SameProcess) -> None:
    desk = desk_of_two
    opened = open_desk(DeskPaths(desk.home), Settings())
    take(opened, [Arrival(mail(f"Re: [#{each}] x", "x", STRANGER), "import") for each in ("2", "77")])
    close_database()
    told, other = (
        json.loads(done(desk, "receipt", "show", each, "--json", NIGHTDESK_AGENT="bo"))["trace"]
        for each in ("3", "4")
    )
    assert [each.replace("3", "4") for each in told] == other
    assert any(
        "refers to 2" in each for each in json.loads(done(desk, "receipt", "show", "3", "--json"))["trace"]
    )


def test_who_reads_both_finds_both(desk_of_two: SameProcess) -> None:
    for arguments, word in ((WALK[1], "The takeover"), (WALK[5], "kestrel"), (WALK[8], "rita@board.example")):
        assert word in done(desk_of_two, *arguments, NIGHTDESK_AGENT="ana")
    refused = desk_of_two("ticket", "close", "2", NIGHTDESK_AGENT="ana")
    assert refused.status == 1
    assert "may not close" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["ticket", "show", "N"],
        ["ticket", "note", "N", "--body-file", "-"],
        ["ticket", "reply", "N", "--body-file", "-"],
        ["ticket", "close", "N"],
        ["ticket", "merge", "1", "N"],
        ["ticket", "merge", "N", "1"],
        ["ticket", "unmerge", "N"],
        ["ticket", "link", "1", "blocks", "N"],
        ["ticket", "export", "N"],
        ["ticket", "ban", "N"],
        ["ticket", "forward", "N", "--to", "x@y.example"],
        ["attachment", "list", "N"],
        ["notification", "list", "--ticket", "N"],
        ["log", "--ticket", "N"],
    ],
    ids=" ".join,
)
def test_its_number_is_that_of_no_ticket(desk_of_two: SameProcess, arguments: list[str]) -> None:
    said = []
    for number in ("2", "77"):
        words = [number if word == "N" else word for word in arguments]
        ran = desk_of_two(*words, stdin="text\n", NIGHTDESK_AGENT="bo")
        assert ran.status == 1, (words, ran.out)
        assert not ran.out
        said.append(ran.err.replace(number, "N"))
    assert said[0] == said[1]


def test_nor_are_there_its_files_receipts_and_words_by_ssh(desk_of_two: SameProcess) -> None:
    desk = desk_of_two
    ids = json.loads(done(desk, "attachment", "list", "2", "--json"))
    receipts = json.loads(done(desk, "receipt", "list", "--ticket", "2", "--json"))
    for command in (
        f"attachment get {ids[0]['id']}",
        f"receipt show {receipts[0]['id']}",
        f"receipt show {receipts[0]['id']} --eml -",
        f"receipt replay {receipts[0]['id']}",
        "ticket show 2",
    ):
        ran = desk(NIGHTDESK_AGENT="bo", SSH_ORIGINAL_COMMAND=command)
        assert (ran.status, ran.out) == (1, ""), command
        assert "there is no" in ran.err
    assert (
        done(desk, NIGHTDESK_AGENT="ana", SSH_ORIGINAL_COMMAND=f"attachment get {ids[0]['id']}") == "kestrel"
    )


def test_a_team_reads_and_works_what_it_has_until_that_is_taken_away(desk_of_two: SameProcess) -> None:
    desk = desk_of_two
    done(desk, "team", "add", "Deal", "--members", "bo")
    done(desk, "ticket", "assign", "2", "Deal")
    for arguments, word in (
        *((WALK[1], "The takeover"), (WALK[5], "kestrel"), (WALK[8], "The takeover"), (WALK[10], '"2"')),
        *((WALK[14], "rita@board.example"), (["ticket", "show", "2"], "kestrel")),
        *((["attachment", "list", "2"], "plan.txt"), (["log", "--ticket", "2", "--json"], "")),
    ):
        assert word in done(desk, *arguments, NIGHTDESK_AGENT="bo"), arguments
    for work in (["ticket", "note", "2", "--body-file", "-"], ["ticket", "tag", "2", "x"]):
        done(desk, *work, stdin="text\n", NIGHTDESK_AGENT="bo")
    done(desk, "ticket", "assign", "2", "me", NIGHTDESK_AGENT="bo")
    assert desk("ticket", "tag", "2", "y", NIGHTDESK_AGENT="ana").status == 1
    done(desk, "team", "edit", "Deal", "--drop", "bo")
    assert desk("ticket", "show", "2", NIGHTDESK_AGENT="bo").status == 1
    test_nothing_is_told_of_what_they_may_not_read(desk)


def test_departments_are_given_and_left(desk: SameProcess) -> None:
    done(desk, "department", "add", "IT")
    done(desk, "role", "add", "Worker", "--may", "ticket.reply")
    done(desk, "agent", "add", "bo", "--role", "Worker")

    def edit(*arguments: str) -> object:
        return json.loads(done(desk, "agent", "edit", "bo", *arguments, "--json"))["departments"]

    assert json.loads(done(desk, "agent", "list", "--json"))[0]["departments"] == []
    assert edit("--in", "IT=Worker") == [{"department": "IT", "role": "Worker"}]
    both = [{"department": "IT", "role": "Worker"}, {"department": "Support", "role": "Worker"}]
    assert edit("--in", "Support=Worker") == both
    assert edit("--in", "Support=") == both[:1]
    assert desk("agent", "edit", "bo", "--in", "IT=").status == 1
    assert desk("agent", "edit", "bo", "--in", "IT=Admin").status == 2
    assert desk("agent", "edit", "bo", "--in", "Nowhere=Worker").status == 2
    assert desk("agent", "edit", "bo", "--in", "IT").status == 2
    assert edit("--department", "") == []


def test_roles_are_made_changed_and_removed(desk: SameProcess) -> None:
    made = json.loads(
        done(desk, "role", "add", "Worker", "--may", "ticket.note", "--may", "ticket.reply", "--json")
    )
    assert made == {"name": "Worker", "actions": ["ticket.reply", "ticket.note"]}
    assert desk("role", "add", "worker", "--may", "ticket.note").status == 1
    assert desk("role", "add", "Odd", "--may", "ticket.sing").status == 2
    assert desk("role", "edit", "Worker").status == 2
    changed = json.loads(
        done(desk, "role", "edit", "Worker", "--name", "Helper", "--may", "ticket.read", "--json")
    )
    assert changed == {"name": "Helper", "actions": ["ticket.read"]}
    done(desk, "agent", "add", "bo", "--role", "Helper")
    refused = desk("role", "remove", "Helper")
    assert (refused.status, "bo" in refused.err) == (1, True)
    assert desk("role", "remove", "Admin").status == 1
    assert desk("role", "add", "Chief", "--may", "*", NIGHTDESK_AGENT="bo").status == 1
    done(desk, "agent", "edit", "bo", "--role", "Admin")
    done(desk, "role", "remove", "Helper")


READERS = {"show", "attachment_bytes", "raw_message", "exists", "find", "find_whole", "goes_on_as"}
MODULES = {"detail", "details", "ticket_detail", "lists", "changes", "since", "receipts"}


def test_every_door_says_who_reads() -> None:
    left_out = []
    for floor in ("nightdesk", "api", "tui"):
        for path in sorted((REPOSITORY / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and _reads(node.func)
                    and len(node.args) + len(node.keywords) < 2
                ):
                    left_out.append(str(path.relative_to(REPOSITORY)))
    assert left_out == ["api/osticket/calls.py"]  # its own mail, which was handed in a moment ago


def _reads(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr in READERS
        and isinstance(called.value, ast.Name)
        and called.value.id in MODULES
    )


def test_whatever_an_actor_does_is_done_to_what_they_read() -> None:
    left_out = set()
    for path in sorted((REPOSITORY / "desk").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and "actor" in {each.arg for each in function.args.args}:
                calls = [each for each in ast.walk(function) if isinstance(each, ast.Call)]
                named = [
                    each for each in calls if ast.unparse(each.func) in ("find", "find_whole", "detail.show")
                ]
                if any(len(each.args) < 2 for each in named):
                    left_out.add(f"{path.relative_to(REPOSITORY)}: {function.name}")
    assert left_out == {
        "desk/filters/senders.py: ban_senders",  # it leaves out what they may not read
        "desk/doors/by_hand.py: take",  # it has made that ticket itself
        "desk/mailboxes/export.py: _take_one",  # it finds a mailbox
    }
