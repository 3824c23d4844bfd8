"""The mail's health in the header's words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from config.paths import DeskPaths
from config.settings import Settings
from desk import settings
from desk.home import Desk, open_desk
from desk.mailboxes import health as mailbox_health
from desk.mailboxes import registry
from mail.errors import LoginRefused
from models.opening import close_database
from tests.support.workbench import ADMIN, make_mailbox
from tui.health import observe


@pytest.fixture
def home_desk(tmp_path: Path) -> Desk:
    """An open desk."""
    desk = open_desk(DeskPaths(tmp_path / "desk"), Settings(), create=True)
    make_mailbox(desk, sends=True)
    return desk


def test_a_switch_that_stops_all_fetching_is_loud(home_desk: Desk) -> None:
    try:
        assert observe(home_desk).right.endswith("mail OK")
        settings.set(ADMIN, "mail.fetching", "off")
        health = observe(home_desk)
        assert (health.words, health.off) == ("FETCHING IS OFF!", True)
        assert health.right.endswith("fetching is OFF!")
    finally:
        close_database()


def test_a_mailbox_that_fails_is_named_with_what_fails(home_desk: Desk) -> None:
    try:
        mailbox = registry.get("support@desk.example")
        mailbox_health.record_failure(mailbox.id, LoginRefused("no"), now() - timedelta(hours=30))
        health = observe(home_desk)
        assert "support@desk.example AUTH!" in health.words
        assert health.right.endswith("mail FAILS!")
    finally:
        close_database()
