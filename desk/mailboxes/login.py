"""Logging a mailbox in with OAuth2, by a code, in a browser or as the application itself, and out again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from desk.errors import Refused
from desk.mailboxes.registry import get
from desk.mailboxes.tokens import app_of, forget_login, keep_login
from desk.permissions import Actor, require
from mail.errors import MailError
from mail.inert import one_line
from models import mailboxes

if TYPE_CHECKING:
    from desk.home import Desk
    from mail.oauth2 import CodeGrant, DeviceGrant, OAuth2App, Token

LoginMethod = Literal["device", "paste", "loopback", "client-credentials"]
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that was kept. `warnings`: what a person should know about it."""

    address: str
    owner: str | None
    expires: datetime | None
    refresh_expires: datetime | None
    scopes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """A login that was forgotten. `revoked`: its provider takes the token for nothing any more.

    `trouble`: why the provider, which offers that, did not do it; empty when it did, or offers no such thing.
    """

    address: str
    owner: str | None
    revoked: bool
    trouble: str = ""


def log_out(desk: Desk, actor: Actor, address: str) -> LoggedOut:
    """Forget the OAuth2 login of a mailbox, and have its provider revoke it (RFC 7009) where it offers that.

    The login is forgotten first and in any case: what is over here must not go on because a provider is down.
    Blocks. Raises NotFound, NotAllowed, and Refused for a mailbox that nobody has logged in.
    """
    require(actor, "mailbox.edit")
    mailbox = get(address)
    row = mailboxes.oauth2_of(mailbox.id)
    if row is None or not row.token_sealed:
        raise Refused(f"{mailbox.address} is not logged in with OAuth2", "nightdesk mailbox show ADDRESS")
    forgotten = forget_login(desk, actor, mailbox)
    owner = str(row.owner) or None
    if isinstance(forgotten, str):
        return LoggedOut(str(mailbox.address), owner, False, forgotten)
    app, token = forgotten
    from mail.oauth2 import revoke  # 5 ms, for OAuth2

    try:
        return LoggedOut(str(mailbox.address), owner, revoke(app, token))
    except MailError as error:
        return LoggedOut(str(mailbox.address), owner, False, one_line(str(error)))


class Login:
    """One login of a mailbox, from its beginning to the kept token. Its methods block: use a thread.

    Raises NotFound, NotAllowed, and Refused for a mailbox without an OAuth2 application. The methods raise
    `TokenRefused` and `TokenUnavailable` with the provider's words, and Refused for the wrong person.
    """

    def __init__(self, desk: Desk, actor: Actor, address: str) -> None:
        require(actor, "mailbox.edit")
        self._desk, self._actor = desk, actor
        self.mailbox = get(address)
        self.app: OAuth2App = app_of(desk, self.mailbox, as_itself=False)

    @property
    def user(self) -> str:
        """Who should log in."""
        return str(self.mailbox.username or self.mailbox.smtp_username or self.mailbox.address)

    @property
    def usual_way(self) -> LoginMethod:
        """The way that works over SSH with the least to do."""
        return "device" if self.app.device_url else "paste"

    def begin_device(self) -> DeviceGrant:
        """Ask the provider for the code that a person types into any browser."""
        from mail.oauth2 import begin_device  # 5 ms, for OAuth2

        if not self.app.device_url:
            raise Refused(
                f"{self.app.provider} offers no device code for mail", "log in with --paste or --loopback"
            )
        return begin_device(self.app)

    def finish_device(
        self,
        grant: DeviceGrant,
        stop: threading.Event | None = None,
        waiting: Callable[[], None] | None = None,
    ) -> LoggedIn | None:
        """Wait for the person's answer and keep the login; None when `stop` was set."""
        from mail.oauth2 import wait_for_device  # 6 ms, for OAuth2

        token = wait_for_device(self.app, grant, stop, waiting)
        return None if token is None else self._kept(token)

    def redirect(self, port: int) -> str:
        """Return the redirect address to register with the provider, for this port."""
        from config.providers import oauth2_provider  # 6 ms, for OAuth2

        return oauth2_provider(self.app.provider).redirect_at(port)

    @property
    def redirect_template(self) -> str:
        """The same with ``{port}`` in it, for a `mail.oauth2.Loopback`."""
        from config.providers import oauth2_provider  # 6 ms, for OAuth2

        return oauth2_provider(self.app.provider).redirect

    def begin_browser(self, redirect: str) -> CodeGrant:
        """Return the address that a person opens in a browser."""
        from mail.oauth2 import begin_code  # 6 ms, for OAuth2

        if not self.app.authorize_url:
            raise Refused(f"{self.mailbox.address} has no address for a browser", "log in with --device")
        return begin_code(self.app, redirect, self.user)

    def finish_browser(self, grant: CodeGrant, came: str) -> LoggedIn:
        """Keep the login that the address means to which the browser was sent."""
        from mail.oauth2 import finish_code  # 6 ms, for OAuth2

        return self._kept(finish_code(self.app, grant, came))

    def by_loopback(
        self, shown: Callable[[str, str], None], stop: threading.Event, port: int = 0
    ) -> LoggedIn | None:
        """Log in with a browser of this machine; None when `stop` was set before it came back.

        `shown` is given the address to open and the one that is listened at.
        """
        from mail.oauth2 import Loopback  # 13 ms, for OAuth2

        with Loopback(self.redirect_template, port) as page:
            grant = self.begin_browser(page.redirect)
            shown(grant.url, page.redirect)
            while not stop.is_set():
                came = page.wait(grant.state, _LOOK_SECONDS)
                if came is not None:
                    return self.finish_browser(grant, came)
        return None

    def as_itself(self) -> LoggedIn:
        """Log in as the application (client credentials), where the tenant allows it."""
        from mail.oauth2 import client_credentials  # 5 ms, for OAuth2

        if not self.app.client_secret:
            raise Refused(
                "an application that logs in as itself needs a client secret",
                f"nightdesk mailbox edit {self.mailbox.address} --client-secret-stdin",
            )
        app = app_of(self._desk, self.mailbox, as_itself=True)
        return self._kept(client_credentials(app), as_itself=True)

    def _kept(self, token: Token, *, as_itself: bool = False) -> LoggedIn:
        keep_login(self._desk, self._actor, self.mailbox, token, as_itself=as_itself, given_to=self.app)
        row = mailboxes.oauth2_of(self.mailbox.id)
        warnings = []
        if token.refresh is None and not as_itself:
            warnings.append("the provider gave no refresh token: this login ends with its access token")
        if row is not None and row.strict and not token.owner and not as_itself:
            warnings.append("the provider does not say who logged in: make sure that it was the mailbox")
        return LoggedIn(
            address=str(self.mailbox.address),
            owner=token.owner,
            expires=token.expires,
            refresh_expires=token.refresh_expires,
            scopes=token.scopes,
            warnings=tuple(warnings),
        )
