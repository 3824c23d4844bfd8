"""Numbers and servers in sentences."""

from __future__ import annotations


def counted(number: float, one: str, many: str = "") -> str:
    """Return "1 mail waits", or with another number "2 mails wait"; `many` is else `one` with an s."""
    shown = f"{number:g}" if isinstance(number, float) else number
    return f"{shown} {one if number == 1 else many or one + 's'}"


def host_and_port(host: str, port: int | None = None) -> str:
    """Return ``imap.example.org:993``; an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
