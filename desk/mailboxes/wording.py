"""How a mailbox's login stands, its last error: in the words that every place uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol

LoginState = Literal["none", "ok", "ending", "failing", "refused"]
"""None: nobody logged in; ending: a person must log in again within days; failing: the provider cannot be
asked; refused: a person must log in again."""

NOBODY: Final = "nobody logged in yet"
LOG_IN: Final = "a person has to log in again"

ERROR_WORDS: Final = {
    "login": "AUTH",
    "tls": "TLS",
    "starttls": "TLS",
    "resolve": "DNS",
    "connect": "DOWN",
    "timeout": "SLOW",
    "folder": "FOLDER",
    "secret": "SECRET",
    "token": "LOGIN",
    "gone": "HUNG UP",
}
"""One word for an error, by a part of its `kind` (see `mail.errors`)."""


class Login(Protocol):
    """What is known of a login: a row of the database, or a line of a list."""

    @property
    def refused(self) -> datetime | None:
        """Since when it is refused."""

    @property
    def failing_since(self) -> datetime | None:
        """Since when it cannot be renewed."""

    @property
    def refresh_expires(self) -> datetime | None:
        """When it ends."""


def state_words(state: LoginState, login: Login, shown: Callable[[datetime | None], str]) -> str:
    """Return how a login in this state stands (see `token_health.TokenLine`); `shown` writes a time."""
    return {
        "none": NOBODY,
        "refused": f"refused since {shown(login.refused)}",
        "failing": f"cannot be renewed since {shown(login.failing_since)}",
        "ending": f"ends {shown(login.refresh_expires)}",
        "ok": "logged in",
    }[state]


def alarm_words(state: LoginState, login: Login, shown: Callable[[datetime | None], str]) -> str:
    """Return what to tell an admin of a login that is in trouble, behind its name."""
    match state:
        case "refused":
            return f"was refused: {LOG_IN}"
        case "ending":
            return f"ends on {shown(login.refresh_expires)}: {LOG_IN} before"
    return state_words(state, login, shown)


def error_word(kind: str) -> str:
    """Return what is wrong in one word: AUTH, TLS, DNS; empty where there is none for it."""
    return next((word for part, word in ERROR_WORDS.items() if part in kind), "")
