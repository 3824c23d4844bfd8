"""What one needs to know to talk to a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from config.secrets import Secret

Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class IncomingAccount:
    """An IMAP account. `fingerprint` (SHA-256 of the certificate, hex) replaces the check of the chain.

    `ca_file` replaces the system's authorities. `timeout` is seconds for each wait on the network.
    """

    host: str
    port: int
    security: Security
    user: str
    password: Secret
    folder: str = "INBOX"
    ca_file: Path | None = None
    fingerprint: str | None = None
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class OutgoingAccount:
    """An SMTP account. `helo` is the name to greet with (default: this host's full name)."""

    host: str
    port: int
    security: Security
    auth: Literal["basic", "none"]
    user: str
    password: Secret | None
    ca_file: Path | None = None
    fingerprint: str | None = None
    timeout: float = 60.0
    helo: str | None = None
