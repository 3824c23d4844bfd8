"""From nothing to a fetched ticket with the keyboard alone, in a real terminal of 80x24."""

from __future__ import annotations

from pathlib import Path

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import open_desk
from desk.mailboxes import get
from models.database import close_database
from models.tickets import Message
from tests.servers.dovecot import Dovecot, MailUser
from tests.servers.pki import Pki
from tests.tui.terminal import Terminal

MAIL = (
    b"From: Ana Prado <ana@corp.example>\r\nTo: support@corp.example\r\n"
    b"Subject: VPN drops every 30 minutes\r\nMessage-ID: <first@corp.example>\r\n\r\nSince the upgrade.\r\n"
)


def test_a_mailbox_is_set_up_tested_saved_and_fetched_without_a_mouse(
    tmp_path: Path, dovecot: Dovecot, pki: Pki, mailuser: MailUser
) -> None:
    home = tmp_path / "desk"
    mailuser.deliver(MAIL)
    with Terminal(home) as terminal:
        terminal.wait("No mailbox yet: no mail can come")
        terminal.press("enter")
        terminal.wait("New mailbox")
        terminal.wait("Old mail")

        terminal.type(mailuser.address)
        terminal.press("tab")
        terminal.type("it-support")
        terminal.press("tab", "tab", "tab", "tab")
        terminal.type(dovecot.host)
        terminal.press("tab", "ctrl+u")
        terminal.type(str(dovecot.imaps_port))
        terminal.press("tab", "tab", "tab", "tab", "tab")
        terminal.type("not the password")
        terminal.press("tab", "ctrl+u")
        terminal.type("every fortnight")
        terminal.wait("! Schedule: 'every fortnight' is no schedule")
        terminal.press("ctrl+u")
        terminal.type("every 45 minutes")
        terminal.wait("every 45 minutes; next")
        terminal.press("tab", "tab", "tab", "tab", "tab")
        terminal.type(str(pki.ca_file))
        terminal.wait(mailuser.address)

        terminal.press("f5")
        text = terminal.wait("1 problem: login. You can save anyway.")
        assert "[fail] 4 login" in text
        terminal.press("shift+tab", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "ctrl+u")
        terminal.type(mailuser.password)
        terminal.press("f5")
        terminal.wait("all OK ")
        text = terminal.wait("[ok]   5 folder")
        assert "INBOX: 1 mails" in text

        terminal.press("ctrl+s")
        terminal.wait(f"{mailuser.address} is saved. Fetch its mail now?")
        terminal.press("y")
        terminal.wait("VPN drops every 30 minutes", 40)
        assert "not the password" not in terminal.sent.decode("utf-8", "replace")
        terminal.press("2")
        terminal.wait("1 mailbox: 1 OK")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0

    desk = open_desk(DeskPaths(home), Settings())
    try:
        mailbox = get(mailuser.address)
        assert mailbox.schedule == "every 45 minutes"
        assert mailbox.secret_source == "sealed"
        sealed = bytes(mailbox.secret_sealed or b"")
        password = desk.sealer.unseal(sealed, f"mailbox {mailbox.id} incoming")
        assert password.reveal() == mailuser.password
        assert [message.message_id for message in Message.select()] == ["<first@corp.example>"]
    finally:
        close_database()
