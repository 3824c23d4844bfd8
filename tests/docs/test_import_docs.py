"""Every command in docs/import.md runs as it is written, and mail becomes what the page says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.generator import generate
from tests.support.program import REPOSITORY, Program


def test_the_commands_about_imports_run_as_they_are_written(tmp_path: Path) -> None:
    program = Program(tmp_path / "desk")
    assert program("init").status == 0
    assert program("mailbox", "add", "support@example.org", "--protocol", "none").status == 0
    (tmp_path / "Maildir" / "cur").mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    one, two, three = (mail.raw for mail in generate(3, 2, to="support@example.org"))
    (tmp_path / "old.mbox").write_bytes(b"From joe Fri Nov 20 09:00:00 2026\n" + one + b"\n")
    (tmp_path / "Maildir" / "cur" / "1700000000.a.host:2,S").write_bytes(two)
    (tmp_path / "folder" / "three.eml").write_bytes(three)

    text = (REPOSITORY / "docs" / "import.md").read_text("utf-8")
    commands = [line for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", text) for line in block.splitlines()]
    for command in commands:
        ran = program(*shlex.split(command)[1:])
        assert (ran.status, ran.err) == (0, ""), command
        assert ran.out.startswith("1 imported"), command
    assert len(commands) == 3


def test_states_answers_and_numbers_are_what_the_page_says(tmp_path: Path) -> None:
    program = Program(tmp_path / "desk")
    assert program("init").status == 0
    assert program("mailbox", "add", "support@example.org", "--protocol", "none").status == 0
    assert program("agent", "add", "kim", "--email", "kim@example.org").status == 0
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, sender in enumerate(("ana@corp.test", "support@example.org", "kim@example.org"), 1):
        answers = "In-Reply-To: <1@corp.test>\r\n" if number > 1 else ""
        head = f"From: {sender}\r\nTo: support@example.org\r\nSubject: Printer [#900]\r\n{answers}"
        raw = f"{head}Message-ID: <{number}@corp.test>\r\n\r\nwords\r\n"
        (folder / f"{number}.eml").write_bytes(raw.encode())
    assert program("import", "eml", str(folder), "--quiet-import").status == 0
    shown = json.loads(program("ticket", "show", "1", "--json").out)
    assert (shown["status"], shown["subject"]) == ("new", "Printer [#900]")
    assert [(each["kind"], each["unverified"]) for each in shown["messages"]] == [
        ("customer", False),
        ("customer", False),
        ("customer", True),
    ]
    assert program("ticket", "close", "-", stdin=b"1\n").status == 0
    assert json.loads(program("ticket", "show", "1", "--json").out)["status"] == "closed"
