"""A new key: every secret opens as before, at every moment, and the old key is of no use any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.errors import SealBroken
from config.secrets import Sealer, Secret
from desk.errors import NotAllowed, Refused
from desk.home import Desk
from desk.mailboxes import registry, tokens
from desk.mailboxes.accounts import incoming_account, outgoing_account
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.operations.key_rotation import rekey
from desk.permissions import Actor
from mail.oauth2 import Token
from models.mailboxes import Mailbox, MailboxOAuth2
from tests.support.mails import write
from tests.support.workbench import ADMIN, make_agent

TOKEN = Token(access=Secret("access-1"), refresh=Secret("refresh-1"), owner="oa@desk.example")


@pytest.fixture
def basic(desk: Desk) -> Mailbox:
    form = check(
        {
            "address": "support@desk.example",
            "host": "imap.desk.example",
            "smtp_host": "smtp.desk.example",
            "smtp_auth": "basic",
        }
    )
    secrets = MailboxSecrets(SecretInput("sealed", "in-word"), SecretInput("sealed", "out-word"))
    return registry.add(desk, ADMIN, form, secrets)


@pytest.fixture
def with_login(desk: Desk) -> Mailbox:
    form = check(
        {
            "address": "oa@desk.example",
            "host": "imap.desk.example",
            "auth": "oauth2",
            "oauth2": "google",
            "oauth2_client_id": "id-1",
        }
    )
    mailbox = registry.add(desk, ADMIN, form, MailboxSecrets(client=SecretInput("sealed", "client-word")))
    tokens.keep_login(desk, ADMIN, mailbox, TOKEN)
    return Mailbox.get_by_id(mailbox.id)


def assert_all_open(desk: Desk, basic: Mailbox, with_login: Mailbox) -> None:
    box = Mailbox.get_by_id(basic.id)
    assert incoming_account(desk, box).password.reveal() == "in-word"
    password = outgoing_account(desk, box).password
    assert password is not None
    assert password.reveal() == "out-word"
    row = MailboxOAuth2.get_by_id(with_login.id)
    secret = tokens.app_of(desk, with_login).client_secret
    assert secret is not None
    assert secret.reveal() == "client-word"
    assert tokens.load_token(desk, row).refresh == Secret("refresh-1")


def test_after_a_new_key_everything_opens_and_the_old_key_opens_nothing(
    desk: Desk, basic: Mailbox, with_login: Mailbox, tmp_path: Path
) -> None:
    old = tmp_path / "old.key"
    shutil.copy2(desk.paths.key, old)
    signature = desk.message_secret
    done = rekey(desk, ADMIN)
    assert (done.sealed, done.lost, done.kept_old) == (4, (), False)
    assert_all_open(desk, basic, with_login)
    assert desk.paths.key.read_text().count("key ") == old.read_text().count("key ")
    assert Sealer(desk.paths.key).desk_secret() == signature
    sealed = bytes(Mailbox.get_by_id(basic.id).secret_sealed or b"")
    with pytest.raises(SealBroken):
        Sealer(old).unseal(sealed, f"mailbox {basic.id} incoming")


def test_a_process_that_read_the_key_before_goes_on(desk: Desk, basic: Mailbox, with_login: Mailbox) -> None:
    other = Sealer(desk.paths.key)
    other.desk_secret()
    rekey(desk, ADMIN)
    row = Mailbox.get_by_id(basic.id)
    context = f"mailbox {basic.id} incoming"
    assert other.unseal(bytes(row.secret_sealed or b""), context).reveal() == "in-word"
    assert desk.sealer.unseal(other.seal("new", context), context).reveal() == "new"


def test_a_crash_after_the_new_key_was_written_loses_nothing(
    desk: Desk, basic: Mailbox, with_login: Mailbox
) -> None:
    desk.sealer.rotate()
    assert_all_open(desk, basic, with_login)
    assert rekey(desk, ADMIN).sealed == 4
    assert_all_open(desk, basic, with_login)


def test_old_keys_can_stay_for_old_backups(desk: Desk, basic: Mailbox) -> None:
    before = bytes(basic.secret_sealed or b"")
    assert rekey(desk, ADMIN, keep_old=True).kept_old
    assert desk.sealer.unseal(before, f"mailbox {basic.id} incoming").reveal() == "in-word"


def test_what_no_key_opens_stops_it_and_is_forgotten_only_when_asked(
    desk: Desk, basic: Mailbox, with_login: Mailbox
) -> None:
    write("UPDATE mailbox SET secret_sealed = ? WHERE id = ?", b"\x01" * 60, basic.id)
    key = desk.paths.key.read_bytes()
    with pytest.raises(Refused, match=r"no key opens what is stored of support@desk.example \(password\)"):
        rekey(desk, ADMIN)
    assert desk.paths.key.read_bytes() == key
    done = rekey(desk, ADMIN, forget_lost=True)
    assert (done.sealed, done.lost) == (3, ("support@desk.example (password)",))
    assert Mailbox.get_by_id(basic.id).secret_source == "none"


def test_not_everybody_may(desk: Desk, basic: Mailbox) -> None:
    kim: Actor = make_agent("kim", ["ticket.reply"])
    with pytest.raises(NotAllowed):
        rekey(desk, kim)
