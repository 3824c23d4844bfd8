"""The life of a login at real servers: device grant, mail, expiry, refresh, revocation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from config.secrets import Secret
from mail.errors import LoginRefused, TokenRefused
from mail.oauth2 import Supplier, Token, begin_device, revoke, wait_for_device
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.oauth import LONG, OAuthServer
from tests.support.servers.pki import Pki
from tests.support.servers.postfix import Postfix
from tests.support.tokens import PROTOCOLS, Doors, Tokens, app_of


@pytest.fixture
def short_lived(oauth_server: OAuthServer) -> Iterator[OAuthServer]:
    """The server while it gives out access tokens for two seconds."""
    oauth_server.set_access_seconds(2)
    yield oauth_server
    oauth_server.set_access_seconds(LONG)


@pytest.fixture
def doors(dovecot: Dovecot, postfix: Postfix, pki: Pki) -> Doors:
    return Doors(dovecot, postfix, pki)


def test_from_the_device_code_to_the_revocation(
    short_lived: OAuthServer, doors: Doors, mailuser: MailUser
) -> None:
    app = app_of(short_lived, public=True)
    grant = begin_device(app)
    short_lived.approve_device(mailuser.address, grant.user_code)
    first = wait_for_device(app, grant)
    assert first is not None
    kept = [first]
    supplier = Supplier(app, load=partial(_last, kept), store=kept.append)

    for protocol in PROTOCOLS:
        doors.log_in(protocol, mailuser.address, supplier)
    assert all(token.refresh != first.refresh for token in kept[1:])

    def is_dead(token: Token) -> bool:
        try:
            doors.log_in("imap", mailuser.address, Tokens([token.access.reveal()]))
        except LoginRefused:
            return True
        return False

    last = kept[-1]
    wait_until(lambda: is_dead(last), "an access token for two seconds still logs in")
    for protocol in PROTOCOLS:
        doors.log_in(protocol, mailuser.address, supplier)
    assert kept[-1].access != last.access

    with pytest.raises(LoginRefused):
        doors.log_in("imap", "user1@example.test", Tokens([kept[-1].access.reveal()]))

    revoke(app_of(short_lived), kept[-1])
    before = len(kept)
    for protocol in PROTOCOLS:
        with pytest.raises(TokenRefused) as caught:
            doors.log_in(protocol, mailuser.address, supplier)
        assert "mailbox login" in caught.value.hint
    assert len(kept) == before


def test_a_token_that_died_early_is_replaced_in_the_middle_of_a_login(
    oauth_server: OAuthServer, doors: Doors, mailuser: MailUser
) -> None:
    app = app_of(oauth_server)
    grant = begin_device(app)
    oauth_server.approve_device(mailuser.address, grant.user_code)
    token = wait_for_device(app, grant)
    assert token is not None
    for protocol in PROTOCOLS:
        kept = [Token(Secret("withdrawn"), token.refresh, token.expires, token.scopes)]
        doors.log_in(protocol, mailuser.address, Supplier(app, partial(_last, kept), kept.append))
        assert len(kept) == 2
        token = kept[-1]


def _last(kept: list[Token]) -> Token:
    return kept[-1]
