"""What OAuth2 providers say when they refuse, and the likely cure in one sentence."""

from __future__ import annotations

import re
from typing import Final

# RFC 6749 5.2 and 4.1.2.1.
_LATER: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down", "too_many_requests"})
_AGAIN: Final = "Log this mailbox in again: nightdesk mailbox login ADDRESS."

# Microsoft's codes: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
_KNOWN: Final = (
    (
        r"AADSTS7000218",
        "Microsoft wants a client secret, or the app registration must allow public client flows "
        "(Authentication, Advanced settings).",
    ),
    (r"AADSTS700025", "The app registration is a public client: take the client secret out."),
    (
        r"AADSTS7000222",
        "The client secret has expired: make a new one in the app registration (Certificates & secrets).",
    ),
    (
        r"AADSTS7000215",
        "The client secret is wrong: give its value (not its id), from Certificates & secrets.",
    ),
    (r"AADSTS700016|AADSTS90002", "Check the client id and the tenant in the addresses."),
    (
        r"AADSTS50011|redirect_uri_mismatch",
        "Register the redirect address with the provider, exactly as it is written here.",
    ),
    (
        r"AADSTS65001|AADSTS90094|consent_required|admin_policy_enforced|access_not_configured",
        "The organization's admin has to allow this application first.",
    ),
    (
        r"AADSTS(?:50076|50079|50158)|interaction_required|mfa",
        "The provider wants a second factor: log this mailbox in again in a browser.",
    ),
    (
        r"AADSTS53003|AADSTS530\d\d|AADSTS50105",
        "A policy of the organization forbids this login; device codes are often blocked: use the browser "
        "login, or ask its admin.",
    ),
    (
        r"AADSTS(?:700082|700084|70043)",
        f"The login was not used for too long or reached its end. {_AGAIN}",
    ),
    (r"AADSTS50173", f"The password was changed or the sessions were ended. {_AGAIN}"),
    (
        r"has been expired or revoked",
        "The login was withdrawn, or it is a Google project in testing, whose logins end after 7 days "
        f"(publish it). {_AGAIN}",
    ),
)
_BY_ERROR: Final = {
    "invalid_grant": _AGAIN,
    "invalid_client": "Check the client id and the client secret.",
    "unauthorized_client": "The registered application may not use this way to log in: allow it there.",
    "unsupported_grant_type": "The provider does not offer this way to log in: use the browser login.",
    "invalid_scope": "Check the scopes: the provider does not know one of them or does not grant it.",
    "access_denied": "The login was declined in the browser; begin again.",
    "expired_token": "The code ran out before it was used; begin again.",
    "no_refresh_token": (
        "The provider gave no refresh token: ask for it (scope offline_access; with Google "
        "access_type=offline and prompt=consent) and log the mailbox in again."
    ),
}


def is_later(error: str, words: str, status: int) -> bool:
    """Return whether a refusal is temporary: by the error code, the HTTP status, or both missing."""
    if status == 429 or status >= 500:
        return True
    if error:
        return error in _LATER or "AADSTS50196" in words or "AADSTS90033" in words
    return status not in (400, 401, 403, 404)


def cure(provider: str, error: str, words: str) -> str | None:
    """Return what to do about a refusal, if it is known."""
    for pattern, hint in _KNOWN:
        if re.search(pattern, words):
            return hint
    if error == "invalid_scope" and provider == "microsoft":
        return "Microsoft's mail scopes are https://outlook.office.com/IMAP.AccessAsUser.All and the like."
    return _BY_ERROR.get(error)
