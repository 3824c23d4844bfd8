"""OAuth2 as a client, for mailboxes: authorization code with PKCE, device grant, client credentials, refresh.

Everything here blocks: call it from a thread. It needs the extra ``oauth`` (Authlib and httpx2), which is
imported only when the network is asked; without it the calls raise `OAuth2Missing`.

A person's login ends in a `Token`, which the caller keeps (`Token.dump` gives it as one secret text).
`Supplier` then gives mail sessions an access token whenever they log in, and refreshes it before it expires.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mail.oauth2.client import client_credentials, refresh, revoke
    from mail.oauth2.code import CodeGrant, begin_code, finish_code
    from mail.oauth2.device import DeviceGrant, begin_device, poll_device, wait_for_device
    from mail.oauth2.loopback import Loopback
    from mail.oauth2.supplier import Supplier
    from mail.oauth2.token import OAuth2App, Token, app_for

__all__ = [
    "CodeGrant",
    "DeviceGrant",
    "Loopback",
    "OAuth2App",
    "Supplier",
    "Token",
    "app_for",
    "begin_code",
    "begin_device",
    "client_credentials",
    "finish_code",
    "poll_device",
    "refresh",
    "revoke",
    "wait_for_device",
]

_MODULES = {
    "client": ("client_credentials", "refresh", "revoke"),
    "code": ("CodeGrant", "begin_code", "finish_code"),
    "device": ("DeviceGrant", "begin_device", "poll_device", "wait_for_device"),
    "loopback": ("Loopback",),
    "supplier": ("Supplier",),
    "token": ("OAuth2App", "Token", "app_for"),
}


def __getattr__(name: str) -> Any:
    """Import a part when it is asked for: a fetch with a living token needs no web server."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"mail.oauth2.{module}"), name)
    raise AttributeError(name)
