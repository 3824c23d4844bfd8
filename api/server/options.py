"""How the server listens and whom it believes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desk.staff.api_keys import Network

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`max_body` in bytes. `root_path`: the path before ours, with which a proxy may pass requests on.

    `trusted_proxies`: networks whose X-Forwarded-For is believed.
    """

    host: str = "127.0.0.1"
    port: int = 8025
    root_path: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    max_body: int = 64 * MEGABYTE
    access_log: bool = False
