"""A kept secret goes to no server that was not named when it was given; each time a server is listening."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.secrets import Secret
from desk.errors import DeskError
from desk.home import Desk
from desk.mailboxes import export, registry, tokens
from desk.mailboxes.accounts import incoming_account
from desk.mailboxes.connection import list_folders, try_mailbox, try_sides
from desk.mailboxes.form import check, merged
from desk.mailboxes.named_servers import SecretNotForThere
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from mail.errors import MailError
from mail.oauth2 import Token
from models import mailboxes
from models.mailboxes import Mailbox
from tests.support.servers.fault import ScriptedServer
from tests.support.servers.faulty_imap import FaultyImap
from tests.support.servers.faulty_oauth import FaultyProvider
from tests.support.servers.faulty_pop3 import FaultyPop3
from tests.support.servers.faulty_smtp import FaultySmtp
from tests.support.servers.pki import Pki
from tests.support.workbench import ADMIN

ADDRESS = "support@desk.example"
PASSWORD = "the-kept-password"
SOURCES = ("sealed", "env", "credential", "pass_cmd")


@pytest.fixture
def given_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], SecretInput]:
    """The password from each place that it may come from."""
    monkeypatch.setenv("NOC_PASSWORD", PASSWORD)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "noc").write_text(PASSWORD)
    values = {
        "sealed": PASSWORD,
        "env": "NOC_PASSWORD",
        "credential": "noc",
        "pass_cmd": f"echo {PASSWORD}",
    }
    return lambda source: SecretInput(source, values[source])  # type: ignore[arg-type]


@pytest.fixture
def named() -> Iterator[FaultyImap]:
    with FaultyImap() as server:
        yield server


@pytest.fixture
def thief() -> Iterator[FaultyImap]:
    with FaultyImap() as server:
        yield server


@pytest.fixture
def relay() -> Iterator[FaultySmtp]:
    with FaultySmtp() as server:
        yield server


def add(desk: Desk, secret: SecretInput, named: FaultyImap, **more: Any) -> Mailbox:
    values = {"address": ADDRESS, "host": "127.0.0.1", "port": named.port, "security": "none", "user": "noc"}
    return registry.add(desk, ADMIN, check(values | more), MailboxSecrets(secret, secret))


def attempts(desk: Desk, changes: dict[str, Any]) -> None:
    """Everything that a person can do with a mailbox whose servers are changed, and no password given."""
    stored = registry.get(ADDRESS)
    form = merged(stored, changes)
    list(try_sides(desk, form, MailboxSecrets(), stored))
    with suppress(DeskError, MailError):
        list_folders(desk, form, MailboxSecrets(), stored)
    with pytest.raises(SecretNotForThere, match="give it again"):
        registry.edit(desk, ADMIN, ADDRESS, form)
    table = export.documents()[0] | changes
    table = {name: value for name, value in table.items() if name not in ("password", "smtp_password")}
    table |= {"password": {"sealed": True}, "smtp_password": {"sealed": True}}
    export.take_in(desk, ADMIN, [table])
    list(try_mailbox(desk, ADDRESS))


def got(server: ScriptedServer) -> str:
    """All that a server was told, what was in base64 there too."""
    said = [*server.commands]
    for command in server.commands:
        for word in command.split(" "):
            try:
                said.append(base64.b64decode(word, validate=True).decode("utf-8", "replace"))
            except ValueError:
                continue
    said += [password for _, password in getattr(server, "logins", [])]
    return "\n".join(said)


@pytest.mark.parametrize("source", SOURCES)
def test_the_named_server_gets_the_password(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, source: str
) -> None:
    add(desk, given_by(source), named)
    assert all(step.ok is not False for _, step in try_mailbox(desk, ADDRESS))
    assert PASSWORD in got(named)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_another_incoming_server_gets_nothing(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, source: str, protocol: str
) -> None:
    """A kept password, variable, credential or command reaches no other server, by no door."""
    add(desk, given_by(source), named)
    server = FaultyImap() if protocol == "imap" else FaultyPop3()
    with server as thief:
        attempts(desk, {"protocol": protocol, "host": "127.0.0.1", "port": thief.port, "security": "none"})
        assert PASSWORD not in got(thief)
    assert PASSWORD not in got(named)


@pytest.mark.parametrize("change", [{"host": "localhost"}, {"user": "other"}])
def test_the_same_port_under_another_name_or_as_somebody_else_gets_nothing(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, change: dict[str, str]
) -> None:
    add(desk, given_by("sealed"), named)
    attempts(desk, change)
    assert PASSWORD not in got(named)


def test_a_weaker_security_needs_the_password_again(
    desk: Desk, given_by: Callable[[str], SecretInput], pki: Pki
) -> None:
    """What was given for TLS does not go in clear text."""
    with FaultyImap(starttls=pki.server_context()) as server:
        add(desk, given_by("sealed"), server, security="starttls", host="localhost", ca_file=str(pki.ca_file))
        attempts(desk, {"security": "none", "port": server.port})
        assert PASSWORD not in got(server)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("auth", ["same", "basic"])
def test_another_outgoing_server_gets_nothing(
    desk: Desk,
    given_by: Callable[[str], SecretInput],
    named: FaultyImap,
    relay: FaultySmtp,
    source: str,
    auth: str,
) -> None:
    """Nor does it reach another SMTP server, with a login of its own or the same one."""
    add(
        desk,
        given_by(source),
        named,
        smtp_host="127.0.0.1",
        smtp_port=relay.port,
        smtp_security="none",
        smtp_auth=auth,
        smtp_user="noc",
    )
    with FaultySmtp() as thief:
        attempts(desk, {"smtp_port": thief.port})
        assert PASSWORD not in got(thief)


def test_a_password_for_fetching_goes_to_no_outgoing_server_that_comes_later(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, relay: FaultySmtp
) -> None:
    add(desk, given_by("sealed"), named)
    attempts(desk, {"smtp_host": "127.0.0.1", "smtp_port": relay.port, "smtp_security": "none"})
    assert PASSWORD not in got(relay)


def test_the_login_of_the_own_outgoing_account_becomes_the_incoming_one_only_with_its_password(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, relay: FaultySmtp
) -> None:
    add(
        desk,
        given_by("sealed"),
        named,
        smtp_host="127.0.0.1",
        smtp_port=relay.port,
        smtp_security="none",
        smtp_auth="basic",
        smtp_user="other",
    )
    attempts(desk, {"smtp_auth": "same"})
    assert PASSWORD not in got(relay)


def test_there_is_no_way_around_by_two_changes(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, thief: FaultyImap
) -> None:
    """Nor is it there again after a change that needs no password."""
    stored = add(desk, given_by("sealed"), named)
    registry.edit(desk, ADMIN, ADDRESS, merged(stored, {"protocol": "none", "port": thief.port}))
    back = merged(registry.get(ADDRESS), {"protocol": "imap", "port": thief.port, "security": "none"})
    with pytest.raises(SecretNotForThere):
        registry.edit(desk, ADMIN, ADDRESS, back)
    list(try_sides(desk, back, MailboxSecrets(), registry.get(ADDRESS)))
    assert PASSWORD not in got(thief)


def test_given_again_it_goes_to_the_new_server(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap, thief: FaultyImap
) -> None:
    stored = add(desk, given_by("sealed"), named)
    form = merged(stored, {"port": thief.port, "security": "none"})
    registry.edit(desk, ADMIN, ADDRESS, form, MailboxSecrets(SecretInput("sealed", "the-new-one")))
    list(try_mailbox(desk, ADDRESS))
    assert "the-new-one" in got(thief)
    assert PASSWORD not in got(thief)


def test_what_names_no_other_server_needs_no_password(
    desk: Desk, given_by: Callable[[str], SecretInput], named: FaultyImap
) -> None:
    stored = add(desk, given_by("sealed"), named)
    changes = {
        "name": "Help",
        "folder": "Desk",
        "schedule": "every 9 minutes",
        "batch": 20,
        "host": "127.0.0.1",
    }
    registry.edit(desk, ADMIN, ADDRESS, merged(stored, changes))
    assert incoming_account(desk, registry.get(ADDRESS)).password == Secret(PASSWORD)


# -- OAuth2


@pytest.fixture
def logged_in(desk: Desk, pki: Pki) -> Iterator[tuple[Mailbox, FaultyProvider]]:
    """A mailbox that fetches with a token, from a server and by a provider that it names."""
    with FaultyProvider(pki) as provider, FaultyImap(tls=pki.server_context()) as server:
        provider.answers = [(200, {"access_token": "new", "expires_in": 3600, "token_type": "Bearer"})]
        values = {
            "host": "localhost",
            "port": server.port,
            "security": "tls",
            "auth": "oauth2",
            "ca_file": str(pki.ca_file),
            "oauth2": "other",
            "oauth2_client_id": "desk",
            "oauth2_token_url": f"{provider.base}/token",
            "oauth2_device_url": f"{provider.base}/device",
            "oauth2_ca_file": str(pki.ca_file),
        }
        secrets = MailboxSecrets(client=SecretInput("sealed", "client-secret"))
        mailbox = registry.add(desk, ADMIN, check({"address": ADDRESS, **values}), secrets)
        token = Token(
            access=Secret("the-access-token"),
            refresh=Secret("the-refresh-token"),
            expires=datetime.now(UTC) + timedelta(seconds=3600),
            owner=ADDRESS,
        )
        tokens.keep_login(desk, ADMIN, mailbox, token)
        yield mailbox, provider


@pytest.mark.parametrize("change", ["port", "host", "user", "smtp"])
def test_a_token_goes_to_no_other_server(
    desk: Desk, pki: Pki, logged_in: tuple[Mailbox, FaultyProvider], change: str
) -> None:
    """A login by OAuth2 ends rather than go to a server that was not named."""
    mailbox, _ = logged_in
    context = pki.server_context()
    with FaultyImap(tls=context) as thief, FaultySmtp(tls=context) as relay:
        changed: dict[str, dict[str, Any]] = {
            "port": {"port": thief.port},
            "host": {"host": "127.0.0.1", "port": thief.port, "security": "tls"},
            "user": {"user": "other@desk.example", "port": thief.port},
            "smtp": {
                "smtp_host": "localhost",
                "smtp_port": relay.port,
                "smtp_security": "tls",
                "smtp_ca_file": str(pki.ca_file),
            },
        }
        form = merged(mailbox, changed[change])
        list(try_sides(desk, form, MailboxSecrets(), mailbox))
        registry.edit(desk, ADMIN, ADDRESS, form)
        list(try_mailbox(desk, ADDRESS))
        for server in (thief, relay):
            assert "the-access-token" not in got(server)
    app = mailboxes.oauth2_of(registry.get(ADDRESS).id)
    assert app is not None
    assert app.token_sealed is None


@pytest.mark.parametrize("change", ["token_url", "device_url", "revoke_url", "client_id", "provider"])
def test_a_client_secret_goes_to_no_other_provider(
    desk: Desk, pki: Pki, logged_in: tuple[Mailbox, FaultyProvider], change: str
) -> None:
    """A client secret goes to no other address, application or provider."""
    mailbox, provider = logged_in
    with FaultyProvider(pki) as thief:
        thief.answers = [(200, {"access_token": "x", "expires_in": 3600, "token_type": "Bearer"})]
        changed: dict[str, dict[str, Any]] = {
            "token_url": {"oauth2_token_url": f"{thief.base}/token"},
            "device_url": {"oauth2_device_url": f"{thief.base}/device"},
            "revoke_url": {"oauth2_revoke_url": f"{thief.base}/revoke"},
            "client_id": {"oauth2_client_id": "another"},
            "provider": {"oauth2": "google", "oauth2_token_url": f"{thief.base}/token"},
        }
        form = merged(mailbox, changed[change])
        with pytest.raises(SecretNotForThere, match="client secret"):
            registry.edit(desk, ADMIN, ADDRESS, form)
        export.take_in(desk, ADMIN, [export.documents()[0] | changed[change]])
        app = mailboxes.oauth2_of(registry.get(ADDRESS).id)
        assert app is not None
        assert (app.secret_source, app.token_sealed) == ("none", None) or change == "device_url"
        assert app.secret_source == "none"
        assert thief.requests == []
        assert provider.requests == []


def test_a_login_made_meanwhile_goes_to_the_provider_of_now(
    desk: Desk, pki: Pki, logged_in: tuple[Mailbox, FaultyProvider]
) -> None:
    mailbox, before = logged_in
    supply = tokens.token_supplier(desk, mailbox)
    assert supply() == Secret("the-access-token")
    with FaultyProvider(pki) as after:
        after.answers = [(200, {"access_token": "renewed", "expires_in": 3600, "token_type": "Bearer"})]
        form = merged(mailbox, {"oauth2_token_url": f"{after.base}/token"})
        secrets = MailboxSecrets(client=SecretInput("sealed", "another-secret"))
        registry.edit(desk, ADMIN, ADDRESS, form, secrets)
        token = Token(
            access=Secret("old"),
            refresh=Secret("another-refresh-token"),
            expires=datetime.now(UTC) - timedelta(seconds=1),
            owner=ADDRESS,
        )
        tokens.keep_login(desk, ADMIN, registry.get(ADDRESS), token)
        assert supply() == Secret("renewed")
        assert [asked.form["refresh_token"] for asked in after.requests] == ["another-refresh-token"]
    assert before.requests == []


def test_one_host_s_pop3_takes_the_token_that_its_imap_took(
    desk: Desk, logged_in: tuple[Mailbox, FaultyProvider]
) -> None:
    mailbox, _ = logged_in
    form = merged(mailbox, {"protocol": "pop3", "port": 1995, "security": "tls"})
    registry.edit(desk, ADMIN, ADDRESS, form)
    app = mailboxes.oauth2_of(registry.get(ADDRESS).id)
    assert app is not None
    assert app.token_sealed is not None


TRUST: dict[str, Any] = {
    "pin": {"fingerprint": "ab" * 32},
    "CA": {"ca_file": str(Path(__file__))},
    "SMTP pin": {"smtp_fingerprint": "ab" * 32},
    "SMTP CA": {"smtp_ca_file": str(Path(__file__))},
    "OAuth2 CA": {"oauth2_ca_file": str(Path(__file__))},
}


@pytest.mark.parametrize("what", TRUST)
def test_behind_another_certificate_may_be_another_server(desk: Desk, what: str) -> None:
    """Another pin or CA file names another server."""
    values = {
        "address": ADDRESS,
        "host": "imap.desk.example",
        "smtp_host": "smtp.desk.example",
        "smtp_auth": "basic",
        "oauth2": "google",
        "oauth2_client_id": "id-1",
    }
    word = SecretInput("sealed", PASSWORD)
    stored = registry.add(desk, ADMIN, check(values), MailboxSecrets(word, word, word))
    form = merged(stored, TRUST[what])
    with pytest.raises(SecretNotForThere, match="give it again"):
        registry.edit(desk, ADMIN, ADDRESS, form)
    name = "outgoing" if "SMTP" in what else "client" if "OAuth2" in what else "incoming"
    given = MailboxSecrets(**{name: word})
    registry.edit(desk, ADMIN, ADDRESS, form, given)
    # And back: what the pin kept out may be what answers now.
    taken_away = merged(registry.get(ADDRESS), dict.fromkeys(TRUST[what], ""))
    with pytest.raises(SecretNotForThere):
        registry.edit(desk, ADMIN, ADDRESS, taken_away)
    (table,) = export.documents()
    assert table | TRUST[what] == table
    unpinned = {name: value for name, value in table.items() if name not in TRUST[what]}
    (outcome,) = export.take_in(desk, ADMIN, [unpinned])
    assert outcome.missing, "the file cannot give it, so it is asked for"


def test_a_login_ends_behind_another_certificate(desk: Desk) -> None:
    values = {
        "address": ADDRESS,
        "host": "imap.desk.example",
        "auth": "oauth2",
        "oauth2": "google",
        "oauth2_client_id": "id-1",
    }
    stored = registry.add(desk, ADMIN, check(values))
    for changes in (TRUST["pin"], TRUST["CA"]):
        tokens.keep_login(desk, ADMIN, stored, Token(access=Secret("a"), refresh=Secret("r")))
        stored = registry.edit(desk, ADMIN, ADDRESS, merged(stored, {"name": "x"}))
        app = mailboxes.oauth2_of(stored.id)
        assert app is not None
        assert app.token_sealed, "not by another name"
        stored = registry.edit(desk, ADMIN, ADDRESS, merged(stored, changes))
        app = mailboxes.oauth2_of(stored.id)
        assert app is not None
        assert not app.token_sealed
