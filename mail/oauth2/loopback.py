"""The page on 127.0.0.1 to which a browser is sent after the login (RFC 8252 7.3).

Over SSH it is reached with ``ssh -L PORT:127.0.0.1:PORT``; without that the person pastes the address.
"""

from __future__ import annotations

import hmac
import queue
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from mail.errors import ConnectFailed

_DONE: Final = b"<!doctype html><title>Nightdesk</title><p>Done. Go back to your terminal.</p>"
_SECONDS_PER_REQUEST: Final = 10.0


class Loopback:
    """Listens while in its ``with``. `redirect` is the address to begin the login with.

    `template` is that address with ``{port}`` in it, as the provider knows it; whatever host it names, the
    socket is 127.0.0.1. With port 0 a free one is taken.
    """

    def __init__(self, template: str = "http://127.0.0.1:{port}/callback", port: int = 0) -> None:
        self._template, self._port = template, port
        self._answers: queue.Queue[str] = queue.Queue()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        try:
            path = urlsplit(self._template.replace("{port}", "0")).path or "/"
            self._server = _Server(self._port, path, self._answers)
        except OSError as error:
            raise ConnectFailed(
                f"port {self._port} on 127.0.0.1 cannot be used",
                hint="Choose another port, or paste the address instead.",
                server_words=error.strerror or "",
            ) from None
        serve = partial(self._server.serve_forever, poll_interval=0.1)
        threading.Thread(target=serve, name="oauth2-loopback", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def redirect(self) -> str:
        """The address to register and to begin with."""
        assert self._server is not None, "not listening"
        return self._template.replace("{port}", str(self._server.server_address[1]))

    def wait(self, state: str, timeout: float | None = None) -> str | None:
        """Return the address that the browser came to with this `state`; None after `timeout` seconds.

        What comes with another state is not of this login and is ignored.
        """

        end = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                left = None if end is None else max(end - time.monotonic(), 0.0)
                came = self._answers.get(timeout=left)
            except queue.Empty:
                return None
            told = parse_qs(urlsplit(came).query, max_num_fields=50).get("state", [""])[0]
            if hmac.compare_digest(told.encode(), state.encode()):
                return came


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, path: str, answers: queue.Queue[str]) -> None:
        self.path = path
        self.answers = answers
        super().__init__(("127.0.0.1", port), _Page)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that hangs up early, least of all on a screen."""


class _Page(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SECONDS_PER_REQUEST
    server_version = "nightdesk"
    sys_version = ""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        came = "code=" in query or "error=" in query
        if path != self.server.path or not came:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_DONE)))
        # The address holds the code: it must not go to anybody else as a referrer.
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(_DONE)
        self.server.answers.put(f"http://127.0.0.1{self.path}")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Log nothing: the address holds the code."""
