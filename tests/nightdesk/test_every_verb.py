"""What holds for every verb there is: help, light imports, a missing desk, one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest

from desk.settings import PEOPLE
from nightdesk.cli import cli
from nightdesk.manual import page, verbs
from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import REPOSITORY, Program

ALL = {path: command for path, command, _ in verbs(cli, click.Context(cli))}

WITHOUT_DESK = {"init", "demo", "completion"}
"""Verbs that make a desk, or need none."""

CALLS: dict[str, list[str]] = {
    "init": [],
    "mailbox add": ["b@desk.example", "--host", "h", "--pass-cmd", "true"],
    "mailbox edit": ["support@desk.example", "--every", "9"],
    "mailbox list": [],
    "mailbox show": ["support@desk.example"],
    "mailbox disable": ["support@desk.example"],
    "mailbox enable": ["support@desk.example", "--incoming"],
    "mailbox test": ["support@desk.example"],
    "mailbox login": ["support@desk.example"],
    "mailbox logout": ["support@desk.example"],
    "mailbox export": ["support@desk.example"],
    "mailbox import": ["{mailboxes}"],
    "mailbox folders": ["support@desk.example"],
    "mailbox fetch": ["support@desk.example"],
    "mailbox remove": ["b@desk.example"],
    "agent add": ["bo"],
    "agent edit": ["bo", "--name", "Bo"],
    "agent list": [],
    "agent show": ["bo"],
    "me show": [],
    "me away": [],
    "me back": [],
    "me signature": ["Ana, never by night"],
    "me times": ["--digest", "hourly"],
    "team add": ["Network", "--members", "bo", "--lead", "bo"],
    "team edit": ["Network", "--notes", "Cables"],
    "team show": ["Network"],
    "team list": [],
    "team export": [],
    "team import": ["{rules}"],
    "group add": ["netadmin", "--role", "Admin"],
    "group edit": ["netadmin", "--teams", "Network"],
    "group show": ["netadmin"],
    "group list": [],
    "group export": [],
    "group import": ["{rules}"],
    "group remove": ["netadmin"],
    "team remove": ["Network"],
    "department add": ["IT"],
    "department edit": ["IT", "--reopen-days", "3"],
    "department list": [],
    "department show": ["IT"],
    "sla add": ["Gold", "--hours", "4"],
    "sla edit": ["Gold", "--hours", "5"],
    "sla list": [],
    "sla show": ["Gold"],
    "sla explain": ["1"],
    "sla simulate": ["Gold", "--since", "7d"],
    "sla remove": ["Gold"],
    "topic add": ["VPN", "--department", "IT", "--priority", "high"],
    "topic edit": ["VPN", "--no-autoresponse"],
    "topic list": [],
    "topic show": ["VPN"],
    "status add": ["On hold", "--state", "waiting"],
    "status edit": ["On hold", "--order", "5"],
    "status export": [],
    "status import": ["{rules}"],
    "status list": [],
    "status show": ["On hold"],
    "status remove": ["On hold"],
    "field add": ["Serial number", "--kind", "text"],
    "field edit": ["serial_number", "--hint", "On the back."],
    "field export": [],
    "field import": ["{rules}"],
    "field list": [],
    "field show": ["serial_number"],
    "field remove": ["serial_number"],
    "role list": [],
    "queue add": ["Mine", "owner:me"],
    "queue edit": ["Mine", "--sort", "due"],
    "queue list": [],
    "queue show": ["Mine"],
    "queue remove": ["Mine"],
    "webhook add": ["Chat", "https://127.0.0.1:1/x?token=secret", "--event", "created"],
    "webhook edit": ["Chat", "--if", "p:urgent"],
    "webhook list": [],
    "webhook show": ["Chat"],
    "webhook log": ["Chat"],
    "webhook test": ["Chat"],
    "webhook export": [],
    "webhook import": ["{rules}"],
    "webhook remove": ["Chat"],
    "push add": ["Phone", "--url-file", "{push}", "--event", "created"],
    "push edit": ["Phone", "--agent", "bo"],
    "push list": [],
    "push show": ["Phone"],
    "push log": ["Phone"],
    "push test": ["Phone"],
    "push export": [],
    "push import": ["{rules}"],
    "push remove": ["Phone"],
    "notification list": [],
    "notification rules": [],
    "notification add": ["--event", "noted", "--to", "admins", "--department", "IT"],
    "notification set": ["noted", "--to", "assignee", "--department", "IT"],
    "notification reset": ["noted", "--department", "IT"],
    "notification export": [],
    "notification import": ["{rules}"],
    "report": ["departments"],
    "filter add": ["News", "--on", "new", "--if", "from:@news.example", "--then", "reject"],
    "filter edit": ["News", "--then", "tag:news", "--order", "5"],
    "filter list": [],
    "filter show": ["News"],
    "receipt test": ["--since", "7d"],
    "receipt reread": ["1"],
    "filter test": ["News", "--since", "7d"],
    "canned export": [],
    "canned import": ["{rules}"],
    "template export": [],
    "template import": ["{rules}"],
    "filter apply": ["News", "--since", "7d"],
    "filter remove": ["News"],
    "recurring add": [
        *("Patch day", "--schedule", "0 9 * * mon#1", "--requester", "Ops <ops@corp.example>"),
        *("--subject", "Patches of {{ date.month_name }}", "--task", "Freeze"),
    ],
    "recurring edit": ["Patch day", "--due-after", "8h"],
    "recurring list": [],
    "recurring show": ["Patch day"],
    "recurring export": [],
    "recurring import": ["{rules}"],
    "recurring remove": ["Patch day"],
    "rules export": ["--only", "filter"],
    "rules import": ["--recipe", "cron", "--from", "root@corp.example"],
    "rules recipes": [],
    "sla export": [],
    "sla import": ["{rules}"],
    "department export": [],
    "department import": ["{rules}"],
    "topic export": [],
    "topic import": ["{rules}"],
    "role actions": [],
    "role add": ["Night", "--may", "ticket.reply"],
    "role edit": ["Night", "--may", "ticket.note"],
    "role show": ["Night"],
    "role remove": ["Night"],
    "role export": [],
    "role import": ["{rules}"],
    "queue export": [],
    "queue import": ["{rules}"],
    "filter export": [],
    "filter import": ["{rules}", "--dry-run"],
    "ban export": [],
    "ban import": ["{rules}"],
    "template list": ["--language", "de"],
    "template show": ["acknowledgement", "--language", "ja"],
    "template set": ["acknowledgement", "--body-file", "{file}", "--department", "IT"],
    "template edit": ["acknowledgement", "--body-file", "{file}", "--department", "IT"],
    "template reset": ["acknowledgement", "--department", "IT"],
    "canned add": ["Hello", "--body-file", "{file}", "--folder", "Daily"],
    "canned edit": ["Hello", "--name", "Hallo"],
    "canned list": ["hallo"],
    "canned show": ["Hallo"],
    "ban add": ["@spam.example", "--note", "spam"],
    "ban edit": ["@spam.example", "--note", "casino"],
    "ban show": ["@spam.example"],
    "ban list": [],
    "ban remove": ["@spam.example"],
    "ticket new": ["--requester", "c@corp.example", "--subject", "S", "--body-file", "{file}"],
    "ticket list": [],
    "ticket show": ["1"],
    "ticket reply": ["1", "--body-file", "{file}"],
    "ticket note": ["1", "--body-file", "{file}"],
    "ticket forward": ["1", "--to", "vera@vendor.example"],
    "ticket assign": ["1", "bo"],
    "ticket transfer": ["1", "IT"],
    "ticket priority": ["1", "high"],
    "ticket set": ["1", "--priority", "high"],
    "ticket status": ["1", "open"],
    "ticket tag": ["1", "vpn"],
    "ticket approve": ["1"],
    "ticket deny": ["1"],
    "ticket merge": ["2", "1"],
    "ticket unmerge": ["2"],
    "ticket split": ["1", "--messages", "3"],
    "ticket link": ["1", "blocks", "2"],
    "ticket unlink": ["1", "2"],
    "ticket requester": ["2", "Tom <tom@corp.example>"],
    "ticket cc": ["2", "--add", "eve@corp.example"],
    "organization add": ["Corp", "--domain", "corp.example"],
    "organization edit": ["Corp", "--note", "Our best"],
    "organization list": [],
    "organization show": ["Corp"],
    "contact list": ["corp"],
    "contact edit": ["c@corp.example", "--phone", "+49 30 1234", "--add-address", "c@home.example"],
    "contact show": ["c@corp.example"],
    "contact export": ["c@corp.example", "{folder}/of-one"],
    "contact erase": ["eve@corp.example", "--dry-run"],
    "contact merge": ["eve@corp.example", "c@corp.example"],
    "organization export": [],
    "organization import": ["{rules}"],
    "organization remove": ["Corp"],
    "ticket close": ["1"],
    "ticket reopen": ["1"],
    "ticket snooze": ["1", "2d"],
    "ticket wake": ["1"],
    "ticket due": ["1", "2d"],
    "ticket pin": ["1"],
    "ticket unpin": ["1"],
    "ticket watch": ["1"],
    "notification explain": ["1"],
    "ticket spam": ["1"],
    "ticket similar": ["1"],
    "ticket task": ["1", "add", "Order it"],
    "ticket time": ["1", "1h30", "--note", "ordered"],
    "ticket delete": ["1", "--restore"],
    "purge": ["--dry-run"],
    "blobs move": [],
    "host list": [],
    "host drain": [],
    "ticket ban": ["1"],
    "ticket export": ["1"],
    "canned preview": ["Hallo", "1"],
    "template test": ["acknowledgement", "--since", "7d"],
    "template preview": ["acknowledgement", "1", "--language", "fr"],
    "canned remove": ["Hallo"],
    "topic remove": ["VPN"],
    "department remove": ["IT"],
    "agent remove": ["bo"],
    "attachment list": ["1"],
    "attachment put": ["1", "--name", "log.txt", "--file", "{file}"],
    "attachment get": ["1"],
    "receipt list": [],
    "receipt show": ["1"],
    "receipt replay": ["1"],
    "receipt retry": ["1"],
    "outbox list": [],
    "outbox cancel": ["1"],
    "outbox retry": ["1"],
    "search": ["printer"],
    "export": ["{folder}/exported"],
    "log": [],
    "import eml": ["{file}", "--quiet-import"],
    "import export": ["{folder}/exported"],
    "import mbox": ["{file}"],
    "import maildir": ["{folder}"],
    "import osticket": ["{file}"],
    "doctor": ["--offline"],
    "key create": ["--address", "192.0.2.7", "--scope", "tickets"],
    "key list": [],
    "key revoke": ["1"],
    "settings list": [],
    "settings get": ["mail.fetching"],
    "settings set": ["mail.undo_seconds", "5"],
    "settings export": [],
    "settings import": ["{rules}"],
    "settings rekey": [],
    "backup": ["{folder}/desk.tar"],
    "restore": ["{folder}/desk.tar"],
    "move": ["{folder}/moved.sqlite3"],
    "completion": ["bash"],
}
"""A call of each verb that can be made on a desk with ticket 1, in an order in which they work."""

UNCALLED = {"demo", "pipe", "serve", "worker"}
"""They do not end by themselves, or only with a mail."""

FAIL = {
    "me show",
    "me away",
    "me back",
    "me signature",
    "me times",
    "webhook test",
    "push test",
    "ticket watch",
    "attachment get",
    "attachment put",
    "mailbox test",
    "mailbox folders",
    "mailbox login",
    "mailbox logout",
    "mailbox fetch",
    "receipt retry",
    "import mbox",
    "import maildir",
    "import osticket",
}
"""Calls whose status is 1: there is no file, agent, server, login, quarantined mail, nor what to import."""

NO_JSON = {"completion", "attachment get"}

RUN_ALL = """
import contextlib, io, json, sys
from nightdesk import entry

calls = json.load(sys.stdin)
told = []
for argv in calls:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        status = int(entry.run(argv))
    packages = {name.partition(".")[0] for name in sys.modules}
    heavy = sorted(packages & {"textual", "rich", "pymap", "aiosmtpd"})
    told.append([argv, status, heavy, out.getvalue(), err.getvalue()])
json.dump(told, sys.stdout)
"""


def argv_of(path: str, folder: Path) -> list[str]:
    file = folder / "body.md"
    file.write_text("Text.\n")
    mailboxes = folder / "mailboxes.toml"
    mailboxes.write_text('[[mailbox]]\naddress = "c@desk.example"\nprotocol = "none"\n')
    push = folder / "push"
    push.write_text("json://127.0.0.1:1/desk")
    rules = folder / "rules.toml"
    rules.write_text("# none\n")
    return path.split() + [
        item.format(file=file, folder=folder, mailboxes=mailboxes, rules=rules, push=push)
        for item in CALLS[path]
    ]


def test_no_list_is_asked_for_more_lines_than_a_computer_counts() -> None:
    asked = [each for command in ALL.values() for each in command.params if "--limit" in each.opts]
    assert asked
    assert {each.type.convert("9" * 25, each, None) for each in asked} == {sys.maxsize}


def test_every_verb_is_tested_here() -> None:
    assert set(CALLS) | UNCALLED == set(ALL)


def test_no_verb_and_no_help_imports_the_screen(desk: Program, tmp_path: Path) -> None:
    add_mailbox(desk, "support@desk.example", "--smtp-host", "smtp.desk.example")
    take_in(desk, [mail()])
    helps = [[*path.split(), "--help"] for path in ALL]
    groups = [[name, "--help"] for name in {path.split()[0] for path in ALL}]
    calls = [argv_of(path, tmp_path) for path in CALLS]
    given = [["--help"], *groups, *helps, *calls, ["--fetch-once"], ["worker", "--help"], ["demo"]]
    done = desk.python("-c", RUN_ALL, stdin=json.dumps(given))
    assert done.status == 0, done.err
    told = done.document
    assert len(told) == len(given)
    for argv, status, heavy, out, err in told:
        assert heavy == [], argv
        if argv[-1] == "--help":
            assert status == 0, argv
            assert out.startswith("Usage: nightdesk"), argv
            assert err == "", argv


def test_every_verb_does_its_work_and_prints_one_json_document(desk: Program, tmp_path: Path) -> None:
    add_mailbox(desk, "support@desk.example", "--smtp-host", "smtp.desk.example")
    take_in(desk, [mail()])
    for path in CALLS:
        argv = argv_of(path, tmp_path)
        done = desk(*argv, *([] if path in NO_JSON else ["--json"]))
        assert done.status == (1 if path in FAIL else 0), (argv, done.out, done.err)
        assert "Traceback" not in done.err, argv
        if path != "completion" and (done.out or path not in FAIL):
            assert done.document is not None, argv


def test_without_a_desk_the_status_is_78_and_nothing_is_made(program: Program, tmp_path: Path) -> None:
    asked = sorted(set(ALL) - WITHOUT_DESK - {"pipe"})
    given = [argv_of(path, tmp_path) if path in CALLS else path.split() for path in asked]
    done = program.python("-c", RUN_ALL, stdin=json.dumps(given))
    assert done.status == 0, done.err
    assert not program.home.exists()
    for argv, status, _, out, err in done.document:
        assert status == 78, (argv, err)
        if argv[0] != "doctor":
            assert (out, err.count("\n")) == ("", 1), argv
            assert "nightdesk init" in err, argv


def test_a_noun_alone_or_with_an_unknown_verb_is_wrong_usage(program: Program) -> None:
    nouns = sorted({path.split()[0] for path in ALL if " " in path})
    given = [arguments for noun in nouns for arguments in ([noun], [noun, "frobnicate"], [noun, "--nope"])]
    done = program.python("-c", RUN_ALL, stdin=json.dumps(given))
    assert done.status == 0, done.err
    for argv, status, _, out, err in done.document:
        assert (status, out, err.count("\n")) == (2, "", 1), (argv, err)
        assert f"nightdesk {argv[0]} --help" in err, argv


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete ")]
)
def test_completion_prints_the_shells_script(program: Program, shell: str, word: str) -> None:
    done = program("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert word in done.out
    assert program("completion", "tcsh").status == 2


def test_a_completed_word_comes_from_the_verbs(program: Program) -> None:
    done = program(
        _NIGHTDESK_COMPLETE="bash_complete", COMP_WORDS="nightdesk ticket re", COMP_CWORD="2"
    )  # fmt: skip
    assert set(done.out.split()) == {"plain,reply", "plain,reopen", "plain,requester"}


def test_the_manual_page_that_is_kept_is_the_one_that_the_verbs_make() -> None:
    kept = (REPOSITORY / "docs" / "nightdesk.1").read_text("utf-8")
    assert kept == page(), "run: make docs"


def test_the_help_names_everybody_who_can_be_told(program: Program) -> None:
    words = program("notification", "set", "--help").out.replace(",", " ").split()
    assert {*PEOPLE, "agent:LOGIN", "team:NAME"} <= set(words)
