"""The device grant (RFC 8628) and client credentials against a real OAuth2 server."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.secrets import Secret
from mail.errors import TokenRefused, TokenUnavailable
from mail.oauth2 import (
    begin_device,
    client_credentials,
    poll_device,
    refresh,
    revoke,
    wait_for_device,
)
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.oauth import OAuthServer
from tests.support.tokens import app_of


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
@pytest.mark.parametrize("client_auth", ["post", "basic"])
def test_a_code_typed_elsewhere_becomes_a_token(
    oauth_server: OAuthServer, mailuser: MailUser, public: bool, client_auth: str
) -> None:
    app = app_of(oauth_server, public, client_auth=client_auth)
    grant = begin_device(app)
    assert grant.url.startswith(oauth_server.issuer)
    assert grant.user_code in grant.url_complete
    assert grant.device_code.reveal() not in repr(grant)
    oauth_server.approve_device(mailuser.address, grant.user_code)
    token = wait_for_device(app, grant)
    assert token is not None
    assert token.owner == mailuser.address
    assert token.refresh is not None


def test_while_nobody_answers_there_is_no_token(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server)
    assert poll_device(app, begin_device(app)) is None


def test_waiting_can_be_ended(oauth_server: OAuthServer) -> None:
    app, stop = app_of(oauth_server), threading.Event()
    assert wait_for_device(app, begin_device(app), stop, waiting=stop.set) is None


def test_a_code_that_ran_out_says_so_and_asks_nobody(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server)
    grant = begin_device(app)
    grant.expires = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(TokenRefused, match="run out"):
        poll_device(replace(app, token_url="https://127.0.0.1:1/"), grant)


def test_an_unknown_device_code_is_refused(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server)
    grant = begin_device(app)
    grant.device_code = Secret("never-given-out")
    with pytest.raises(TokenRefused) as caught:
        poll_device(app, grant)
    assert "never-given-out" not in str(caught.value)


def test_the_application_itself_gets_a_token(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server, scopes=("mail",))
    token = client_credentials(app)
    assert oauth_server.introspect(token.access.reveal())["active"] is True
    assert token.refresh is None
    with pytest.raises(TokenRefused, match="no refresh token"):
        refresh(app, token)


def test_a_wrong_client_secret_is_refused_and_not_shown(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server, scopes=("mail",), client_secret=Secret("wr0ng-secret"))
    with pytest.raises(TokenRefused) as caught:
        client_credentials(app)
    assert "wr0ng-secret" not in f"{caught.value!r} {caught.value}"


def test_a_refresh_token_changes_and_the_old_one_is_worthless(
    oauth_server: OAuthServer, mailuser: MailUser
) -> None:
    app = app_of(oauth_server)
    grant = begin_device(app)
    oauth_server.approve_device(mailuser.address, grant.user_code)
    first = wait_for_device(app, grant)
    assert first is not None
    second = refresh(app, first)
    assert second.refresh != first.refresh
    assert second.owner == mailuser.address
    with pytest.raises(TokenRefused):
        refresh(app, first)


def test_a_revoked_login_is_over(oauth_server: OAuthServer, mailuser: MailUser) -> None:
    app = app_of(oauth_server)
    grant = begin_device(app)
    oauth_server.approve_device(mailuser.address, grant.user_code)
    token = wait_for_device(app, grant)
    assert token is not None
    assert revoke(app, token) is True
    with pytest.raises(TokenRefused) as caught:
        refresh(app, token)
    assert "mailbox login" in caught.value.hint
    assert revoke(replace(app, revoke_url=""), token) is False


def test_a_provider_that_is_down_is_asked_later(oauth_server: OAuthServer) -> None:
    app = app_of(oauth_server, scopes=("mail",))
    oauth_server.halt()
    try:
        with pytest.raises(TokenUnavailable):
            client_credentials(app)
    finally:
        oauth_server.restart()
    wait_until(lambda: bool(client_credentials(app).access), "the provider is not back")
