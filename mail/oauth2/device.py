"""Login with a code typed into any browser (RFC 8628), for providers that allow it for mail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from config.secret import Secret
from mail.errors import TokenError, TokenRefused, TokenUnavailable
from mail.inert import one_line
from mail.oauth2.client import asked, client_named, error_in, fetched, refused
from mail.oauth2.token import OAuth2App, Token

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL: Final = 5.0


@dataclass(slots=True)
class DeviceGrant:
    """A login that has begun: the person opens `url` and types `user_code`, or opens `url_complete`.

    `interval` is seconds between polls; the provider may make it longer. `expires` is aware UTC.
    """

    url: str
    user_code: str
    device_code: Secret
    interval: float
    expires: datetime
    url_complete: str = ""


def begin_device(app: OAuth2App) -> DeviceGrant:
    """Ask for a code. Errors: `TokenRefused` (the provider does not allow it), `TokenUnavailable`."""
    form = {"scope": " ".join(app.scopes), **client_named(app)}

    def ask(client: OAuth2Client) -> DeviceGrant:
        response = client.request(
            "POST",
            app.device_url,
            data=form,
            auth=client.client_auth(client.token_endpoint_auth_method),
            withhold_token=True,
            headers={"Accept": "application/json"},
        )
        told = error_in(response.text)
        if response.status_code >= 400 or "error" in told:
            raise refused(app, told, response.status_code, secrets=[])
        return _grant_in(told)

    return asked(app, app.device_url, ask, secrets=[])


def _grant_in(told: Mapping[str, Any]) -> DeviceGrant:
    url = told.get("verification_uri") or told.get("verification_url")
    if not (url and told.get("user_code") and told.get("device_code")):
        raise TokenUnavailable(
            "the provider gives no device code", hint="Check the device address of the provider."
        )
    seconds = _number(told.get("expires_in"), 600.0)
    return DeviceGrant(
        url=one_line(str(url)),
        user_code=one_line(str(told["user_code"]), 64),
        device_code=Secret(str(told["device_code"])),
        interval=max(_number(told.get("interval"), _DEFAULT_INTERVAL), 1.0),
        expires=datetime.now(UTC) + timedelta(seconds=seconds),
        url_complete=one_line(str(told.get("verification_uri_complete") or "")),
    )


def poll_device(app: OAuth2App, grant: DeviceGrant) -> Token | None:
    """Ask once: the token, or None while the person has not answered. Waits for nothing.

    Errors: `TokenRefused` when the person declined or the code ran out; `TokenUnavailable` when the provider
    cannot be asked now, after which one may go on asking.
    """
    if datetime.now(UTC) >= grant.expires:
        raise TokenRefused(
            "the code has run out", error="expired_token", hint="Begin again; the code is good for minutes."
        )

    def ask(client: OAuth2Client) -> Mapping[str, Any]:
        return dict(
            client.fetch_token(
                app.token_url,
                grant_type=_GRANT,
                device_code=grant.device_code.reveal(),
                scope=None,
                **client_named(app),
            )
        )

    try:
        return fetched(app, ask, secrets=[grant.device_code.reveal()])
    except TokenError as error:
        if error.error == "slow_down":
            grant.interval += 5.0  # RFC 8628 3.5
        elif error.error != "authorization_pending":
            raise
        return None


def wait_for_device(
    app: OAuth2App,
    grant: DeviceGrant,
    stop: threading.Event | None = None,
    waiting: Callable[[], None] | None = None,
) -> Token | None:
    """Ask until there is an answer, as often as the provider allows; None when `stop` is set.

    A provider that cannot be reached for a moment is asked again. `waiting` is called before each wait.
    """
    stopped = stop or threading.Event()
    while True:
        if waiting is not None:
            waiting()
        if stopped.wait(grant.interval):
            return None
        try:
            token = poll_device(app, grant)
        except TokenUnavailable:
            grant.interval = min(grant.interval * 2, 60.0)
            continue
        if token is not None:
            return token


def _number(told: object, otherwise: float) -> float:
    try:
        return float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return otherwise
