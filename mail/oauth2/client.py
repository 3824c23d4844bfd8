"""Requests to an OAuth2 provider: through Authlib, over verified TLS, every failure as a `MailError`."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mail.errors import MailError, OAuth2Missing, TokenRefused, TokenUnavailable
from mail.oauth2.token import OAuth2App, Token, token_in
from mail.oauth2.words import cure, is_later
from mail.transport import tls
from mail.transport.blocking import within

if TYPE_CHECKING:
    import httpx2
    from authlib.integrations.httpx_client import OAuth2Client

T = TypeVar("T")

LONGEST_SECONDS = 60.0
"""A provider that dribbles its answer outlasts the limit on a single wait."""


def client_credentials(app: OAuth2App) -> Token:
    """Return a token for the application itself (RFC 6749 4.4), if a tenant allows it; without a refresh."""
    return fetched(app, lambda client: client.fetch_token(grant_type="client_credentials"))


def refresh(app: OAuth2App, token: Token) -> Token:
    """Return a new token for an old one; a rotated refresh token is in it, the old one may be worthless.

    A rotated refresh token is in it, and the old one may be worthless now.
    Errors: `TokenRefused` (a person has to log in again), `TokenUnavailable`.
    """
    if token.refresh is None:
        raise TokenRefused("there is no refresh token", error="no_refresh_token")
    old = token.refresh.reveal()
    # Microsoft wants the scopes again (one consent can cover several services); for others they may be
    # more than was granted, which RFC 6749 6 forbids.
    asked = {"scope": " ".join(app.scopes)} if app.provider == "microsoft" and app.scopes else {"scope": None}

    def ask(client: OAuth2Client) -> Mapping[str, Any]:
        return dict(client.refresh_token(app.token_url, refresh_token=old, **asked))

    return fetched(app, ask, previous=token, secrets=[old])


def revoke(app: OAuth2App, token: Token) -> bool:
    """Tell the provider that the token is no longer needed (RFC 7009). False if it offers no such thing."""
    if not app.revoke_url:
        return False
    told = token.refresh or token.access
    kind = "refresh_token" if token.refresh else "access_token"

    def ask(client: OAuth2Client) -> bool:
        response = client.revoke_token(app.revoke_url, token=told.reveal(), token_type_hint=kind)
        if response.status_code >= 400:
            raise refused(app, error_in(response.text), response.status_code, secrets=[told.reveal()])
        return True

    return asked(app, app.revoke_url, ask, secrets=[told.reveal()])


def fetched(
    app: OAuth2App,
    ask: Callable[[OAuth2Client], Mapping[str, Any]],
    *,
    previous: Token | None = None,
    secrets: list[str] | None = None,
) -> Token:
    """Return the token that `ask` gets from the token endpoint."""

    def take(client: OAuth2Client) -> Token:
        answer = ask(client)
        if not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise TokenUnavailable(
                f"{host_of(app.token_url)} gives no token",
                hint="Check the token address: its answer has no access_token.",
            )
        return token_in(answer, app, previous)

    return asked(app, app.token_url, take, secrets=secrets or [])


def asked(app: OAuth2App, url: str, ask: Callable[[OAuth2Client], T], *, secrets: list[str]) -> T:
    """Ask in a `session`, and give a provider that answers bit by bit no more time than another.

    The thread that asks also closes: what another thread closes under it may be somebody else's connection
    by the time it reads on.
    """

    def run() -> T:
        with session(app, url, secrets=secrets) as client:
            return ask(client)

    try:
        return within(LONGEST_SECONDS, run)
    except TimeoutError:
        raise TokenUnavailable(f"{host_of(url)} did not answer in time") from None


@contextmanager
def session(app: OAuth2App, url: str, *, secrets: list[str]) -> Iterator[OAuth2Client]:
    """Give an Authlib client for one of the provider's addresses; its failures come out as ours."""
    try:
        import httpx2  # 33 ms, and an extra that may not be installed
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.httpx_client import OAuth2Client  # 77 ms, and an extra
    except ImportError:
        raise OAuth2Missing("OAuth2 needs a part that is not installed") from None
    if urlsplit(url).scheme != "https":
        raise TokenRefused(
            f"the provider's address is not https: {url or 'it is empty'}",
            hint="Give the provider's addresses as https://..., they carry secrets.",
            error="invalid_address",
        )
    hidden = [*secrets, *([app.client_secret.reveal()] if app.client_secret else [])]
    client = OAuth2Client(
        client_id=app.client_id,
        client_secret=app.client_secret.reveal() if app.client_secret else None,
        token_endpoint_auth_method=_client_auth(app),
        revocation_endpoint_auth_method=_client_auth(app),
        scope=" ".join(app.scopes) or None,
        code_challenge_method="S256",
        token_endpoint=app.token_url,
        verify=tls.context(app.ca_file),
        timeout=app.timeout,
        follow_redirects=False,
    )
    last: list[Any] = []
    client.event_hooks["response"] += [last.append, partial(_ended_by, time.monotonic() + LONGEST_SECONDS)]
    try:
        yield client
    except MailError:
        raise
    except AuthlibBaseError as error:
        told = {"error": error.error, "error_description": error.description}
        raise refused(app, told, last[-1].status_code if last else 400, secrets=hidden) from None
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        raise refused(app, error_in(error.response.text), status, secrets=hidden) from None
    except (httpx2.TimeoutException, TimeoutError):
        raise TokenUnavailable(f"{host_of(url)} did not answer in time") from None
    except httpx2.HTTPError as error:
        raise _transport(error, url) from None
    except (ValueError, TypeError, KeyError, httpx2.InvalidURL) as error:
        # Authlib on an answer that is no JSON object; its status says what it means.
        status = last[-1].status_code if last else 0
        if status >= 400:
            raise refused(app, {}, status, secrets=hidden) from None
        raise TokenUnavailable(
            f"{host_of(url)} sent an answer that makes no sense", server_words=str(error), secrets=hidden
        ) from None
    finally:
        client.close()


def _ended_by(moment: float, response: httpx2.Response) -> None:
    """Let the body of an answer come to an end: nobody waits for it any more behind that moment."""
    import httpx2  # 33 ms, and an extra that may not be installed

    pieces = response.stream

    class InTime(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            assert isinstance(pieces, httpx2.SyncByteStream)
            for piece in pieces:
                if time.monotonic() > moment:
                    raise TimeoutError
                yield piece

        def close(self) -> None:
            assert isinstance(pieces, httpx2.SyncByteStream)
            pieces.close()

    response.stream = InTime()


def client_named(app: OAuth2App) -> dict[str, str]:
    """Return the client's name for the body, where Authlib does not put it there itself (HTTP Basic)."""
    return {"client_id": app.client_id} if _client_auth(app) == "client_secret_basic" else {}


def _client_auth(app: OAuth2App) -> str:
    if app.client_secret is None or not app.client_secret:
        return "none"
    return "client_secret_basic" if app.client_auth == "basic" else "client_secret_post"


def _transport(error: Exception, url: str) -> MailError:

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return tls.translated(cause, host_of(url))
        cause = cause.__cause__ or cause.__context__
    return TokenUnavailable(f"{host_of(url)} cannot be reached", server_words=str(error))


def refused(
    app: OAuth2App, told: Mapping[str, Any], status: int, *, secrets: list[str]
) -> TokenRefused | TokenUnavailable:
    """Return the provider's no as an error, with what to do about it."""
    error = str(told.get("error") or "")
    words = ": ".join(part for part in (error, str(told.get("error_description") or "")) if part)
    words = words or f"HTTP status {status}"
    where = host_of(app.token_url or app.device_url)
    hint = cure(app.provider, error, words)
    if is_later(error, words, status):
        return TokenUnavailable(
            f"{where} gives no token now", error=error, hint=hint, server_words=words, secrets=secrets
        )
    return TokenRefused(
        f"{where} refuses the login", error=error, hint=hint, server_words=words, secrets=secrets
    )


def error_in(text: str) -> dict[str, Any]:
    """Return the JSON object of an error answer (RFC 6749 5.2); empty if it is something else."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def host_of(url: str) -> str:
    """Return the host name of an address, for messages."""
    try:
        return urlsplit(url).hostname or "the OAuth2 server"
    except ValueError:
        return "the OAuth2 server"
