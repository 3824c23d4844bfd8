"""docs/monitoring.md names the recipes for alarms, docs/filters.md the others, and the commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from desk.filters import recipes
from tests.support.program import REPOSITORY, Program

PAGE = (REPOSITORY / "docs" / "monitoring.md").read_text("utf-8")
OF_FILTERS = (REPOSITORY / "docs" / "filters.md").read_text("utf-8")


def test_every_recipe_is_on_one_of_the_pages() -> None:
    for_alarms = re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE)
    others = re.findall(r"--recipe ([a-z]+)`", OF_FILTERS)
    assert sorted(for_alarms + others) == recipes.names()


def test_its_commands_run(tmp_path: Path) -> None:
    desk = Program(tmp_path / "desk")
    assert desk("init").status == 0
    lines = [line for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE) for line in block.splitlines()]
    for line in lines:
        ran = desk(*shlex.split(line)[1:])
        assert ran.status == 0, f"{line}: {ran.err}"
