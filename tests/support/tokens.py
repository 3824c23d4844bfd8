"""Token suppliers for tests, and one login for each protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from config.secrets import Secret
from mail.account import TokenSupplier
from mail.imap.session import ImapSession
from mail.oauth2 import OAuth2App
from mail.pop3.session import Pop3Session
from mail.smtp.session import SmtpSession
from tests.support.accounts import incoming, outgoing
from tests.support.servers.dovecot import Dovecot
from tests.support.servers.oauth import CLIENT, CLIENT_SECRET, PUBLIC_CLIENT, SCOPE, OAuthServer
from tests.support.servers.pki import Pki
from tests.support.servers.postfix import Postfix

Protocol = Literal["imap", "pop3", "smtp"]
PROTOCOLS: tuple[Protocol, ...] = ("imap", "pop3", "smtp")


@dataclass
class Tokens:
    """Gives these tokens one after the other: the next one each time it is asked to renew."""

    texts: list[str]
    renewals: int = field(default=0, init=False)

    def __call__(self, *, renew: bool = False) -> Secret:
        if renew:
            self.renewals += 1
            self.texts = self.texts[1:] or self.texts
        return Secret(self.texts[0])


@dataclass
class Doors:
    """The three servers at which a token logs in."""

    dovecot: Dovecot
    postfix: Postfix
    pki: Pki

    def log_in(self, protocol: Protocol, user: str, token: TokenSupplier, **changes: Any) -> None:
        """Log in over TLS and log out; the session's errors come through."""
        common: dict[str, Any] = {
            "security": "tls",
            "auth": "oauth2",
            "user": user,
            "token": token,
            "ca_file": self.pki.ca_file,
            "timeout": 20.0,
        }
        if protocol == "imap":
            with ImapSession(incoming(**({"port": self.dovecot.imaps_port} | common | changes))) as imap:
                imap.select()
        elif protocol == "pop3":
            pop: dict[str, Any] = {"port": self.dovecot.pop3s_port, "protocol": "pop3"}
            account = incoming(**(pop | common | changes))
            with Pop3Session(account) as pop3:
                pop3.uidls()
        else:
            asyncio.run(self._smtp(common | changes))

    async def _smtp(self, changes: dict[str, Any]) -> None:
        async with SmtpSession(outgoing(**({"port": self.postfix.smtps_port} | changes))) as session:
            assert session.account.auth == "oauth2"


def app_of(server: OAuthServer, public: bool = False, **changes: Any) -> OAuth2App:
    """The desk as this server knows it."""
    about: dict[str, Any] = {
        "provider": "other",
        "client_id": PUBLIC_CLIENT if public else CLIENT,
        "client_secret": None if public else Secret(CLIENT_SECRET),
        "authorize_url": server.authorize_url,
        "token_url": server.token_url,
        "device_url": server.device_url,
        "revoke_url": server.revoke_url,
        "scopes": ("openid", SCOPE),
        "ca_file": server.pki.ca_file,
    }
    return OAuth2App(**(about | changes))
