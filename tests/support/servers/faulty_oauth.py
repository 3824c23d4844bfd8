"""An OAuth2 provider that answers by script, over TLS with a certificate of the test CA.

    with FaultyProvider(pki) as provider:
        provider.answers = [(400, {"error": "invalid_grant", "error_description": "..."})]

Each request takes the next answer; the last one stays. ``provider.requests`` holds path and form of each.
With ``provider.location`` each answer sends the client on to there. With ``provider.dribbles`` an answer has
no end: it comes a blank at a time.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.support.servers.pki import Certificate, Pki


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its form, its Authorization header."""

    path: str
    form: dict[str, str] = field(repr=False)
    authorization: str = ""


class FaultyProvider:
    """Runs in a thread while in its ``with``, at ``base``."""

    def __init__(self, pki: Pki, certificate: Certificate | None = None) -> None:
        self.answers: list[tuple[int, dict[str, Any] | bytes]] = []
        self.requests: list[Asked] = []
        self.dribbles = False
        self.location = ""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        context = pki.server_context(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.base = f"https://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        serve = partial(self._server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, name="faulty-provider", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    provider: FaultyProvider

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not like the certificate is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        provider = self.server.provider
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        authorization = self.headers.get("Authorization") or ""
        provider.requests.append(Asked(self.path, dict(parse_qsl(body)), authorization))
        if provider.dribbles:
            self._dribble()
            return
        status, answer = provider.answers.pop(0) if len(provider.answers) > 1 else provider.answers[0]
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(answer, bytes) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        if provider.location:
            self.send_header("Location", provider.location)
        self.end_headers()
        self.wfile.write(content)

    def _dribble(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(OSError):  # until the other side has enough
            while True:
                self.wfile.write(b" ")
                time.sleep(0.05)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Nothing."""
