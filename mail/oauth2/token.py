"""What is known of an OAuth2 application and of a token. Standard library only."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from config.secret import Secret
from mail.errors import TokenRefused
from mail.inert import one_line

if TYPE_CHECKING:
    from config.providers import OAuth2Provider, Protocol

REFRESH_BEFORE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OAuth2App:
    """This desk as registered with an OAuth2 provider, and where that provider is asked.

    Empty addresses are not offered. `extra` goes into the authorization address (``access_type=offline``).
    `client_auth`: how the client secret is sent, in the body or as HTTP Basic (RFC 6749 2.3.1).
    `ca_file` replaces the system's authorities.
    """

    provider: Literal["google", "microsoft", "other"]
    client_id: str
    client_secret: Secret | None = None
    authorize_url: str = ""
    token_url: str = ""
    device_url: str = ""
    revoke_url: str = ""
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    client_auth: Literal["post", "basic"] = "post"
    ca_file: Path | None = None
    timeout: float = 30.0


def app_for(
    known: OAuth2Provider,
    client_id: str,
    client_secret: Secret | None = None,
    *,
    protocols: Iterable[Protocol] = ("imap", "smtp"),
    tenant: str = "",
    as_itself: bool = False,
) -> OAuth2App:
    """Return the application at a known provider; use `dataclasses.replace` for what a person changed.

    `as_itself`: for client credentials, which have scopes of their own.
    """
    return OAuth2App(
        provider=known.id if known.id in ("google", "microsoft") else "other",  # type: ignore[arg-type]
        client_id=client_id,
        client_secret=client_secret,
        authorize_url=known.url("authorize", tenant),
        token_url=known.url("token", tenant),
        device_url=known.url("device", tenant),
        revoke_url=known.url("revoke", tenant),
        scopes=known.app_scopes if as_itself else known.scopes_for(protocols),
        extra=known.extra,
    )


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the provider gave it; times are aware UTC, None where the provider does not say.

    `owner` is the address of who logged in, if the provider tells (OpenID's id_token): information, not
    proof. `refresh_expires` is when a person will have to log in again at the latest.
    """

    access: Secret
    refresh: Secret | None = None
    expires: datetime | None = None
    scopes: tuple[str, ...] = ()
    owner: str | None = None
    refresh_expires: datetime | None = None

    def is_due(self, now: datetime | None = None, before: timedelta = REFRESH_BEFORE) -> bool:
        """Return whether it expires within `before`, so that it is time to refresh it."""
        return self.expires is not None and self.expires - (now or datetime.now(UTC)) <= before

    def dump(self) -> Secret:
        """Return all of it as one text to be sealed; `load` reads it back."""
        kept = {
            "access": self.access.reveal(),
            "refresh": self.refresh.reveal() if self.refresh else None,
            "expires": _text(self.expires),
            "scopes": list(self.scopes),
            "owner": self.owner,
            "refresh_expires": _text(self.refresh_expires),
        }
        return Secret(json.dumps(kept))

    @staticmethod
    def load(kept: Secret) -> Token:
        """Return the token that `dump` wrote. Errors: `TokenRefused` if it is none."""
        try:
            told = json.loads(kept.reveal())
            return Token(
                access=Secret(str(told["access"])),
                refresh=Secret(str(told["refresh"])) if told.get("refresh") else None,
                expires=_time(told.get("expires")),
                scopes=tuple(map(str, told.get("scopes") or ())),
                owner=told.get("owner"),
                refresh_expires=_time(told.get("refresh_expires")),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            raise TokenRefused("the stored token cannot be read") from None


def token_in(answer: Mapping[str, Any], asked: OAuth2App, previous: Token | None = None) -> Token:
    """Return the token of a provider's answer (RFC 6749 5.1); what a refresh leaves out is `previous`'s."""
    now = datetime.now(UTC)
    renewed = answer.get("refresh_token")
    refresh = Secret(str(renewed)) if renewed else (previous.refresh if previous else None)
    scope = answer.get("scope")
    scopes = tuple(str(scope).split()) if scope else (previous.scopes if previous else asked.scopes)
    refresh_expires = _after(now, answer.get("refresh_token_expires_in"))
    # Authlib puts the old refresh token into an answer that has none.
    is_old = previous is not None and (not renewed or previous.refresh == Secret(str(renewed)))
    if refresh_expires is None and previous is not None and is_old:
        refresh_expires = previous.refresh_expires
    return Token(
        access=Secret(str(answer["access_token"])),
        refresh=refresh,
        expires=_after(now, answer.get("expires_in")),
        scopes=scopes,
        owner=_owner(answer.get("id_token")) or (previous.owner if previous else None),
        refresh_expires=refresh_expires,
    )


def _owner(id_token: object) -> str | None:
    """Return the address in an id_token, its signature unchecked: it came over TLS from the provider."""

    if not isinstance(id_token, str) or id_token.count(".") != 2:
        return None
    payload = id_token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None
    if not isinstance(claims, dict):
        return None
    for name in ("email", "preferred_username", "upn"):
        if isinstance(value := claims.get(name), str) and "@" in value:
            return one_line(value, 320)
    return None


def _after(now: datetime, seconds: object) -> datetime | None:
    try:
        told = float(seconds)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return now + timedelta(seconds=min(told, 10 * 365 * 86400)) if told > 0 else None


def _text(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat() if time else None


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
