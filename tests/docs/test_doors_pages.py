"""The pages about piping and the API: what they say to do is done, and what they promise of it comes true."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fresh_desk import begin
from tests.support.program import FLOORS, REPOSITORY, Program
from tests.support.rows import every_row
from tests.support.served import Served

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]
EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MAIL = "From: Ana <ana@corp.test>\nTo: {to}\nSubject: Printer\nMessage-ID: <{id}@corp.test>\n\nIt burns.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Program:
    """A desk as `init` makes it, its command in `bin`."""
    return begin(Program(tmp_path / "desk"))


@pytest.fixture
def served(desk: Program) -> Iterator[Served]:
    """Its server."""
    server = Served(desk)
    yield server
    server.stop()


def first_step(desk: Program) -> None:
    """Do what piping.md says comes first, as it stands there."""
    folder = desk.home.parent
    command = folder / "nightdesk"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m nightdesk "$@"\n')
    command.chmod(0o755)
    (folder / "password.txt").write_text("secret\n")
    section = (DOCS / "piping.md").read_text("utf-8").split("## First: the address is a mailbox")[1]
    (script,) = re.findall(r"^```sh\n(.*?)^```$", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)
    environment = desk.environment()
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env=environment | {"PATH": f"{folder}:{environment['PATH']}"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def piped(desk: Program, to: str) -> dict[str, object]:
    """The ticket of a mail that an MTA piped for an address."""
    done = desk("pipe", "--to", to, stdin=MAIL.format(to=to, id=to.partition("@")[0]))
    assert done.status == 0
    newest = desk("receipt", "list", "--json").document[0]
    document: dict[str, object] = desk("ticket", "show", newest["ticket"], "--json").document
    return document


def acknowledged(desk: Program) -> list[str]:
    """From which address acknowledgements wait, newest first."""
    return [each["mailbox"] for each in desk("outbox", "list", "--json").document]


def test_piped_mail_is_acknowledged_after_the_first_step(desk: Program) -> None:
    first_step(desk)
    for count, to in enumerate(("support@example.com", "help@example.com"), 1):
        assert piped(desk, to)["collaborators"] == []
        assert acknowledged(desk) == ["support@example.com"] * count


def test_a_catch_all_is_acknowledged_and_takes_no_part_as_its_recipe_says(desk: Program) -> None:
    first_step(desk)
    assert "mail.default_outgoing" in (DOCS / "piping.md").read_text("utf-8").split("### cPanel")[1]
    assert desk("settings", "set", "mail.default_outgoing", "support@example.com").status == 0
    ticket = piped(desk, "anybody@example.com")
    assert (ticket["collaborators"], ticket["department"]) == ([], "Support")
    assert acknowledged(desk) == ["support@example.com"]


def test_the_id_that_topic_list_prints_is_the_topic_of_a_call(desk: Program, served: Served) -> None:
    assert "`nightdesk topic list`" in (DOCS / "api.md").read_text("utf-8").split("| `topicId` |")[1][:80]
    for name in ("Printers", "VPN"):
        assert desk("topic", "add", name, "--department", "Support", "--priority", "high").status == 0
    (number,) = re.findall(r"^(\d+) +VPN\b", desk("topic", "list").out, re.MULTILINE)
    assert [each["id"] for each in desk("topic", "list", "--json").document if each["name"] == "VPN"] == [
        int(number)
    ]
    body = {"email": "ana@corp.test", "message": "It burns.", "topicId": number}
    answer = served.post("/api/tickets.json", body, served.key("tickets"))
    ticket = desk("ticket", "show", answer.text, "--json").document
    assert (ticket["topic"], ticket["priority"]) == ("VPN", "high")
    assert re.search(r"^ +Topic +VPN$", desk("ticket", "show", answer.text).out, re.MULTILINE)


def test_a_call_s_mail_goes_where_the_page_says(desk: Program, served: Served) -> None:
    assert "`mail.default_outgoing`, without one to the oldest mailbox" in (DOCS / "api.md").read_text(
        "utf-8"
    )
    desk("department", "add", "IT")
    for address, department in (("old@example.com", "Support"), ("it@example.com", "IT")):
        done = desk(
            *("mailbox", "add", address, "--protocol", "none", "--department", department),
            *("--smtp-host", "smtp.example.com", "--smtp-auth", "none"),
        )
        assert done.status == 0, done.err

    def opened() -> str:
        body = {"email": "ana@corp.test", "message": "It burns."}
        number = served.post("/api/tickets.json", body, served.key("tickets")).text
        return str(desk("ticket", "show", number, "--json").document["department"])

    desk("settings", "set", "mail.default_outgoing", "")
    assert opened() == "Support"
    desk("settings", "set", "mail.default_outgoing", "it@example.com")
    assert opened() == "IT"


def test_no_hint_names_an_index_where_nightdesk_is_not() -> None:
    for floor in FLOORS:
        for file in (REPOSITORY / floor).rglob("*.py"):
            text = file.read_text("utf-8")
            assert "nightdesk[" not in text, file
            for named in re.findall(r"pip install '\.\[([a-z0-9]+)\]'", text):
                assert named in EXTRAS, (file, named)


@every_row("page", PAGES)
def test_what_a_page_tells_to_install_is_a_clone_with_extras_that_there_are(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"(?:pipx?|uv tool) install[^`\n]*nightdesk\[", text), "it is in no index"
    for named in re.findall(r"'?\.\[([a-z0-9,]+)\]", text):
        assert set(named.split(",")) <= set(EXTRAS), (page.name, named)
