"""The browser login: by pasted address and by loopback, against a real OAuth2 server."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from mail.errors import ConnectFailed, TokenRefused
from mail.oauth2 import Loopback, begin_code, finish_code
from tests.support.servers.dovecot import MailUser
from tests.support.servers.oauth import REDIRECT, OAuthServer
from tests.support.tokens import app_of


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
@pytest.mark.parametrize("client_auth", ["post", "basic"])
def test_a_pasted_address_becomes_a_token(
    oauth_server: OAuthServer, mailuser: MailUser, public: bool, client_auth: str
) -> None:
    app = app_of(oauth_server, public, client_auth=client_auth)
    grant = begin_code(app, REDIRECT, login_hint=mailuser.address)
    token = finish_code(app, grant, oauth_server.consent(mailuser.address, grant.url))
    assert oauth_server.introspect(token.access.reveal())["username"] == mailuser.address.partition("@")[0]
    assert token.refresh is not None
    assert token.expires is not None
    assert not token.is_due()
    assert set(token.scopes) == {"openid", "mail"}
    assert token.owner == mailuser.address


def test_what_a_terminal_does_to_a_pasted_address_does_not_matter(
    oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    app = app_of(oauth_server)
    for mangle in (
        lambda url: f"  <{url[:40]}\r\n  {url[40:]}>\n",
        lambda url: urlsplit(url).query,
        lambda url: "?" + urlsplit(url).query,
        lambda url: url.replace("?", "#"),
    ):
        grant = begin_code(app, REDIRECT)
        assert finish_code(app, grant, mangle(oauth_server.consent(mailuser.address, grant.url))).access


def test_the_address_carries_pkce_and_a_state_and_no_secret(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server, extra={"access_type": "offline"})
    grant = begin_code(app, REDIRECT, login_hint="ann@example.test")
    told = {name: values[0] for name, values in parse_qs(urlsplit(grant.url).query).items()}
    assert told["code_challenge_method"] == "S256"
    assert len(told["code_challenge"]) == 43
    assert told["state"] == grant.state
    assert told["scope"] == "openid mail"
    assert told["access_type"] == "offline"
    assert told["login_hint"] == "ann@example.test"
    assert grant.verifier.reveal() not in grant.url
    assert grant.verifier.reveal() not in repr(grant)
    assert "clientsecret" not in grant.url


def test_the_code_is_worthless_without_the_verifier(oauth_server: OAuthServer, mailuser: MailUser) -> None:
    app = app_of(oauth_server, public=True)
    grant = begin_code(app, REDIRECT)
    came = oauth_server.consent(mailuser.address, grant.url)
    thief = begin_code(app, REDIRECT)
    with pytest.raises(TokenRefused):
        finish_code(app, thief, came.replace(grant.state, thief.state))


def test_a_code_is_good_once(oauth_server: OAuthServer, mailuser: MailUser) -> None:
    app = app_of(oauth_server)
    grant = begin_code(app, REDIRECT)
    came = oauth_server.consent(mailuser.address, grant.url)
    finish_code(app, grant, came)
    with pytest.raises(TokenRefused) as caught:
        finish_code(app, grant, came)
    assert parse_qs(urlsplit(came).query)["code"][0] not in str(caught.value)


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "no state"),
        ("http://127.0.0.1:8765/callback", "no state"),
        ("what is this", "no state"),
        ("http://[::1/callback?code=x", "no state"),
        ("http://127.0.0.1:8765/callback?code=abc&state=other", "does not belong"),
        ("http://127.0.0.1:8765/callback?state={state}", "no code"),
        ("http://127.0.0.1:8765/callback?state={state}&error=access_denied", "access_denied"),
    ],
)
def test_a_wrong_paste_is_named_and_asks_nobody(oauth_server: OAuthServer, pasted: str, words: str) -> None:
    app = app_of(oauth_server, token_url="https://127.0.0.1:1/token")
    grant = begin_code(app, REDIRECT)
    with pytest.raises(TokenRefused, match=words) as caught:
        finish_code(app, grant, pasted.format(state=grant.state))
    assert caught.value.hint


def test_a_browser_on_this_machine_comes_to_the_loopback(
    oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    app = app_of(oauth_server, public=True)
    with Loopback() as loopback:
        oauth_server.allow_redirect(loopback.redirect)
        grant = begin_code(app, loopback.redirect)
        came = oauth_server.consent(mailuser.address, grant.url)
        for other in ("/", "/favicon.ico", "/callback", "/other?code=x&state=y"):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(urlsplit(loopback.redirect)._replace(path=other).geturl())
        # Somebody else's page sends the browser here with a code of theirs.
        urllib.request.urlopen(f"{loopback.redirect}?code=stolen&state=guessed").close()
        with urllib.request.urlopen(came) as page:
            assert b"terminal" in page.read()
            assert page.headers["Referrer-Policy"] == "no-referrer"
        answer = loopback.wait(grant.state, timeout=20)
    assert answer is not None
    assert finish_code(app, grant, answer).owner == mailuser.address


def test_nobody_comes_to_the_loopback() -> None:
    with Loopback() as loopback:
        assert loopback.wait("state", timeout=0) is None


def test_a_port_that_is_taken_is_said() -> None:
    with Loopback() as first:
        port = urlsplit(first.redirect).port or 0
        with pytest.raises(ConnectFailed, match=str(port)), Loopback(port=port):
            pass


def test_the_redirect_can_say_localhost_as_microsoft_wants_it() -> None:
    with Loopback("http://localhost:{port}/") as loopback:
        assert loopback.redirect.startswith("http://localhost:")
        assert loopback.redirect.endswith("/")
        at = loopback.redirect.replace("localhost", "127.0.0.1")
        urllib.request.urlopen(f"{at}?code=c&state=s").close()
        assert (loopback.wait("s", timeout=20) or "").endswith("/?code=c&state=s")
