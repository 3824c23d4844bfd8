"""The token of a mailbox, kept fresh: what `mail.account.TokenSupplier` asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from config.secret import Secret
from mail.errors import TokenUnavailable
from mail.oauth2.client import refresh
from mail.oauth2.token import OAuth2App, Token

Renewal = Callable[[OAuth2App, Token], Token]


class Supplier:
    """Gives the access token, refreshed five minutes before it expires or when the mail server refused it.

    `load` reads the token that is kept now, `store` keeps a new one before anybody uses it. `exclusive` must
    let only one process at a time in: providers that rotate refresh tokens withdraw the login when an old one
    is used twice. The default keeps apart the threads of this process only. `renewal` is `refresh`, or
    ``lambda app, old: client_credentials(app)``.
    """

    def __init__(
        self,
        app: OAuth2App,
        load: Callable[[], Token],
        store: Callable[[Token], None],
        exclusive: Callable[[], AbstractContextManager[object]] | None = None,
        renewal: Renewal = refresh,
    ) -> None:
        lock = threading.Lock()
        self._app = app
        self._load = load
        self._store = store
        self._exclusive = exclusive or (lambda: lock)
        self._renewal = renewal
        self._given: Secret | None = None

    def __call__(self, *, renew: bool = False) -> Secret:
        """Return the access token. Errors: `TokenRefused`, `TokenUnavailable`.

        While the provider cannot be asked, a token that is due but not yet expired still serves.
        """
        token = self._load()
        if renew or token.is_due():
            token = self._renewed(refused=(self._given or token.access) if renew else None)
        self._given = token.access
        return token.access

    def _renewed(self, refused: Secret | None) -> Token:
        with self._exclusive():
            token = self._load()  # another process may have been faster
            if not token.is_due() and token.access != refused:
                return token
            try:
                fresh = self._renewal(self._app, token)
            except TokenUnavailable:
                if refused is None and not token.is_due(before=timedelta(0)):
                    return token
                raise
            self._store(fresh)
            return fresh
