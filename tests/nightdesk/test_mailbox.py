from __future__ import annotations

import os
import pty
import sqlite3
import subprocess

import pytest

from tests.support.program import Program, Ran

ADDRESS = "support@desk.example"
KEYS = {
    "address", "name", "enabled", "protocol", "host", "port", "security", "folder", "schedule", "batch",
    "after_fetch", "next_run", "last_success", "last_error", "error_count", "outgoing",
}  # fmt: skip


def add(desk: Program, *more: str, stdin: str = "hunter2\n", address: str = ADDRESS) -> Ran:
    return desk(
        "mailbox", "add", address, "--host", "imap.desk.example", "--password-stdin", *more, stdin=stdin
    )


@pytest.fixture
def mailbox(desk: Program) -> Program:
    """A desk with one mailbox."""
    done = add(desk, "--smtp-host", "smtp.desk.example")
    assert done.status == 0, done.err
    return desk


def shown(desk: Program) -> dict[str, object]:
    document = desk("mailbox", "show", ADDRESS, "--json").document
    assert isinstance(document, dict)
    return document


def test_the_least_that_can_be_said_gives_the_defaults(mailbox: Program) -> None:
    box = shown(mailbox)
    assert set(box) >= KEYS
    expected = {"protocol": "imap", "port": 993, "security": "tls", "folder": "INBOX", "batch": 50}
    expected |= {"schedule": "every 5 minutes", "after_fetch": "keep", "enabled": True, "user": ADDRESS}
    assert {key: box[key] for key in expected} == expected
    outgoing = box["outgoing"]
    assert isinstance(outgoing, dict)
    assert (outgoing["port"], outgoing["security"], outgoing["auth"]) == (587, "starttls", "same")
    assert mailbox("mailbox", "list", "--json").document == [box]
    assert ADDRESS in mailbox("mailbox", "list").out


def test_every_flag_is_kept(desk: Program) -> None:
    assert desk("department", "add", "IT").status == 0
    done = add(
        desk,
        "--name",
        "Help",
        "--protocol",
        "imap",
        "--port",
        "1143",
        "--security",
        "starttls",
        "--user",
        "u1",
        "--fingerprint",
        "ab" * 32,
        "--folder",
        "Desk",
        "--schedule",
        "*/10 8-18 * * 1-5",
        "--batch",
        "20",
        "--max-per-fetch",
        "500",
        "--after-fetch",
        "move:Done",
        "--backlog",
        "new",
        "--department",
        "IT",
        "--no-autoresponse",
        "--smtp-host",
        "smtp.desk.example",
        "--smtp-port",
        "2525",
        "--smtp-security",
        "tls",
        "--smtp-auth",
        "basic",
        "--smtp-user",
        "u2",
        "--smtp-password-stdin",
        "--smtp-fingerprint",
        "cd" * 32,
        "--json",
        stdin="one\ntwo\n",
    )
    assert done.status == 0, done.err
    box = done.document
    expected = {
        "name": "Help",
        "port": 1143,
        "security": "starttls",
        "user": "u1",
        "folder": "Desk",
        "batch": 20,
        "schedule": "*/10 8-18 * * 1-5",
        "max_per_fetch": 500,
        "after_fetch": "move:Done",
        "backlog": "new",
        "department": "IT",
        "autoresponse": False,
    }
    assert {key: box[key] for key in expected} == expected
    outgoing = {"enabled": True, "host": "smtp.desk.example", "port": 2525, "security": "tls"}
    outgoing |= {"auth": "basic", "user": "u2"}
    assert {key: box["outgoing"][key] for key in outgoing} == outgoing


def test_a_scheme_in_front_of_the_host_says_the_security(desk: Program) -> None:
    for host, security, port in (
        ("ssl://imap.desk.example", "tls", 993),
        ("tls://imap.desk.example", "starttls", 143),
        ("tls://imap.desk.example:993", "tls", 993),
    ):
        address = f"{security}{port}{host[:3]}@desk.example"
        done = desk("mailbox", "add", address, "--host", host, "--pass-cmd", "pass x", "--json")
        assert done.status == 0, done.err
        assert (done.document["host"], done.document["security"], done.document["port"]) == (
            "imap.desk.example",
            security,
            port,
        )


def test_a_password_is_sealed_and_never_shown(mailbox: Program) -> None:
    for arguments in (["list"], ["show", ADDRESS], ["list", "--json"], ["show", ADDRESS, "--json"]):
        assert "hunter2" not in mailbox("mailbox", *arguments).out
    assert "hunter2" not in mailbox("log").out
    with sqlite3.connect(mailbox.home / "data" / "desk.sqlite3") as rows:
        assert "hunter2" not in "\n".join(rows.iterdump())
    for file in mailbox.home.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()


def test_two_passwords_come_on_two_lines(desk: Program) -> None:
    both = ["--smtp-host", "smtp.desk.example", "--smtp-auth", "basic", "--smtp-password-stdin"]
    assert add(desk, *both, stdin="one\ntwo\n").status == 0
    missing = add(desk, *both, stdin="one\n", address="b@desk.example")
    assert (missing.status, missing.out) == (2, "")
    assert "SMTP password" in missing.err or "smtp password" in missing.err


def test_a_person_is_asked_for_the_password_unseen(desk: Program) -> None:
    control, terminal = pty.openpty()
    command = [
        desk.interpreter,
        "-m",
        "nightdesk",
        "mailbox",
        "add",
        ADDRESS,
        "--host",
        "h",
        "--password-stdin",
    ]
    with subprocess.Popen(
        command,
        env=desk.environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as child:
        os.close(terminal)
        seen = b""
        while b"Password: " not in seen:
            seen += os.read(control, 4096)
        os.write(control, b"hunter2\n")
        assert child.wait(30) == 0
    try:
        seen += os.read(control, 65536)
    except OSError:
        pass
    os.close(control)
    assert b"hunter2" not in seen


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([ADDRESS, "--host", "h"], "password"),
        (["no-address", "--host", "h", "--pass-cmd", "x"], "address"),
        ([ADDRESS, "--pass-cmd", "x"], "host"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--password-env", "Y"], "one of the password flags"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--schedule", "soon"], "schedule"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--schedule", "0 * * * *", "--every", "5"], "--every"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--after-fetch", "burn"], "keep, delete or move"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--batch", "0"], "batch"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--department", "Nowhere"], "Nowhere"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--protocol", "uucp"], "--protocol"),
        ([ADDRESS, "--host", "h", "--protocol", "pop3", "--after-fetch", "move:A"], "POP3"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--ca-file", "/no/such.pem"], "/no/such.pem"),
        ([ADDRESS, "--host", "h", "--pass-cmd", "x", "--fingerprint", "12"], "fingerprint"),
        ([ADDRESS, "--host", "h", "--password-stdin"], "standard input"),
        ([ADDRESS, "--protocol", "none", "--smtp-host", "s", "--smtp-auth", "basic"], "password"),
    ],
)
def test_a_mailbox_that_cannot_be_is_wrong_usage_in_one_line(
    desk: Program, arguments: list[str], word: str
) -> None:
    done = desk("mailbox", "add", *arguments)
    assert (done.status, done.out) == (2, ""), done.err
    assert done.err.count("\n") == 1
    assert word in done.err
    assert desk("mailbox", "list", "--json").document == []


def test_a_mailbox_that_only_sends(desk: Program) -> None:
    arguments = [
        "--protocol",
        "none",
        "--smtp-host",
        "127.0.0.1",
        "--smtp-security",
        "none",
        "--smtp-auth",
        "none",
    ]
    done = desk("mailbox", "add", ADDRESS, *arguments, "--json")
    assert done.status == 0, done.err
    assert (done.document["protocol"], done.document["enabled"]) == ("none", False)
    assert done.document["outgoing"]["enabled"] is True


def test_what_is_risky_is_said(desk: Program) -> None:
    done = add(desk, "--security", "none", "--every", "1", "--after-fetch", "delete")
    assert done.status == 0
    assert "clear text" in done.err
    assert "every minute" in done.err
    assert "deleted" in done.err


def test_the_same_address_twice_fails(mailbox: Program) -> None:
    done = add(mailbox)
    assert (done.status, done.out) == (1, "")
    assert f"nightdesk mailbox edit {ADDRESS}" in done.err


def test_edit_changes_what_is_given_and_nothing_else(mailbox: Program) -> None:
    before = shown(mailbox)
    done = mailbox("mailbox", "edit", ADDRESS, "--every", "10", "--folder", "Desk", "--json")
    assert done.status == 0, done.err
    after = done.document
    assert {key for key in before if before[key] != after[key]} <= {"schedule", "folder", "next_run"}
    assert (after["schedule"], after["folder"]) == ("every 10 minutes", "Desk")
    nothing = mailbox("mailbox", "edit", ADDRESS)
    assert (nothing.status, nothing.out) == (2, "")
    assert mailbox("mailbox", "edit", ADDRESS, "--smtp-host", "").status == 0
    outgoing = shown(mailbox)["outgoing"]
    assert isinstance(outgoing, dict)
    assert outgoing["enabled"] is False


def test_a_schedule_is_shown_in_words_with_its_next_three_runs(mailbox: Program) -> None:
    assert mailbox("mailbox", "edit", ADDRESS, "--schedule", "0 9 * * 1-5").status == 0
    shown = mailbox("mailbox", "show", ADDRESS).out
    assert "0 9 * * 1-5: at 09:00 on Monday to Friday" in shown
    runs = next(line for line in shown.splitlines() if "Next runs" in line)
    assert runs.count(",") == 2
    assert runs.count(" 09:00") == 2, "never fetched, so it is due now; then come two of the schedule's"
    assert mailbox("settings", "set", "mail.fetching", "off").status == 0
    runs = next(line for line in mailbox("mailbox", "show", ADDRESS).out.splitlines() if "Next runs" in line)
    assert runs.split() == ["Next", "runs", "-"]


def test_enable_and_disable_each_side(mailbox: Program) -> None:
    def sides() -> tuple[object, object]:
        box = shown(mailbox)
        assert isinstance(box["outgoing"], dict)
        return box["enabled"], box["outgoing"]["enabled"]

    for arguments, expected in (
        (["disable", ADDRESS, "--outgoing"], (True, False)),
        (["disable", ADDRESS], (False, False)),
        (["enable", ADDRESS, "--incoming"], (True, False)),
        (["enable", "-"], (True, True)),
    ):
        done = mailbox("mailbox", *arguments, stdin=ADDRESS)
        assert done.status == 0, done.err
        assert sides() == expected


def test_a_removed_mailbox_is_gone_and_can_come_back(mailbox: Program) -> None:
    assert mailbox("mailbox", "remove", ADDRESS).status == 0
    assert mailbox("mailbox", "list", "--json").document == []
    assert mailbox("mailbox", "show", ADDRESS).status == 1
    assert add(mailbox).status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["show"], ["edit", "--every", "9"], ["remove"], ["enable"], ["disable"], ["test"], ["fetch"],
    ],
)  # fmt: skip
def test_a_mailbox_that_is_not_there_is_not_found(mailbox: Program, arguments: list[str]) -> None:
    verb, *more = arguments
    done = mailbox("mailbox", verb, "suport@desk.example", *more)
    assert (done.status, done.out) == (1, ""), done.err
    assert f"did you mean {ADDRESS}" in done.err


def test_an_unknown_mailbox_flag_is_wrong_usage(mailbox: Program) -> None:
    assert mailbox("--fetch-once", "--mailbox", "no@desk.example").status == 2
    assert mailbox("receipt", "list", "--mailbox", "no@desk.example").status == 2


def test_test_names_the_step_that_fails(desk: Program) -> None:
    arguments = ["--host", "127.0.0.1", "--port", "1", "--security", "none", "--pass-cmd", "echo x"]
    assert desk("mailbox", "add", ADDRESS, *arguments).status == 0
    done = desk("mailbox", "test", ADDRESS)
    assert done.status == 1
    assert "incoming connect: FAILED" in done.out
    document = desk("mailbox", "test", ADDRESS, "--json").document
    assert document["ok"] is False
    assert document["incoming"][-1]["cure"]
    assert desk("mailbox", "test", ADDRESS, "--outgoing").status == 1
