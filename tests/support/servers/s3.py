"""An object store that speaks S3 on loopback, in this process, with faults on demand."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.request import Request, urlopen

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Fault = Literal["slow", "hang", "503", "reset", "wrong bytes", "no such key", "full"]
_BUCKET = "desk"
_NO_KEY = b"<Error><Code>NoSuchKey</Code></Error>"


class S3:
    """A running store with one bucket. While a fault strikes, requests for objects meet it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app: Callable[..., Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._fault: Fault | None = None
        self._over = threading.Event()
        self.requests: list[str] = []
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.port = int(self._server.server_port)
        urlopen(Request(f"http://127.0.0.1:{self.port}/{_BUCKET}", method="PUT")).close()

    def url(self, prefix: str) -> str:
        """What `blobs =` of a desk says."""
        return (
            f"s3://{_BUCKET}/{prefix}?endpoint=http://127.0.0.1:{self.port}&region=us-east-1"
            "&access_key_id=desk&secret_access_key=hush"
        )

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Have the fault strike every request of the block."""
        self._over.clear()
        self._fault = fault
        try:
            yield
        finally:
            self._fault = None
            self._over.set()

    def stop(self) -> None:
        """End it; what it holds is gone."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        fault = self._fault
        if fault == "reset":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        elif fault == "503":
            start("503 Slow Down", [("Content-Length", "0")])
            return []
        elif fault == "full" and environ["REQUEST_METHOD"] == "PUT":
            start("507 Insufficient Storage", [("Content-Length", "0")])
            return []
        elif fault == "no such key" and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            start("404 Not Found", [("Content-Length", str(len(_NO_KEY)))])
            return [_NO_KEY]
        elif fault == "hang":
            self._over.wait(60)
        elif fault == "slow":
            time.sleep(0.3)
        answer = self._app(environ, start)
        if fault == "wrong bytes" and environ["REQUEST_METHOD"] == "GET":
            return [bytes(byte ^ 1 for byte in part) for part in answer]
        return answer
