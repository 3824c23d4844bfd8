"""A user command gets the ticket's facts as arguments that stay arguments, is bounded, and leaves a note."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from desk.errors import NotAllowed, Refused
from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import detail
from desk.user_commands import calls, file, places
from desk.user_commands.file import FACTS, UserCommand, read
from desk.user_commands.running import MOST_OUTPUT, Run
from tests.support.mails import Door, mail
from tests.support.servers.child import is_there, wait_until
from tests.support.workbench import make_agent

ECHO = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]
DOCS = Path(__file__).parents[3] / "docs" / "user-commands.md"


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def command(*argv: str, **values: object) -> UserCommand:
    return UserCommand.model_validate({"name": "Try", "argv": [*ECHO, *argv], **values})


def ticket(desk: Desk, subject: str = "Printer", text: str = "It burns.") -> None:
    Door(desk).take(mail(text, subject=subject))


@pytest.mark.parametrize(
    "subject",
    ["Printer", "a b  c", "$(reboot); `id` | sh & x > y", "'\"\\ {number} %s", "*?[a]~", "naïve 日本 🖨"],
)
def test_whatever_a_stranger_writes_stays_one_argument(desk: Desk, kim: Actor, subject: str) -> None:
    ticket(desk, subject)
    outcome = calls.prepare(command("{number}", "s={subject}", "{{x}}"), desk, kim, "1").wait()
    stored = detail.show("1").subject
    assert outcome.text == f"{['1', f's={stored}', '{x}']}\n"
    assert (outcome.status, outcome.ended) == (0, "itself")


@pytest.mark.parametrize("subject", ["-rf", "--exec=sh", "-", "--"])
def test_a_fact_that_looks_like_an_option_is_refused_unless_the_option_is_named(
    desk: Desk, kim: Actor, subject: str
) -> None:
    ticket(desk, subject)
    for argv in (["{subject}"], ["{assignee}{subject}"]):
        with pytest.raises(Refused, match="would take it for an option"):
            calls.prepare(command(*argv), desk, kim, "1")
    assert calls.prepare(command("--s={subject}"), desk, kim, "1").wait().text == f"{[f'--s={subject}']}\n"


def test_it_reads_the_ticket_as_json_the_message_or_the_thread(desk: Desk, kim: Actor) -> None:
    ticket(desk, text="It burns.")
    cat = [sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read())"]

    def said(**values: object) -> str:
        run = UserCommand.model_validate({"name": "Cat", "argv": cat, **values})
        return calls.prepare(run, desk, kim, "1").wait().text

    document = json.loads(said())
    assert (document["number"], document["messages"][0]["text"]) == ("1", "It burns.")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["created"])
    assert said(input="message") == "It burns."
    assert "It burns." in said(input="thread")
    assert "#1 Printer" in said(input="thread")
    assert said(input="none") == ""


def test_only_tickets_that_fulfil_the_condition_are_for_it(desk: Desk, kim: Actor) -> None:
    door = Door(desk)
    for subject in ("VPN is down", "Printer"):
        door.take(mail(subject, subject=subject))
    wanted = command(**{"if": "subject:vpn OR subject:wlan"})
    assert calls.fitting([wanted, command()], desk, kim, "1") == [0, 1]
    assert calls.fitting([wanted, command()], desk, kim, "2") == [1]
    with pytest.raises(Refused, match="does not fit Try"):
        calls.prepare(wanted, desk, kim, "2")


def test_the_role_has_to_grant_what_it_asks_for(desk: Desk) -> None:
    ticket(desk)
    asked = command(may="ticket.close")
    with pytest.raises(NotAllowed):
        calls.prepare(asked, desk, make_agent("reader", ["ticket.note"]), "1")
    assert calls.prepare(asked, desk, make_agent("closer", ["ticket.close"]), "1").wait().status == 0


def test_it_gets_no_secret_of_the_environment(
    desk: Desk, kim: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "s3cret")
    monkeypatch.setenv("WANTED", "yes")
    ticket(desk)
    show = [sys.executable, "-c", "import os; print(sorted(os.environ))"]
    asked = UserCommand.model_validate({"name": "Env", "argv": show, "environment": ["WANTED"]})
    said = calls.prepare(asked, desk, kim, "1").wait().text
    assert "WANTED" in said
    assert "PATH" in said
    assert "IMAP_PASSWORD" not in said


def test_a_note_has_call_status_and_output(desk: Desk, kim: Actor) -> None:
    ticket(desk)
    fails = [sys.executable, "-c", "import sys; print('no \x1b[2Jroute'); sys.exit(3)"]
    asked = UserCommand.model_validate({"name": "Trace", "argv": fails})
    outcome = calls.prepare(asked, desk, kim, "1").wait()
    calls.keep(kim, "1", "Trace", outcome)
    note = detail.show("1").messages[-1]
    assert note.kind == "note"
    assert "Trace\n$ " in note.text
    assert "exit status 3" in note.text
    assert "route" in note.text
    assert "\x1b" not in note.text


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("import time; time.sleep(60)", "time"),
        ("import os; os.close(1); os.close(2); import time; time.sleep(60)", "time"),
        ("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)", "time"),
        ("while True: print('x' * 4096)", "output"),
    ],
)
def test_time_and_output_are_bounded(tmp_path: Path, program: str, ended: str) -> None:
    seconds = 0.5 if ended == "time" else 30
    outcome = Run([sys.executable, "-c", program], b"", os.environ, seconds, tmp_path).wait()
    assert outcome.ended == ended
    assert len(outcome.text) <= MOST_OUTPUT
    assert outcome.seconds < 20


def test_what_it_left_running_ends_with_it(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    program = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid)"
    outcome = Run([sys.executable, "-c", program], b"", os.environ, 30, tmp_path).wait()
    assert (outcome.ended, outcome.status) == ("itself", 0)
    pid = int(outcome.text)
    wait_until(lambda: not is_there(pid), f"{pid} still runs", patience=10)


def test_what_it_left_running_and_writing_does_not_make_it_late(tmp_path: Path) -> None:
    program = "(while sleep 0.05; do echo tick; done) & echo done"
    outcome = Run(["/bin/sh", "-c", program], b"", os.environ, 10, tmp_path).wait()
    assert (outcome.ended, outcome.status) == ("itself", 0)
    assert outcome.text.startswith("done")
    assert outcome.seconds < 8


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    outcome = Run(["/no/such/program"], b"x", {}, 5, tmp_path).wait()
    assert (outcome.status, outcome.ended) == (127, "missing")
    assert "No such file" in outcome.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"echo x\n", "does not name what runs it"),
        (b"#!/no/such/shell\necho x\n", "to run it is not there"),
        (b"#!/bin/sh\r\necho x\r\n", "ends as in Windows"),
    ],
)
def test_a_first_line_that_nothing_runs_is_told(tmp_path: Path, text: bytes, told: str) -> None:
    script = tmp_path / "script"
    script.write_bytes(text)
    script.chmod(0o755)
    outcome = Run([str(script)], b"", {}, 5, tmp_path).wait()
    assert (outcome.status, outcome.ended) == (127, "missing")
    assert told in outcome.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[command]]\nname = 'x'\n", "argv"),
        ("[[command]]\nargv = ['x']\n", "name"),
        ("[[command]]\nname = 'x'\nargv = []\n", "argv"),
        ("[[command]]\nname = 'x'\nargv = 'rm -rf'\n", "argv"),
        ("[[command]]\nname = 'x'\nargv = ['{subject}']\n", "the program itself"),
        ("[[command]]\nname = 'x'\nargv = ['x', '{body}']\n", "there is no fact '{body}'"),
        ("[[command]]\nname = 'x'\nargv = ['x', '{subject.__class__}']\n", "there is no fact"),
        ("[[command]]\nname = 'x'\nargv = ['x', '{subject!r}']\n", "there is no fact"),
        ("[[command]]\nname = 'x'\nargv = ['x', '{']\n", "brace"),
        ("[[command]]\nname = 'x'\nargv = ['x']\nshell = true\n", "shell"),
        ("[[command]]\nname = 'x'\nargv = ['x']\nif = 'colour:red'\n", "colour"),
        ("[[command]]\nname = 'x'\nargv = ['x']\nwhere = ['kitchen']\n", "where"),
        ("[[command]]\nname = 'x'\nargv = ['x']\nseconds = 0\n", "seconds"),
        ("[[command]]\nname = 'x'\nargv = ['x']\nmay = 'fly'\n", "may"),
        ("commands = 3\n", "there is no 'commands'"),
        ("[[command]\n", "commands.toml"),
        ("command = 3\n", "no list"),
        ("command = [3]\n", "command 1"),
    ],
)
def test_a_broken_command_is_told_and_stops_only_itself(text: str, told: str) -> None:
    found = read(text, "commands.toml")
    assert not found.commands
    assert told in " ".join(each.text for each in found.troubles)
    if text.startswith("[[command]]"):
        whole = "[[command]]\nname = 'whole'\nargv = ['true']\n\n"
        assert [each.name for each in read(whole + text, "x").commands] == ["whole"]


def commands_file(desk: Desk) -> Path:
    path = desk.paths.config_file.parent / places.NAME
    path.write_text("[[command]]\nname = 'x'\nargv = ['true']\n")
    path.chmod(0o600)
    return path


def test_a_file_that_others_may_write_to_does_not_count(desk: Desk, tmp_path: Path) -> None:
    path = commands_file(desk)
    elsewhere = {"XDG_CONFIG_HOME": str(tmp_path / "none")}
    assert len(file.load(desk, elsewhere).commands) == 1
    for mode in (0o620, 0o602):
        path.chmod(mode)
        found = file.load(desk, elsewhere)
        assert not found.commands
        assert "others may write" in found.troubles[0].text
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert not file.load(desk, elsewhere).commands


def test_in_restricted_mode_only_the_desks_own_file_counts(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "nightdesk"
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    (folder / places.NAME).write_text("[[command]]\nname = 'mine'\nargv = ['true']\n")
    (folder / places.NAME).chmod(0o600)
    commands_file(desk)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert [each.name for each in file.load(desk, environ).commands] == ["x", "mine"]
    desk.settings = desk.settings.model_copy(update={"restricted": True})
    assert [each.name for each in file.load(desk, environ).commands] == ["x"]


def test_the_page_names_every_fact_and_every_key() -> None:
    page = DOCS.read_text("utf-8")
    table = page.split("<!-- facts -->")[1].split("<!-- end -->")[0]
    assert dict(re.findall(r"\| `\{(\w+)\}` \| (.+?) \|", table)) == dict(FACTS)
    for name, field in UserCommand.model_fields.items():
        assert f"| `{field.alias or name}` |" in page, name
