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
from desk.mailboxes.form import check
from desk.mailboxes.registry import add
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from mail.errors import LoginRefused
from models.mailboxes import Mailbox
from models.opening import close_database
from tests.support.workbench import ADMIN, make_mailbox
from tui.health import observe
from tui.text.mailboxes import detail


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


@pytest.mark.parametrize("protocol", ["imap", "none"])
def test_a_desk_that_cannot_send_does_not_say_that_its_mail_is_fine(tmp_path: Path, protocol: str) -> None:
    desk = open_desk(DeskPaths(tmp_path / "desk"), Settings(), create=True)
    try:
        form = check({"address": "in@desk.example", "protocol": protocol, "host": "imap.desk.example"})
        add(desk, ADMIN, form, MailboxSecrets(SecretInput("sealed", "s3cret-word")))
        health = observe(desk)
        assert health.right.endswith("mail IN ONLY!")
        assert "in@desk.example IN ONLY" in health.words
        (line,) = registry.entries(desk)
        assert "not at all: no mailbox sends for it" in detail(line, None, now(), desk.zone).plain
        make_mailbox(desk, sends=True)
        settings.set(ADMIN, "mail.default_outgoing", "support@desk.example")
        assert observe(desk).right.endswith("mail OK")
        line = next(each for each in registry.entries(desk) if each.address == "in@desk.example")
        assert "through the desk's default mailbox" in detail(line, None, now(), desk.zone).plain
    finally:
        close_database()


def test_a_mailbox_whose_mail_does_not_leave_is_not_fine(home_desk: Desk) -> None:
    Mailbox.update(smtp_host="smtp.desk.example", outgoing_enabled=True).execute()
    assert observe(home_desk).right.endswith("mail OK")
    Mailbox.update(send_error_count=3, send_error="smtp.desk.example cannot be resolved").execute()
    health = observe(home_desk)
    assert health.right.endswith("mail FAILS!")
    assert "SEND!" in health.words


def test_mailboxes_that_are_all_off_are_not_fine(home_desk: Desk) -> None:
    Mailbox.update(incoming_enabled=False, outgoing_enabled=False).execute()
    health = observe(home_desk)
    assert (health.words, health.right.endswith("mail is off")) == ("mail 1 off", True)
