"""What the mailbox form does: folders to pick from, certificates to pin, passwords from elsewhere."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest

from desk.home import Desk
from desk.mailboxes import accounts, registry
from desk.permissions import Actor
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.pki import Pki
from tests.tui.mailbox_form import fill, fill_account, opened, pick, receive_only
from tests.tui.scenes import start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_true
from tui.app import NightdeskApp
from tui.widgets.entry import Entry


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


async def test_f4_lists_the_servers_folders_and_puts_the_picked_one_into_the_field(
    empty_app: NightdeskApp, dovecot: Dovecot, pki: Pki, mailuser: MailUser
) -> None:
    mailuser.deliver(b"Subject: x\r\n\r\nx\r\n", "Helpdesk")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill_account(pilot, screen, mailuser, ca_file=str(pki.ca_file))
        screen.query_one("#f-folder", Entry).focus()
        await pilot.press("f4")
        text = await until(pilot, "Fetch from")
        assert "INBOX" in text
        await until(pilot, "Helpdesk")
        await pilot.press("h")
        await settled(pilot)
        assert screen.typed()["folder"] == "Helpdesk"
        assert screen.focused is screen.query_one("#f-folder", Entry)


async def test_an_unknown_certificate_is_shown_before_it_is_pinned(
    empty_app: NightdeskApp, dovecot: Dovecot, pki: Pki, mailuser: MailUser
) -> None:
    der = ssl.PEM_cert_to_DER_cert(Path(pki.server.cert).read_text().partition("-----END")[0] + PEM_END)
    wanted = hashlib.sha256(der).hexdigest()
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill_account(pilot, screen, mailuser)
        await receive_only(pilot, screen)
        await pilot.press("f5")
        await until(pilot, "F8 shows the server's certificate")
        await pilot.press("f8")
        text = await until(pilot, "Trust this certificate, and no other?")
        pairs = [wanted[at : at + 2].upper() for at in range(0, 64, 2)]
        assert ":".join(pairs[:16]) in text
        await pilot.press("enter")
        await settled(pilot)
        assert screen.typed()["fingerprint"] == ""
        await pilot.press("f8")
        await until(pilot, "Trust this certificate, and no other?")
        await pilot.press("y")
        await until(pilot, "all OK ")
        assert screen.typed()["fingerprint"] == wanted


PEM_END = "-----END CERTIFICATE-----\n"


async def test_a_password_may_come_from_elsewhere_and_is_never_kept(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        for source, value in (
            ("pass_cmd", "pass show mail/noc"),
            ("env", "NOC_PASSWORD"),
            ("credential", "noc"),
        ):
            screen = await opened(pilot)
            address = f"{source.replace('_', '')}@corp.ex"
            await fill(pilot, screen, address=address, host="mail.corp.ex")
            await pick(pilot, screen, "secret_source", source)
            await fill(pilot, screen, secret=value)
            assert value in screen_text(empty_app)
            await pilot.press("ctrl+s")
            await until(pilot, f"{address} is saved. Fetch its mail now?")
            await pilot.press("n")
            await settled(pilot)
            row = registry.get(address)
            assert (row.secret_source, row.secret_ref, row.secret_sealed) == (source, value, None)


async def test_every_field_is_kept_and_shown_again(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    from desk.mailboxes.form import check, values_of
    from desk.mailboxes.secrets import MailboxSecrets, SecretInput
    from desk.staff.topics import add_topic

    add_topic(actor, "VPN")
    values = {
        "address": "noc@corp.ex",
        "topic": "VPN",
        "priority": "high",
        "aliases": "net@corp.ex, ops@corp.ex",
        "host": "mail.corp.ex",
        "idle": True,
        "incoming_enabled": False,
        "max_per_fetch": 7,
        "backlog": "archive",
        "smtp_host": "mail.corp.ex",
        "smtp_auth": "oauth2",
        "smtp_helo": "desk.corp.ex",
        "smtp_spoof": True,
        "sent_folder": "Sent",
        "oauth2": "microsoft",
        "oauth2_client_id": "id-1",
        "oauth2_tenant": "corp.ex",
        "oauth2_strict": False,
    }
    secrets = MailboxSecrets(SecretInput("sealed", "hunter2"), client=SecretInput("env", "CLIENT_SECRET"))
    before = values_of(registry.add(empty_desk, actor, check(values), secrets))
    async with empty_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "noc@corp.ex")
        await fill(pilot, screen, name="net-ops")
        await pilot.press("ctrl+s")
        await until(pilot, "Log in noc@corp.ex")
        await pilot.press("escape")
        await until_true(pilot, lambda: "noc@corp.ex is saved" in [each.text for _, each in empty_app.said])
    assert values_of(registry.get("noc@corp.ex")) == {**before, "name": "net-ops"}
    assert accounts.incoming_account(empty_desk, registry.get("noc@corp.ex")).password.reveal() == "hunter2"


@pytest.mark.parametrize("size", SIZES)
async def test_what_must_be_said_to_log_in_is_blamed_in_words(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@corp.ex", host="mail.corp.ex")
        await pick(pilot, screen, "auth", "oauth2")
        await pick(pilot, screen, "oauth2", "other")
        await fill(pilot, screen, oauth2_token_url="http://in.clear.example/", oauth2_client_id="")
        await pilot.press("ctrl+s")
        await until(pilot, "Client id: as which application is the desk registered?")
        text = await until(pilot, "is an address that begins with https://")
        assert "Not saved" in text
        await settled(pilot)
        if size == "120x40":
            same_as_before(screen_text(empty_app), f"mailbox-form-other-{size}")
