"""What one needs to know to talk to a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from config.secrets import Secret

Security = Literal["tls", "starttls", "none"]


class TokenSupplier(Protocol):
    """Gives the access token of an account. May block (it may refresh the token over the network)."""

    def __call__(self, *, renew: bool = False) -> Secret:
        """Return a token that is valid now; `renew`: the mail server refused the last one, get another.

        Errors: `TokenRefused` (a person has to log in again), `TokenUnavailable` (later).
        """


@dataclass(frozen=True, slots=True)
class Account:
    """Which server, how it is trusted, and who logs in how.

    `fingerprint` (SHA-256 of the certificate, hex) replaces the chain's check, `ca_file` the system's
    authorities. `timeout` is seconds for each wait on the network. With auth `oauth2` the `token` is used and
    the password is not asked for.
    """

    host: str
    port: int
    security: Security
    user: str
    password: Secret | None
    ca_file: Path | None = None
    fingerprint: str | None = None
    timeout: float = 30.0
    auth: Literal["basic", "none", "oauth2"] = "basic"
    token: TokenSupplier | None = None


@dataclass(frozen=True, slots=True)
class IncomingAccount(Account):
    """An IMAP or POP3 account; POP3 knows no folder."""

    password: Secret
    folder: str = "INBOX"
    protocol: Literal["imap", "pop3"] = "imap"


@dataclass(frozen=True, slots=True)
class OutgoingAccount(Account):
    """An SMTP account. `helo` is the name to greet with (default: this host's full name)."""

    timeout: float = 60.0
    helo: str | None = None
