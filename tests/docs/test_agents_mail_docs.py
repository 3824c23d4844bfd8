"""The pages that tell agents what they are mailed of, and what their mail may begin with."""

from __future__ import annotations

import re

from desk import settings
from desk.intake.mail_commands import COMMANDS
from models.notices import KINDS
from tests.support.program import REPOSITORY


def test_every_command_is_told_and_no_other() -> None:
    page = (REPOSITORY / "docs" / "mailboxes.md").read_text()
    assert set(re.findall(r"`#([a-z]+)(?: [A-Z=]+)?`", page)) == set(COMMANDS)


def test_every_kind_of_notice_is_told_with_whom_it_goes_to() -> None:
    page = (REPOSITORY / "docs" / "notifications.md").read_text()
    told = dict(re.findall(r"^\| `notify\.(\w+)` \|.*\| `?([^|`]+?)`? \|$", page, re.MULTILINE))
    assert told.pop("woken") == settings.lookup("notify.woken").default, "one that is asked for by its ticket"
    assert told == {kind: settings.lookup(f"notify.{kind}").default or "nobody" for kind in KINDS}
