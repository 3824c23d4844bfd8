"""What servers say when they refuse a login: for now or for good, and the likely cure in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from config.expressions import expression
from mail.errors import LoginRefused, LoginUnavailable

_CODE: Final = expression(r"^\s*(?:-ERR\s+)?\[([A-Z][A-Z/-]*)[^\]]*\]", re.IGNORECASE)
# RFC 5530 (IMAP), RFC 2449 and 3206 (POP3).
_LATER_CODES: Final = frozenset(
    {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA", "IN-USE", "LOGIN-DELAY", "SYS/TEMP"}
)
_FINAL_CODES: Final = frozenset(
    {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "PRIVACYREQUIRED", "AUTH", "SYS/PERM", "EXPIRED"}
)
_LATER_WORDS: Final = expression(
    r"(?i)too many|temporar|try again|unavailable|not available|internal error|system error|rate limit"
    r"|mailbox (?:is )?(?:locked|in use|busy)|already locked|maildrop.*lock"
)

_MAKE_ONE: Final = "Make an app password at the provider (2-step verification first) and use that here."
_KNOWN: Final = (
    (r"application-specific password|app(?:lication)?[ -]?password", _MAKE_ONE),
    (
        r"log ?in via your web browser|WEBLOGINREQUIRED|web login required",
        "Google wants a look: log in once in a browser from this network; then use an app password or "
        "OAuth2.",
    ),
    (
        r"(?:IMAP|POP3?)(?:/SMTP)?(?: access)? is disabled|not enabled for (?:IMAP|POP)"
        r"|yet to enable (?:IMAP|POP)|(?:IMAP|POP3?) access (?:is )?not (?:allowed|enabled)",
        "Switch on IMAP (or POP) access in the mailbox's settings at the provider, or ask its admin to.",
    ),
    (
        r"SmtpClientAuthentication is disabled|smtp_auth_disabled",
        "Authenticated SMTP is switched off: the Microsoft 365 admin has to allow it for this mailbox.",
    ),
    (
        r"basic ?auth(?:entication)? (?:is )?(?:disabled|blocked|not supported)|BasicAuth(?:Blocked|Disabled)"
        r"|LogonDenied-BasicAuth",
        "Microsoft takes no passwords here any more: set authentication to OAuth2.",
    ),
    (
        r"did not meet the criteria|security defaults policy|conditional access",
        "A policy of the organization blocks this login: use OAuth2, or ask its Microsoft 365 admin.",
    ),
    (
        r"authenticated but not connected",
        "The token is good, but not for this mailbox: check the login user (shared mailboxes need full "
        "access for the token's account), its licence, and that IMAP is on.",
    ),
    (
        r"too many (?:simultaneous )?connections|too many.*(?:sessions|logins)|UserSessionLimit",
        "Too many sessions are open: close other clients or fetch less often; it is tried again later.",
    ),
    (
        r"\[IN-USE\]|mailbox (?:is )?(?:locked|in use)|already locked",
        "Another POP3 session holds the mailbox; it is tried again later.",
    ),
    (r"\[LOGIN-DELAY", "The server wants more time between logins: fetch less often."),
    (
        r"PRIVACYREQUIRED|plaintext authentication (?:disallowed|disabled)|must issue a STARTTLS",
        "Set security to tls or starttls, so that the password is not sent in clear.",
    ),
)
_NOT_TAKEN: Final = (
    "The mail server does not take the token: check that it belongs to the login user and has the scopes "
    "for this protocol, or log the mailbox in again."
)


def is_later(words: str) -> bool:
    """Return whether a refusal is temporary, by its response code (RFC 5530, 2449, 3206) or by its words."""
    code = _CODE.match(words)
    if code and code[1].upper() in _LATER_CODES:
        return True
    if code and code[1].upper() in _FINAL_CODES:
        return False
    return bool(_LATER_WORDS.search(words))


def cure(words: str) -> str | None:
    """Return what to do about these words of a server, if they are known."""
    return next((hint for pattern, hint in _KNOWN if re.search(pattern, words, re.IGNORECASE)), None)


def refusal(
    host: str,
    user: str,
    words: str,
    *,
    later: bool | None = None,
    token: bool = False,
    secrets: Iterable[str] = (),
) -> LoginRefused | LoginUnavailable:
    """Return the error for a refused login.

    `later` overrides what the words say (SMTP has codes for it); `token`: it was an OAuth2 login.
    """
    hint = cure(words)
    if is_later(words) if later is None else later:
        return LoginUnavailable(
            f"{host} cannot log {user} in now", hint=hint, server_words=words, secrets=secrets
        )
    if hint is None and token:
        hint = _NOT_TAKEN
    return LoginRefused(f"{host} refuses {user}", hint=hint, server_words=words, secrets=secrets)
