"""The outermost layer: who calls, which of our paths is meant, and a line about how it went."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from api.server.client import real_address
from api.server.exchange import Exchange
from config.expressions import expression
from mail.inert import guard, one_line

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.server.state import State

_DISPATCHER = "/api/http.php/"
_KEY_LIKE = expression(r"[0-9A-Za-z_-]{24,}")
_METERED = expression(
    r"/(?:api/(?:tickets\.\w+|tasks/cron|cron\.php|v1)|health|metrics|docs|openapi\.json)(?=/|$)"
)


class Gate:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._root = "/" + state.options.root_path.strip("/") if state.options.root_path.strip("/") else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it here."""
        if scope["type"] != "http":
            return
        begun = time.monotonic()
        options = self._state.options
        forwarded = [
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        ]
        peer = scope["client"][0] if scope.get("client") else ""
        address = real_address(peer, forwarded, options.trusted_proxies)
        path, prefix = self._our_path(scope["path"])
        inner = {**scope, "path": path, "raw_path": path.encode("utf-8", "replace"), "root_path": ""}
        inner |= {"nightdesk.address": address, "nightdesk.prefix": prefix}
        exchange = Exchange(scope, receive, send, options.max_body)
        try:
            await self._app(inner, exchange.receive, exchange.send)
        except TimeoutError:
            scope_path = shown_path(path)
            sys.stderr.write(f"nightdesk serve: {scope_path}: the caller did not read the answer\n")
            raise
        finally:
            found = _METERED.match(path)
            self._state.meters.requests[found[0] if found else "other", exchange.status] += 1
            if options.access_log:
                milliseconds = int((time.monotonic() - begun) * 1000)
                who = address if address is not None else "unknown"
                words = f"{who} {scope['method']} {shown_path(path)} {exchange.status} {exchange.sent} B"
                sys.stderr.write(f"{guard(one_line(words))} {milliseconds} ms\n")

    def _our_path(self, path: str) -> tuple[str, str]:
        """Return the path without what a proxy or osTicket's dispatcher puts before it, and that prefix."""
        prefix = ""
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            prefix, path = self._root, path[len(self._root) :] or "/"
        if path.startswith(_DISPATCHER):
            path = "/api/" + path[len(_DISPATCHER) :]
        return path, prefix


def shown_path(path: str) -> str:
    """Return a path for a log line: without what may be a key."""
    return guard(one_line(_KEY_LIKE.sub("***", path), 200))
