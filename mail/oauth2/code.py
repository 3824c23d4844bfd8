"""Login in a browser: authorization code with PKCE (RFC 6749 4.1, RFC 7636, RFC 8252).

Works over SSH: the person opens the address anywhere; at the end their browser goes to a redirect address,
which a `Loopback` takes, or which they paste here, when that page cannot be reached from their machine.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from config.secret import Secret
from mail.errors import TokenRefused
from mail.oauth2.client import fetched, refused, session
from mail.oauth2.token import OAuth2App, Token

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

_PASTE_AGAIN: Final = "Copy the whole address from the browser's address bar, from http to its end."


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """A login that has begun: `url` is for the person, the rest is needed to finish it."""

    url: str
    state: str
    verifier: Secret
    redirect: str
    extra: Mapping[str, str] = field(default_factory=dict)


def begin_code(app: OAuth2App, redirect: str, login_hint: str = "") -> CodeGrant:
    """Begin a login that ends at `redirect`, an address registered with the provider.

    `login_hint` is the address of who should log in.
    """

    verifier = secrets.token_urlsafe(64)
    state = secrets.token_urlsafe(24)
    extra = dict(app.extra)
    if login_hint:
        extra.setdefault("login_hint", login_hint)
    if "openid" in app.scopes:
        extra.setdefault("nonce", secrets.token_urlsafe(16))
    with session(app, app.authorize_url, secrets=[]) as client:
        url, _ = client.create_authorization_url(
            app.authorize_url, state=state, code_verifier=verifier, redirect_uri=redirect, **extra
        )
    return CodeGrant(url=str(url), state=state, verifier=Secret(verifier), redirect=redirect, extra=extra)


def finish_code(app: OAuth2App, grant: CodeGrant, pasted: str) -> Token:
    """Return the token for what came back: the redirect's address, or its part from the question mark on.

    The redirect's whole address, or its part from the question mark on.
    Line breaks and blanks that a terminal put in are ignored. Errors: `TokenRefused`, `TokenUnavailable`.
    """
    answer = _answer_in(pasted)
    state = answer.get("state", "")
    if not hmac.compare_digest(state.encode(), grant.state.encode()):
        raise TokenRefused(
            "this address does not belong to the login that was begun here" if state else "no state in it",
            error="state",
            hint=_PASTE_AGAIN if not state else "Open the address shown here, and paste what comes of that.",
        )
    if "error" in answer:
        raise refused(app, answer, 400, secrets=[])
    code = answer.get("code", "")
    if not code:
        raise TokenRefused("there is no code in it", error="code", hint=_PASTE_AGAIN)

    def ask(client: OAuth2Client) -> Mapping[str, Any]:
        return dict(
            client.fetch_token(
                grant_type="authorization_code",
                code=code,
                redirect_uri=grant.redirect,
                code_verifier=grant.verifier.reveal(),
            )
        )

    return fetched(app, ask, secrets=[code, grant.verifier.reveal()])


def _answer_in(pasted: str) -> dict[str, str]:
    """Return the parameters of a pasted redirect address (query, or fragment as some providers do)."""
    bare = "".join(pasted.split()).strip("<>\"'")
    try:
        parts = urlsplit(bare)
        query = parts.query or parts.fragment or bare.lstrip("?#")
        told = parse_qs(query, max_num_fields=50)
    except ValueError:
        told = {}
    return {name: values[0] for name, values in told.items()}
