"""The page that tells agents what their mail may begin with."""

from __future__ import annotations

import re

from desk.intake.mail_commands import COMMANDS
from tests.support.program import REPOSITORY


def test_every_command_is_told_and_no_other() -> None:
    page = (REPOSITORY / "docs" / "mailboxes.md").read_text()
    assert set(re.findall(r"`#([a-z]+)(?: [A-Z]+)?`", page)) == set(COMMANDS)
