"""Every command in docs/import.md runs as it is written."""

from __future__ import annotations

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
