"""Walking the mailbox form with the Tab key: which field comes after which."""

from __future__ import annotations

from tests.tui.terminal import Terminal

IMAP = (
    *("address", "name", "provider", "department", "autoresponse", "topic", "priority", "aliases"),
    *("protocol", "incoming_enabled", "host", "port", "security", "user", "folder", "auth"),
    *("secret_source", "secret", "schedule", "batch", "max_per_fetch", "idle", "after_fetch", "backlog"),
    *("ca_file", "fingerprint", "outgoing"),
)
POP3 = tuple(name for name in IMAP if name not in ("folder", "idle"))
OAUTH2 = (
    *(name for name in IMAP if not name.startswith("secret")),
    *("oauth2", "oauth2_client_id", "client_secret_source", "oauth2_authorize_url", "oauth2_token_url"),
    *("oauth2_device_url", "oauth2_revoke_url", "oauth2_scopes", "oauth2_client_auth", "oauth2_strict"),
    "oauth2_ca_file",
)
"""A mailbox without an outgoing account, given its login by a provider that is not Microsoft."""


class Walk:
    """Where the cursor is in the form of a real terminal."""

    def __init__(self, terminal: Terminal, order: tuple[str, ...] = IMAP) -> None:
        self._terminal = terminal
        self.order = order
        self.here = "address"

    def to(self, name: str) -> None:
        """Press Tab, or Shift-Tab, until the cursor is there."""
        steps = self.order.index(name) - self.order.index(self.here)
        self._terminal.press(*["tab" if steps > 0 else "shift+tab"] * abs(steps))
        self.here = name

    def fill(self, name: str, text: str) -> None:
        """Go there and leave this text in it."""
        self.to(name)
        self._terminal.press("ctrl+u")
        self._terminal.type(text)

    def pick(self, name: str, key: str = "right") -> None:
        """Go there and press a key: an arrow for a choice, space for a box."""
        self.to(name)
        self._terminal.press(key)
