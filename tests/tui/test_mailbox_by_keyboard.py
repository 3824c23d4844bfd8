"""From nothing to a fetched ticket with the keyboard alone, in a real terminal of 80x24."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import open_desk
from desk.mailboxes.registry import get
from models.messages import Message
from models.opening import close_database
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.oauth import PUBLIC_CLIENT, SCOPE, OAuthServer
from tests.support.servers.pki import Pki
from tests.tui.form_keys import OAUTH2, POP3, Walk
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
        terminal.wait("The address customers write to")

        walk = Walk(terminal)
        walk.fill("address", mailuser.address)
        walk.fill("name", "it-support")
        walk.fill("host", dovecot.host)
        walk.fill("port", str(dovecot.imaps_port))
        walk.fill("secret", "not the password")
        walk.fill("schedule", "every fortnight")
        terminal.wait("! Schedule: 'every fortnight' is no schedule")
        walk.fill("schedule", "every 45 minutes")
        terminal.wait("every 45 minutes; next")
        walk.fill("ca_file", str(pki.ca_file))

        walk.pick("outgoing", "left")

        terminal.press("f5")
        text = terminal.wait("1 problem: login. You can save anyway.")
        assert "[fail] 5 login" in text
        walk.fill("secret", mailuser.password)
        terminal.press("f5")
        terminal.wait("all OK ")
        text = terminal.wait("[ok]   6 folder")
        assert "INBOX: 1 mail" in text

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


def test_a_pop3_mailbox_is_set_up_the_same_way(
    tmp_path: Path, dovecot: Dovecot, pki: Pki, mailuser: MailUser
) -> None:
    home = tmp_path / "desk"
    mailuser.deliver(MAIL)
    with Terminal(home) as terminal:
        terminal.wait("No mailbox yet: no mail can come")
        terminal.press("enter")
        terminal.wait("The address customers write to")
        walk = Walk(terminal, POP3)
        walk.fill("address", mailuser.address)
        walk.pick("protocol")
        terminal.wait("Port [995")
        walk.fill("host", dovecot.host)
        walk.fill("port", str(dovecot.pop3s_port))
        walk.fill("secret", mailuser.password)
        walk.fill("ca_file", str(pki.ca_file))
        walk.pick("outgoing", "left")
        terminal.press("f5")
        terminal.wait("all OK ")
        terminal.wait("POP3 has no folders")
        terminal.press("ctrl+s")
        terminal.wait(f"{mailuser.address} is saved. Fetch its mail now?")
        terminal.press("y")
        terminal.wait("VPN drops every 30 minutes", 40)
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
    open_desk(DeskPaths(home), Settings())
    try:
        assert get(mailuser.address).protocol == "pop3"
        assert [message.message_id for message in Message.select()] == ["<first@corp.example>"]
    finally:
        close_database()


def test_a_mailbox_is_logged_in_by_device_code_and_fetched(
    tmp_path: Path, dovecot: Dovecot, pki: Pki, mailuser: MailUser, oauth_server: OAuthServer
) -> None:
    mailuser.deliver(MAIL)
    with Terminal(tmp_path / "desk") as terminal:
        terminal.wait("No mailbox yet: no mail can come")
        terminal.press("enter")
        terminal.wait("The address customers write to")
        walk = Walk(terminal, OAUTH2)
        walk.fill("address", mailuser.address)
        walk.fill("host", "localhost")
        walk.fill("port", str(dovecot.imaps_port))
        walk.pick("auth")
        walk.fill("ca_file", str(pki.ca_file))
        walk.pick("outgoing", "left")
        walk.pick("oauth2", "left")
        walk.fill("oauth2_client_id", PUBLIC_CLIENT)
        walk.fill("oauth2_token_url", oauth_server.token_url)
        walk.fill("oauth2_device_url", oauth_server.device_url)
        walk.fill("oauth2_scopes", f"openid {SCOPE}")
        walk.fill("oauth2_ca_file", str(pki.ca_file))
        terminal.press("f6")
        text = terminal.wait("Type this code there:")
        code = re.search(r"Type this code there:[^A-Za-z0-9]*([A-Za-z0-9-]+)", text)
        assert code is not None, text
        terminal.press("y")
        terminal.wait("good until")
        terminal.quiet()
        copied = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)", bytes(terminal.sent))
        assert copied is not None
        assert base64.b64decode(copied[1]).startswith(oauth_server.base.encode())
        oauth_server.approve_device(mailuser.address, code[1])
        terminal.wait(f"{mailuser.address} is logged in as {mailuser.address}", 30)
        terminal.press("enter")
        terminal.wait("Fetch its mail now?")
        terminal.press("y")
        terminal.wait("VPN drops every 30 minutes", 40)
        terminal.press("2")
        terminal.wait(f"other: logged in as {mailuser.address}, token until")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
