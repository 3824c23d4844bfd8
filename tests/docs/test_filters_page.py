"""docs/filters.md has the fields and actions that there are, and its commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from desk.filters.actions import ACTIONS
from desk.filters.facts import MAIL_FIELDS
from desk.queries.fields import page_table
from tests.support.program import REPOSITORY, Program

PAGE = (REPOSITORY / "docs" / "filters.md").read_text("utf-8")


def test_the_table_of_fields_is_the_one_the_program_makes() -> None:
    assert page_table(MAIL_FIELDS) in PAGE


def test_every_action_is_told_as_help_tells_it() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)(?::[A-Z=]+)?` \| (.+) \|$", PAGE, re.MULTILINE))
    assert told == {name: does for name, (_, does) in ACTIONS.items()}


def test_its_commands_run(tmp_path: Path) -> None:
    desk = Program(tmp_path / "desk")
    assert desk("init").status == 0
    assert desk("department", "add", "IT").status == 0
    lines = [line for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE) for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        ran = desk(*shlex.split(line)[1:])
        assert ran.status == 0, f"{line}: {ran.err}"
