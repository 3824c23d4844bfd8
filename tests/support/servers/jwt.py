"""Signed tokens (JWT, HS256) that the test Dovecot checks by itself, without asking an OAuth2 server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

ISSUER = "https://idp.example.test"
SECRET = b"nightdesk-test-secret"


def make_jwt(address: str, *, valid_for: float = 3600, secret: bytes = SECRET, padding: int = 0) -> str:
    """A token for this mail address; negative `valid_for` gives one that is expired already.

    `padding` makes it so many characters longer, as the tokens of large providers are.
    """
    now = int(time.time())
    claims = {
        "sub": address,
        "email": address,
        "iss": ISSUER,
        "iat": now - 7200,
        "nbf": now - 7200,
        "exp": int(now + valid_for),
        "scope": "mail",
        "padding": "x" * padding,
    }
    unsigned = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{_base64(signature)}"


def _encoded(part: dict[str, object]) -> str:
    return _base64(json.dumps(part).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
