"""The OAuth2 login of a mailbox: kept sealed, renewed once, alerted to before mail stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.clock import now
from config.secrets import Secret
from desk import logs, settings
from desk.alerts.alarms import alarms
from desk.alerts.health_mail import way_besides
from desk.alerts.logins import look_after_tokens
from desk.documents import mailboxes as documents
from desk.errors import NotFound, Refused
from desk.home import Desk
from desk.mailboxes import registry
from desk.mailboxes import tokens as mailbox_tokens
from desk.mailboxes.accounts import incoming_account, outgoing_account
from desk.mailboxes.form import check, merged
from desk.mailboxes.lists import line
from desk.mailboxes.registry import get
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from mail.errors import TokenRefused, TokenUnavailable
from mail.oauth2 import Token
from models.database import db
from models.mailboxes import Mailbox, MailboxOAuth2
from models.opening import close_database
from tests.support.servers.faulty_oauth import FaultyProvider
from tests.support.servers.pki import Pki
from tests.support.workbench import ADMIN, make_mailbox

OA = "oa@desk.example"
REFUSED: tuple[int, dict[str, Any]] = (400, {"error": "invalid_grant", "error_description": "revoked"})
DOWN: tuple[int, dict[str, Any]] = (503, {"error": "temporarily_unavailable"})


def fresh(number: int, seconds: int = 3600) -> tuple[int, dict[str, Any]]:
    return 200, {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "expires_in": seconds,
        "token_type": "Bearer",
    }


def token(seconds: float = 3600, number: int = 0, **more: Any) -> Token:
    return Token(
        access=Secret(f"access-{number}"),
        refresh=Secret(f"refresh-{number}"),
        expires=datetime.now(UTC) + timedelta(seconds=seconds),
        owner=OA,
        **more,
    )


@pytest.fixture
def provider(pki: Pki) -> Iterator[FaultyProvider]:
    with FaultyProvider(pki) as running:
        yield running


def values(provider: FaultyProvider, pki: Pki, **more: Any) -> dict[str, Any]:
    return {
        "address": OA,
        "host": "imap.desk.example",
        "smtp_host": "smtp.desk.example",
        "auth": "oauth2",
        "oauth2": "other",
        "oauth2_client_id": "id-1",
        "oauth2_token_url": f"{provider.base}/token",
        "oauth2_authorize_url": f"{provider.base}/authorize",
        "oauth2_ca_file": str(pki.ca_file),
        **more,
    }


@pytest.fixture
def box(desk: Desk, provider: FaultyProvider, pki: Pki) -> Mailbox:
    """A mailbox whose application is known to the provider; nobody has logged in."""
    return registry.add(desk, ADMIN, check(values(provider, pki)))


def log_in_an_hour_ago(desk: Desk, box: Mailbox) -> None:
    """A login whose access token is good for ten minutes more."""
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=600))
    MailboxOAuth2.update(renewed=now() - timedelta(minutes=50)).execute()


def row() -> MailboxOAuth2:
    found = MailboxOAuth2.get()
    assert isinstance(found, MailboxOAuth2)
    return found


def kept(desk: Desk) -> Token:
    return mailbox_tokens.load_token(desk, row())


def state(desk: Desk) -> str:
    told = line(get(OA), desk).token
    assert told is not None
    return told.state


def alerts() -> list[tuple[str, str]]:
    sql = (
        "SELECT m.address, d.subject FROM delivery d JOIN mailbox m ON m.id = d.mailbox_id "
        "WHERE d.kind = 'alert' ORDER BY d.id"
    )
    return [(row[0], row[1]) for row in db.execute_sql(sql)]


def test_both_accounts_use_the_token_and_no_password(desk: Desk, box: Mailbox) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    incoming, outgoing = incoming_account(desk, get(OA)), outgoing_account(desk, get(OA))
    assert (incoming.auth, outgoing.auth) == ("oauth2", "oauth2")
    assert not incoming.password
    for account in (incoming, outgoing):
        assert account.token is not None
        assert account.token() == Secret("access-0")


def test_an_outgoing_account_may_use_it_alone(desk: Desk, provider: FaultyProvider, pki: Pki) -> None:
    form = check(values(provider, pki, auth="basic", smtp_auth="oauth2", user="someone"))
    assert form.outgoing.user == "someone"
    registry.add(desk, ADMIN, form, MailboxSecrets(SecretInput("sealed", "word")))
    incoming, outgoing = incoming_account(desk, get(OA)), outgoing_account(desk, get(OA))
    assert (incoming.auth, outgoing.auth) == ("basic", "oauth2")
    assert incoming.password.reveal() == "word"


def test_the_token_is_sealed_in_the_database(desk: Desk, box: Mailbox) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    (sealed,) = db.execute_sql("SELECT token_sealed FROM mailbox_oauth2").fetchone()
    assert b"access" not in bytes(sealed)
    assert "access-0" not in repr(row().__data__)
    assert "access-0" not in str(documents.mailbox(line(get(OA), desk)))


def test_without_a_login_the_hint_names_the_mailbox(desk: Desk, box: Mailbox) -> None:
    supply = incoming_account(desk, box).token
    assert supply is not None
    with pytest.raises(TokenRefused) as caught:
        supply()
    assert f"nightdesk mailbox login {OA}" in caught.value.hint
    assert state(desk) == "none"
    assert alerts() == []


def test_a_rotated_refresh_token_is_stored_before_anybody_uses_it(
    desk: Desk, box: Mailbox, provider: FaultyProvider
) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=10))
    provider.answers = [fresh(1)]
    supply = mailbox_tokens.token_supplier(desk, box)
    assert supply() == Secret("access-1")
    assert kept(desk).refresh == Secret("refresh-1")
    assert supply() == Secret("access-1")
    assert [asked.form["refresh_token"] for asked in provider.requests] == ["refresh-0"]


def test_many_at_once_renew_it_once(desk: Desk, box: Mailbox, provider: FaultyProvider) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=10))
    provider.answers = [fresh(1), REFUSED]
    given: list[Secret] = []

    def ask() -> None:
        given.append(mailbox_tokens.token_supplier(desk, box)())
        close_database()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == [Secret("access-1")] * 5
    assert len(provider.requests) == 1


def test_a_new_login_is_not_overwritten_by_the_renewal_of_the_old_one(desk: Desk, box: Mailbox) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    tokens = mailbox_tokens.MailboxTokens(desk, box)
    tokens._load()
    mailbox_tokens.keep_login(desk, ADMIN, box, token(number=7))
    tokens._store(token(number=1))
    assert kept(desk).refresh == Secret("refresh-7")


def test_a_dead_login_is_told_by_another_mailbox_while_the_token_still_works(
    desk: Desk, box: Mailbox, provider: FaultyProvider
) -> None:
    make_mailbox(desk, "other@desk.example", sends=True)
    settings.set(ADMIN, "alerts.to", "admin@corp.example")
    log_in_an_hour_ago(desk, box)
    provider.answers = [REFUSED]
    assert look_after_tokens(desk, now()) == [OA]
    assert state(desk) == "refused"
    assert mailbox_tokens.token_supplier(desk, box)() == Secret("access-0"), "mail goes on as long as it can"
    ((way, subject),) = alerts()
    assert (way, "was refused" in subject) == ("other@desk.example", True)
    assert [entry.source for entry in logs.entries()].count("alert") == 1
    look_after_tokens(desk, now())
    assert len(alerts()) == 1
    assert len(provider.requests) == 1, "a provider that refused is not asked at every sweep"


def test_a_new_login_ends_the_alarm_and_says_so(desk: Desk, box: Mailbox, provider: FaultyProvider) -> None:
    make_mailbox(desk, "other@desk.example", sends=True)
    settings.set(ADMIN, "alerts.to", "admin@corp.example")
    log_in_an_hour_ago(desk, box)
    provider.answers = [REFUSED]
    look_after_tokens(desk, now())
    ((alarm,)) = alarms()
    assert (alarm.address, "login" in alarm.hint) == (OA, True)
    mailbox_tokens.keep_login(desk, ADMIN, box, token(number=2))
    assert state(desk) == "ok"
    assert alarms() == []
    assert look_after_tokens(desk, now()) == []
    assert alerts()[1][1].endswith("works again")
    assert look_after_tokens(desk, now()) == []
    assert len(alerts()) == 2


def test_a_provider_that_is_down_is_no_dead_login(desk: Desk, box: Mailbox, provider: FaultyProvider) -> None:
    make_mailbox(desk, "other@desk.example", sends=True)
    settings.set(ADMIN, "alerts.to", "admin@corp.example")
    log_in_an_hour_ago(desk, box)
    provider.answers = [DOWN]
    look_after_tokens(desk, now())
    assert (state(desk), alerts()) == ("failing", [])
    look_after_tokens(desk, now() + timedelta(hours=2))
    assert "cannot be renewed" in alerts()[0][1]
    provider.answers = [fresh(1)]
    look_after_tokens(desk, now())
    assert state(desk) == "ok"
    assert alerts()[1][1].endswith("works again")


def test_while_it_is_down_an_expired_token_is_a_temporary_failure(
    desk: Desk, box: Mailbox, provider: FaultyProvider
) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=-1))
    provider.answers = [DOWN]
    with pytest.raises(TokenUnavailable):
        mailbox_tokens.token_supplier(desk, box)()
    assert state(desk) == "failing"


def test_a_login_that_ends_in_days_is_told_before(desk: Desk, box: Mailbox, provider: FaultyProvider) -> None:
    answer = dict(fresh(1)[1])
    del answer["refresh_token"]
    provider.answers = [(200, answer)]
    make_mailbox(desk, "other@desk.example", sends=True)
    settings.set(ADMIN, "alerts.to", "admin@corp.example")
    end = datetime.now(UTC) + timedelta(days=7)
    mailbox_tokens.keep_login(desk, ADMIN, box, token(refresh_expires=end))
    assert look_after_tokens(desk, now()) == []
    assert look_after_tokens(desk, end - timedelta(days=2)) == [OA]
    assert look_after_tokens(desk, end - timedelta(days=1)) == [OA]
    ((_, subject),) = alerts()
    assert "ends on" in subject


def test_a_login_is_kept_alive_where_nobody_fetches_for_weeks(
    desk: Desk, box: Mailbox, provider: FaultyProvider
) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=-86400))
    provider.answers = [fresh(1)]
    look_after_tokens(desk, now())
    assert kept(desk).refresh == Secret("refresh-1")


def test_a_mailbox_that_is_switched_off_is_left_alone(
    desk: Desk, box: Mailbox, provider: FaultyProvider
) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token(seconds=-1))
    registry.switch(ADMIN, OA, incoming=False, outgoing=False)
    provider.answers = [REFUSED]
    assert look_after_tokens(desk, now()) == []
    assert provider.requests == []


def test_no_alert_is_sent_through_a_dead_login(desk: Desk, box: Mailbox) -> None:
    assert way_besides(desk, box) is None, "nobody has logged in"
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    way = way_besides(desk, box)
    assert way is not None
    assert way.address == OA, "its own, where there is no other"
    other = make_mailbox(desk, "other@desk.example", sends=True)
    way = way_besides(desk, box)
    assert way is not None
    assert way.id == other.id
    MailboxOAuth2.update(refused=now()).execute()
    other_way = way_besides(desk, other)
    assert other_way is not None
    assert other_way.id == other.id


def test_another_application_needs_another_login_and_another_folder_does_not(
    desk: Desk, box: Mailbox
) -> None:
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    registry.edit(desk, ADMIN, OA, merged(get(OA), {"folder": "Desk"}))
    assert state(desk) == "ok"
    registry.edit(desk, ADMIN, OA, merged(get(OA), {"oauth2_client_id": "id-2"}))
    assert state(desk) == "none"


def test_removing_the_mailbox_forgets_login_and_client_secret(
    desk: Desk, provider: FaultyProvider, pki: Pki
) -> None:
    secrets = MailboxSecrets(client=SecretInput("sealed", "client-word"))
    box = registry.add(desk, ADMIN, check(values(provider, pki)), secrets)
    mailbox_tokens.keep_login(desk, ADMIN, box, token())
    registry.remove(ADMIN, OA)
    assert (row().token_sealed, row().secret_sealed, row().owner) == (None, None, "")


def test_a_login_that_ends_after_the_mailbox_was_removed_keeps_nothing(desk: Desk, box: Mailbox) -> None:
    registry.remove(ADMIN, OA)
    with pytest.raises(NotFound, match="was removed meanwhile"):
        mailbox_tokens.keep_login(desk, ADMIN, box, token(number=7))
    assert not MailboxOAuth2.get(MailboxOAuth2.mailbox == box.id).token_sealed


def test_a_login_with_an_application_that_was_changed_meanwhile_is_not_kept(desk: Desk, box: Mailbox) -> None:
    began_with = mailbox_tokens.app_of(desk, box, as_itself=False)
    changed = merged(box, {"oauth2_token_url": "https://elsewhere.example/token"})
    registry.edit(desk, ADMIN, OA, changed)
    with pytest.raises(Refused, match="was changed meanwhile"):
        mailbox_tokens.keep_login(desk, ADMIN, box, token(number=7), given_to=began_with)
    again = mailbox_tokens.app_of(desk, get(OA), as_itself=False)
    mailbox_tokens.keep_login(desk, ADMIN, box, token(number=8), given_to=again)
    assert MailboxOAuth2.get(MailboxOAuth2.mailbox == box.id).token_sealed


def test_the_application_itself_asks_anew_where_a_person_would_refresh(
    desk: Desk, provider: FaultyProvider, pki: Pki
) -> None:
    secrets = MailboxSecrets(client=SecretInput("sealed", "client-word"))
    box = registry.add(desk, ADMIN, check(values(provider, pki)), secrets)
    own = Token(access=Secret("a"), expires=datetime.now(UTC))
    mailbox_tokens.keep_login(desk, ADMIN, box, own, as_itself=True)
    provider.answers = [(200, {"access_token": "b", "expires_in": 3600, "token_type": "Bearer"})]
    assert mailbox_tokens.token_supplier(desk, box)() == Secret("b")
    (asked,) = provider.requests
    assert asked.form["grant_type"] == "client_credentials"


def test_microsofts_addresses_and_scopes_follow_from_what_the_mailbox_does(desk: Desk) -> None:
    form = check(
        {
            "address": OA,
            "protocol": "pop3",
            "host": "outlook.office365.com",
            "smtp_host": "smtp.office365.com",
            "auth": "oauth2",
            "oauth2": "microsoft",
            "oauth2_client_id": "id-1",
            "oauth2_tenant": "corp.example",
        }
    )
    app = mailbox_tokens.app_of(desk, registry.add(desk, ADMIN, form))
    assert "/corp.example/" in app.token_url
    assert "https://outlook.office.com/POP.AccessAsUser.All" in app.scopes
    assert "https://outlook.office.com/SMTP.Send" in app.scopes
    assert not any("IMAP" in scope for scope in app.scopes)


def test_the_wrong_person_is_refused_and_an_alias_of_the_login_is_not(
    desk: Desk, provider: FaultyProvider, pki: Pki
) -> None:
    box = registry.add(desk, ADMIN, check(values(provider, pki, user="real@desk.example")))
    stranger = Token(access=Secret("a"), refresh=Secret("r"), owner="eve@desk.example")
    with pytest.raises(Refused, match=r"eve@desk.example logged in, not real@desk.example"):
        mailbox_tokens.keep_login(desk, ADMIN, box, stranger)
    real = Token(access=Secret("a"), refresh=Secret("r"), owner="Real@desk.example")
    mailbox_tokens.keep_login(desk, ADMIN, box, real)
    assert row().owner == "Real@desk.example"


def test_whoever_fetches_and_sends_loads_no_form_and_no_web_client() -> None:
    import subprocess
    import sys

    code = (
        "import sys, worker.service.once, worker.send.sender;"
        "import desk.mailboxes.registry, desk.mailboxes.accounts;"
        "print({name.partition('.')[0] for name in sys.modules} & {'pydantic', 'authlib', 'httpx2'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"oauth2": ""}, "oauth2"),
        ({"oauth2_client_id": ""}, "oauth2_client_id"),
        ({"oauth2_client_id": "two words"}, "oauth2_client_id"),
        ({"oauth2_token_url": ""}, "oauth2_token_url"),
        ({"oauth2_token_url": "http://in.clear.example/token"}, "oauth2_token_url"),
        ({"oauth2_device_url": "https://"}, "oauth2_device_url"),
        ({"oauth2_authorize_url": ""}, "oauth2_authorize_url"),
        ({"oauth2_tenant": "a/b"}, "oauth2_tenant"),
        ({"oauth2_scopes": 'a"b'}, "oauth2_scopes"),
        ({"oauth2_ca_file": "/nowhere/ca.pem"}, "oauth2_ca_file"),
        ({"aliases": "help@desk.example, nobody"}, "aliases"),
        ({"priority": "hot"}, "priority"),
    ],
)
def test_a_wrong_value_has_its_sentence(
    provider: FaultyProvider, pki: Pki, given: dict[str, Any], field: str
) -> None:
    from desk.mailboxes.form import FormErrors

    with pytest.raises(FormErrors) as caught:
        check({**values(provider, pki), **given})
    assert set(caught.value.fields) == {field}
