"""Answers of OAuth2 providers, from a scripted one: what they mean, and what to do about them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from config.providers import oauth2_provider
from config.secrets import Secret
from mail.errors import OAuth2Missing, TlsFailed, TokenRefused, TokenUnavailable
from mail.oauth2 import (
    OAuth2App,
    Token,
    app_for,
    begin_code,
    begin_device,
    client_credentials,
    poll_device,
    refresh,
    revoke,
)
from tests.support.servers.fault import Line, ScriptedServer, drop
from tests.support.servers.faulty_oauth import FaultyProvider
from tests.support.servers.pki import Pki


class Proxy(ScriptedServer):
    """Reads what it is sent, whatever it is, and answers the first lines by script."""

    async def talk(self, line: Line) -> None:
        while (said := await line.read_line()).strip():
            self.commands.append(said.decode("utf-8", "replace"))
        await line.step("answer")


OLD = Token(Secret("old-access"), Secret("old-refresh-token"), scopes=("mail",), owner="ann@example.test")


@pytest.fixture
def provider(pki: Pki) -> Iterator[FaultyProvider]:
    with FaultyProvider(pki) as running:
        yield running


def app_at(provider: FaultyProvider, pki: Pki, /, **changes: Any) -> OAuth2App:
    about: dict[str, Any] = {
        "provider": "other",
        "client_id": "desk",
        "client_secret": Secret("cl1ent-secret"),
        "token_url": f"{provider.base}/token",
        "device_url": f"{provider.base}/device",
        "revoke_url": f"{provider.base}/revoke",
        "scopes": ("mail",),
        "ca_file": pki.ca_file,
        "timeout": 10.0,
    }
    return OAuth2App(**(about | changes))


@pytest.mark.parametrize(
    ("status", "answer", "error", "cured_by"),
    [
        (400, {"error": "invalid_grant"}, TokenRefused, "mailbox login"),
        (
            400,
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
            TokenRefused,
            "7 days",
        ),
        (
            400,
            {"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired"},
            TokenRefused,
            "mailbox login",
        ),
        (
            401,
            {
                "error": "invalid_client",
                "error_description": "AADSTS7000222: The provided client secret keys",
            },
            TokenRefused,
            "Certificates & secrets",
        ),
        (
            401,
            {"error": "invalid_client", "error_description": "AADSTS7000218: The request body must contain"},
            TokenRefused,
            "public client flows",
        ),
        (401, {"error": "invalid_client"}, TokenRefused, "client id"),
        (400, {"error": "invalid_scope"}, TokenRefused, "scopes"),
        (400, {"error": "temporarily_unavailable"}, TokenUnavailable, "later"),
        (400, b"", TokenRefused, ""),
        (403, b"<html>no</html>", TokenRefused, ""),
        (429, {"error": "rate_limited"}, TokenUnavailable, "later"),
        (500, {"error": "invalid_grant"}, TokenUnavailable, ""),
        (503, b"<html>down</html>", TokenUnavailable, "later"),
        (302, b"", TokenUnavailable, ""),
        (200, b"<html>a hotel's login page</html>", TokenUnavailable, ""),
        (200, [], TokenUnavailable, ""),
        (200, {}, TokenUnavailable, "token address"),
        (200, {"access_token": ""}, TokenUnavailable, "token address"),
        (200, {"access_token": 5}, TokenUnavailable, "token address"),
        (200, {"error": "invalid_grant"}, TokenRefused, "mailbox login"),
    ],
)
def test_a_refusal_is_for_a_person_or_for_later(
    provider: FaultyProvider, pki: Pki, status: int, answer: Any, error: type[Exception], cured_by: str
) -> None:
    provider.answers = [(status, answer)]
    with pytest.raises(error) as caught:
        refresh(app_at(provider, pki), OLD)
    assert cured_by in caught.value.hint  # type: ignore[attr-defined]


def test_a_provider_that_repeats_our_secrets_does_not_show_them(provider: FaultyProvider, pki: Pki) -> None:
    words = "client cl1ent-secret with old-refresh-token \x1b[2J is wrong"
    provider.answers = [(400, {"error": "invalid_grant", "error_description": words})]
    with pytest.raises(TokenRefused) as caught:
        refresh(app_at(provider, pki), OLD)
    shown = f"{caught.value} {caught.value!r}"
    assert "cl1ent" not in shown
    assert "old-refresh" not in shown
    assert "\x1b" not in shown


def test_what_a_refresh_leaves_out_stays(provider: FaultyProvider, pki: Pki) -> None:
    provider.answers = [(200, {"access_token": "new", "expires_in": "3600", "token_type": "Bearer"})]
    fresh = refresh(app_at(provider, pki), OLD)
    assert fresh.access == Secret("new")
    assert (fresh.refresh, fresh.scopes, fresh.owner) == (OLD.refresh, OLD.scopes, OLD.owner)
    assert fresh.expires is not None
    (asked,) = provider.requests
    assert asked.form == {
        "grant_type": "refresh_token",
        "refresh_token": "old-refresh-token",
        "client_id": "desk",
        "client_secret": "cl1ent-secret",
    }


def test_a_rotated_refresh_token_and_its_end_are_taken(provider: FaultyProvider, pki: Pki) -> None:
    answer = {"access_token": "new", "refresh_token": "next", "refresh_token_expires_in": 604800}
    provider.answers = [(200, answer)]
    fresh = refresh(app_at(provider, pki), OLD)
    assert fresh.refresh == Secret("next")
    assert fresh.refresh_expires is not None
    assert fresh.expires is None


def test_microsoft_is_told_the_scopes_again(provider: FaultyProvider, pki: Pki) -> None:
    provider.answers = [(200, {"access_token": "new"})]
    scopes = ("offline_access", "https://outlook.office.com/IMAP.AccessAsUser.All")
    refresh(app_at(provider, pki, provider="microsoft", scopes=scopes), OLD)
    assert provider.requests[0].form["scope"] == " ".join(scopes)


def test_a_known_provider_becomes_an_application() -> None:
    app = app_for(oauth2_provider("microsoft"), "id", protocols=("pop3", "smtp"), tenant="contoso.example")
    assert app.provider == "microsoft"
    assert app.token_url == "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
    assert app.scopes[-2:] == (
        "https://outlook.office.com/POP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
    )
    itself = app_for(oauth2_provider("microsoft"), "id", Secret("s"), as_itself=True)
    assert itself.scopes == ("https://outlook.office365.com/.default",)
    google = begin_code(app_for(oauth2_provider("google"), "id"), "http://127.0.0.1:8400/")
    assert "access_type=offline" in google.url
    assert "nonce=" in google.url


def test_a_public_client_sends_its_name_and_no_secret(provider: FaultyProvider, pki: Pki) -> None:
    provider.answers = [(200, {"access_token": "new"})]
    refresh(app_at(provider, pki, client_secret=None), OLD)
    (asked,) = provider.requests
    assert asked.form["client_id"] == "desk"
    assert "client_secret" not in asked.form
    assert not asked.authorization


def test_a_device_grant_that_is_not_allowed_says_why(provider: FaultyProvider, pki: Pki) -> None:
    words = "AADSTS53003: Access has been blocked by Conditional Access policies."
    provider.answers = [(400, {"error": "invalid_grant", "error_description": words})]
    with pytest.raises(TokenRefused) as caught:
        begin_device(app_at(provider, pki))
    assert "browser" in caught.value.hint
    for nonsense in ({}, {"device_code": "x"}, b"<html>"):
        provider.answers = [(200, nonsense)]
        with pytest.raises(TokenUnavailable):
            begin_device(app_at(provider, pki))


def test_haste_is_slowed_down_and_a_declined_login_ends(provider: FaultyProvider, pki: Pki) -> None:
    app = app_at(provider, pki)
    provider.answers = [(200, {"device_code": "d", "user_code": "U", "verification_uri": "https://p.test/"})]
    grant = begin_device(app)
    provider.answers = [(400, {"error": "slow_down"})]
    assert poll_device(app, grant) is None
    assert grant.interval == 10.0
    provider.answers = [(400, {"error": "authorization_pending"})]
    assert poll_device(app, grant) is None
    assert grant.interval == 10.0
    for error in ("access_denied", "expired_token"):
        provider.answers = [(400, {"error": error})]
        with pytest.raises(TokenRefused) as caught:
            poll_device(app, grant)
        assert caught.value.error == error


def test_googles_old_spelling_of_the_address_is_understood(provider: FaultyProvider, pki: Pki) -> None:
    answer = {"device_code": "d", "user_code": "U-1", "verification_url": "https://g.test/device"}
    provider.answers = [(200, answer)]
    grant = begin_device(app_at(provider, pki))
    assert (grant.url, grant.user_code, grant.interval) == ("https://g.test/device", "U-1", 5.0)


def test_a_revocation_that_is_refused_is_said(provider: FaultyProvider, pki: Pki) -> None:
    provider.answers = [(400, {"error": "invalid_client"})]
    with pytest.raises(TokenRefused):
        revoke(app_at(provider, pki), OLD)
    provider.answers = [(200, b"")]
    assert revoke(app_at(provider, pki), OLD) is True
    assert provider.requests[-1].form["token"] == "old-refresh-token"


def test_a_certificate_nobody_vouches_for_gets_no_secret(pki: Pki) -> None:
    with FaultyProvider(pki, pki.expired) as expired:
        expired.answers = [(200, {"access_token": "x"})]
        with pytest.raises(TlsFailed) as caught:
            refresh(app_at(expired, pki), OLD)
        assert caught.value.reason == "expired"
        with pytest.raises(TlsFailed):
            refresh(app_at(expired, pki, ca_file=None), OLD)
        assert expired.requests == []


def test_an_address_without_https_is_refused_before_anything_is_sent(
    provider: FaultyProvider, pki: Pki
) -> None:
    plain = provider.base.replace("https:", "http:")
    for call in (
        lambda app: refresh(app, OLD),
        client_credentials,
        begin_device,
        lambda app: begin_code(app, "http://127.0.0.1/"),
    ):
        app = app_at(provider, pki, token_url=plain, device_url=plain, authorize_url="")
        with pytest.raises(TokenRefused, match="https"):
            call(app)
    assert provider.requests == []


def test_a_provider_that_is_not_there_is_asked_later(pki: Pki) -> None:
    app = OAuth2App("other", "desk", token_url="https://127.0.0.1:1/token", ca_file=pki.ca_file)
    with pytest.raises(TokenUnavailable) as caught:
        refresh(app, OLD)
    assert "127.0.0.1" in str(caught.value)


def test_without_the_extra_there_is_a_clear_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(OAuth2Missing) as caught:
        begin_code(OAuth2App("other", "desk", authorize_url="https://x.test/"), "http://127.0.0.1/")
    assert "'.[oauth]'" in caught.value.hint


def test_the_heavy_parts_are_not_imported_before_they_are_needed() -> None:
    program = (
        "import sys, mail.imap.connection\n"
        "from mail.oauth2 import Supplier, Token\n"
        "heavy = ('authlib', 'httpx2', 'anyio', 'http.server', 'mail.transport.sasl', 'asyncio')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_secret_follows_a_provider_that_sends_us_on(
    provider: FaultyProvider, pki: Pki, status: int
) -> None:
    """Tokens and the client's secret go to the addresses that were named, not to those that these name."""
    with FaultyProvider(pki) as elsewhere:
        elsewhere.answers = [(200, {"access_token": "x", "token_type": "Bearer"})]
        provider.answers = [(status, {})]
        provider.location = f"{elsewhere.base}/token"
        app = app_at(provider, pki)
        for ask in (lambda: refresh(app, OLD), lambda: client_credentials(app), lambda: begin_device(app)):
            with pytest.raises((TokenRefused, TokenUnavailable)):
                ask()
        with suppress(TokenRefused, TokenUnavailable):
            revoke(app, OLD)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "answer", ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 302 Found\r\nLocation: https://x.test/\r\n"]
)
def test_a_proxy_learns_the_name_of_the_provider_and_no_secret(
    provider: FaultyProvider, pki: Pki, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A proxy of the environment is asked for a connection, in which TLS has to prove the provider."""
    with Proxy({"answer": drop(answer)}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        app = app_at(provider, pki, token_url="https://provider.example.test/token")
        with pytest.raises((TokenUnavailable, TlsFailed)):
            refresh(app, OLD)
        said = "\n".join(proxy.commands)
    assert "CONNECT provider.example.test:443" in said
    for secret in ("old-refresh-token", "cl1ent-secret", "old-access"):
        assert secret not in said


@pytest.mark.parametrize("what", ["refresh", "application", "device code", "device token", "revoke"])
def test_a_provider_that_answers_bit_by_bit_is_given_up(
    provider: FaultyProvider, pki: Pki, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Every request to a provider ends with its time, though a byte comes before each wait is over."""
    app = app_at(provider, pki)
    provider.answers = [
        (200, {"verification_uri": "https://x.test", "user_code": "AB", "device_code": "the-device-code"})
    ]
    grant = begin_device(app)
    monkeypatch.setattr("mail.oauth2.client.LONGEST_SECONDS", 0.5)
    provider.dribbles = True
    asked: dict[str, Callable[[], object]] = {
        "refresh": lambda: refresh(app, OLD),
        "application": lambda: client_credentials(app),
        "device code": lambda: begin_device(app),
        "device token": lambda: poll_device(app, grant),
        "revoke": lambda: revoke(app, OLD),
    }
    with pytest.raises(TokenUnavailable, match="did not answer in time"):
        asked[what]()
